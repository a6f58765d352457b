"""
The few things that the ledger asks of a database, whichever it is.

Pure. Statements name their values as ``:name``, and are one text for all databases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Values = Mapping[str, Any]
    Rows = list[tuple[Any, ...]]


class Connection(Protocol):
    """A connection to the ledger's tables, for one thread at a time."""

    by_person: str
    """What follows ``UPDATE person`` where people are named: how they are to be found."""

    numbers_dials: bool
    """Whether `dials` is known without counting them."""

    @property
    def broken(self) -> bool:
        """Whether it is of no use any more."""

    def change(self, statement: str, values: Values | Sequence[Any] | None = None) -> int:
        """Run a statement; the number of rows that it made, changed or removed."""

    def change_each(self, statement: str, values: Iterable[Values | Sequence[Any]]) -> int:
        """
        Run a statement for each of ``values``; the number of rows changed by all.

        Values in their order, for ``?``, are quicker than values by name.
        """

    def rows(self, statement: str, values: Values | None = None) -> Rows:
        """All rows of a query."""

    def begin(self, *, alone: bool = True) -> None:
        """
        Begin what is done whole or not at all.

        ``alone``: waits for others that are, and lets none go on until it ends. A file has one
        writer at a time, whatever is said.
        """

    def commit(self) -> None:
        """Make it durable."""

    def rollback(self) -> None:
        """Undo it."""

    def dials(self) -> int:
        """How many dials there are, and quickly."""

    def place(self) -> str | None:
        """Which database of which server it is; None: the file says it."""

    def make_room(self) -> None:
        """Make a log of changes as long as it gets: what makes it longer takes its time."""

    def checkpoint(self) -> None:
        """Bring what a log of changes holds into the database itself, where there is one."""

    def close(self) -> None:
        """Let go of it."""


class Database(Protocol):
    """Where a ledger is."""

    place: str
    """What messages call it: no password."""

    errors: tuple[type[Exception], ...]
    """What its connections raise."""

    def __init__(self, path: str, /, *, patience: float, identifier: Callable[[], str]) -> None:
        """
        Touch nothing yet.

        Args:
            path: a file's, or a server's URL.
            patience: seconds to wait for others.
            identifier: makes the ledger's id, where it is new.

        """

    def connect(self) -> Connection:
        """
        A connection whose tables are of this version: made, or brought up to it, where not.

        Raises:
            LedgerError: it is another program's, or a newer dialform's.

        """

    def told(self, error: Exception) -> str:
        """What went wrong and what to do, for a person."""
