"""
A difference for a terminal: lines of styled pieces, which the command line paints.

Pure. Says everything without colour: signs stand for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dialform.diff import words
from dialform.diff.flow_text import flow_text
from dialform.diff.flows import flow_graph, flows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.diff.model import Area, Change, Difference, Line, PresetDiff, Risk

Style = Literal[
    "plain", "head", "added", "removed", "changed", "dim", "risk", "added-word", "removed-word"
]
Piece = tuple[str, Style]

_SHORT = 90
"""Characters of an unchanged line that are shown."""

_STYLES: dict[str, Style] = {
    "added": "added",
    "removed": "removed",
    "moved-here": "added",
    "moved-away": "removed",
    "same": "dim",
}
_GRAPH: dict[str, Style] = {"+": "added", "-": "removed", "~": "changed"}
_LINE_SIGNS = {"same": " ", "removed": "-", "added": "+", "moved-away": "<", "moved-here": ">"}
_AREAS: tuple[tuple[Area, str], ...] = (
    ("content", ""),
    ("deviation", "declared to differ here"),
    ("bindings", "what names stand for here"),
)


def lines(difference: Difference) -> Iterator[list[Piece]]:
    """The whole difference, a list of pieces for each line."""
    before, after = difference.before.label, difference.after.label
    yield [(f"{before} -> {after}: ", "head"), (words.tally(difference), "plain")]
    for risk in difference.risks:
        yield _risk(risk)
    for rule in difference.rules:
        sign = "changed" if rule.before and rule.after else "added" if rule.after else "removed"
        style = _STYLES.get(sign, "changed")
        yield [(f"  {words.SIGNS[sign]} {rule.rule}: ", style), (words.ruled(rule), "plain")]
    for preset in difference.presets:
        yield []
        yield from preset_lines(preset, difference)


def preset_lines(preset: PresetDiff, difference: Difference | None = None) -> Iterator[list[Piece]]:
    """One preset's part, of ``difference`` where its sides are to be named."""
    head: list[Piece] = [
        (preset.name, "head"),
        (f"  {words.headline(preset, difference)}", "plain"),
    ]
    if preset.effect:
        head.append((f"  [up: {preset.effect}]", "changed"))
    yield head
    if preset.trouble:
        yield [(f"  ! {preset.trouble}", "risk")]
    for risk in preset.risks:
        yield _risk(risk)
    for area, title in _AREAS:
        changes = preset.of(area)
        if changes and title:
            yield [(f"  {title}:", "dim")]
        usual = [words.path(change) for change in changes if words.is_same_name(change)]
        if area == "content":
            yield from _flows(preset)
        for change in changes:
            if len(usual) == 1 or not words.is_same_name(change):
                yield from _change(change)
        if len(usual) > 1:
            yield [("  ~ ", "dim"), (f"equal names, other ids: {', '.join(usual)}", "dim")]


def _flows(preset: PresetDiff) -> Iterator[list[Piece]]:
    """The flows that changed, as graphs in words: what the changed leaves mean for a call."""
    if preset.trouble or preset.before is None or preset.after is None:
        return
    before, after = (flows_of(one.documents) for one in (preset.before, preset.after))
    for path in sorted(before.keys() | after.keys()):
        pair = before.get(path), after.get(path)
        if pair[0] != pair[1]:
            yield [(f"  {'.'.join(path)} as a graph:", "dim")]
            for line in flow_text(flow_graph(*pair), whole=False).splitlines():
                yield [(f"    {line}", _GRAPH.get(line.lstrip()[:1], "plain"))]


def _risk(risk: Risk) -> list[Piece]:
    return [(f"  ! {risk.level} ", "risk"), (f"{risk.message} [{risk.rule}]", "plain")]


def _change(change: Change) -> Iterator[list[Piece]]:
    style = _STYLES.get(change.kind, "changed")
    sign: Piece = (f"  {words.SIGNS[change.kind]} ", style)
    yield [sign, (f"{words.path(change)}: ", style), (words.said(change), "plain")]
    last: Line | None = None
    for line in change.lines if _shows_lines(change) else ():
        if last is not None and _is_gap(last, line):
            yield [("      ...", "dim")]
        yield _line(line)
        last = line


def _shows_lines(change: Change) -> bool:
    """Whether its lines say more than its two values."""
    return bool(change.lines) and len(f"{change.before}{change.after}") > 60  # noqa: PLR2004 - what a line holds


def _is_gap(one: Line, other: Line) -> bool:
    """Whether unchanged lines were left out between two."""
    return one.kind == other.kind == "same" and (other.before or 0) != (one.before or 0) + 1


def _line(line: Line) -> list[Piece]:
    style = _STYLES[line.kind]
    number = line.after if line.after is not None else line.before
    pieces: list[Piece] = [(f"    {_LINE_SIGNS[line.kind]}{number:>4} | ", style)]
    for segment in line.segments:
        if not segment.marked:
            text = segment.text
            if line.kind == "same" and len(text) > _SHORT:
                text = f"{text[:_SHORT]} ..."
            pieces.append((text, style))
        elif line.kind == "removed":
            pieces.append((f"[-{segment.text}-]", "removed-word"))
        else:
            pieces.append((f"{{+{segment.text}+}}", "added-word"))
    return pieces
