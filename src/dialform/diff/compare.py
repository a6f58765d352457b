"""
Two sides compared: which presets differ, and in what.

Equal digests are equal content, so only what differs is ever opened. A preset whose documents
can't be read is named with the reason, and the rest is compared all the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dialform.diff.calls import changed, widened
from dialform.diff.changes import changes
from dialform.diff.model import Difference, PresetDiff
from dialform.diff.risks import binding_risks, risks
from dialform.errors import DialformError
from dialform.presets.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dialform.diff.model import Change, Documents, Risk, RuleChange, Side, Status, Subject


def compare(before: Side, after: Side, *, only: Collection[str] | None = None) -> Difference:
    """Everything that is different between two sides, or in the presets of ``only``."""
    names = sorted(before.subjects.keys() | after.subjects.keys())
    found: list[PresetDiff] = []
    unchanged: list[str] = []
    for name in names:
        if only is not None and name not in only:
            continue
        pair = before.subjects.get(name), after.subjects.get(name)
        if is_same(*pair):
            unchanged.append(name)
        else:
            made = preset_diff(name, *pair)
            found.append(replace(made, effect=after.effects.get(name, "")))
    dangers = _binding_risks(found) if before.environment != after.environment else []
    rules: tuple[RuleChange, ...] = ()
    if before.rules is not None and after.rules is not None and only is None:
        rules = changed(before.rules, after.rules)
        if before.environment == after.environment:
            dangers += widened(before.rules, after.rules)
    return Difference(
        before, after, tuple(_with_renames(found)), tuple(unchanged), tuple(dangers), rules
    )


def _binding_risks(found: Iterable[PresetDiff]) -> list[Risk]:
    """What two environments mean by the same names, as far as what they run needs them."""
    sides: tuple[dict[str, dict[str, Any]], ...] = ({}, {})
    for one in found:
        if one.trouble or one.before is None or one.after is None:
            continue
        for side, subject in zip(sides, (one.before, one.after), strict=True):
            for kind, names in (subject.documents.bound or {}).get("bindings", {}).items():
                side.setdefault(kind, {}).update(names)
    return binding_risks(*sides)


def is_same(before: Subject | None, after: Subject | None) -> bool:
    """Whether nothing needs to be opened to know that both are the same."""
    if before is None or after is None:
        return False
    if before.bound_digest is not None and after.bound_digest is not None:
        return before.bound_digest == after.bound_digest
    return before.digest == after.digest


def preset_diff(name: str, before: Subject | None, after: Subject | None) -> PresetDiff:
    """What is different in a preset that is on one side or on both."""
    if before is None or after is None:
        status: Status = "added" if before is None else "removed"
        try:
            dangers = risks(None, None if after is None else after.documents)
        except DialformError as error:
            return PresetDiff(name, status, before, after, trouble=str(error))
        return PresetDiff(name, status, before, after, risks=tuple(dangers))
    try:
        old, new = before.documents, after.documents
        found = changes(old, new)
    except DialformError as error:
        return PresetDiff(name, "changed", before, after, trouble=str(error))
    dangers = risks(old, new)
    return PresetDiff(name, _status(before, after, found), before, after, found, tuple(dangers))


def _status(before: Subject, after: Subject, found: tuple[Change, ...]) -> Status:
    if is_same_call(before.documents, after.documents):
        return "same call"
    if before.digest == after.digest:
        return "same content"
    assert found  # noqa: S101 - other digests, other documents: no change may go unsaid
    return "changed"


def is_same_call(before: Documents, after: Documents) -> bool:
    """Whether both send the same body for the same inputs."""
    if before.bound is None or after.bound is None:
        return False
    keys = ("workspace", "body", "inputs", "numbers")
    pair = ({key: one.get(key) for key in keys} for one in (before.bound, after.bound))
    one, other = pair
    return canonical(one) == canonical(other)


def _with_renames(found: list[PresetDiff]) -> list[PresetDiff]:
    """A preset that is gone while another one came with equal content was renamed."""
    gone = {one.before.digest: one for one in found if one.status == "removed" and one.before}
    made: list[PresetDiff] = []
    paired: set[str] = set()
    for one in found:
        old = gone.get(one.after.digest) if one.status == "added" and one.after else None
        if old is None or old.name in paired:
            made.append(one)
            continue
        paired.add(old.name)
        made.append(replace(one, status="renamed", before=old.before, risks=()))
    return [one for one in made if not (one.status == "removed" and one.name in paired)]
