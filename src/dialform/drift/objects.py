"""
The objects of a workspace that a release refers to, as documents that can be compared later.

Pure. An object's document holds what the API shows of it, less what changes by itself; nothing
that looks like a secret is kept but for its digest.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.declaration.redaction import secret_in
from dialform.presets.canonical import LARGEST, canonical, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dialform.presets.canonical import Digest

OBJECT_FORMAT = "dialform.object/1"
REFERENCES_FORMAT = "dialform.references/1"

_VOLATILE = frozenset(
    ("createdAt", "updatedAt", "created_at", "updated_at", "lastUsedAt", "usageCount", "cursor")
)
"""Fields of any object that change without anybody's doing."""

_VOLATILE_OF: Mapping[str, frozenset[str]] = {
    # Which agent answers a number's incoming calls says nothing of calls that go out.
    "numbers": frozenset(("agentId",)),
}
"""The same by kind."""

_SECRET_NAMES = (
    *("secret", "passw", "apikey", "authorization", "credential"),
    *("signingkey", "privatekey", "accesskey", "authtoken", "accesstoken"),
)
"""What stands in the name of a secret, written without dashes."""


_IN_URL = re.compile(r"(?i)[?&][a-z_-]*(?:token|key|secret|password|signature)=[^&\s]+")
"""A URL that brings its secret along."""


class Key(NamedTuple):
    """Which object."""

    kind: str
    """As in a stack file: ``voices``, ``promptVersions``, ``numbers``, ..."""

    id: str


def leans_on(bound: Mapping[str, Any]) -> Iterator[Key]:
    """The objects that a bound preset names, each once, in order."""
    found: set[Key] = set()
    for kind, names in bound.get("bindings", {}).items():
        for one in names.values():
            if kind == "numbers":
                found.update(Key(kind, member["id"]) for member in one.get("members") or ())
            elif kind != "webhooks":
                found.add(Key(kind, one["id"]))
    yield from sorted(found)


def own_prompt(bound: Mapping[str, Any], agent: Mapping[str, Any]) -> str | None:
    """The agent's own prompt, where nothing in the request replaces it: its id."""
    body = bound.get("body", {})
    overrides = body.get("agentOverrides") or {}
    if overrides.get("defaultVersionedPrompt") or body.get("versionedModelId"):
        return None
    found = agent.get("defaultVersionedPromptId")
    return found if isinstance(found, str) else None


def object_document(key: Key, raw: Mapping[str, Any]) -> bytes:
    """The canonical bytes of an object's document."""
    drop = _VOLATILE | _VOLATILE_OF.get(key.kind, frozenset())
    fields = {
        _text(name): _kept(value, (name,))
        for name, value in raw.items()
        if name not in drop | {"id"}
    }
    return canonical({"format": OBJECT_FORMAT, "kind": key.kind, "id": key.id, "fields": fields})


def references_document(objects: Iterable[tuple[Key, Digest]]) -> bytes:
    """The canonical bytes of the list of what a release leans on."""
    rows = [{"kind": key.kind, "id": key.id, "digest": one} for key, one in sorted(objects)]
    return canonical({"format": REFERENCES_FORMAT, "objects": rows})


def _kept(value: Any, path: tuple[str, ...], *, secret: bool = False) -> Any:
    """``value`` less what is volatile; ``secret``: a key above it says that it is one."""
    secret = secret or _is_secret_name(path[-1])
    if isinstance(value, dict):
        # A header or a setting is often written as a pair: {"name": "Authorization", "value": ...}
        names = (value.get("name"), value.get("key"))
        named = secret or any(_is_secret_name(one) for one in names if isinstance(one, str))
        return {
            _text(name): _kept(
                item, (*path, str(name)), secret=named if name == "value" else secret
            )
            for name, item in value.items()
            if name not in _VOLATILE
        }
    if isinstance(value, list):
        return [_kept(item, path, secret=secret) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if secret or (isinstance(value, str) and _holds_secret(value, path)):
        return digest(json.dumps(value).encode())
    if isinstance(value, (int, float)) and not abs(value) <= LARGEST:
        return str(value)  # more than every reader of JSON keeps, or no number
    return _text(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    r"""Text that UTF-8 can hold: half of a surrogate pair as ``\ud800``, in letters."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def _holds_secret(value: str, path: tuple[str, ...]) -> bool:
    return secret_in(value, path) is not None or _IN_URL.search(value) is not None


def _is_secret_name(name: str) -> bool:
    """Whether what is called so is not to be kept: a key, or a request's headers."""
    name = name.lower().replace("-", "").replace("_", "")
    # ``maxTokens`` is no secret, ``refreshToken`` is one.
    return name == "headers" or name.endswith("token") or any(one in name for one in _SECRET_NAMES)
