"""
What changed in the objects that a release leans on, field by field.

Pure: takes the recorded documents and the present ones. What the API means the same by is no
change; how it does is in ``meaning``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.drift.meaning import identity, meant, opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.drift.objects import Key

_LONGEST = 120
_LEAD = 30


class FieldChange(NamedTuple):
    """A field of an object. None stands for one that is not set: absent, null or empty."""

    path: str
    """Dotted, with ``[greeting]`` for list elements that have ids, ``[0]`` for others."""

    before: Any
    after: Any

    def __str__(self) -> str:
        """In one line."""
        before, after = self.before, self.after
        if isinstance(before, str) and isinstance(after, str):
            before, after = _near_difference(before, after)
        return f"{self.path}: {shown(before)} -> {shown(after)}"


class ObjectChange(NamedTuple):
    """An object that is not what it was when the release was written."""

    key: Key
    name: str
    """What it was called then."""

    gone: bool
    fields: tuple[FieldChange, ...]

    def __str__(self) -> str:
        """In one line."""
        what = f"{self.key.kind} {self.name!r} ({self.key.id})"
        if self.gone:
            return f"{what} is gone"
        return f"{what}: {'; '.join(map(str, self.fields))}"

    def as_json(self) -> dict[str, Any]:
        """``kind``, ``id``, ``name``, ``gone``, ``fields``."""
        return {
            "kind": self.key.kind,
            "id": self.key.id,
            "name": self.name,
            "gone": self.gone,
            "fields": [one._asdict() for one in self.fields],
        }


def changes(
    recorded: Mapping[Key, Mapping[str, Any]], present: Mapping[Key, Mapping[str, Any]]
) -> list[ObjectChange]:
    """
    What differs, of the objects that were recorded.

    Both map objects to the ``fields`` of their documents; what is only in ``present`` is no drift.
    """
    found = []
    for key, before in sorted(recorded.items()):
        after = present.get(key)
        if after is None:
            found.append(ObjectChange(key, _name(before), gone=True, fields=()))
        elif before != after:
            fields = tuple(_fields(meant(before) or {}, meant(after) or {}, ""))
            if fields:
                found.append(ObjectChange(key, _name(before), gone=False, fields=fields))
    return found


def _fields(before: Any, after: Any, path: str) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            at = f"{path}.{name}" if path else name
            yield from _fields(before.get(name), after.get(name), at)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _elements(before, after, path)
    else:
        yield FieldChange(path, before, after)


def _elements(before: list[Any], after: list[Any], path: str) -> Iterator[FieldChange]:
    """By what identifies them, else by place, else as a whole."""
    key = identity(before, after)
    if key is not None:
        old, new = ({one[key]: one for one in side} for side in (before, after))
        for name in {**old, **new}:
            yield from _fields(old.get(name), new.get(name), f"{path}[{name}]")
        places = [[name for name in side if name in old and name in new] for side in (old, new)]
        first = [opening(path, names) for names in places]
        if first[0] != first[1]:
            yield FieldChange(path, *first)
    elif len(before) == len(after):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _fields(*pair, f"{path}[{index}]")
    else:
        yield FieldChange(path, before, after)


def _near_difference(before: str, after: str) -> tuple[str, str]:
    """Two long texts from shortly before the first character that differs."""
    if max(len(before), len(after)) <= _LONGEST:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    shortest = min(len(before), len(after))
    first = next((at for at, (one, other) in pairs if one != other), shortest)
    start = max(first - _LEAD, 0)
    lead = "..." if start else ""
    return f"{lead}{before[start:]}", f"{lead}{after[start:]}"


def _name(fields: Mapping[str, Any]) -> str:
    return str(fields.get("name") or fields.get("number") or "?")


def shown(value: Any) -> str:
    """A value in a line."""
    if value is None:
        return "not set"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
