"""
Two documents made comparable: each list with identities becomes a table, matched on both sides.

Pure. What lies between lists (moves, renames, another order) is found on the way; what is left is
two trees of plain tables and leaves, in which the same thing has the same place, for a structural
comparison.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from dialform.diff.model import ABSENT, Change
from dialform.diff.prose import lines_of
from dialform.diff.shapes import NODE_DATA, NODES, RULES, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialform.diff.model import Path
    from dialform.diff.shapes import Shape

_TEXT = "\0text"
"""Stands for a text whose change is known already."""

_SHORT = 40
_NODE_KEYS = frozenset(("id", "name", "type", "transitionRules", "nodeData"))


class Pairing:
    """The comparison of two values: their trees, and what was found while matching lists."""

    def __init__(self) -> None:
        """Nothing is compared yet."""
        self.changes: list[Change] = []
        self._labels: dict[Path, Any] = {}
        self._pointers: dict[Path, str] = {}

    # Where things are

    def path(self, at: Path) -> Path:
        """What a reader calls the place ``at`` of the trees."""
        return tuple(self._labels.get(at[: end + 1], at[end]) for end in range(len(at)))

    def pointer(self, at: Path) -> str:
        """The place in the request's body."""
        known = at
        while known and known not in self._pointers:
            known = known[:-1]
        return self._pointers.get(known, "") + "".join(f"/{_escaped(p)}" for p in at[len(known) :])

    # Values

    def value(self, before: Any, after: Any, shape: Shape, at: Path) -> tuple[Any, Any]:
        """The trees of two values at the same place; ABSENT where there is none."""
        if isinstance(before, dict) and isinstance(after, dict):
            return self.table(before, after, shape if isinstance(shape, Table) else Table(), at)
        if isinstance(before, list) and isinstance(after, list):
            rows = shape if isinstance(shape, Rows) else Rows(ordered=True)
            return self._rows(before, after, rows, at)
        if isinstance(before, str) and isinstance(after, str):
            if before != after and "\n" in before + after:
                self._note("changed", at, before, after, lines=lines_of(before, after))
                return _TEXT, _TEXT
            return before, after
        return _alone(before, shape), _alone(after, shape)

    def table(
        self, before: Mapping[str, Any], after: Mapping[str, Any], shape: Table, at: Path
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The trees of two objects."""
        trees: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for key in {**before, **after}:
            label, inner = shape.fields.get(key, (key, None))
            place = (*at, label)
            field = shape.twins.get(key)
            self._pointers[place] = f"{self.pointer(at)}/{field or _escaped(key)}"
            pair = self.value(before.get(key, ABSENT), after.get(key, ABSENT), inner, place)
            for tree, value in zip(trees, pair, strict=True):
                if value is not ABSENT:
                    tree[label] = value
        return trees

    # Lists

    def _rows(
        self, before: list[Any], after: list[Any], shape: Rows, at: Path
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        old, new = _identities(before, shape), _identities(after, shape)
        there = {identity: index for index, identity in enumerate(new)}
        matched = {i: there[identity] for i, identity in enumerate(old) if identity in there}
        if shape.renames and shape.key is not None:
            renames = _renames(before, after, matched, shape)
            matched |= renames
            names = {before[i][shape.key]: after[j][shape.key] for i, j in renames.items()}
            for pair in names.items():
                self._note("renamed", (*at, pair[1]), *pair)
            before = _retargeted(before, names)
        elif shape.key is None:
            matched |= _by_place(before, after, matched, shape)
        keys = ["" for _ in old], ["" for _ in new]
        trees: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for count, (i, j) in enumerate(_places(len(old), len(new), matched)):
            key = str(count)
            place = (*at, key)
            element = (ABSENT if i is None else before[i], ABSENT if j is None else after[j])
            self._labels[place] = _label(i, j, element, shape)
            self._pointers[place] = f"{self.pointer(at)}/{j if j is not None else i}"
            pair = self._element(*element, shape, place)
            for side, index in enumerate((i, j)):
                if index is not None:
                    keys[side][index] = key
                    trees[side][key] = pair[side]
        self._order(keys, shape, at)
        return trees

    def _element(self, before: Any, after: Any, shape: Rows, at: Path) -> tuple[Any, Any]:
        if shape.key is None:
            return self.value(before, after, shape.element, at)
        if shape.value is not None:
            keys = {shape.key, shape.value}
            if all(one is ABSENT or one.keys() == keys for one in (before, after)):
                self._pointers[at] = f"{self.pointer(at)}/{shape.value}"
                plain = [one if one is ABSENT else one[shape.value] for one in (before, after)]
                return self.value(plain[0], plain[1], None, at)
        table = shape.element
        if shape is NODES:
            before, after, table = _flat(before, after)
        else:
            before, after = (_less(one, shape.key) for one in (before, after))
        if before is ABSENT or after is ABSENT:
            return _alone(before, table), _alone(after, table)
        return self.value(before, after, table, at)

    def _order(self, keys: tuple[list[str], list[str]], shape: Rows, at: Path) -> None:
        """What the order of the elements that both sides have says."""
        both = set(keys[0]) & set(keys[1])
        old, new = ([key for key in side if key in both] for side in keys)
        labels = [[self._labels[(*at, key)] for key in side] for side in keys]
        if shape.opens and keys[0][:1] != keys[1][:1] and keys[0] and keys[1]:
            self._note("changed", (*at[:-1], "start"), labels[0][0], labels[1][0])
        elif old != new and not shape.ordered:
            self._note("reordered", at, labels[0], labels[1])
        elif old != new:
            where = {key: index for index, key in enumerate(old)}
            kept = _longest_rising([where[key] for key in new])
            for key in new:
                if where[key] not in kept:
                    place = (keys[0].index(key) + 1, keys[1].index(key) + 1)
                    self._note("moved", (*at, key), *place)

    def _note(self, kind: Any, at: Path, before: Any, after: Any, **more: Any) -> None:
        self.changes.append(
            Change(kind, self.path(at), before, after, pointer=self.pointer(at), **more)
        )


def _alone(value: Any, shape: Shape) -> Any:
    """The tree of a value that stands on one side only, or opposite a value of another kind."""
    if isinstance(value, (dict, list)):
        # It is shown as a whole, so its lists stay lists.
        return _readable(value, shape)
    return value


def _readable(value: Any, shape: Shape) -> Any:
    """A value as it is declared: our names, option lists as maps."""
    if isinstance(value, dict) and isinstance(shape, Table):
        named = {key: shape.fields.get(key, (key, None)) for key in value}
        return {label: _readable(value[key], inner) for key, (label, inner) in named.items()}
    if isinstance(value, list) and isinstance(shape, Rows):
        keys = {shape.key, shape.value}
        if shape.value is not None and all(
            isinstance(one, dict) and one.keys() == keys for one in value
        ):
            pairs = [(one[shape.key], one[shape.value]) for one in value]
            if len(dict(pairs)) == len(pairs):
                return dict(pairs)
        return [_readable(one, shape.element) for one in value]
    return value


def _identities(elements: Sequence[Any], shape: Rows) -> list[Any]:
    """What tells each element from the others; equal ones are numbered."""
    found: list[Any] = []
    counts: dict[Any, int] = {}
    for element in elements:
        identity = _identity(element, shape)
        counts[identity] = counts.get(identity, 0) + 1
        found.append((identity, counts[identity]))
    return found


def _identity(element: Any, shape: Rows) -> Any:
    if isinstance(element, dict):
        if shape.key is not None and isinstance(element.get(shape.key), str):
            return element[shape.key]
        element = _less(element, shape.but)
    return json.dumps(element, sort_keys=True)


def _less(element: Any, key: str | None) -> Any:
    if not isinstance(element, dict):
        return element
    return {one: value for one, value in element.items() if one != key}


def _by_place(
    before: Sequence[Any], after: Sequence[Any], matched: Mapping[int, int], shape: Rows
) -> dict[int, int]:
    """Elements without a match stand for each other where they follow the same one."""
    taken = set(matched.values())
    gaps: dict[Any, list[int]] = {}
    last: int | None = None
    for j in range(len(after)):
        if j in taken:
            last = j
        else:
            gaps.setdefault(last, []).append(j)
    found: dict[int, int] = {}
    last = None
    for i in range(len(before)):
        if i in matched:
            last = matched[i]
            continue
        waiting = gaps.get(last, [])
        fit = next((j for j in waiting if _alike(before[i], after[j], shape)), None)
        if fit is not None:
            found[i] = fit
            waiting.remove(fit)
    return found


def _alike(before: Any, after: Any, shape: Rows) -> bool:
    """Whether one can be the other, edited: of rules, all but one field is equal."""
    if shape is not RULES or not isinstance(before, dict) or not isinstance(after, dict):
        return type(before) is type(after)
    keys = before.keys() | after.keys()
    different = [key for key in keys if before.get(key, ABSENT) != after.get(key, ABSENT)]
    return len(different) == 1 or before.get("transitionNodeId") == after.get("transitionNodeId")


def _renames(
    before: Sequence[Any], after: Sequence[Any], matched: Mapping[int, int], shape: Rows
) -> dict[int, int]:
    """Elements that say the same under another name, each the only one that does."""
    gone: dict[str, list[int]] = {}
    come: dict[str, list[int]] = {}
    taken = set(matched.values())
    for elements, skip, found in ((before, matched, gone), (after, taken, come)):
        for index, one in enumerate(elements):
            if index not in skip and isinstance(one, dict) and isinstance(one.get(shape.key), str):
                found.setdefault(_said(one, shape), []).append(index)
    return {
        gone[what][0]: come[what][0]
        for what in gone.keys() & come.keys()
        if len(gone[what]) == len(come[what]) == 1
    }


def _said(element: Mapping[str, Any], shape: Rows) -> str:
    """What an element says, whatever it is called: of a node, wherever it leads."""
    but = {shape.key, "name", "transitionRules"} if shape is NODES else {shape.key}
    said = {key: value for key, value in element.items() if key not in but}
    return json.dumps(said, sort_keys=True)


def _retargeted(nodes: list[Any], names: Mapping[str, str]) -> list[Any]:
    """``nodes`` with their transitions leading to the new names."""
    if not names:
        return nodes
    made = []
    for node in nodes:
        rules = node.get("transitionRules") if isinstance(node, dict) else None
        if isinstance(rules, list):
            led = [
                {**rule, "transitionNodeId": names[rule["transitionNodeId"]]}
                if isinstance(rule, dict) and rule.get("transitionNodeId") in names
                else rule
                for rule in rules
            ]
            node = {**node, "transitionRules": led}  # noqa: PLW2901 - the node as it is read
        made.append(node)
    return made


def _flat(before: Any, after: Any) -> tuple[Any, Any, Table]:
    """Two nodes (or one and ABSENT) with their data beside their type, as files have it."""
    nodes = [node for node in (before, after) if node is not ABSENT]
    data: set[str] = set()
    for node in nodes:
        there = node.get("nodeData") if isinstance(node, dict) else None
        if not isinstance(there, dict) or not node.keys() <= _NODE_KEYS:
            return before, after, NODES.element
        data |= there.keys()
    if data & (_NODE_KEYS | {"next"}):
        return before, after, NODES.element
    shape = Table(
        {"transitionRules": ("next", RULES), **NODE_DATA.fields},
        {key: f"nodeData/{NODE_DATA.twins.get(key, _escaped(key))}" for key in data},
    )
    flat = []
    is_named_by_id = all(node.get("name") == node.get("id") for node in nodes)
    drop = {"id", "nodeData", *(("name",) if is_named_by_id else ())}
    for node in (before, after):
        if node is ABSENT:
            flat.append(ABSENT)
            continue
        own = {key: value for key, value in node.items() if key not in drop}
        if "name" not in node:
            own["name"] = ABSENT.value
        flat.append({**own, **node["nodeData"]})
    return flat[0], flat[1], shape


def _places(old: int, new: int, matched: Mapping[int, int]) -> list[tuple[int | None, int | None]]:
    """All elements of both lists, matched ones together, in the newer order."""
    back = {j: i for i, j in matched.items()}
    pairs: list[tuple[int | None, int | None]] = [(back.get(j), j) for j in range(new)]
    return pairs + [(i, None) for i in range(old) if i not in matched]


def _label(i: int | None, j: int | None, element: tuple[Any, Any], shape: Rows) -> Any:
    """What a reader calls an element."""
    old, new = element
    one = new if new is not ABSENT else old
    if isinstance(one, dict) and shape.key is not None and isinstance(one.get(shape.key), str):
        return one[shape.key]
    if shape is RULES and isinstance(one, dict):
        said = old if isinstance(old, dict) else one
        return _condition(said)
    first = old if old is not ABSENT else new
    if not shape.ordered and isinstance(first, str) and len(first) <= _SHORT:
        return first
    return j if j is not None else i


def _condition(rule: Mapping[str, Any]) -> str:
    kind = str(rule.get("conditionType"))
    wanted = rule.get("values") if kind == "in" else rule.get("value")
    if kind == "always" or wanted is None:
        return kind
    text = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    return f"{kind} {text if len(text) <= _SHORT else text[: _SHORT - 3] + '...'}"


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The most of ``numbers`` that stand in rising order: those that were not moved."""
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(tails, number)
        before[number] = tails[at - 1] if at else None
        tails[at : at + 1] = [number]
    kept: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def _escaped(part: object) -> str:
    """A part of a JSON pointer."""
    return str(part).replace("~", "~0").replace("/", "~1")
