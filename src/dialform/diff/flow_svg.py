"""
A flow's graph as SVG, for HTML.

Pure; ``flow_layout`` says where things stand. The picture has no fixed size and takes its colours
from CSS variables (``STYLE``), so that it fits the page around it, on paper and in the dark. Signs
and dashes say what colours say.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from dialform.diff.flow_layout import Size, layout
from dialform.diff.flow_text import KINDS, SIGNS, remarks
from dialform.diff.lettering import columns, one_line, shortened, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.diff.flow_layout import Layout, Line
    from dialform.diff.flows import Arrow, FlowGraph, Step

STYLE = (
    """\
.flow{--fl-text:#1f2328;--fl-soft:#59636e;--fl-box:#fff;--fl-edge:#8c959f;--fl-back:#fff;
--fl-added:#116329;--fl-added-box:#dafbe1;--fl-removed:#a40e26;--fl-removed-box:#ffebe9;
--fl-changed:#7a4a00;--fl-changed-box:#fff4cc;--fl-renamed:#0a4fb3;--fl-renamed-box:#ddf4ff;
font:13px system-ui,sans-serif;fill:var(--fl-text);background:var(--fl-back);
display:block;width:100%}
@media screen and (prefers-color-scheme:dark){.flow{--fl-text:#e6edf3;--fl-soft:#9da7b1;
--fl-box:#1c2128;--fl-edge:#768390;--fl-back:#0d1117;--fl-added:#57d364;--fl-added-box:#10301b;
--fl-removed:#ff938a;--fl-removed-box:#3c1618;--fl-changed:#e3b341;--fl-changed-box:#33270a;
--fl-renamed:#79c0ff;--fl-renamed-box:#0d2a4a}}
.flow .box{fill:var(--fl-box);stroke:var(--fl-edge)}
.flow .line{fill:none;stroke:var(--fl-edge);stroke-width:1.4}
.flow .head{fill:var(--fl-edge)}
.flow .soft{fill:var(--fl-soft)}
.flow .id{font-weight:600}
.flow .small{font-size:11.5px}
.flow .back{fill:var(--fl-back)}
"""
    + "".join(
        f".flow .{state} .box{{fill:var(--fl-{state}-box);stroke:var(--fl-{state});stroke-width:2}}"
        f".flow .{state} .line{{stroke:var(--fl-{state});stroke-width:2.2}}"
        f".flow .{state} .head,.flow .{state} .sign,.flow text.{state}{{fill:var(--fl-{state})}}\n"
        for state in ("added", "removed", "changed", "renamed")
    )
    + ".flow .removed .box,.flow .removed .line{stroke-dasharray:5 3}\n"
)
"""The pictures' CSS, once in a page."""

_CARD = 206.0
_LINE = 16.0
_PAD = 9.0
_LETTER = 7.2
"""The width of a column at 13 px, rather wide: other machines have other fonts."""

_SMALL = 6.1
_LABEL_COLUMNS = 20
_TEXT_COLUMNS = int((_CARD - 2 * _PAD) / _LETTER)
_ROW_COLUMNS = int((_CARD - 2 * _PAD) / _SMALL)
_MARGIN = 10.0


class _Text(NamedTuple):
    text: str
    style: str
    sign: str = ""


@dataclass(frozen=True)
class _Card:
    """A node's box and what stands in it."""

    step: Step
    rows: tuple[_Text, ...]

    @property
    def size(self) -> Size:
        return Size(_CARD, len(self.rows) * _LINE + 2 * _PAD - 2)


def flow_svg(graph: FlowGraph, title: str, *, standalone: bool = False) -> str:
    """
    The picture as an ``<svg>`` element.

    Args:
        graph: what is drawn.
        title: what it is the flow of, for those who can't see it.
        standalone: whether it carries its own ``STYLE``; in a page the page does.

    """
    arrows = [arrow for arrow in graph.arrows if arrow.target not in graph.hubs]
    cards = {step.id: _card(graph, step) for step in graph.steps}
    parts = _parts(graph, arrows)
    drawn: list[str] = []
    width = top = 0.0
    for names in parts:
        ways = [arrow for arrow in arrows if arrow.source in names]
        placed = layout(
            {name: cards[name].size for name in names},
            ways,
            {at: _label_size(arrow) for at, arrow in enumerate(ways) if arrow.label},
        )
        drawn.append(f'<g transform="translate({_MARGIN:g} {top + _MARGIN:g})">')
        drawn += _drawn(placed, ways, [cards[name] for name in names])
        drawn.append("</g>")
        width = max(width, placed.width)
        top += placed.height + 34
    size = f"{_round(width + 2 * _MARGIN)} {_round(max(top - 34, 0) + 2 * _MARGIN)}"
    style = f"<style>{STYLE}</style>" if standalone else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" role="img" viewBox="0 0 {size}">'
        f"<title>{escape(one_line(title))}</title><desc>{escape(graph.summary())}</desc>{style}"
        f"{''.join(drawn)}</svg>"
    )


def _parts(graph: FlowGraph, arrows: list[Arrow]) -> list[list[str]]:
    """The nodes that lines join, part by part, that of the start first."""
    joined: dict[str, set[str]] = {step.id: {step.id} for step in graph.steps}
    for arrow in arrows:
        one, other = joined[arrow.source], joined[arrow.target]
        if one is not other:
            one |= other
            for name in other:
                joined[name] = one
    parts: list[list[str]] = []
    single: list[str] = []
    for step in graph.steps:
        names = [other.id for other in graph.steps if other.id in joined[step.id]]
        if names[0] == step.id:
            if len(names) == 1 and not step.start:
                single.append(step.id)
            else:
                parts.append(names)
    parts.sort(key=lambda names: not any(step.start for step in graph.steps if step.id in names))
    return [*parts, single] if single else parts


def _card(graph: FlowGraph, step: Step) -> _Card:
    sign = "" if step.state == "same" else SIGNS[step.state]
    name = f"{step.id} ({step.name})" if step.name else step.id
    rows = [_Text(shortened(name, _TEXT_COLUMNS - 2 * bool(sign)), "id", sign)]
    said = f"{KINDS.get(step.kind, step.kind)}: {step.says}"
    rows += [_Text(line, "") for line in wrapped(said, _TEXT_COLUMNS, 3)]
    notes = " · ".join(remarks(step))
    tone = "soft" if step.state == "same" else step.state
    rows += [_Text(line, f"small {tone}") for line in wrapped(notes, _ROW_COLUMNS, 2)]
    for arrow in graph.arrows:
        if arrow.source == step.id and arrow.target in graph.hubs:
            sign = "" if arrow.state == "same" else SIGNS[arrow.state]
            text = f"→ {arrow.target}" + (f" if {arrow.label}" if arrow.label else "")
            tone = "soft" if arrow.state == "same" else arrow.state
            told = wrapped(text, _ROW_COLUMNS - 2 * bool(sign), 2)
            rows += [
                _Text(line, f"small {tone}", sign if at == 0 else "")
                for at, line in enumerate(told)
            ]
    return _Card(step, tuple(rows))


def _label(arrow: Arrow) -> list[str]:
    sign = "" if arrow.state == "same" else f"{SIGNS[arrow.state]} "
    return wrapped(sign + arrow.label, _LABEL_COLUMNS, 3)


def _label_size(arrow: Arrow) -> Size:
    lines = _label(arrow)
    return Size(max(columns(line) for line in lines) * _SMALL + 8, len(lines) * 14.0 + 4)


def _drawn(placed: Layout, arrows: list[Arrow], cards: list[_Card]) -> Iterator[str]:
    for line in placed.lines:
        arrow = arrows[line.arrow]
        head = _head(line) if line.ends else ""
        yield f'<g class="{arrow.state}"><path class="line" d="{_curve(line)}"/>{head}</g>'
    for at, (x, top) in placed.labels.items():
        yield from _drawn_label(arrows[at], x, top)
    for card in cards:
        yield from _drawn_card(card, *placed.nodes[card.step.id])


def _curve(line: Line) -> str:
    (x, _, y), *rest = line.points
    told = [f"M{_round(x)} {_round(y)}"]
    for to_x, enters, leaves in rest:
        half = (y + enters) / 2
        if abs(to_x - x) < 0.5:  # noqa: PLR2004 - half a unit is not seen
            told.append(f"V{_round(enters)}")
        else:
            told.append(
                f"C{_round(x)} {_round(half)} {_round(to_x)} {_round(half)} "
                f"{_round(to_x)} {_round(enters)}"
            )
        if abs(leaves - enters) > 0.5:  # noqa: PLR2004 - likewise
            told.append(f"V{_round(leaves)}")
        x, y = to_x, leaves
    return "".join(told)


def _head(line: Line) -> str:
    x, y, _ = line.points[-1]
    back = -7 if line.points[-2][2] <= y else 7
    return (
        f'<path class="head" d="M{_round(x)} {_round(y)}L{_round(x - 4)} {_round(y + back)}'
        f'H{_round(x + 4)}Z"/>'
    )


def _drawn_label(arrow: Arrow, x: float, top: float) -> Iterator[str]:
    size = _label_size(arrow)
    tone = "soft" if arrow.state == "same" else arrow.state
    yield (
        f'<rect class="back" x="{_round(x - size.width / 2)}" y="{_round(top)}" '
        f'width="{_round(size.width)}" height="{_round(size.height)}"/>'
    )
    for index, text in enumerate(_label(arrow)):
        yield (
            f'<text class="small {tone}" x="{_round(x)}" y="{_round(top + 13 + index * 14)}" '
            f'text-anchor="middle">{escape(text)}</text>'
        )


def _drawn_card(card: _Card, x: float, top: float) -> Iterator[str]:
    step, size = card.step, card.size
    left = x - size.width / 2
    radius = 14 if step.start or step.end else 5
    yield (
        f'<g class="{step.state}"><title>{escape(one_line(step.says))}</title>'
        f'<rect class="box" x="{_round(left)}" y="{_round(top)}" width="{_round(size.width)}" '
        f'height="{_round(size.height)}" rx="{radius}"/>'
    )
    for index, row in enumerate(card.rows):
        y = top + _PAD + 11 + index * _LINE
        at = left + _PAD
        if row.sign:
            place = f'x="{_round(at)}" y="{_round(y)}"'
            yield f'<text class="id sign" {place}>{escape(row.sign)}</text>'
            at += 14
        style = f' class="{row.style}"' if row.style else ""
        yield f'<text{style} x="{_round(at)}" y="{_round(y)}">{escape(row.text)}</text>'
    yield "</g>"


def _round(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
