"""
What is different between two presets, leaf by leaf.

Pure. The documents are paired first, so that lists are matched by identity; deepdiff then compares
the two trees.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dialform.diff.model import ABSENT, Change
from dialform.diff.pairing import Pairing
from dialform.diff.prose import lines_of
from dialform.diff.shapes import CALL, DEFAULTS, OVERRIDES, Table
from dialform.presets.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dialform.diff.model import Area, Documents, Kind, Line, Path

_OVERRIDES = Table({"agentOverrides": ("profile", OVERRIDES)})
_MACRO = r"\{{\{{[ \t]*{}[ \t]*\}}\}}"


def changes(before: Documents, after: Documents) -> tuple[Change, ...]:
    """
    Everything that is different, content first.

    Empty if and only if both have the same profile and preset and, where both are an
    environment's, the same deviation, bindings and workspace.
    """
    found = [*_content(before, after)]
    if before.bound is not None and after.bound is not None:
        found += _here("deviation", before.bound["deviation"], after.bound["deviation"])
        found += _bindings(before.bound, after.bound)
    return tuple(found)


def _content(before: Documents, after: Documents) -> list[Change]:
    if all(
        canonical(one) == canonical(two) for one, two in zip(before[:2], after[:2], strict=True)
    ):
        return []
    pairing = Pairing()
    trees: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    shapes = [("call", CALL, ()), ("inputs", Table(), ("inputs",))]
    for part, shape, at in shapes:
        _add(trees, pairing.table(*_part(before.preset, after.preset, part), shape, at), at)
    extra = _part(before.preset, after.preset, "extraFields")
    _add(trees, pairing.table(*extra, Table(), ("extraFields",)), ("extraFields",))
    profiles = (before.profile, after.profile)
    if profiles[0] is not None and profiles[1] is not None:
        overrides = _part(profiles[0], profiles[1], "agentOverrides")
        pair = ({"agentOverrides": overrides[0]}, {"agentOverrides": overrides[1]})
        _add(trees, pairing.table(*pair, _OVERRIDES, ()), ())
        extra, at = _part(profiles[0], profiles[1], "extraFields"), ("profile", "extraFields")
        _add(trees, pairing.table(*extra, Table(), at), at)
    else:
        for tree, profile in zip(trees, profiles, strict=True):
            if profile is not None:
                tree["profile"] = {key: v for key, v in profile.items() if key != "format"}
    found = [*pairing.changes, *_compared(trees, pairing)]
    return _with_renamed_inputs(found, before, after)


def _part(
    before: Mapping[str, Any], after: Mapping[str, Any], key: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    return before.get(key) or {}, after.get(key) or {}


def _add(
    trees: tuple[dict[str, Any], dict[str, Any]],
    pair: tuple[dict[str, Any], dict[str, Any]],
    at: tuple[str, ...],
) -> None:
    for tree, part in zip(trees, pair, strict=True):
        for key in at:
            tree = tree.setdefault(key, {})  # noqa: PLW2901 - the table to fill
        tree.update(part)


def _here(area: Area, before: Any, after: Any) -> Iterator[Change]:
    """What an environment sets differently."""
    pairing = Pairing()
    trees = pairing.table(before, after, CALL, ())
    for one in _compared(trees, pairing):
        yield Change(one.kind, (area, *one.path), one.before, one.after, area)


def _bindings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """What the names stand for: a change for each name."""
    for key in ("workspace",):
        if before[key] != after[key]:
            yield Change("changed", (key,), before[key], after[key], "bindings")
    old, new = before["bindings"], after["bindings"]
    for kind in sorted(old.keys() | new.keys()):
        ours, theirs = old.get(kind, {}), new.get(kind, {})
        for name in sorted(ours.keys() | theirs.keys()):
            pair = ours.get(name, ABSENT), theirs.get(name, ABSENT)
            if pair[0] != pair[1]:
                what = _kind(*pair)
                yield Change(what, ("bindings", kind, name), *pair, area="bindings")


def _kind(before: Any, after: Any) -> Kind:
    if before is ABSENT:
        return "added"
    return "removed" if after is ABSENT else "changed"


def _compared(trees: tuple[dict[str, Any], dict[str, Any]], pairing: Pairing) -> Iterator[Change]:
    """The leaves that differ between two paired trees, in the order of their paths."""
    if trees[0] == trees[1] and canonical(trees[0]) == canonical(trees[1]):
        return
    from deepdiff import DeepDiff  # noqa: PLC0415 - slow to load, and most presets are equal

    found = DeepDiff(
        *trees,
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,  # keys that start with two underscores are keys
    )
    levels = [level for group in found.values() for level in group]
    for level in sorted(levels, key=lambda one: one.path(output_format="list")):
        at = tuple(level.path(output_format="list"))
        before, after = _side(trees[0], at), _side(trees[1], at)
        path = pairing.path(at)
        lines: tuple[Line, ...] = ()
        if isinstance(before, str) and isinstance(after, str) and " " in before + after:
            lines = lines_of(before, after)
        yield Change(
            _kind(before, after),
            path,
            before,
            after,
            pointer=pairing.pointer(at),
            lines=lines,
            note=_note(path, before, after),
        )


def _side(tree: Any, at: Path) -> Any:
    """What stands there: DeepDiff's own values can't tell absent from null."""
    for part in at:
        if not isinstance(tree, dict) or part not in tree:
            return ABSENT
        tree = tree[part]
    return tree


def _note(path: Path, before: Any, after: Any) -> str:
    default = DEFAULTS.get(tuple(str(part) for part in path))
    if default is None or ABSENT not in (before, after):
        return ""
    return f"not set means: {default}"


def _with_renamed_inputs(found: list[Change], before: Documents, after: Documents) -> list[Change]:
    """An input that is declared and said as before, under another name, is renamed."""
    inputs = [one for one in found if one.path[:1] == ("inputs",) and len(one.path) == 2]  # noqa: PLR2004 - a name's own
    gone = [one for one in inputs if one.kind == "removed"]
    come = [one for one in inputs if one.kind == "added"]
    for old in gone:
        fits = [new for new in come if new.after == old.before and _said(old, new, before, after)]
        if len(fits) == 1:
            at = found.index(old)
            found[at] = Change(
                "renamed", fits[0].path, old.path[-1], fits[0].path[-1], pointer="/callAgentInput"
            )
            found.remove(fits[0])
            come.remove(fits[0])
    return found


def _said(old: Change, new: Change, before: Documents, after: Documents) -> bool:
    """Whether the new name is said just as often as the old one was, and that at all."""
    count = _mentions(str(old.path[-1]), (before.preset, before.profile))
    return count > 0 and count == _mentions(str(new.path[-1]), (after.preset, after.profile))


def _mentions(name: str, documents: Iterable[Any]) -> int:
    macro = re.compile(_MACRO.format(re.escape(name)))
    return sum(len(macro.findall(text)) for one in documents for text in _texts(one))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
