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


def agreed(question: str, *, yes: bool) -> bool:
    """Whether a person says yes, or has. Raises UsageError where there is nobody to ask."""
    if yes:
        return True
    from dialform.cli import output  # noqa: PLC0415 - where it is asked

    # A closed stdin is None to Python.
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} There is no terminal to ask on: say --yes if so")
    output.note(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def confirm(question: str, *, yes: bool) -> None:
    """Return if `agreed`. Raises UsageError as it does, and Refused where a person says no."""
    if not agreed(question, yes=yes):
        raise Refused("nothing was changed")
