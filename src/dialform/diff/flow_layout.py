"""
Where the boxes and lines of a flow's picture stand.

Pure; the layers' order is igraph's (`dialform[review]`). A condition is a box of its own between
two nodes, so that no label lies on another, and a line passes each layer in a lane of its own, so
that none crosses a box. Sizes are in the picture's units; how things look is ``flow_svg``'s.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dialform.diff.flows import Arrow

GAP_ACROSS = 18.0
GAP_DOWN = 20.0
LANE = 6.0
"""The width that a passing line takes."""

_SWEEPS = 16


class Size(NamedTuple):
    """A box's."""

    width: float
    height: float


@dataclass(slots=True)
class Box:
    """Something that stands in a layer; a lane of a line has no height of its own."""

    size: Size
    layer: int = 0
    x: float = 0.0
    """Its middle."""

    top: float = 0.0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


class Line(NamedTuple):
    """A way that is drawn, from box to box."""

    points: tuple[tuple[float, float, float], ...]
    """``(x, y, y)``: each lane with where it begins and ends, in the line's direction. First and
    last are the ports of the boxes."""

    arrow: int
    """Its place among the arrows."""

    ends: bool
    """Whether it arrives at a node; else it ends at its own label."""


class Layout(NamedTuple):
    """Where everything is."""

    nodes: dict[str, tuple[float, float]]
    """The middle of its top edge."""

    labels: dict[int, tuple[float, float]]
    """By the arrow's place: the middle of its top edge."""

    lines: list[Line]
    width: float
    height: float


def layout(
    nodes: Mapping[str, Size], arrows: Sequence[Arrow], labels: Mapping[int, Size]
) -> Layout:
    """
    The places of ``nodes`` and of the ``labels`` of ``arrows``, from the top down.

    ``arrows`` join nodes that are among ``nodes``; ``labels`` has the sizes by an arrow's place.
    """
    import igraph  # noqa: PLC0415 - an extra of its own, and slow to load

    names = list(nodes)
    place = {name: at for at, name in enumerate(names)}
    layers = _layers(names, arrows)
    boxes = [Box(nodes[name], layers[name] * 2) for name in names]
    paths: list[list[int]] = []
    meant: list[tuple[int, bool]] = []
    label_boxes: dict[int, int] = {}
    for at, arrow in enumerate(arrows):
        source, target = place[arrow.source], place[arrow.target]
        label_boxes[at] = len(boxes)
        boxes.append(Box(labels.get(at, Size(LANE, 0)), boxes[source].layer + 1))
        ways = [_path(boxes, source, label_boxes[at]), _path(boxes, label_boxes[at], target)]
        if at in labels:
            paths += ways
            meant += [(at, False), (at, True)]
        else:  # nothing to read on the way
            paths.append([*ways[0], *ways[1][1:]])
            meant.append((at, True))
    edges = [
        sorted(hop, key=lambda one: boxes[one].layer) for path in paths for hop in pairwise(path)
    ]
    for upper, lower in edges:
        boxes[upper].below.append(lower)
        boxes[lower].above.append(upper)
    graph = igraph.Graph(n=len(boxes), edges=edges, directed=True)
    found = graph.layout_sugiyama(layers=[box.layer for box in boxes], maxiter=200)
    rows = _rows(boxes, [x for x, _ in found.coords[: len(boxes)]])
    _spread(boxes, rows)
    height = _stack(boxes, rows)
    left = min((box.x - box.size.width / 2 for box in boxes), default=0)
    for box in boxes:
        box.x -= left
    return Layout(
        {name: (boxes[at].x, boxes[at].top) for name, at in place.items()},
        {at: (boxes[box].x, boxes[box].top) for at, box in label_boxes.items() if at in labels},
        _lines(boxes, paths, meant, set(place.values())),
        max((box.x + box.size.width / 2 for box in boxes), default=0),
        height,
    )


def _layers(  # noqa: C901 - a walk in depth without recursion
    names: Sequence[str], arrows: Iterable[Arrow]
) -> dict[str, int]:
    """Each node below all that lead to it, but for ways that lead back."""
    leaving: dict[str, list[str]] = defaultdict(list)
    for arrow in arrows:
        if arrow.target not in leaving[arrow.source]:
            leaving[arrow.source].append(arrow.target)
    order: list[str] = []
    state: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for root in names:
        stack = [(root, iter(leaving[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            name, ways = stack[-1]
            target = next(ways, None)
            if target is None:
                state[name] = 2
                order.append(name)
                stack.pop()
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(leaving[target])))
            elif state[target] == 1:
                back.add((name, target))
    layers = dict.fromkeys(names, 0)
    for name in reversed(order):
        for target in leaving[name]:
            if (name, target) not in back:
                layers[target] = max(layers[target], layers[name] + 1)
    return layers


def _rows(boxes: Sequence[Box], across: Sequence[float]) -> list[list[int]]:
    rows: dict[int, list[int]] = defaultdict(list)
    for at in sorted(range(len(boxes)), key=lambda one: (across[one], one)):
        rows[boxes[at].layer].append(at)
        boxes[at].x = across[at] * LANE
    return [rows[layer] for layer in sorted(rows)]


def _spread(boxes: Sequence[Box], rows: Sequence[list[int]]) -> None:
    """Move each box to the middle of what it is joined to, as far as its neighbours let it."""
    for sweep in range(_SWEEPS):
        downward = sweep % 2 == 0
        for row in rows if downward else reversed(rows):
            wanted = []
            for at in row:
                box = boxes[at]
                joined = (box.above if downward else box.below) or [*box.above, *box.below]
                if sweep >= _SWEEPS - 2:
                    joined = [*box.above, *box.below]
                found = [boxes[other].x for other in joined]
                wanted.append(sum(found) / len(found) if found else box.x)
            _settle([boxes[at] for at in row], wanted)


def _settle(row: Sequence[Box], wanted: Sequence[float]) -> None:
    """As near as possible to what is wanted, in order and without touching: least squares."""
    offsets = [0.0]
    for one, other in pairwise(row):
        gap = GAP_ACROSS if one.size.height or other.size.height else LANE
        offsets.append(offsets[-1] + (one.size.width + other.size.width) / 2 + gap)
    blocks: list[tuple[float, float, int]] = []  # sum of wishes, weight, how many
    for box, wish, offset in zip(row, wanted, offsets, strict=True):
        weight = 1.0 if box.size.height else 2.0  # lines are straight rather than boxes central
        block = ((wish - offset) * weight, weight, 1)
        while blocks and blocks[-1][0] / blocks[-1][1] >= block[0] / block[1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    at = 0
    for total, weight, count in blocks:
        for _ in range(count):
            row[at].x = total / weight + offsets[at]
            at += 1


def _stack(boxes: Sequence[Box], rows: Sequence[list[int]]) -> float:
    """Put the layers below each other; the height of all."""
    top = 0.0
    for row in rows:
        height = max(GAP_DOWN, *(boxes[at].size.height for at in row), 0)
        for at in row:
            box = boxes[at]
            box.top = top
            if not box.size.height:  # a lane passes the whole layer
                box.size = Size(box.size.width, height)
        top += height + GAP_DOWN
    return max(top - GAP_DOWN, 0)


def _path(boxes: list[Box], source: int, target: int) -> list[int]:
    """The boxes from ``source`` to ``target``, with a new lane for each layer between them."""
    start, end = boxes[source].layer, boxes[target].layer
    path = [source]
    for layer in range(start + 1, end) if start < end else range(start - 1, end, -1):
        path.append(len(boxes))
        boxes.append(Box(Size(LANE, 0), layer))
    return [*path, target]


def _lines(
    boxes: Sequence[Box],
    paths: Sequence[list[int]],
    meant: Sequence[tuple[int, bool]],
    nodes: set[int],
) -> list[Line]:
    """The lines with a port of their own at each node's edge."""
    ports: dict[tuple[int, bool], list[tuple[float, int, bool]]] = defaultdict(list)
    for at, path in enumerate(paths):
        for end, (box, neighbour) in ((False, (path[0], path[1])), (True, (path[-1], path[-2]))):
            below = boxes[neighbour].layer > boxes[box].layer
            ports[box, below].append((boxes[neighbour].x, at, end))
    found: dict[tuple[int, bool], tuple[float, float]] = {}
    for (box, below), joined in ports.items():
        here = boxes[box]
        step = min(28.0, (here.size.width - 24) / len(joined)) if box in nodes else 0.0
        for index, (_, at, end) in enumerate(sorted(joined)):
            x = here.x + (index - (len(joined) - 1) / 2) * step
            found[at, end] = (x, here.top + (here.size.height if below else 0))
    lines = []
    for at, path in enumerate(paths):
        points = [(found[at, False][0], found[at, False][1], found[at, False][1])]
        for last, lane, following in zip(path, path[1:], path[2:], strict=False):
            passed = boxes[lane]
            bottom = passed.top + passed.size.height
            enters = passed.top if boxes[last].layer < passed.layer else bottom
            points.append(
                (passed.x, enters, passed.top if boxes[following].layer < passed.layer else bottom)
            )
        points.append((found[at, True][0], found[at, True][1], found[at, True][1]))
        lines.append(Line(tuple(points), *meant[at]))
    return lines
