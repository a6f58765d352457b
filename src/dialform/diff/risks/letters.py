"""Risks of single characters: what looks like another letter, or like nothing at all."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from dialform.diff.risks.rules import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dialform.diff.model import Path
    from dialform.diff.risks.view import View

    Finds = Callable[[str], Iterable[str]]

_WORD = re.compile(r"\w+")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Alphabets whose letters are taken for each other's."""

_LATIN_SHAPES = frozenset("асеорхуіјѕԛԝһАВЕКМНОРСТХУІЈЅԚԜҺαοινυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Letters of other alphabets that look like a Latin one."""

_MATHEMATICAL = re.compile("[\U0001d400-\U0001d7cb]")
"""Letters as formulas have them: read as a word, not spoken as one."""

_MOSTLY = 4
"""How many times as many words of Latin letters make a text a Latin one."""

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2064\u206a-\u206f"
    "\u3164\ufeff\uffa0"  # nothing to see
    "\u200c\u200d"  # joiners
    "\ufe00-\ufe0f\U000e0100-\U000e01ef"  # variants of the character before
    "\u200e\u200f\u2028-\u202e\u2066-\u2069"  # direction
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control
    "\U000e0000-\U000e007f]"  # tags
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""The flag of a part of a country, whose letters are tags."""

_ATTACHED = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""What belongs to the character before: to a letter of some scripts, or to an emoji."""

_KEYCAPS = "0123456789#*"
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]")


@rule("look-alike", "high", of_new=True)
def _look_alike(before: View, after: View) -> Iterator[tuple[Path, str]]:
    known = {word for text in before.written.values() for word, _ in _disguised(text)}
    for path, text in after.written.items():
        for word, why in dict(_disguised(text)).items():
            if word not in known:
                yield path, f"{word!r} {why}; it is not the word that it looks like"


def _disguised(text: str) -> Iterator[tuple[str, str]]:
    """The words that are not what they look like, each with how."""
    if text.isascii():
        return
    words = _WORD.findall(text)
    scripts = Counter(script for word in words for script in _scripts(word))
    for word in words:
        if word.isascii():
            continue
        found = _scripts(word)
        if _MATHEMATICAL.search(word):
            yield word, "is written in letters of formulas"
        elif len(found) > 1:
            yield word, f"mixes alphabets: {_odd_letters(word)}"
        elif found and "LATIN" not in found and _LATIN_SHAPES.issuperset(word):
            (script,) = found
            if scripts["LATIN"] >= _MOSTLY * scripts[script]:
                yield word, f"is written in {script.lower()} letters among latin words"


def _scripts(word: str) -> set[str]:
    if word.isascii():
        return {"LATIN"} if any(map(str.isalpha, word)) else set()
    names = (unicodedata.name(letter, "").split(" ", 1)[0] for letter in word if letter.isalpha())
    return {name for name in names if name in _SCRIPTS}


def _odd_letters(word: str) -> str:
    counts = Counter(unicodedata.name(letter, "").split(" ", 1)[0] for letter in word)
    rare = min(sorted(_scripts(word)), key=lambda script: counts[script])
    names = [unicodedata.name(letter) for letter in word if rare in unicodedata.name(letter, "")]
    return ", ".join(dict.fromkeys(name.lower() for name in names))


@rule("invisible-characters", "high", of_new=True)
def _invisible(before: View, after: View) -> Iterator[tuple[Path, str]]:
    yield from _gained(before, after, _unseen, "holds characters that nobody sees")


@rule("unusual-space", "low", of_new=True)
def _unusual(before: View, after: View) -> Iterator[tuple[Path, str]]:
    yield from _gained(before, after, _SPACES.findall, "holds spaces that are none of the keyboard")


def _gained(before: View, after: View, finds: Finds, what: str) -> Iterator[tuple[Path, str]]:
    known = Counter(letter for text in before.written.values() for letter in finds(text))
    for path, text in after.written.items():
        found = Counter(finds(text))
        new = [letter for letter in found if found[letter] > known[letter]]
        if new:
            names = ", ".join(f"U+{ord(letter):04X}" for letter in sorted(new))
            yield path, f"{what}: {names}"


def _unseen(text: str) -> Iterator[str]:
    if text.isascii() and text.isprintable():
        return
    text = _FLAG.sub("", text)
    for match in _UNSEEN.finditer(text):
        letter = match[0]
        one_before = text[match.start() - 1 : match.start()]
        belongs = _ATTACHED.match(letter) and (
            not one_before.isascii() or (one_before and one_before in _KEYCAPS)
        )
        if not belongs:
            yield letter
