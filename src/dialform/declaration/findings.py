"""
A model's findings in words that help: what is wrong, what was probably meant, what to do.

Pure. Turns pydantic's errors into `Problem`s with file, line and key; pydantic's own text
reaches nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from dialform.api.models import Model
from dialform.declaration.merging import near
from dialform.declaration.source import dotted
from dialform.declaration.words import message_of

if TYPE_CHECKING:
    from pydantic import ValidationError

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
    errors = [(_path(one["loc"], layered.value), one) for one in error.errors(include_url=False)]
    instead = {
        (*path[:-1], OUR_NAMES[str(path[-1])].split(" ")[0])
        for path, one in errors
        if one["type"] == "extra_forbidden" and str(path[-1]) in OUR_NAMES
    }
    for path, one in errors:
        if one["type"] == "extra_forbidden":
            found.append(_unknown_key(layered, model, path))
        elif one["type"] == "missing":
            if path not in instead:  # it is there, under the API's name
                where = layered.source_of(path[:-1])
                found.append(where.problem(path, "missing-key", "is required"))
        else:
            found.append(layered.problem(path, "type", message_of(one, dotted(path))))
    return found


def _path(loc: tuple[int | str, ...], value: Any) -> tuple[int | str, ...]:
    """``loc`` less what pydantic adds for unions and keys."""
    path: list[int | str] = []
    for at, part in enumerate(loc):
        if isinstance(value, dict) and isinstance(part, int) and part < len(value):
            return (*path, sorted(value)[part])  # an option in a map of options
        if _has(value, part):
            path.append(part)
            value = value[part]
        elif at == len(loc) - 1 and part != "[key]":
            path.append(part)
    return tuple(path)


def _has(value: Any, part: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


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
    elif "deviation" in path[:-1]:
        message = (
            "can't differ by environment: only timeouts, durations, volumes and the webhook "
            "may differ; what is said never does" + near(key, here)
        )
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
