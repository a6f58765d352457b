"""
What a tile says in a few words: marks, facts, gates, from a `status` cell.

Pure. The long texts behind it are ``gathering``'s.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dialform.board.model import Gate, Mark, Tile
from dialform.promotion.durations import age

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialform.board.model import Link, Tone
    from dialform.promotion.status import Cell

_SHORT = 7
_STATES: dict[str | None, Tone] = {"live": "good", "rolled-back": "look", "withdrawn": "calm"}
_CALM = ("same content", "ahead", "only here", "missing")


def tile(cell: Cell, links: Sequence[Link] = ()) -> Tile:
    """The tile of a cell."""
    head = cell.head
    return Tile(
        cell.environment,
        cell.preset,
        None if head is None else head.version,
        "" if head is None else age(timedelta(seconds=max(0, cell.age or 0))),
        tuple(_marks(cell)),
        tuple(_facts(cell)),
        tuple(Gate(one.gate, one.met, one.message) for one in cell.gates),
        tuple(links),
        cell.fault or "",
    )


def relation(cell: Cell) -> str:
    """``behind staging by 2``; empty where there is nothing to compare with."""
    found = cell.comparison
    if found is None:
        return ""
    said = {
        "same content": f"same content as {found.source}",
        "behind": f"behind {found.source}",
        "ahead": f"ahead of {found.source}",
        "went back": f"went back from {found.source}",
        "apart": f"apart from {found.source}",
        "missing": f"in {found.source}, not here",
        "only here": f"not in {found.source}",
    }[found.relation]
    if found.relation == "same content" and found.same_call:
        return f"same call as {found.source}"
    return f"{said} by {found.steps}" if found.steps else said


def _marks(cell: Cell) -> Iterator[Mark]:
    if cell.trouble:
        yield Mark("bad", cell.trouble)
    if cell.head is not None:
        yield Mark(_STATES.get(cell.state, "bad"), str(cell.state))
    elif not cell.fault:
        yield Mark("calm", "not released")
    found = cell.comparison
    if found is not None and found.relation not in ("same content", "missing"):
        words = f"{found.relation} {found.steps}" if found.steps else found.relation
        yield Mark("calm" if found.relation in _CALM else "look", words)
    if cell.gates:
        waits = [gate.gate for gate in cell.gates if not gate.met]
        yield Mark("look", f"waits for {', '.join(waits)}") if waits else Mark("good", "gates met")
    if cell.declared in ("bound otherwise", "declaration ahead", "not declared", "unreadable"):
        yield Mark("look", cell.declared)
    if cell.drift not in (None, "clean"):
        yield Mark("bad", "drift")


def _facts(cell: Cell) -> Iterator[tuple[str, str]]:
    head = cell.head
    if head is not None:
        by = f" by {head.by}" if head.by else ""
        yield "State", f"{cell.state} since {head.time}{by}"
        yield "Version", f"{head.version} ({head.preset_digest[7:][:_SHORT]})"
        if head.reason:
            yield "Reason", head.reason
        if head.yanked:
            yield "Barred", ", ".join(map(str, head.yanked))
    elif not cell.fault:
        yield "State", "nothing is released here"
    if cell.comparison is not None:
        yield "Compared", relation(cell)
    if cell.declared is not None:
        pin = f", version {cell.pinned} is pinned" if cell.pinned else ""
        yield "Declaration", f"{cell.declared}{pin}"
    if cell.deviation:
        yield "Deviates in", ", ".join(cell.deviation)
    if cell.waivers:
        yield "Waived", ", ".join(cell.waivers)
    if head is not None:
        yield "Drift", cell.drift or "not looked at: the board was made without --drift"
