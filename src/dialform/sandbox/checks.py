"""
Whether a body of ``POST /dials`` would be accepted, and if not, why, field by field.

Pure: bytes and a workspace's objects in; an accepted body or `BadRequest` out. Stricter than
the documentation demands: what the real API might overlook is better found here.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from dialform.api.models import CreateDial
from dialform.presets.canonical import load_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from dialform.sandbox.state import Objects

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_WEB = re.compile(r"https?://[^\s/?#]+\S*")
_LONGEST = 120
"""Characters of a name or value that a message repeats."""

_COMMON_MISTAKES = {
    "toNumber": "phone_number phone phoneNumber to number contact_number toPhoneNumber",
    "callAgentId": "agent_id agentId agent assistant_id assistantId",
    "callAgentInput": "inputs input variables call_agent_inputs callAgentInputs agentInput",
    "fromNumberId": "from from_number fromNumber callerId from_phone_number_id",
    "fromNumberPoolId": "pool_id poolId numberPoolId number_pool_id",
    "aiVoiceId": "voice voice_id voiceId",
    "voiceVolumeLevel": "volume volumeLevel",
    "versionedModelId": "versioned_prompt_id versionedPromptId promptId prompt_id modelId",
    "callAgentExtractorId": "extractor_id extractorId extractor",
    "webhookUrl": "webhook webhook_uri callbackUrl callback_url",
    "timeoutMinutes": "timeout max_duration",
    "agentOverrides": "overrides agent_override",
}
_RIGHT_NAME = {wrong: right for right, names in _COMMON_MISTAKES.items() for wrong in names.split()}


class BadRequest(Exception):
    """The API says no: ``status`` and, field by field, why."""

    def __init__(self, status: int, message: str, fields: list[tuple[str, str]]) -> None:
        """``fields`` are dotted paths with a rule each; empty where no field is at fault."""
        self.status = status
        self.message = message
        self.fields = fields
        super().__init__(message)


def accept_json(content_type: str, data: bytes) -> dict[str, Any]:
    """The JSON object in a request's body. Raises BadRequest 400."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise BadRequest(400, "Content-Type must be application/json", [])
    try:
        value = load_json(data.decode("utf-8"))
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, f"the body is not JSON: {_cut(str(error))}", []) from None
    if not isinstance(value, dict):
        raise BadRequest(400, "the body must be a JSON object", [])
    return value


def accept_dial(body: dict[str, Any], objects: Objects) -> None:
    """Pass a dial that the workspace can place. Raises BadRequest 422 with all that is wrong."""
    fields = check_fields(CreateDial, body)
    if not fields:
        fields = [*_numbers(body, objects), *_references(body, objects), *_flows(body)]
    if fields:
        raise unprocessable(fields)


def unprocessable(fields: list[tuple[str, str]]) -> BadRequest:
    """The 422 for some fields."""
    return BadRequest(422, "; ".join(f"{field}: {rule}" for field, rule in fields), fields)


def check_fields(model: type[BaseModel], body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What ``model`` says of ``body``: dotted path and rule of each finding."""
    try:
        model.model_validate(body)
    except ValidationError as error:
        return [_finding(found) for found in error.errors(include_url=False, include_context=False)]
    except RecursionError:
        return [("", "nested too deeply")]
    return []


def _finding(found: ErrorDetails) -> tuple[str, str]:
    path = [_cut(str(part)) for part in found["loc"]]
    match found["type"]:
        case "extra_forbidden":
            return ".".join(path), f"unknown field{_suggestion(path[-1], top=len(path) == 1)}"
        case "missing":
            return ".".join(path), "is required"
        case _:
            rule = found["msg"].removeprefix("Input ")
            return ".".join(path), f"{rule} (got {_shown(found['input'])})"


def _suggestion(name: str, *, top: bool) -> str:
    """``; the right name is toNumber`` where one is near."""
    right = _RIGHT_NAME.get(name) if top else None
    if right is None:
        camel = re.sub(r"_+([a-z0-9])", lambda letter: letter.group(1).upper(), name)
        near = difflib.get_close_matches(camel, _names(), n=1, cutoff=0.8)
        right = near[0] if near else None
    return "" if right is None or right == name else f"; the right name is {right}"


@functools.cache
def _names() -> list[str]:
    """Every field name of a request, in the order of the documentation."""
    found: dict[str, None] = {}

    def collect(schema: dict[str, Any]) -> None:
        found.update(dict.fromkeys(schema.get("properties", {})))
        for inner in schema.get("$defs", {}).values():
            collect(inner)

    collect(CreateDial.model_json_schema())
    return list(found)


def _shown(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _numbers(body: dict[str, Any], objects: Objects) -> Iterator[tuple[str, str]]:
    number = body.get("toNumber")
    if number is not None and not _E164.fullmatch(number):
        yield "toNumber", f"must be in E.164 form, as +14155550123 (got {_shown(number)})"
    if not body.get("browserCall"):
        if number is None:
            yield "toNumber", "is required for a phone dial"
        if body.get("fromNumberId") is None and body.get("fromNumberPoolId") is None:
            yield "fromNumberId", "this or fromNumberPoolId is required for a phone dial"
        caller = objects["phone_numbers"].get(body.get("fromNumberId") or "")
        if caller is not None and caller["type"] != "PSTN":
            yield "fromNumberId", "is not a PSTN number: no phone can be called from it"
    if body.get("webhookUrl") is not None and not _WEB.fullmatch(body["webhookUrl"]):
        yield "webhookUrl", f"must be an http(s) URL (got {_shown(body['webhookUrl'])})"


def _references(body: dict[str, Any], objects: Objects) -> Iterator[tuple[str, str]]:
    """Ids that are not in the workspace."""
    for path, kind, key in _ids(body):
        if key is not None and key not in objects[kind]:
            yield path, f"no such object among this workspace's {kind}: {_shown(key)}"
    for path, prompt in _prompts(body):
        model = objects["models"].get(prompt["aiModelId"])
        if model is None:
            continue
        options = {option["id"] for option in model["modelOptions"]}
        for at, option in enumerate(prompt.get("modelOptionValues") or []):
            if option["optionId"] not in options:
                yield (
                    f"{path}.modelOptionValues.{at}.optionId",
                    f"model {model['name']} has no such option; it has {sorted(options)}",
                )


def _ids(body: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Every id in the body: dotted path, kind, id."""
    for name, kind in (
        ("callAgentId", "agents"),
        ("fromNumberId", "phone_numbers"),
        ("fromNumberPoolId", "number_pools"),
        ("aiVoiceId", "voices"),
        ("versionedModelId", "versioned_prompts"),
        ("ivrVersionedPromptId", "versioned_prompts"),
        ("callAgentExtractorId", "extractors"),
    ):
        yield name, kind, body.get(name)
    overrides = body.get("agentOverrides") or {}
    at = "agentOverrides"
    yield f"{at}.defaultVoiceId", "voices", overrides.get("defaultVoiceId")
    for place, key in enumerate(overrides.get("linkedFunctionDefinitionIds") or []):
        yield f"{at}.linkedFunctionDefinitionIds.{place}", "functions", key
    for place, linked in enumerate(overrides.get("linkedFunctionDefinitionInputs") or []):
        yield (
            f"{at}.linkedFunctionDefinitionInputs.{place}.functionDefinitionId",
            "functions",
            linked["functionDefinitionId"],
        )
    ivr = overrides.get("ivrConfiguration") or {}
    yield f"{at}.ivrConfiguration.aiVoiceId", "voices", ivr.get("aiVoiceId")
    yield (
        f"{at}.ivrConfiguration.versionedPromptId",
        "versioned_prompts",
        ivr.get("versionedPromptId"),
    )
    for path, prompt in _prompts(body):
        yield f"{path}.aiModelId", "models", prompt["aiModelId"]
        for node_path, node in _nodes(path, prompt):
            key = node["nodeData"].get("functionId")
            if isinstance(key, str):
                yield f"{node_path}.nodeData.functionId", "functions", key


def _prompts(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The prompts that stand in the body."""
    overrides = body.get("agentOverrides") or {}
    prompt = overrides.get("defaultVersionedPrompt")
    if prompt is not None:
        yield "agentOverrides.defaultVersionedPrompt", prompt
    prompt = (overrides.get("ivrConfiguration") or {}).get("versionedPrompt")
    if prompt is not None:
        yield "agentOverrides.ivrConfiguration.versionedPrompt", prompt


def _nodes(path: str, prompt: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    nodes = (prompt.get("flowDefinition") or {}).get("nodes") or []
    for place, node in enumerate(nodes):
        yield f"{path}.flowDefinition.nodes.{place}", node


def _flows(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Nodes that stand twice and transitions that lead nowhere."""
    for path, prompt in _prompts(body):
        seen: set[str] = set()
        nodes = list(_nodes(path, prompt))
        for node_path, node in nodes:
            if node["id"] in seen:
                yield f"{node_path}.id", f"another node has the id {_shown(node['id'])}"
            seen.add(node["id"])
        for node_path, node in nodes:
            for place, rule in enumerate(node["transitionRules"]):
                if rule["transitionNodeId"] not in seen:
                    yield (
                        f"{node_path}.transitionRules.{place}.transitionNodeId",
                        f"no node has the id {_shown(rule['transitionNodeId'])}",
                    )
