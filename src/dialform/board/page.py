"""
A board as one HTML page that loads nothing: neither from the network nor beside itself.

Pure. Whatever a preset says is text in it: the template escapes, and the page's own policy lets
no other script run than the one it brings.
"""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dialform.diff.flow_svg import STYLE

if TYPE_CHECKING:
    from dialform.board.model import Board

_FOLDER = Path(__file__).parent / "templates"
_ROOMY = 6
"""Environments beyond which the table scrolls in its own box."""


def page(board: Board) -> str:
    """The page."""
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["lean"] = _lean
    behaviour = (_FOLDER / "board.js").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(behaviour.encode()).digest()).decode()
    return templates.get_template("board.html").render(
        board=board,
        made=board.made.strftime("%Y-%m-%d %H:%M UTC"),
        style=(_FOLDER / "board.css").read_text(encoding="utf-8") + STYLE,
        behaviour=behaviour,
        policy=(
            f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        counts=_counts(board),
        roomy=len(board.environments) > _ROOMY,
    )


def _lean(text: str) -> Markup:
    """Escaped for an element's text, where quotes need none: JSON is full of them."""
    return Markup(html.escape(text, quote=False))  # noqa: S704 - escaped


def _counts(board: Board) -> list[tuple[str, str, int]]:
    """Tone, words and number of what deserves a look, the most urgent first."""
    found: dict[tuple[str, str], int] = {}
    for tile in board.tiles.values():
        for mark in tile.marks:
            if mark.tone in ("bad", "look"):
                key = mark.tone, mark.words.rstrip("0123456789").strip()
                found[key] = found.get(key, 0) + 1
    return [(tone, words, count) for (tone, words), count in sorted(found.items())]
