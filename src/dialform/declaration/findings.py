"""
A model's findings in words that help: what is wrong, what was probably meant, what to do.

Pure. Turns pydantic's errors into `Problem`s with file, line and key; pydantic's own text
reaches nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from dialform.api.models import Model
from dialform.declaration.flows import message_of
from dialform.declaration.merging import near

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from dialform.declaration.merging import Layered
    from dialform.errors import Problem

OUR_NAMES = {
    "callAgentId": "agent = NAME",
    "agent_id": "agent = NAME",
    "agentId": "agent = NAME",
    "aiVoiceId": "voice = NAME",
    "defaultVoiceId": "voice = NAME",
    "voiceId": "voice = NAME",
    "fromNumberPoolId": "numbers = NAME",
    "fromNumberId": "numbers = NAME",
    "webhookUrl": "webhook = NAME",
    "inboundWebhookUrl": "inboundWebhook = NAME",
    "versionedModelId": "promptVersion = NAME",
    "ivrVersionedPromptId": "ivrPromptVersion = NAME",
    "versionedPromptId": "promptVersion = NAME",
    "callAgentExtractorId": "extractor = NAME",
    "aiModelId": "model = NAME",
    "functionDefinitionId": "function = NAME",
    "functionId": "function = NAME",
    "linkedFunctionDefinitionIds": "linkedFunctions = [NAME, ...]",
    "agentOverrides": "profile = NAME, and the fields in stacks/profiles/NAME.toml",
    "callAgentInput": "an [inputs.NAME] table for each",
    "defaultVersionedPrompt": "a [prompt] table",
    "versionedPrompt": "an [ivrConfiguration.prompt] table",
    "flowDefinition": "flow = NAME, and the flow in stacks/flows",
    "conditionType": "the condition itself: equal, in, greater, less, language",
    "transitionNodeId": "to = NODE",
    "transitionRules": "next = [...]",
}
"""The API's own names for things that we name differently."""

PER_CALL = {
    "toNumber": "it belongs to each call: dialform dial --to",
    "phone_number": "it belongs to each call: dialform dial --to",
}
"""What no file takes."""


def problems_of(layered: Layered, model: type[Model], error: ValidationError) -> list[Problem]:
    """All findings of one validation."""
    found: list[Problem] = []
    for one in error.errors(include_url=False):
        path = _path(one["loc"], layered.value)
        if one["type"] == "extra_forbidden":
            found.append(_unknown_key(layered, model, path))
        elif one["type"] == "missing":
            where = layered.source_of(path[:-1])
            found.append(where.problem(path, "missing-key", "is required"))
        else:
            found.append(layered.problem(path, "type", _words(one)))
    return found


def _words(one: ErrorDetails) -> str:
    text = message_of(one)
    if one["type"] == "string_pattern_mismatch":
        pattern = one.get("ctx", {}).get("pattern", "")
        reason = _PATTERNS.get(pattern)
        if reason is not None:
            text = f"{reason}, not {one['input']!r}"
    return text


_PATTERNS = {
    r"^\+[1-9][0-9]{6,14}$": "must be a phone number in E.164 form, like '+14155550100'",
    r"^sha256:[0-9a-f]{64}$": "must be a digest: 'sha256:' and 64 hex digits",
    r"^https?://[^\s/@]+(?:/\S*)?$": "must be an http or https URL without user name or password",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": "must be a name: letters, digits, '.', '_' and '-'",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "must be the name of an environment variable",
    r"^[A-Za-z_][A-Za-z0-9_.-]{0,126}$": "must be a name as in {{name}}",
}


def _path(loc: tuple[int | str, ...], value: Any) -> tuple[int | str, ...]:
    """``loc`` less what pydantic adds for unions and keys."""
    path: list[int | str] = []
    for at, part in enumerate(loc):
        if isinstance(value, dict) and part in value:
            path.append(part)
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            path.append(part)
            value = value[part]
        elif at == len(loc) - 1 and part != "[key]":
            path.append(part)
    return tuple(path)


def _unknown_key(layered: Layered, model: type[Model], path: tuple[int | str, ...]) -> Problem:
    key = str(path[-1])
    top = {field.alias or name for name, field in model.model_fields.items()}
    here = _fields_at(model, path[:-1])
    if key in PER_CALL:
        message = f"no file takes it: {PER_CALL[key]}"
    elif key in OUR_NAMES and (len(path) == 1 or here is not top):
        message = f"is the API's name; here it is written as {OUR_NAMES[key]}"
    elif len(path) > 1 and key in top and key not in here:
        table = ".".join(str(part) for part in path[:-1])
        message = (
            f"stands below [{table}], and TOML puts it into that table; "
            f"move it above the first [table] of the file"
        )
        return layered.problem(path, "toml-table", message)
    else:
        message = "there is no such key" + near(key, here)
    return layered.problem(path, "unknown-key", message)


def _fields_at(model: type[Model], path: tuple[int | str, ...]) -> set[str]:
    """The keys that the model takes at ``path``."""
    models = {model}
    for part in path:
        annotations = [
            field.annotation
            for one in models
            for name, field in one.model_fields.items()
            if part in (name, field.alias)
        ]
        if annotations:
            models = set().union(*(_models_in(annotation) for annotation in annotations))
    return {field.alias or name for one in models for name, field in one.model_fields.items()}


def _models_in(annotation: Any) -> set[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return {annotation}
    return set().union(*(_models_in(arg) for arg in get_args(annotation)))
