"""Risks of what is said, and of what the agent is told to say."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
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

_WORD = re.compile(r"\w+")
_FIGURE = re.compile(r"https?://\S+|[$€£¥]?\d[\d.,:/-]*\d|[$€£¥]?\d")
_MACRO = re.compile(r"\{\{[^{}]*\}\}")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Alphabets whose letters are taken for each other's."""

_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180e\u200b\u2060\u3164\ufeff"  # nothing to see
    "\u200c\u200d"  # joiners
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control
    "\U000e0000-\U000e007f]"  # tags
)


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
    path = _where(OPT_OUT, before)
    if path is not None and _where(OPT_OUT, after) is None:
        yield path, "nothing says any more what to do when somebody asks not to be called again"
        return
    for prompt in PROMPTS:
        there = after.nodes(prompt)
        for key, node in before.nodes(prompt).items():
            if key in there and _lets_out(node) and not _lets_out(there[key]):
                yield (
                    (*prompt, "flow", "node", key, "next"),
                    f"{key!r} has no way out any more for who asks not to be called again",
                )


def _lets_out(node: Mapping[str, Any]) -> bool:
    said = (one.get("value") for one in tables(node.get("transitionRules")))
    return any(isinstance(text, str) and OPT_OUT.search(text) for text in said)


@rule("disclosure-lost", "high")
def _disclosure(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for what, pattern in DISCLOSURES.items():
        path = _where(pattern, before)
        if path is not None and _where(pattern, after) is None:
            yield path, f"nothing says any more {what}"
            continue
        opening = (*OPENING, "content")
        old, new = before.texts.get(opening), after.texts.get(opening)
        if old and pattern.search(old) and not (new and pattern.search(new)):
            yield opening, f"the opening line does not say any more {what}"


def _where(pattern: re.Pattern[str], view: View) -> Path | None:
    return next((path for path, text in view.texts.items() if pattern.search(text)), None)


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
    for name, path in _macros(before).items():
        if name not in there:
            yield path, f"{{{{{name}}}}} is not said any more"


def _macros(view: View) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path, text in view.texts.items():
        for name in macro_names(text):
            found.setdefault(name, path)
    return found


@rule("look-alike", "high", of_new=True)
def _look_alike(before: View, after: View) -> Iterator[tuple[Path, str]]:
    known = {word for text in before.texts.values() for word in _mixed(text)}
    for path, text in after.texts.items():
        for word in dict.fromkeys(_mixed(text)):
            if word not in known:
                odd = _odd_letters(word)
                yield (
                    path,
                    f"{word!r} mixes alphabets: {odd}; it is not the word that it looks like",
                )


def _mixed(text: str) -> Iterator[str]:
    if text.isascii():
        return
    for word in _WORD.findall(text):
        if not word.isascii() and len(_scripts(word)) > 1:
            yield word


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(letter, "").split(" ", 1)[0] for letter in word if letter.isalpha())
    return {name for name in names if name in _SCRIPTS}


def _odd_letters(word: str) -> str:
    counts = Counter(unicodedata.name(letter, "").split(" ", 1)[0] for letter in word)
    rare = min((script for script in _scripts(word)), key=lambda script: counts[script])
    names = [unicodedata.name(letter) for letter in word if rare in unicodedata.name(letter, "")]
    return ", ".join(dict.fromkeys(name.lower() for name in names))


@rule("invisible-characters", "high", of_new=True)
def _invisible(before: View, after: View) -> Iterator[tuple[Path, str]]:
    known = Counter(letter for text in before.texts.values() for letter in _unseen(text))
    for path, text in after.texts.items():
        found = Counter(_unseen(text))
        new = [letter for letter in found if found[letter] > known[letter]]
        if new:
            names = ", ".join(f"U+{ord(letter):04X}" for letter in sorted(new))
            yield path, f"holds characters that nobody sees: {names}"


def _unseen(text: str) -> Iterator[str]:
    for match in _UNSEEN.finditer(text):
        letter = match[0]
        # Joiners belong between letters of some scripts, and between the parts of an emoji.
        if letter not in "\u200c\u200d" or text[match.start() - 1 : match.start()].isascii():
            yield letter


@rule("negation-lost", "medium")
def _negation(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for path, old in before.texts.items():
        new = after.texts.get(path)
        if new is None or new == old:
            continue
        lost = _words(NEGATION, old) - _words(NEGATION, new)
        # A text that lost whole lines lost what they forbid; another rule may say more.
        if lost:
            yield path, f"says less often: {', '.join(sorted(lost))}"


def _words(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(word.lower() for word in pattern.findall(text))


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
