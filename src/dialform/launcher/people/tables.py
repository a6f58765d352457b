"""
What the formats of people files have in common: a header, and records in their order.

Pure: shapes only. Each format is a module of its own.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialform.launcher.people.records import BadRecord, Rule

    Record = tuple[int, "Sequence[Any] | BadRecord"]
    """Where it begins, and its cells."""


class Table(Protocol):
    """A people file that can be read from its start as often as is asked for."""

    text: bool
    """Whether cells are text, to be read as what is declared, or values."""

    def header(self) -> Sequence[str]:
        """
        The names of the columns.

        Raises:
            Unreadable: there is none.

        """

    def records(self) -> Iterator[Record]:
        """
        Every record after the header.

        Raises:
            Unreadable: the file ends in what can't be read at all.

        """


class Unreadable(Exception):
    """The file can't be read on from here: the rule, the row and what to do."""

    def __init__(self, rule: Rule, message: str, row: int | None = None) -> None:
        """``row``: as `Person.row`."""
        self.rule = rule
        self.row = row
        super().__init__(message)


@contextlib.contextmanager
def text_of(file: BinaryIO, encoding: str, *, newline: str) -> Iterator[io.TextIOWrapper]:
    """
    ``file`` from its start, as text.

    Raises:
        Unreadable: it ends amid a character.

    """
    file.seek(0)
    stream = io.TextIOWrapper(file, encoding=encoding, errors=_lenient(encoding), newline=newline)
    try:
        yield stream
    except UnicodeDecodeError:
        raise Unreadable(
            "text", f"the file ends amid a character of {encoding}: save it as UTF-8"
        ) from None
    finally:
        if not file.closed:  # who reads no further may close it first
            stream.detach()


def _lenient(encoding: str) -> str:
    """How bytes that are no text come through a decoder, to be told where they stand."""
    return "surrogateescape" if encoding.startswith("utf-8") else "surrogatepass"
