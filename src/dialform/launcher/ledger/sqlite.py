"""
A ledger in an SQLite file: WAL, each commit on disk before it returns, this user's alone.

Uses os throughout: pathlib is an import that a launcher can spare.
"""
# ruff: noqa: PTH100, PTH103, PTH120

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from dialform.errors import LedgerError
from dialform.launcher.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from dialform.launcher.ledger.database import Rows, Values

_CHECKPOINT = 4000
"""Pages of 4 KiB in the WAL before they are brought into the file, which takes two syncs."""


_STATEMENTS = 512
"""Statements that are kept ready: those for many rows differ with how many there are."""

_PAGE = 4096 + 512
"""Bytes of a page in it, and what the cache keeps of the change that makes room."""


class SqliteConnection:
    """A connection to the file. Statements outside of a transaction are one each."""

    by_person = " INDEXED BY person_once"
    """Else it takes a campaign for a few rows and goes through all of them."""

    numbers_dials = True

    broken = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        """``connection`` starts no transactions by itself."""
        self._connection = connection
        self._run = connection.cursor().execute  # one for all: whoever holds it reads it whole

    def change(self, statement: str, values: Values | Sequence[Any] | None = None) -> int:
        """Run a statement; the number of rows that it changed."""
        return self._run(statement, values or {}).rowcount

    def change_each(self, statement: str, values: Iterable[Values | Sequence[Any]]) -> int:
        """Run a statement for each of ``values``; the number of rows changed by all."""
        return max(self._connection.executemany(statement, values).rowcount, 0)

    def rows(self, statement: str, values: Values | None = None) -> Rows:
        """All rows of a query."""
        return self._run(statement, values or {}).fetchall()

    def begin(self, *, alone: bool = True) -> None:  # noqa: ARG002 - see `Connection`
        """Begin a transaction that holds the write lock from its start."""
        self._run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End it: on disk when this returns."""
        self._run("COMMIT")

    def rollback(self) -> None:
        """Undo it."""
        self._run("ROLLBACK")

    def dials(self) -> int:
        """The number of the last row: none is ever removed."""
        return int(self.rows("SELECT COALESCE(MAX(rowid), 0) FROM dial")[0][0])

    def place(self) -> str | None:
        """None: its file says it."""
        return None

    def make_room(self) -> None:
        """
        Write the WAL as long as it gets before it is begun anew, with a change that is undone.

        A sync of what stands there already takes a fraction of one that makes a file longer.
        """
        with contextlib.suppress(sqlite3.Error):  # where there is no room, it is done without
            self.begin()
            try:
                # More than the cache holds is written to the WAL before it is undone.
                self.change(
                    "INSERT INTO meta (key, value) VALUES ('', zeroblob(?))", [_CHECKPOINT * _PAGE]
                )
            finally:
                self.rollback()

    def checkpoint(self) -> None:
        """Write what the WAL holds into the file, as far as readers allow."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class SqliteFile:
    """The ledger's file, made when it is first connected to."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)

    def __init__(self, path: str, *, patience: float, identifier: Callable[[], str]) -> None:
        """``patience``: seconds to wait for another process's write; `identifier`: the id."""
        self.place = path
        self._patience = patience
        self._identifier = identifier

    def connect(self) -> SqliteConnection:
        """A connection to the file as this version knows it."""
        self._make_file()
        raw = sqlite3.connect(
            self.place,
            timeout=self._patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
        connection = SqliteConnection(raw)
        try:
            raw.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
            raw.execute("BEGIN")  # what it reads is of one moment
            version = self._version(raw)
            raw.execute("COMMIT")
            if version == 0:
                self._become_wal(raw)
            raw.execute("PRAGMA synchronous = FULL")
            raw.execute("PRAGMA secure_delete = ON")  # what is erased is in no free page
            raw.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
            if version < schema.VERSION:
                self._bring_up(connection, raw)
        except BaseException:
            raw.close()
            raise
        return connection

    def told(self, error: Exception) -> str:
        """What went wrong with the file and what to do."""
        name = getattr(error, "sqlite_errorname", "") or ""
        told = {
            "SQLITE_FULL": "the disk is full: make room",
            "SQLITE_IOERR": "the disk does not take it: look whether it is full or fails",
            "SQLITE_BUSY": f"another process has held it for {self._patience:.0f} seconds: end it",
            "SQLITE_LOCKED": "another process holds it: end it",
            "SQLITE_READONLY": "it is read-only: give this user the right to write it",
            "SQLITE_CANTOPEN": "it can't be opened: check its folder and rights",
            "SQLITE_NOTADB": "it is not a ledger: name another file with --ledger",
            "SQLITE_CORRUPT": "it is damaged: put it aside for an examination, name another",
        }
        for prefix, what in told.items():
            if name.startswith(prefix):
                return f"ledger {self.place}: {what}"
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"ledger {self.place}: {words}"

    def _make_file(self) -> None:
        """The file for this user alone, before SQLite makes one for everybody."""
        folder = os.path.dirname(os.path.abspath(self.place))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _version(self, raw: sqlite3.Connection) -> int:
        """The schema's version; 0 for an empty file."""
        (application,) = raw.execute("PRAGMA application_id").fetchone()
        (version,) = raw.execute("PRAGMA user_version").fetchone()
        (tables,) = raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != schema.APPLICATION_ID and (application or version or tables):
            raise LedgerError(
                f"{self.place} is another program's database, not a ledger; nothing was sent; "
                "name another file with --ledger or DIALFORM_LEDGER"
            )
        if version > schema.VERSION:
            raise LedgerError(
                f"{self.place} was written by a newer dialform (its schema is {version}, this "
                f"one knows {schema.VERSION}); nothing was sent; upgrade dialform"
            )
        return int(version)

    def _become_wal(self, raw: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._patience
        while True:  # the change to WAL needs the file alone and does not wait for it
            try:
                raw.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _bring_up(self, connection: SqliteConnection, raw: sqlite3.Connection) -> None:
        """Make the tables, or those of this version from an older one's: all or nothing."""
        connection.begin()
        found = self._version(raw)
        if found < schema.VERSION:
            for statement in schema.statements(found):
                raw.execute(statement)
            raw.execute(schema.NEW_ID, {"id": self._identifier()})
            raw.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            raw.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.commit()  # what raises before it closes the connection, which undoes all


def _is_busy(error: sqlite3.Error) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
