"""A question before what can't be undone: answered on a terminal, or beforehand with ``--yes``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dialform.errors import Refused, UsageError

if TYPE_CHECKING:
    import argparse


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add ``--yes``."""
    parser.add_argument("--yes", action="store_true", help="go on without asking")


def confirm(question: str, *, yes: bool) -> None:
    """
    Return if a person says yes, or has.

    Raises:
        Refused: they say anything else.
        UsageError: there is nobody to ask.

    """
    if yes:
        return
    from dialform.cli import output  # noqa: PLC0415 - where it is asked

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} There is no terminal to ask on: say --yes if so")
    output.note(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("nothing was changed")
