"""
What changed in a text: lines, and the words in them.

Pure. Lines are compared first, then the words of lines that stand for each other. A line that was
taken out and put in elsewhere is told apart from one that is gone.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from dialform.diff.model import Line, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONTEXT = 3
"""Unchanged lines that are kept around a change."""

_WORD = re.compile(
    r"\{\{[^{}\n]*\}\}"  # a macro is one word
    r"|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]"  # so is each character of Chinese, Japanese, ...
    r"|\w+(?:['\u2019]\w+)*"
    r"|\s+"
    r"|."
)
_ALIKE = 0.4
"""Lines that share less than this are not shown as one line changed."""

_MOST_PAIRS = 400
"""Beyond this many possible pairs, lines of a block stand for each other in their order."""


def lines_of(before: str, after: str, *, context: int = _CONTEXT) -> tuple[Line, ...]:
    """The changed lines with ``context`` unchanged ones around; none where the texts are equal."""
    old, new = before.split("\n"), after.split("\n")
    found = _with_moves(list(_lines(old, new)))
    return tuple(_near_changes(found, context))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    for at in range(start):
        yield _same(old[at], at, at)
    middle = (old[start : len(old) - end], new[start : len(new) - end])
    matcher = SequenceMatcher(None, *middle, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for at in range(i2 - i1):
                yield _same(middle[0][i1 + at], start + i1 + at, start + j1 + at)
        else:
            yield from _block(middle[0][i1:i2], middle[1][j1:j2], start + i1, start + j1)
    for at in range(end):
        yield _same(old[len(old) - end + at], len(old) - end + at, len(new) - end + at)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many elements at the start are equal."""
    for at, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return at
    return min(len(old), len(new))


def _same(text: str, before: int, after: int) -> Line:
    return Line("same", (Segment(text, marked=False),), before + 1, after + 1)


def _block(old: list[str], new: list[str], old_at: int, new_at: int) -> Iterator[Line]:
    """Lines that were replaced: those that are alike share their words."""
    partners = dict(_pairs(old, new))
    marked = {at: _words(old[at], new[to]) for at, to in partners.items()}
    for at, text in enumerate(old):
        segments = marked[at][0] if at in marked else (Segment(text, marked=False),)
        yield Line("removed", segments, old_at + at + 1, None)
    there = {to: marked[at][1] for at, to in partners.items()}
    for to, text in enumerate(new):
        segments = there.get(to, (Segment(text, marked=False),))
        yield Line("added", segments, None, new_at + to + 1)


def _pairs(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    """Which of the new lines stands for which of the old ones, in order."""
    if len(old) * len(new) > _MOST_PAIRS:
        yield from ((at, at) for at in range(min(len(old), len(new))))
        return
    first = 0
    for at, text in enumerate(old):
        matcher = SequenceMatcher(None, autojunk=False)
        matcher.set_seq2(_WORD.findall(text))
        best, found = _ALIKE, None
        for to in range(first, len(new)):
            matcher.set_seq1(_WORD.findall(new[to]))
            if matcher.real_quick_ratio() > best and (alike := matcher.ratio()) > best:
                best, found = alike, to
        if found is not None:
            yield at, found
            first = found + 1


def _words(old: str, new: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Both lines, with the words that only one of them has marked."""
    one, other = _WORD.findall(old), _WORD.findall(new)
    left: list[Segment] = []
    right: list[Segment] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        marked = tag != "equal"
        if i2 > i1:
            left.append(Segment("".join(one[i1:i2]), marked))
        if j2 > j1:
            right.append(Segment("".join(other[j1:j2]), marked))
    return tuple(left), tuple(right)


def _with_moves(lines: list[Line]) -> list[Line]:
    """Lines that were only put elsewhere, told as such."""
    gone: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        if line.kind == "removed" and line.text.strip():
            gone.setdefault(line.text.strip(), []).append(at)
    for at, line in enumerate(lines):
        if line.kind == "added" and gone.get(line.text.strip()):
            away = gone[line.text.strip()].pop(0)
            lines[away] = _plain(lines[away])._replace(kind="moved-away")
            lines[at] = _plain(line)._replace(kind="moved-here")
    return lines


def _plain(line: Line) -> Line:
    return line._replace(segments=(Segment(line.text, marked=False),))


def _near_changes(lines: list[Line], context: int) -> Iterator[Line]:
    changed = [at for at, line in enumerate(lines) if line.kind != "same"]
    if not changed:
        return
    yield from lines[max(changed[0] - context, 0) : changed[0]]
    for one, other in pairwise(changed):
        yield lines[one]
        if other - one - 1 <= 2 * context:
            yield from lines[one + 1 : other]
        else:
            yield from lines[one + 1 : one + 1 + context]
            yield from lines[other - context : other]
    yield from lines[changed[-1] : changed[-1] + 1 + context]
