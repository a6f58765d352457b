"""The script: a request's words, inputs filled in, gaps marked."""

from __future__ import annotations

from typing import Any

from dialform.launcher.script import filled, script

PROMPT: dict[str, Any] = {"name": "collector", "aiModelId": "m", "agentType": "STANDARD"}


def test_inputs_are_filled_in_and_gaps_marked() -> None:
    text = "{{ name }} owes {{amount}} to {{company}}, said {{node.bill.answer}}. {{5}} {{name}}"
    assert filled(text, {"name": "{{amount}}", "amount": 12.5}) == (
        "{{amount}} owes 12.5 to [company?], said {{node.bill.answer}}. {{5}} {{amount}}"
    )


def test_a_prompt_is_shown_with_all_the_agent_says() -> None:
    body = {
        "callAgentId": "a",
        "agentOverrides": {
            "openingLine": {"lineType": "INBOUND_OUTBOUND", "content": "Hello {{name}}."},
            "defaultVersionedPrompt": {**PROMPT, "prompt": "Be brief.\n\nAsk {{name}}."},
            "idleMessageConfig": {"enabled": True, "messages": ["Still there, {{name}}?"]},
            "linkedFunctionDefinitionInputs": [
                {
                    "functionDefinitionId": "f-1",
                    "lifecycleMessagesOverride": {"started": ["One moment."]},
                },
                {"functionDefinitionId": "f-2"},
            ],
            "ivrConfiguration": {
                "detectionType": "STANDARD",
                "versionedPrompt": {**PROMPT, "prompt": "Press 2."},
            },
        },
    }
    assert script(body, {"name": "Ann"}) == (
        'Opening line\n  "Hello Ann."\n\n'
        "Prompt (collector)\n  Be brief.\n\n  Ask Ann.\n\n"
        'When the person is silent\n  "Still there, Ann?"\n\n'
        'When function f-1 starts, one of\n  "One moment."\n\n'
        "Prompt for phone menus\n  Press 2.\n"
    )


def test_a_flow_is_shown_node_by_node() -> None:
    nodes = [
        {
            "id": "interested",
            "name": "interested",
            "type": "question",
            "nodeData": {"question": "Solar for {{address}}?", "options": ["yes", "no"]},
            "transitionRules": [
                {
                    "conditionType": "language",
                    "value": "asks to stop",
                    "transitionNodeId": "bye",
                },
                {"conditionType": "equal", "value": "yes", "transitionNodeId": "book"},
                {"conditionType": "in", "values": ["no", "later"], "transitionNodeId": "bye"},
                {
                    "conditionType": "greater",
                    "field": "amount",
                    "value": "150",
                    "transitionNodeId": "book",
                },
            ],
        },
        {
            "id": "book",
            "name": "Book a visit",
            "type": "function",
            "nodeData": {"functionId": "f-1", "inputs": [{"name": "who", "value": "{{name}}"}]},
            "transitionRules": [{"conditionType": "always", "transitionNodeId": "bye"}],
        },
        {
            "id": "bye",
            "name": "bye",
            "type": "freeform",
            "nodeData": {"prompt": "Thank them."},
            "transitionRules": [],
        },
        {
            "id": "odd",
            "name": "odd",
            "type": "transfer",
            "nodeData": {"to": "+1"},
            "transitionRules": [],
        },
    ]
    flow = {"nodes": nodes, "globalContext": "You sell solar."}
    body = {
        "agentOverrides": {
            "openingLine": None,
            "defaultVersionedPrompt": {**PROMPT, "flowDefinition": flow},
        }
    }
    assert script(body, {"name": "Ann"}) == (
        "Opening line\n  (none)\n\n"
        "Everywhere in the flow\n  You sell solar.\n\n"
        'Node interested\n  asks: "Solar for [address?]?"\n  answers: yes, no\n'
        "  -> bye if: asks to stop\n  -> book if the answer is yes\n"
        "  -> bye if the answer is one of no, later\n  -> book if amount is more than 150\n\n"
        "Node book (Book a visit)\n  calls function f-1\n    who = Ann\n  -> bye\n\n"
        "Node bye\n  told: Thank them.\n\n"
        'Node odd\n  transfer: {"to": "+1"}\n'
    )


def test_what_is_the_agents_own_is_named_so() -> None:
    assert "the workspace" in script({"callAgentId": "a"}, {})
    text = script({"agentOverrides": {"language": "en"}}, {})
    assert "(the agent's own, from the workspace)" in text
    closed = {"lineType": "INBOUND_ONLY", "content": "Hi"}
    assert "(when called only)" in script({"agentOverrides": {"openingLine": closed}}, {})
