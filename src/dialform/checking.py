"""
What may stand in a resource's properties: a rule for each, its answer in words for a person.

Pure, and knows no Pulumi. A rule takes a value, None where there is none, and returns what is
wrong with it, None if nothing is. What a preview can't know yet is never asked about.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from dialform.api.location import base_url
from dialform.errors import RegistryError, SettingError
from dialform.launcher.calling import Rules
from dialform.launcher.calling.keeping import Keeping
from dialform.launcher.calling.limits import Limits
from dialform.presets.canonical import NotCanonical, canonical, digest, is_digest, load_json, parse
from dialform.presets.documents import ENVIRONMENT_FORMAT, PRESET_FORMAT, PROFILE_FORMAT, api_fields
from dialform.registry.location import check_url
from dialform.registry.names import name_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pydantic import BaseModel

    Rule = Callable[[Any], str | None]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")

_MISSING = "is required"

LISTED = frozenset(("agents", "voices", "models", "functions"))
"""The kinds of binding that the API lists for a whole workspace."""

_WITH_ID = LISTED | {"extractors", "promptVersions"}
_KINDS = _WITH_ID | {"numbers", "webhooks"}


def text(value: Any) -> str | None:
    """A string that says something."""
    if value in (None, ""):
        return _MISSING
    return None if isinstance(value, str) else f"must be a string, not {_shown(value)}"


def optional_text(value: Any) -> str | None:
    """The same, or nothing."""
    if value == "":
        return "must not be empty: leave it out"
    return None if value is None else text(value)


def name(value: Any) -> str | None:
    """An environment's or a preset's name."""
    if value in (None, ""):
        return _MISSING
    fault = name_fault(value)
    return None if fault is None else f"{_shown(value)}: a name {fault}"


def keyvar(value: Any) -> str | None:
    """The name of an environment variable. The words never hold the value: it may be a key."""
    if value in (None, ""):
        return _MISSING
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return None
    return "must be the name of the environment variable that holds the API key, never a key"


def workspace(value: Any) -> str | None:
    """A workspace's URL."""
    return text(value) or _url_fault(value)


def registry(value: Any) -> str | None:
    """A registry's URL."""
    return text(value) or _registry_fault(value)


@functools.lru_cache(maxsize=16)
def _url_fault(url: str) -> str | None:
    try:
        base_url(url)
    except SettingError as error:
        return str(error)
    return None


@functools.lru_cache(maxsize=16)
def _registry_fault(url: str) -> str | None:
    try:
        check_url(url)
    except SettingError as error:
        return str(error)
    return None


def content_digest(value: Any) -> str | None:
    """A digest."""
    if value in (None, ""):
        return _MISSING
    return None if is_digest(value) else "must be a digest: 'sha256:' and 64 hex digits"


def version(value: Any) -> str | None:
    """A preset's version, or nothing. Over the wire whole numbers are floats."""
    if value is None:
        return None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if whole and not isinstance(value, bool) and value >= 1:
        return None
    return f"a version is 1 or higher, not {_shown(value)}"


def members(value: Any) -> str | None:
    """Phone numbers by id, or nothing."""
    if value is None:
        return None
    if not isinstance(value, list):
        return f"must be a list of phone numbers, not {_shown(value)}"
    for at, member in enumerate(value):
        fault = _binding_fault(member, "number")
        if fault is not None:
            return f"[{at}]: {fault}"
        number = member.get("number")
        if number is not None and not _E164.fullmatch(number):
            return f"[{at}]: number {number!r} must be in E.164 form, like '+14155550100'"
    return None


def table(value: Any) -> dict[str, Any]:
    """
    A property that travels as JSON text, like documents: it stays as it was written.

    Raises:
        TypeError: it is no text.
        ValueError: it is no JSON object.

    """
    if not value:
        return {}
    found = load_json(value)
    if not isinstance(found, dict):
        raise TypeError(f"not {_shown(found)}")
    return found


def any_table(value: Any) -> str | None:
    """An object as JSON text."""
    try:
        table(value)
    except (TypeError, ValueError) as error:
        return f"must be an object as JSON text: {error}"
    return None


def references(value: Any) -> str | None:
    """Models and functions by kind and name."""
    return any_table(value) or _bindings_fault(table(value), LISTED)


def bindings(value: Any) -> str | None:
    """What an environment binds, by kind and name."""
    return any_table(value) or _bindings_fault(table(value), _KINDS)


def _bindings_fault(bound: Mapping[str, Any], kinds: Collection[str]) -> str | None:
    for kind, by_name in bound.items():
        if kind not in kinds:
            return f"{kind}: there is no such kind; it is one of {', '.join(sorted(kinds))}"
        if not isinstance(by_name, dict):
            return f"{kind}: must be an object, by name"
        for one, binding in by_name.items():
            fault = _bound_fault(kind, binding)
            if fault is not None:
                return f"{kind}.{one}: {fault}"
    return None


def _bound_fault(kind: str, binding: Any) -> str | None:
    if kind == "webhooks":
        return optional_text(binding)
    if kind in _WITH_ID:
        return _binding_fault(binding, "name")
    if not isinstance(binding, dict):
        return "must be an object"
    return optional_text(binding.get("pool")) or members(binding.get("members"))


def _binding_fault(binding: Any, said: str) -> str | None:
    """An id, and perhaps what it is called there."""
    if not isinstance(binding, dict):
        return f"must be an object with an id, not {_shown(binding)}"
    fault = text(binding.get("id"))
    if fault is not None:
        return f"id {fault}"
    fault = optional_text(binding.get(said))
    return None if fault is None else f"{said} {fault}"


def profile(document: Any) -> str | None:
    """A profile's document."""
    return _content_fault(document, PROFILE_FORMAT)


def preset(document: Any) -> str | None:
    """A preset's document."""
    return _content_fault(document, PRESET_FORMAT)


def environment(document: Any) -> str | None:
    """An environment's document."""
    fault, value = _parsed(document, ENVIRONMENT_FORMAT)
    if fault is not None:
        return fault
    fault = name(value.get("environment"))
    if fault is not None:
        return f"environment: {fault}"
    there = value.get("workspace")
    if not isinstance(there, dict):
        return "workspace: is required"
    for key, rule in {"url": workspace, "keyvar": keyvar}.items():
        fault = rule(there.get(key))
        if fault is not None:
            return f"workspace.{key}: {fault}"
    if not isinstance(there.get("idempotencyKeys", False), bool):
        return "workspace.idempotencyKeys: must be true or false"
    return _calls_fault(value)


def _calls_fault(document: Mapping[str, Any]) -> str | None:
    """What is wrong with an environment's rules for calls, for campaigns and for the ledger."""
    try:
        rules = Rules.of(document)
    except RegistryError as error:
        return f"calls: {error}"
    try:
        Limits.of(document)
    except RegistryError as error:
        return f"campaigns: {error}"
    try:
        Keeping.of(document)
    except RegistryError as error:
        return f"ledger: {error}"
    return None if rules.destinations or rules.sandbox else f"calls: {rules.undeclared}"


def digest_fault(document: Any, named: Any) -> str | None:
    """What is wrong with the digest that a document is given."""
    if named in (None, ""):
        return _MISSING
    if not isinstance(document, str):
        return None
    found = digest(document.encode("utf-8", "surrogatepass"))
    return None if named == found else f"is not the document's, which is {found}"


def owner_fault(document: Any, environment: Any) -> str | None:
    """What is wrong with the environment that a sound document is given to."""
    fault, value = _parsed(document, ENVIRONMENT_FORMAT)
    said = value.get("environment")
    if fault is not None or said == environment:
        return None
    return f"is of environment {_shown(said)}, not {_shown(environment)}"


def _parsed(document: Any, wanted: str) -> tuple[str | None, dict[str, Any]]:
    """The fault of a document's form, and what it holds."""
    if document in (None, ""):
        return _MISSING, {}
    if not isinstance(document, str):
        return "must be a document's canonical JSON, as one string", {}
    try:
        value = parse(document.encode())
    except (NotCanonical, UnicodeError) as error:
        return str(error), {}
    if not isinstance(value, dict) or value.get("format") != wanted:
        return f"must have the format {wanted!r}", {}
    return None, value


def _content_fault(document: Any, wanted: str) -> str | None:
    """Form and format, then types, ranges and enums of the API's page."""
    fault, value = _parsed(document, wanted)
    if fault is not None:
        return fault
    inside, keys = _FIELDS[wanted]
    for key in sorted(value.keys() - keys):
        return f"{key}: there is no such key"
    for key in (inside, "extraFields", "inputs"):
        if not isinstance(value.get(key, {}), dict):
            return f"{key}: must be an object"
    if inside not in value:
        return f"{inside}: is required"
    if "profile" in value and not is_digest(value["profile"]):
        return "profile: must be a digest: 'sha256:' and 64 hex digits"
    return "; ".join(_api_faults(value, inside)) or None


_FIELDS = {
    PROFILE_FORMAT: ("agentOverrides", {"format", "agentOverrides", "extraFields"}),
    PRESET_FORMAT: ("call", {"format", "call", "profile", "inputs", "extraFields"}),
}
"""By format: where the API's fields stand, and all keys."""


def _api_faults(document: Mapping[str, Any], inside: str) -> Iterator[str]:
    """What the API would refuse of the fields that are declared; extra fields are as they are."""
    from pydantic import ValidationError  # noqa: PLC0415 - what was checked before needs none

    from dialform.api.models import AgentOverrides, CreateDial  # noqa: PLC0415 - likewise

    model: type[BaseModel] = AgentOverrides if inside == "agentOverrides" else CreateDial
    try:
        fields = api_fields(document)
    except (AttributeError, KeyError, TypeError, ValueError):
        yield f"{inside}: its fields are not of the form that the API's page says"
        return
    try:
        model.model_validate(fields)
    except ValidationError as error:
        from dialform.declaration.words import message_of  # noqa: PLC0415 - likewise

        for one in error.errors(include_url=False):
            unknown = one["type"] == "extra_forbidden"
            if unknown and "flowDefinition" in one["loc"]:
                continue  # a flow may be the API's object as it stands
            if one["type"] == "missing" and "extraFields" in document:
                continue  # it may stand there
            place = ".".join(map(str, (inside, *one["loc"])))
            what = "there is no such field" if unknown else message_of(one, place)
            yield f"{place}: {what}"


def _shown(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        found = canonical(value).decode() if isinstance(value, (dict, list)) else repr(value)
    except NotCanonical:
        found = repr(value)
    longest = 60
    return found if len(found) <= longest else f"{found[: longest - 3]}..."
