"""
A review as one Markdown body for a pull request.

Pure. The tally stands first, then risks, each preset's change folded, bindings last. Content
that several environments get alike is shown once. The body never grows beyond a comment's size:
it is made of whole pieces, the most important first, and says what was left out.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from dialform.diff.inert import code, size, table
from dialform.diff.markdown_preset import LEVELS, grouped, piece, shown_change
from dialform.diff.review import Review, Reviewed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dialform.diff.markdown_preset import Flow, Group
    from dialform.diff.model import Difference, Risk, RuleChange

MARKER = "<!-- dialform:review -->"
"""The first line, by which a comment is found again to be updated in place."""

MOST = 60_000
"""Bytes of a body. GitHub takes 65,536 characters."""

WHOLE = "the whole review is in the HTML page: `dialform review --html FILE`, in CI an artifact"

_STATUS = {
    "changed": "changed",
    "added": "added",
    "removed": "withdrawn",
    "renamed": "renamed",
    "same content": "with other bindings or deviations",
    "same call": "written differently, same call",
}


class Limits(NamedTuple):
    """How much a body shows, in bytes."""

    most: int = MOST
    rooms: tuple[int, ...] = (24_000, 6_000, 1_500)
    """For what a preset's piece shows, the most generous first."""

    tally: int = 4_000
    problems: int = 6_000
    unseen: int = 4_000
    risks: int = 12_000
    bindings: int = 8_000
    idle: int = 2_000
    section: int = 3_000
    names: int = 3_000
    """For the names of presets that are not shown."""


COMMENT = Limits()
"""What a comment holds."""

_MUCH = 1 << 40

EVERYTHING = Limits(_MUCH, (_MUCH,), *(_MUCH,) * 7, names=0)
"""No limit."""

_SECTIONS = 3


def no_flow(_before: Any, _after: Any) -> str:
    """No picture of a flow."""
    return ""


def of_difference(difference: Difference) -> Review:
    """One difference as a review, for bodies that show a diff: a promotion's pull request."""
    name = difference.after.environment or difference.after.label
    return Review(difference.before.label, (Reviewed(name, difference),))


def markdown(review: Review, *, flow: Flow = no_flow, limits: Limits = COMMENT) -> str:
    """
    The body: at most ``limits.most`` bytes of UTF-8, whatever the review holds.

    ``flow`` gives the Markdown of a flow's picture, from the API's objects before and after.
    """
    groups = grouped(review)
    head = [
        MARKER,
        *_tally(review, limits),
        *_problems(review, limits),
        *_unseen(review, limits),
        *_risks(review, limits),
    ]
    tail = [
        *_bindings(review, limits),
        *_rules(review, limits),
        *_sections(review, limits),
        *_idle(review, limits),
        *_remarks(review, limits),
    ]
    used = sum(size(one) + 2 for one in (*head, *tail))
    middle = _presets(groups, flow, limits, limits.most - used - limits.names)
    return "\n\n".join([*head, *middle, *tail]) + "\n"


def _presets(groups: Sequence[Group], flow: Flow, limits: Limits, room: int) -> list[str]:
    """The presets' pieces: all in full, else the most important first and the rest counted."""
    full = _pieces(groups, flow, limits.rooms[0], room)
    if len(full) == len(groups):
        return full
    made = _pieces(groups, flow, limits.rooms[-1], room)
    left = room - sum(size(text) + 2 for text in made)
    for at, brief in enumerate(made):
        for level in limits.rooms[:-1]:
            richer = piece(groups[at], flow, level)
            if size(richer) - size(brief) <= left:
                left -= size(richer) - size(brief)
                made[at] = richer
                break
    return [*made, *_cut(groups, len(made), limits)]


def _pieces(groups: Sequence[Group], flow: Flow, level: int, room: int) -> list[str]:
    """Whole pieces, as many as there is room for."""
    made = []
    for group in groups:
        text = piece(group, flow, level)
        room -= size(text) + 2
        if room < 0:
            break
        made.append(text)
    return made


def _cut(groups: Sequence[Group], shown: int, limits: Limits) -> Iterator[str]:
    """What was left out, by name."""
    if shown == len(groups):
        return
    left_out = [name for group in groups[shown:] for name in group.names]
    names = _listed(left_out, limits.names - 500)
    total = sum(len(group.names) for group in groups)
    count = f"{len(left_out)} of {total} changed presets are not shown here"
    yield f"<p><b>Cut to the size of a comment:</b> {count}: {names}; {_whole()}.</p>"


def _whole() -> str:
    return WHOLE.replace("`dialform review --html FILE`", code("dialform review --html FILE"))


def _tally(review: Review, limits: Limits) -> Iterator[str]:
    if review.is_same:
        yield (
            f"<p>No call changes: every environment runs what it runs at {code(review.base)}.</p>"
        )
        return
    by_words: dict[str, list[str]] = {}
    for place in review.environments:
        by_words.setdefault(_counts(place), []).append(place.name)
    parts = []
    for words, names in by_words.items():
        parts.append(f"{_listed(names, 1_000)}: {words}")
    kept, left = _within(parts, limits.tally)
    more = f"; {left} more" if left else ""
    levels = {risk.level for _, _, risk in _all_risks(review)}
    highest = next((level for level in LEVELS if level in levels), None)
    risk = f" Highest risk: {LEVELS[highest]} {highest}." if highest else ""
    yield f"<p><b>Against {code(review.base)}:</b> {'; '.join(kept)}{more}.{risk}</p>"


def _counts(place: Reviewed) -> str:
    counts: dict[str, int] = {}
    for preset in place.difference.presets:
        words = "not comparable" if preset.trouble else _STATUS[preset.status]
        counts[words] = counts.get(words, 0) + 1
    said = [f"{count} {words}" for words, count in counts.items()]
    if place.difference.rules:
        said.append(f"{_plural(len(place.difference.rules), 'rule')} for calls changed")
    if place.unseen:
        said.append(f"{len(place.unseen)} not shown")
    if place.problems:
        said.append(f"{_plural(len(place.problems), 'problem')} in its files")
    lead = {"kept": "", "added": "a new environment", "removed": "no environment any more"}
    first = [lead[place.state]] if lead[place.state] else []
    return ", ".join([*first, *said]) or "nothing changes"


def _problems(review: Review, limits: Limits) -> Iterator[str]:
    if not review.problems:
        return
    rows = [[code(problem, 400)] for problem in review.problems]
    yield from _table("Not comparable until this is fixed", [""], rows, limits.problems)


def _unseen(review: Review, limits: Limits) -> Iterator[str]:
    rows = [
        [code(place.name), code(one.name), _or_dash(one.before), _or_dash(one.after), "not shown"]
        for place in review.environments
        for one in place.unseen
    ]
    head = ["environment", "preset", "before", "after", ""]
    yield from _table("Pinned content that is out of reach", head, rows, limits.unseen)


def _or_dash(text: str) -> str:
    return code(text, 120) if text else "\u2013"


def _all_risks(review: Review) -> Iterator[tuple[str, str, Risk]]:
    """Each risk with its environment and preset."""
    for place in review.environments:
        for risk in place.difference.risks:
            yield place.name, "", risk
        for preset in place.difference.presets:
            for risk in preset.risks:
                yield place.name, preset.name, risk


def _risks(review: Review, limits: Limits) -> Iterator[str]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for environment, preset, risk in _all_risks(review):
        key = (risk.level, risk.rule, preset, risk.message)
        found.setdefault(key, []).append(environment)
    alike: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for (level, rule, preset, said), where in found.items():
        alike.setdefault((level, rule, said, tuple(where)), []).append(preset)
    order = list(LEVELS)
    ordered = sorted(alike.items(), key=lambda item: (order.index(item[0][0]), *item[0][1:]))
    rows = [
        [
            f"{LEVELS[level]} {level}",
            _rule(rule),
            _listed(where, 400),
            _listed(names, 400),
            code(said),
        ]
        for (level, rule, said, where), names in ordered
    ]
    head = ["risk", "rule", "environments", "presets", ""]
    yield from _table("Risks", head, rows, limits.risks)


def _rule(name: str) -> str:
    return f'<a href="docs/risks.md#{quote(name)}">{code(name, 60)}</a>'


def _bindings(review: Review, limits: Limits) -> Iterator[str]:
    """What is declared to differ and what names stand for: a row for all presets alike."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for place in review.environments:
        for preset in place.difference.presets:
            for change in (*preset.of("deviation"), *preset.of("bindings")):
                key = (place.name, *shown_change(change))
                found.setdefault(key, []).append(preset.name)
    rows = [
        [code(place), where, before, after, _listed(names, 300)]
        for (place, where, before, after), names in found.items()
    ]
    head = ["environment", "field", "before", "after", "presets"]
    yield from _table("Bindings and deviations", head, rows, limits.bindings)


def _rules(review: Review, limits: Limits) -> Iterator[str]:
    """What environments allow of single calls: a row for all environments alike."""
    found: dict[RuleChange, list[str]] = {}
    for place in review.environments:
        for change in place.difference.rules:
            found.setdefault(change, []).append(place.name)
    rows = [
        [_listed(places, 300), code(one.rule, 120), _or_dash(one.before), _or_dash(one.after)]
        for one, places in found.items()
    ]
    head = ["environments", "rule", "before", "after"]
    yield from _table("Rules for calls", head, rows, limits.bindings)


def _sections(review: Review, limits: Limits) -> Iterator[str]:
    for section in review.sections[:_SECTIONS]:
        rows = [[code(cell) for cell in row] for row in section.rows]
        head = [code(cell, 40) for cell in section.head]
        yield from _table(section.title, head, rows, limits.section)


def _idle(review: Review, limits: Limits) -> Iterator[str]:
    if review.idle:
        names = _listed(review.idle, limits.idle - 200)
        yield f"<p>Changed in the files, and taken by no environment: {names}.</p>"


def _remarks(review: Review, limits: Limits) -> Iterator[str]:
    kept, left = _within([code(one, 300) for one in review.remarks], limits.idle - 200)
    if kept:
        more = f" and {left} more" if left else ""
        yield f"<p>Note: {'; '.join(kept)}{more}.</p>"


def _table(title: str, head: Sequence[str], rows: list[list[str]], room: int) -> Iterator[str]:
    """A heading, the rows for which there is room, and how many were left out."""
    if not rows:
        return
    kept, left = _within(["".join(row) + "<td></td>" * len(row) for row in rows], room - 400)
    yield f"<h4>{html.escape(title)}</h4>"
    yield table(head, rows[: len(kept)])
    if left:
        yield f"<p>{left} more; {_whole()}.</p>"


def _listed(names: Sequence[str], room: int) -> str:
    """Names as code, as many as there is room for."""
    kept, left = _within([code(name, 80) for name in names if name], room)
    return ", ".join(kept) + (f" and {left} more" if left else "")


def _within(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """The texts that fit, from the first on, and how many don't."""
    every = list(texts)
    kept: list[str] = []
    for text in every:
        room -= size(text) + 12
        if room < 0:
            break
        kept.append(text)
    return kept, len(every) - len(kept)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
