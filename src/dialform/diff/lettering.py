"""
Prose in little room: one line, made visible, shortened, wrapped by its width.

Pure. Widths are in columns: 1 for most letters, 2 for the wide ones of CJK.
"""

from __future__ import annotations

import unicodedata

UNSEEN = "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> str:
    """``text`` with one space where it has any; what can't be seen or moves the cursor shows."""
    return "".join(letter if letter.isprintable() else UNSEEN for letter in " ".join(text.split()))


def columns(text: str) -> int:
    """The width of a line."""
    return sum(_width(letter) for letter in text)


def _width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def shortened(text: str, width: int) -> str:
    """As one line of at most ``width`` columns; an ellipsis says that more follows."""
    return " ".join(wrapped(text, width, 1))


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """At most ``lines`` lines of at most ``width`` columns, broken between words if possible."""
    found: list[str] = []
    rest = one_line(text)
    while rest and len(found) < lines:
        head = _fitting(rest, width)
        if len(head) < len(rest) and len(found) == lines - 1:
            return [*found, _fitting(rest, width - 1).rstrip() + "…"]
        found.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    return found


def _fitting(text: str, width: int) -> str:
    """As much of the beginning as fits, up to a space where that doesn't waste half a line."""
    used = 0
    for at, letter in enumerate(text):
        used += _width(letter)
        if used > width:
            if letter == " ":
                return text[:at]
            space = text.rfind(" ", 0, at)
            return text[: space if columns(text[: max(space, 0)]) > width // 2 else max(at, 1)]
    return text
