"""Risks of what is said, and of what the agent is told to say."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dialform.declaration.rules import macro_names
from dialform.diff.risks.phrases import DISCLOSURES, NEGATION, OPT_OUT
from dialform.diff.risks.rules import rule
from dialform.diff.risks.view import OPENING, PROMPTS, View, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dialform.diff.model import Path

_TELLING = 400
"""A prompt of fewer characters may well double."""

_DOUBLED, _HALVED = 1.9, 0.55
_BLOCK = 120
"""Characters from which a paragraph that stands twice was hardly meant to."""

_QUOTED = 100
"""Characters of a text that a message shows."""

_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
"""Where a sentence ends; Japanese and Chinese ones have no space behind."""

_FIGURE = re.compile(r"https?://\S+|[$€£¥]?\d[\d.,:/-]*\d|[$€£¥]?\d")
_MACRO = re.compile(r"\{\{[^{}]*\}\}")


@rule("opening-changed", "high")
def _opening(before: View, after: View) -> Iterator[tuple[Path, str]]:
    path = (*OPENING, "content")
    old, new = before.texts.get(path), after.texts.get(path)
    if old and new and old != new:
        yield path, f"the first words of the call are now {new!r}"


@rule("opening-silent", "high")
def _silent(before: View, after: View) -> Iterator[tuple[Path, str]]:
    def speaks(view: View) -> bool:
        kind = view.get(*OPENING, "lineType")
        return kind == "INBOUND_OUTBOUND" and bool(view.texts.get((*OPENING, "content")))

    if speaks(before) and not speaks(after):
        yield OPENING, "calls that go out have no opening line any more"


@rule("opt-out-lost", "high")
def _opt_out(before: View, after: View) -> Iterator[tuple[Path, str]]:
    what = "what to do when somebody asks not to be called again"
    lost = dict(_lost(OPT_OUT, what, before, after))
    for prompt in PROMPTS:
        there = after.nodes(prompt)
        for key, node in before.nodes(prompt).items():
            if key in there and _lets_out(node) and not _lets_out(there[key]):
                lost[(*prompt, "flow", "node", key, "next")] = (
                    f"{key!r} has no way out any more for who asks not to be called again"
                )
    yield from lost.items()


def _lets_out(node: Mapping[str, Any]) -> bool:
    said = (one.get("value") for one in tables(node.get("transitionRules")))
    return any(isinstance(text, str) and OPT_OUT.search(text) for text in said)


@rule("opt-out-missing", "medium", of_new=True)
def _no_opt_out(before: View, after: View) -> Iterator[tuple[Path, str]]:
    prompt = PROMPTS[0]
    if not before.call and after.text(prompt) and not _says(OPT_OUT, after):
        yield (*prompt, "text"), "nothing says what to do when somebody asks not to be called again"


@rule("disclosure-lost", "high")
def _disclosure(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for what, pattern in DISCLOSURES.items():
        lost = dict(_lost(pattern, what, before, after))
        opening = (*OPENING, "content")
        old, new = before.texts.get(opening), after.texts.get(opening)
        if old and pattern.search(old) and not (new and pattern.search(new)):
            lost[opening] = f"the opening line does not say any more {what}"
        yield from lost.items()


@rule("disclosure-missing", "medium", of_new=True)
def _no_disclosure(before: View, after: View) -> Iterator[tuple[Path, str]]:
    opening = (*OPENING, "content")
    silent = not any(_says(pattern, after) for pattern in DISCLOSURES.values())
    if not before.call and after.texts.get(opening) and silent:
        yield opening, "nothing says that the call is recorded, automated, or on whose behalf it is"


def _lost(
    pattern: re.Pattern[str], what: str, before: View, after: View
) -> Iterator[tuple[Path, str]]:
    """
    The places that lost a sentence with such a phrase, with what was said there.

    A sentence that moved is not lost, nor one that says the same in other words.
    """
    gone, come = _moved(before, after)
    lost = [(place, said) for place, said in gone if pattern.search(said)]
    gained = Counter(place for place, said in come if pattern.search(said))
    if len(lost) <= gained.total():
        return
    if not _says(pattern, after):
        yield lost[0][0], f"nothing says any more {what}"
        return
    places = Counter(place for place, _ in lost)
    for place, said in dict(reversed(lost)).items():
        if places[place] > gained[place]:
            yield place, f"says less often {what}: {_short(said)!r} is gone"


@lru_cache(maxsize=2)
def _moved(before: View, after: View) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]]]:
    """The sentences that only one side has, with their places; the rules ask one after another."""
    sides: list[list[tuple[Path, str]]] = []
    for here, there in ((before, after), (after, before)):
        # A condition's place names its words, which an edit changes: its node's it is.
        sides.append(
            [
                (path[:-1] if "next" in path else path, said)
                for path, text in here.texts.items()
                if there.texts.get(path) != text
                for said in sentences(text)
            ]
        )
    counts = [Counter(said for _, said in side) for side in sides]
    left = counts[0] - counts[1], counts[1] - counts[0]
    return _only(sides[0], left[0]), _only(sides[1], left[1])


def _only(side: list[tuple[Path, str]], left: Counter[str]) -> list[tuple[Path, str]]:
    """As many of each sentence as ``left`` says."""
    found = []
    for place, said in side:
        if left[said] > 0:
            left[said] -= 1
            found.append((place, said))
    return found


def _says(pattern: re.Pattern[str], view: View) -> bool:
    return any(pattern.search(text) for text in view.texts.values())


def _short(text: str) -> str:
    return text if len(text) <= _QUOTED else text[: _QUOTED - 4].rstrip() + " ..."


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, less the white space around them."""
    return [one.strip() for one in _END.split(text) if one.strip()]


@rule("prompt-doubled", "high", of_new=True)
def _doubled(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = before.text(prompt), after.text(prompt)
        twice = _twice(new) - _twice(old)
        if twice:
            first = min(twice)[:60]
            yield (*prompt, "text"), f"a passage stands twice in the prompt: {first!r} ..."
        elif len(old) > _TELLING and len(new) >= _DOUBLED * len(old):
            yield (*prompt, "text"), f"the prompt grew from {len(old)} to {len(new)} characters"


def _twice(text: str) -> set[str]:
    counts = Counter(block.strip() for block in text.split("\n\n"))
    return {block for block, count in counts.items() if count > 1 and len(block) >= _BLOCK}


@rule("prompt-halved", "high")
def _halved(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = len(before.text(prompt)), len(after.text(prompt))
        if old > _TELLING and 0 < new <= _HALVED * old:
            yield (*prompt, "text"), f"the prompt shrank from {old} to {new} characters"


@rule("prompt-emptied", "high")
def _emptied(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        if before.text(prompt).strip() and not after.text(prompt).strip():
            yield (*prompt, "text"), "the prompt says nothing any more; the agent's own is used"


@rule("macro-added", "medium")
def _macro_added(before: View, after: View) -> Iterator[tuple[Path, str]]:
    there = _macros(before)
    for name, path in _macros(after).items():
        if name not in there:
            yield path, f"{{{{{name}}}}} is said now: each call must bring it"


@rule("macro-lost", "medium")
def _macro_lost(before: View, after: View) -> Iterator[tuple[Path, str]]:
    there = _macros(after)
    opening = (*OPENING, "content")
    greeted = macro_names(after.texts.get(opening, ""))
    for name, path in _macros(before).items():
        if name not in there:
            yield path, f"{{{{{name}}}}} is not said any more"
        elif path == opening and name not in greeted:
            yield path, f"the opening line does not say {{{{{name}}}}} any more"


def _macros(view: View) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path, text in view.texts.items():
        for name in macro_names(text):
            found.setdefault(name, path)
    return found


@rule("negation-lost", "medium")
def _negation_lost(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for path, edits in _edited(before, after):
        lost: Counter[str] = Counter()
        for old, new in edits:
            gone, come = _negations(old), _negations(new)
            if gone.total() > come.total():
                lost += gone - come
        if lost:
            yield path, f"says less often: {', '.join(sorted(lost))}"


@rule("negation-added", "medium")
def _negation_added(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for path, edits in _edited(before, after):
        added: Counter[str] = Counter()
        for old, new in edits:
            gone, come = _negations(old), _negations(new)
            # A sentence that is new may well forbid something; one that was there says it now.
            if old and come.total() > gone.total() and len(new) <= len(old):
                added += come - gone
        if added:
            yield path, f"an edited sentence says now: {', '.join(sorted(added))}"


@lru_cache(maxsize=2)
def _edited(before: View, after: View) -> list[tuple[Path, list[tuple[list[str], list[str]]]]]:
    """By place, the sentences that were edited together: before, and after."""
    found = []
    for path, old in before.texts.items():
        new = after.texts.get(path)
        if new is None or new == old:
            continue
        pair = sentences(old), sentences(new)
        there = [set(one) for one in pair]
        matcher = SequenceMatcher(None, *pair, autojunk=False)
        edits = [
            (
                [one for one in pair[0][i1:i2] if one not in there[1]],
                [one for one in pair[1][j1:j2] if one not in there[0]],
            )
            for kind, i1, i2, j1, j2 in matcher.get_opcodes()
            if kind != "equal"
        ]
        found.append((path, edits))
    return found


def _negations(said: list[str]) -> Counter[str]:
    return Counter(word.lower() for one in said for word in NEGATION.findall(one))


@rule("figures-changed", "medium")
def _figures(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for path, old in before.texts.items():
        new = after.texts.get(path)
        if new is None or new == old:
            continue
        gone, come = _counted(old) - _counted(new), _counted(new) - _counted(old)
        if gone or come:
            yield path, f"numbers, dates or links: {_listed(gone)} -> {_listed(come)}"


def _counted(text: str) -> Counter[str]:
    return Counter(_FIGURE.findall(_MACRO.sub(" ", text)))


def _listed(words: Iterable[str]) -> str:
    found = sorted(words)
    few = 6
    return ", ".join(found[:few]) + (", ..." if len(found) > few else "") if found else "none"
