"""JSON Schemas of the files of `stacks/`, made from the models, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.declaration.guardrails import Guardrails
from dialform.declaration.models import EnvironmentFile, FlowFile, PresetFile, ProfileFile

if TYPE_CHECKING:
    from dialform.api.models import Model

KINDS: dict[str, type[Model]] = {
    "preset": PresetFile,
    "profile": ProfileFile,
    "flow": FlowFile,
    "environment": EnvironmentFile,
    "guardrails": Guardrails,
}
"""The kinds of file."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str) -> dict[str, Any]:
    """The schema of a kind of file, draft 2020-12."""
    model = KINDS[kind]
    made = _tidied(model.model_json_schema(by_alias=True))
    if "extends" in made["properties"]:
        made.pop("required", None)  # a parent may say it
        for definition in made.get("$defs", {}).values():
            definition.pop("required", None)
    title = f"dialform {kind}"
    return {"$schema": DIALECT, **made, "title": title}


def _tidied(value: Any) -> Any:
    """Without the titles and defaults that pydantic makes up."""
    if isinstance(value, list):
        return [_tidied(item) for item in value]
    if not isinstance(value, dict):
        return value
    tidy = {
        key: _tidied(item)
        for key, item in value.items()
        if not (key == "default" and item is None)
        and not (key == "title" and isinstance(item, str))
    }
    for key in ("properties", "$defs"):
        if isinstance(value.get(key), dict):
            tidy[key] = {name: _tidied(item) for name, item in value[key].items()}
    options = tidy.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:  # TOML has no null
        rest = [option for option in options if option != {"type": "null"}]
        del tidy["anyOf"]
        tidy |= rest[0] if len(rest) == 1 else {"anyOf": rest}
    return tidy
