"""
How changes are put into words, whatever they are rendered as: paths, values, headlines, tallies.

Pure.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dialform.declaration.source import dotted
from dialform.diff.model import ABSENT

if TYPE_CHECKING:
    from dialform.diff.model import Change, Difference, PresetDiff, RuleChange, Subject

SIGNS = {
    "added": "+",
    "removed": "-",
    "changed": "~",
    "moved": ">",
    "renamed": "»",
    "reordered": "=",
}
"""By the kind of a change."""

_LONGEST = 200


def value(one: Any) -> str:
    """A value as a person reads it: text bare, null and absent told apart."""
    if one is ABSENT:
        return "not set"
    if one is None:
        return "null"
    if isinstance(one, dict) and one.keys() <= {"id", "name"} and "id" in one:
        return f"{one['name']} ({one['id']})" if "name" in one else str(one["id"])
    if isinstance(one, dict) and one and one.keys() <= {"pool", "members"}:
        members = [str(each.get("number", each["id"])) for each in one.get("members", ())]
        return ", ".join([*([f"pool {one['pool']}"] if "pool" in one else []), *members])
    text = json.dumps(one, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def path(change: Change) -> str:
    """A change's path, in one line."""
    return dotted(change.path)


def said(change: Change) -> str:
    """What happened, without the path and without a text's lines."""
    match change.kind:
        case "added" if change.path[-1:] and not isinstance(change.after, (dict, list)):
            words = f"not set -> {value(change.after)}"
        case "added":
            words = value(change.after)
        case "removed" if not isinstance(change.before, (dict, list)):
            words = f"{value(change.before)} -> not set"
        case "removed":
            words = value(change.before)
        case "moved":
            words = f"moved from place {change.before} to {change.after}"
        case "renamed":
            words = f"renamed from {change.before}"
        case "reordered":
            words = f"in another order, which means the same: {_listed(change.after)}"
        case _ if change.lines and "\n" in f"{change.before}{change.after}":
            removed = sum(line.kind in ("removed", "moved-away") for line in change.lines)
            added = sum(line.kind in ("added", "moved-here") for line in change.lines)
            words = f"{removed} {'line' if removed == 1 else 'lines'} out, {added} in"
        case _:
            words = f"{value(change.before)} -> {value(change.after)}"
    return f"{words} ({change.note})" if change.note else words


def ruled(change: RuleChange) -> str:
    """What a rule for calls said and says."""
    return f"{change.before or 'not set'} -> {change.after or 'not set'}"


def is_same_name(change: Change) -> bool:
    """Whether a name stands for an object of the same name, with another id: as is usual."""
    before, after = change.before, change.after
    named = isinstance(before, dict) and isinstance(after, dict) and "name" in before
    return change.area == "bindings" and named and before["name"] == after.get("name")


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))


def version(subject: Subject | None) -> str:
    """``version 7``, or what else is known."""
    if subject is None:
        return "nothing"
    if subject.version is not None:
        return f"version {subject.version}"
    return "unreleased content"


def headline(preset: PresetDiff, difference: Difference | None = None) -> str:
    """What became of a preset, in a few words; of two environments, where it is not released."""
    before, after = preset.before, preset.after
    if preset.trouble:
        return "could not be compared"
    if before is None or after is None:
        return _one_sided(preset, difference)
    if preset.status == "renamed":
        return f"renamed from {before.name}, same content"
    if before.digest == after.digest:
        return f"{preset.status}, {version(before)}"
    return f"{preset.status}, {version(before)} -> {version(after)}"


def _one_sided(preset: PresetDiff, difference: Difference | None) -> str:
    there = version(preset.after or preset.before)
    if difference is not None:
        names = difference.before.environment, difference.after.environment
        if names[0] != names[1] and None not in names:
            lacking = names[preset.after is None]
            return f"not released in {lacking}, {there} in the other"
    return f"added, {there}" if preset.before is None else f"removed, was {there}"


def tally(difference: Difference) -> str:
    """``1 changed, 1 added, 12 unchanged``."""
    counts: dict[str, int] = {}
    for preset in difference.presets:
        counts[preset.status] = counts.get(preset.status, 0) + 1
    words = [f"{count} {status}" for status, count in counts.items()]
    if difference.unchanged:
        words.append(f"{len(difference.unchanged)} unchanged")
    if difference.rules:
        count = len(difference.rules)
        words.append(f"{count} {'rule' if count == 1 else 'rules'} for calls changed")
    return ", ".join(words) or "no presets"
