"""
Text from files inside of Markdown, such that nothing of it is ever interpreted.

Pure. Inline, text stands in ``<code>`` elements of HTML blocks: Markdown reads nothing there, and
GitHub looks for no mention, issue number or emoji in code. Entities alone would not do: GitHub
looks for mentions after they are decoded. Lines stand in fences that are longer than any run of
backticks in them.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What can't be seen, or turns what stands around it: shown as its number."""


def visible(text: str) -> str:
    """``text`` in one line, with what can't be seen shown as ``<U+202E>``."""
    return _HIDDEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def shortened(text: str, most: int) -> str:
    """``text`` in at most about ``most`` characters; what is left out of the middle is said."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}[\u2026{len(text) - 2 * half} characters\u2026]{text[-half:]}"


def code(text: str, most: int = 200) -> str:
    """``text`` as code in an HTML block. Shortened where it has more than ``most`` characters."""
    return f"<code>{html.escape(visible(shortened(text, most)))}</code>"


def fence(lines: Iterable[str], kind: str) -> str:
    """A fenced block of these lines, which have been made `visible`."""
    body = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{kind}\n{body}\n{marks}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table as one HTML block: cells are HTML without line ends."""
    lines = ["<table>", _row("th", head), *(_row("td", row) for row in rows), "</table>"]
    return "\n".join(lines)


def _row(kind: str, cells: Iterable[str]) -> str:
    inner = "".join(f"<{kind}>{cell}</{kind}>" for cell in cells)
    return f"<tr>{inner}</tr>"


def size(text: str) -> int:
    """How many bytes a text takes."""
    return len(text.encode("utf-8"))
