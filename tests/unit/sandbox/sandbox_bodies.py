"""Bodies of `POST /dials`, good ones and parts of them, with seeded ids of the workspace dev."""

from __future__ import annotations

from typing import Any

from dialform.sandbox import seed_id

NUMBER = "+14155550123"


def dev(kind: str, name: str) -> str:
    """A seeded id of the workspace dev."""
    return seed_id("dev", kind, name)


def dial(**more: Any) -> dict[str, Any]:
    """A good body."""
    body = {
        "callAgentId": dev("agents", "Collector"),
        "toNumber": NUMBER,
        "fromNumberId": dev("phone_numbers", "+14155550150"),
    }
    return {**body, **more}


def prompt(**more: Any) -> dict[str, Any]:
    """A good prompt."""
    model = dev("models", "Atlas 2")
    return {"name": "p", "aiModelId": model, "agentType": "STANDARD", "prompt": "Hi", **more}


def node(name: str, *targets: str, **data: Any) -> dict[str, Any]:
    """A node of a flow."""
    rules = [{"conditionType": "always", "transitionNodeId": target} for target in targets]
    return {
        "id": name,
        "name": name,
        "type": "freeform",
        "transitionRules": rules,
        "nodeData": data,
    }


def flow(*nodes: dict[str, Any]) -> dict[str, Any]:
    """Overrides with a flow."""
    definition = {"nodes": list(nodes)}
    inline = prompt(agentType="CUSTOM_FLOW", flowDefinition=definition)
    return {"agentOverrides": {"defaultVersionedPrompt": inline}}


EVERYTHING: dict[str, Any] = {
    "callAgentId": dev("agents", "Collector"),
    "webhookUrl": "https://hooks.example.com/x",
    "browserCall": False,
    "toNumber": NUMBER,
    "fromNumberId": dev("phone_numbers", "+14155550150"),
    "fromNumberPoolId": dev("number_pools", "US outbound"),
    "aiVoiceId": dev("voices", "Ben"),
    "voiceOptionValues": [{"optionId": "speed", "value": "1.1"}],
    "voiceVolumeLevel": -300,
    "versionedModelId": dev("versioned_prompts", "Collector v1"),
    "ivrVersionedPromptId": dev("versioned_prompts", "Collector v2"),
    "overrideTranscriberFinalDurationMs": 500,
    "timeoutMinutes": 10,
    "callAgentExtractorId": dev("extractors", "Collector outcome"),
    "callAgentInput": {"name": "Ann", "amount": 12.50, "none": None, "list": [1, {"ä": "😀"}]},
    "keywords": ["solar"],
    "idempotencyKey": "df1:everything",
    "agentOverrides": {
        "defaultVoiceId": dev("voices", "Chloe"),
        "defaultVersionedPrompt": prompt(
            agentType="CUSTOM_FLOW",
            modelOptionValues=[{"optionId": "temperature", "value": "0.7"}],
            flowDefinition={
                "globalContext": None,
                "openingLineType": "NONE",
                "aiOpen": True,
                "nodes": [
                    {
                        "id": "a",
                        "name": "A",
                        "type": "question",
                        "nodeData": {"question": "Well?", "questionType": "freeform"},
                        "transitionRules": [
                            {
                                "conditionType": "in",
                                "transitionNodeId": "b",
                                "arrayConditionType": "any",
                                "field": None,
                                "value": None,
                                "values": ["x"],
                            },
                            {"conditionType": "language", "transitionNodeId": "a", "value": "y"},
                        ],
                    },
                    node("b", functionId=dev("functions", "Book visit")),
                ],
            },
        ),
        "inboundWebhookResponse": True,
        "inboundWebhookUrl": "https://hooks.example.com/in",
        "maxDurationSeconds": 600,
        "openingLine": {"lineType": "INBOUND_OUTBOUND", "content": "Hello {{name}}."},
        "voiceVolumeLevel": 300,
        "backgroundNoiseType": "office",
        "linkedFunctionDefinitionIds": [dev("functions", "Take payment")],
        "linkedFunctionDefinitionInputs": [
            {
                "functionDefinitionId": dev("functions", "Book visit"),
                "lifecycleMessagesOverride": {"started": ["One moment."]},
            },
            {
                "functionDefinitionId": dev("functions", "Take payment"),
                "lifecycleMessagesOverride": None,
            },
        ],
        "metadata": {"team": "x"},
        "transcriberParams": {"type": "deepgram", "keywords": ["watt"]},
        "idleMessageConfig": {
            "enabled": True,
            "messages": ["Hello?"],
            "idleDurationMilliseconds": 5000,
            "maxIdleMessages": 1,
        },
        "utteranceDetectorConfig": {"sensitivity": "ULTRA_FAST"},
        "endpointDetectorConfig": {"type": "SEMANTIC", "mode": "DEFAULT"},
        "ivrConfiguration": {
            "detectionType": "STANDARD",
            "versionedPromptId": dev("versioned_prompts", "Collector v1"),
            "versionedPrompt": prompt(),
            "aiVoiceId": None,
            "taggingText": "press",
        },
        "language": "en",
        "fillEmptyStringVariables": True,
    },
}
