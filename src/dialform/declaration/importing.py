"""
A body of ``POST /dials`` as sent today, turned into the files that declare it.

Pure: a body and an environment's bindings in, texts of files out. What the API's page knows
goes where the format has a place for it; fields and values that it doesn't know go into
``extraFields``, nulls into ``null``. Whether the files really give the body back is proved by
the caller, with the loader and the launcher themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tomlkit
from pydantic import ValidationError

from dialform.api.models import PER_CALL_FIELDS, FlowDefinition, Model
from dialform.declaration.binding import inline
from dialform.declaration.models import MACRO_NAME, PresetFile, ProfileFile
from dialform.declaration.rules import macro_names
from dialform.declaration.source import dotted
from dialform.declaration.values import strings
from dialform.presets.documents import CALL_TWINS, FUNCTION_NODES, OVERRIDE_TWINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONG = 60
"""Characters from which a prompt gets a file of its own."""


@dataclass
class Files:
    """What an import writes. Paths are relative to stacks/."""

    texts: dict[str, str] = field(default_factory=dict)
    """New files."""

    bindings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the environment's file gets: kind -> name -> binding."""

    lost: list[str] = field(default_factory=list)
    """Paths of what the format can't hold, with the reason."""


def files_of(body: Mapping[str, Any], name: str, bound: Mapping[str, Mapping[str, Any]]) -> Files:
    """
    The files that declare ``body`` as the preset ``name``.

    ``bound`` is what the environment binds already; equal ids and URLs are used again.
    """
    return _Import(name, bound).run(body)


class _Import:
    def __init__(self, name: str, bound: Mapping[str, Mapping[str, Any]]) -> None:
        self.name = name
        self.files = Files()
        self._bound = {kind: dict(entries) for kind, entries in bound.items()}

    def run(self, body: Mapping[str, Any]) -> Files:
        preset: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        fields = {api: (ours, kind) for ours, (api, kind) in CALL_TWINS.items()}
        for key, value in body.items():
            if key in (*PER_CALL_FIELDS, "fromNumberPoolId"):
                continue
            if key == "agentOverrides" and isinstance(value, dict):
                preset["profile"] = self.name
                self._profile(value)
            elif key in fields and (value is None or isinstance(value, str)):
                ours, kind = fields[key]
                self._set(preset, extra, PresetFile, ours, key, self._name(kind, value), value)
            elif key in PresetFile.model_fields and key not in CALL_TWINS and key != "profile":
                self._set(preset, extra, PresetFile, key, key, value, value)
            else:
                extra[key] = value
        self._numbers(body, preset, extra)
        inputs = self._inputs(body, extra)
        self._write(f"presets/{self.name}.toml", preset, extra, {"inputs": inputs})
        return self.files

    # Bindings

    def _name(self, kind: str, value: Any, suffix: str = "") -> Any:
        """The name that stands for an id or URL, an existing one where there is one."""
        if value is None:
            return None
        entries = self._bound.setdefault(kind, {})
        for name, entry in entries.items():
            if entry == value or (isinstance(entry, dict) and entry.get("id") == value):
                return name
        return self._bind(kind, value if kind == "webhooks" else {"id": value}, suffix)

    def _bind(self, kind: str, entry: Any, suffix: str = "") -> str:
        entries = self._bound.setdefault(kind, {})
        wanted = f"{self.name}{suffix}"
        name, count = wanted, 1
        while name in entries:
            count += 1
            name = f"{wanted}-{count}"
        entries[name] = entry
        self.files.bindings.setdefault(kind, {})[name] = entry
        return name

    def _numbers(
        self, body: Mapping[str, Any], preset: dict[str, Any], extra: dict[str, Any]
    ) -> None:
        """One binding for the pool and the number; a null or a number of no call goes along."""
        entry: dict[str, Any] = {}
        pool, number = body.get("fromNumberPoolId"), body.get("fromNumberId")
        if isinstance(pool, str) and pool:
            entry["pool"] = pool
        elif "fromNumberPoolId" in body:
            extra["fromNumberPoolId"] = pool
        rings = isinstance(body.get("toNumber"), str) and not body.get("browserCall")
        if isinstance(number, str) and number and rings:
            entry["members"] = [{"id": number}]
        elif "fromNumberId" in body:
            extra["fromNumberId"] = number
        if entry:
            entries = self._bound.setdefault("numbers", {})
            same = [name for name, one in entries.items() if _without_numbers(one) == entry]
            preset["numbers"] = same[0] if same else self._bind("numbers", entry)

    # The profile

    def _profile(self, overrides: dict[str, Any]) -> None:
        profile: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        fields = {api: (ours, kind) for ours, (api, kind) in OVERRIDE_TWINS.items()}
        for key, value in overrides.items():
            ours, declared = key, value
            if key in fields:
                ours, kind = fields[key]
                if isinstance(value, list) and all(isinstance(one, str) for one in value):
                    declared = [self._name(kind, one) for one in value]
                elif isinstance(value, str):
                    declared = self._name(kind, value)
            elif key == "defaultVersionedPrompt" and isinstance(value, dict):
                ours = "prompt"
                declared = self._prompt(value, "", extra, (key,))
            elif key == "linkedFunctionDefinitionInputs" and isinstance(value, list):
                declared = [self._linked(one) for one in value]
            elif key == "ivrConfiguration" and isinstance(value, dict):
                declared = self._ivr(value, extra)
            elif key not in ProfileFile.model_fields or key in OVERRIDE_TWINS or key == "prompt":
                extra[key] = value
                continue
            self._set(profile, extra, ProfileFile, ours, key, declared, value)
        self._write(f"profiles/{self.name}.toml", profile, extra, {})

    def _linked(self, linked: Any) -> Any:
        if not isinstance(linked, dict) or not isinstance(linked.get("functionDefinitionId"), str):
            return linked
        rest = {key: value for key, value in linked.items() if key != "functionDefinitionId"}
        return {"function": self._name("functions", linked["functionDefinitionId"]), **rest}

    def _ivr(self, ivr: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        declared: dict[str, Any] = {}
        for key, value in ivr.items():
            if key == "versionedPrompt" and isinstance(value, dict):
                path = ("ivrConfiguration", key)
                declared["prompt"] = self._prompt(value, "-ivr", extra, path)
            elif key == "aiVoiceId" and (value is None or isinstance(value, str)):
                declared["voice"] = self._name("voices", value, "-ivr")
            elif key == "versionedPromptId" and (value is None or isinstance(value, str)):
                declared["promptVersion"] = self._name("promptVersions", value, "-ivr")
            elif key in ("detectionType", "taggingText"):
                declared[key] = value
            else:
                extra.setdefault("ivrConfiguration", {})[key] = value
        return declared

    def _prompt(
        self, prompt: dict[str, Any], suffix: str, extra: dict[str, Any], path: tuple[str, ...]
    ) -> dict[str, Any]:
        declared: dict[str, Any] = {}
        for key, value in prompt.items():
            if key == "aiModelId" and isinstance(value, str):
                declared["model"] = self._name("models", value, suffix)
            elif key == "prompt" and isinstance(value, str) and _is_prose(value):
                file = f"prompts/{self.name}{suffix}.md"
                self.files.texts[file] = f"{value}\n"
                declared["file"] = file
            elif key == "flowDefinition" and _is_flow(prompt):
                flow = f"{self.name}{suffix}"
                declared["flow"] = flow
                text = json.dumps(self._flow(value, suffix), indent=2, ensure_ascii=False)
                self.files.texts[f"flows/{flow}.json"] = f"{text}\n"
            elif key == "agentType" and value == (
                "CUSTOM_FLOW" if _is_flow(prompt) else "STANDARD"
            ):
                continue  # implied
            elif key in ("agentType", "name", "prompt", "modelOptionValues"):
                declared[key] = value
            else:
                at = extra
                for part in path:
                    at = at.setdefault(part, {})
                at[key] = value
        return declared

    def _flow(self, flow: dict[str, Any], suffix: str) -> dict[str, Any]:
        """The API's object, with the names of functions for their ids."""
        nodes = []
        for node in flow["nodes"]:
            data = node["nodeData"]
            calls = node["type"] in FUNCTION_NODES and isinstance(data.get("functionId"), str)
            if calls and "function" not in data:
                named = self._name("functions", data["functionId"], suffix)
                data = {
                    ("function" if key == "functionId" else key): (
                        named if key == "functionId" else value
                    )
                    for key, value in data.items()
                }
            nodes.append({**node, "nodeData": data})
        return {**flow, "nodes": nodes}

    # Fields, inputs, texts

    def _set(  # noqa: PLR0913, PLR0917 - one field, seen from both sides
        self,
        declared: dict[str, Any],
        extra: dict[str, Any],
        model: type[Model],
        ours: str,
        api: str,
        value: Any,
        raw: Any,
    ) -> None:
        """Put a field where it belongs: declared if the format takes its value, else as it is."""
        value = _options(ours, value)
        if _fits(model, ours, value):
            declared[ours] = value
        else:
            extra[api] = raw

    def _inputs(self, body: Mapping[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        given = body.get("callAgentInput")
        inputs: dict[str, Any] = {}
        said = {name for _, text in strings(dict(body)) for name in macro_names(text)}
        if isinstance(given, dict) and given:
            for name, value in given.items():
                if not MACRO_NAME.fullmatch(name):
                    path = dotted(("callAgentInput", name))
                    self.files.lost.append(f"{path}: can't be the name of an input")
                    continue
                kind = _kind(value)
                inputs[name] = {} if kind == "string" else {"type": kind}
                inputs[name]["required"] = True
                if name not in said:
                    inputs[name]["usedElsewhere"] = True
        elif "callAgentInput" in body:
            extra["callAgentInput"] = given
        for name in sorted(said - set(inputs)):
            if MACRO_NAME.fullmatch(name) and not name.startswith("node."):
                inputs[name] = {"required": False}
        return inputs

    def _write(
        self, path: str, values: dict[str, Any], extra: dict[str, Any], tables: dict[str, Any]
    ) -> None:
        """A TOML file: bare keys first, then tables; nulls as paths."""
        nulls: list[str] = []
        if extra:
            values = {**values, "extraFields": extra}
        plain = {key: _split_nulls(value, (key,), nulls) for key, value in values.items()}
        document = tomlkit.document()
        document.add(tomlkit.comment("Imported from a request body. See docs/declarations.md."))
        plain = {key: value for key, value in plain.items() if value is not _NULL}
        if nulls:
            document.add("null", tomlkit.item(nulls))
        for key, value in plain.items():
            if not isinstance(value, dict):
                document.add(key, tomlkit.item(value))
        for key, value in plain.items():
            if isinstance(value, dict):
                document.add(key, tomlkit.item(value))
        for key, table in tables.items():
            if table:
                document.add(key, tomlkit.item(table))
        self.files.texts[path] = tomlkit.dumps(document)


_NULL = object()


def _split_nulls(value: Any, path: tuple[str | int, ...], nulls: list[str]) -> Any:
    """``value`` without its nulls, whose paths are noted in the order of the value."""
    if value is None:
        nulls.append(dotted(path))
        return _NULL
    if isinstance(value, dict):
        split = {key: _split_nulls(item, (*path, key), nulls) for key, item in value.items()}
        return {key: item for key, item in split.items() if item is not _NULL}
    if isinstance(value, list):
        items = [_split_nulls(item, (*path, index), nulls) for index, item in enumerate(value)]
        return [item for item in items if item is not _NULL]
    return value


def _without_numbers(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A numbers binding by its ids."""
    plain = dict(entry)
    if "members" in plain:
        plain["members"] = [{"id": member.get("id")} for member in plain["members"]]
    return plain


def _options(ours: str, value: Any) -> Any:
    """A list of options as a map, where that says the same: in a prompt as well."""
    if ours == "prompt" and isinstance(value, dict) and "modelOptionValues" in value:
        options = _options("modelOptionValues", value["modelOptionValues"])
        return {**value, "modelOptionValues": options}
    if ours == "ivrConfiguration" and isinstance(value, dict) and "prompt" in value:
        return {**value, "prompt": _options("prompt", value["prompt"])}
    if ours not in ("voiceOptionValues", "modelOptionValues") or not isinstance(value, list):
        return value
    plain = all(isinstance(one, dict) and set(one) == {"optionId", "value"} for one in value)
    if not plain or not value or not all(isinstance(one["optionId"], str) for one in value):
        return value
    ids = [one["optionId"] for one in value]
    if ids != sorted(set(ids)):
        return value
    return {one["optionId"]: one["value"] for one in value}


def _fits(model: type[Model], key: str, value: Any) -> bool:
    needed: dict[str, Any] = {"agent": "agent"} if model is PresetFile else {}
    try:
        model.model_validate({**needed, key: value})
    except ValidationError:
        return False
    return True


def _is_flow(prompt: Mapping[str, Any]) -> bool:
    """Whether the prompt has a flow that a flow file can hold."""
    flow = prompt.get("flowDefinition")
    if prompt.get("agentType") != "CUSTOM_FLOW" or not isinstance(flow, dict):
        return False
    if not isinstance(flow.get("nodes"), list) or not flow["nodes"]:
        return False
    try:
        FlowDefinition.model_validate(flow)
    except ValidationError as error:
        return all(one["type"] == "extra_forbidden" for one in error.errors(include_url=False))
    return True


def _is_prose(text: str) -> bool:
    """Whether a file keeps it as it is: LF alone, no final newline, and long enough to be one."""
    if "\r" in text or text.endswith("\n") or text.startswith("\ufeff") or not text:
        return False
    return bool(text.strip()) and ("\n" in text or len(text) >= LONG)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "any"


def add_to_environment(text: str, name: str, bindings: Mapping[str, Mapping[str, Any]]) -> str:
    """An environment's file with ``bindings`` and the preset ``name`` added, comments kept."""
    document = tomlkit.parse(text)
    for kind, entries in bindings.items():
        if kind not in document:
            document.add(kind, tomlkit.table())
        for key, entry in entries.items():
            document[kind].add(key, _entry(kind, entry))
    if "presets" not in document:
        document.add("presets", tomlkit.table(is_super_table=True))
    run = tomlkit.table()
    run.add("follow", "source")
    document["presets"].add(name, run)
    return tomlkit.dumps(document)


def _entry(kind: str, entry: Any) -> Any:
    if kind == "webhooks":
        return entry
    if kind == "numbers":
        table = tomlkit.table()
        for key, value in entry.items():
            members = tomlkit.array()
            if key == "members":
                members.extend(inline(one) for one in value)
            table.add(key, members if key == "members" else value)
        return table
    return inline(entry)


def paths(lost: Mapping[str, Any]) -> Iterator[str]:
    """The paths in a deepdiff tree, as people write them."""
    for kind, found in lost.items():
        for path in found if isinstance(found, (dict, list, set)) else ():
            yield f"{path.removeprefix('root')} ({kind.replace('_', ' ')})"
