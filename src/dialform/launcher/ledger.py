"""
The ledger: a durable record of every dial, written before its first byte is sent and after.

An SQLite file that this user alone can read. It holds numbers and inputs (less those declared
sensitive), never a key or a dial token. ``--once`` rests on it: a key is taken by a dial in
which a phone may ring, and by no other, whichever process asks.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from dialform.errors import LedgerError
from dialform.launcher import liveness
from dialform.launcher.records import RESERVED, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialform.launcher.records import Reservation

APPLICATION_ID = 0x44464C31
"""``DFL1`` in the file's header: this is a ledger."""

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE dial (
    id             TEXT PRIMARY KEY,
    environment    TEXT NOT NULL,
    once           TEXT,
    state          TEXT NOT NULL CHECK (state IN
                   ('reserved', 'accepted', 'unknown', 'rejected', 'deferred', 'not_sent')),
    preset         TEXT NOT NULL,
    version        INTEGER,
    release        INTEGER,
    preset_digest  TEXT NOT NULL,
    bound_digest   TEXT NOT NULL,
    body_digest    TEXT NOT NULL,
    workspace      TEXT NOT NULL,
    to_number      TEXT,
    from_number_id TEXT,
    inputs         TEXT NOT NULL,
    withheld       TEXT NOT NULL,
    reserved_at    TEXT NOT NULL,
    deadline       REAL NOT NULL,
    host           TEXT NOT NULL,
    process        TEXT NOT NULL,
    settled_at     TEXT,
    dial_id        TEXT,
    session_id     TEXT,
    status         INTEGER,
    words          TEXT
);
CREATE UNIQUE INDEX dial_once ON dial (environment, once)
    WHERE once IS NOT NULL AND state IN ('reserved', 'accepted', 'unknown');
CREATE INDEX dial_by_dial_id ON dial (dial_id);
"""
_MICRO = 1_000_000


_COLUMNS = ", ".join("to_number" if name == "to" else name for name in Record._fields)


class Ledger:
    """The ledger in the file ``path``, made when it is first used. Thread-safe."""

    def __init__(self, path: str | Path, *, patience: float = 10.0) -> None:
        """Touches nothing yet. ``patience``: seconds to wait for another process's write."""
        self.path = os.fspath(path)
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def reserve(self, reservation: Reservation, *, seconds: float) -> tuple[Record, bool]:
        """
        Write a dial down before it is sent; on disk when this returns.

        ``seconds`` is how long its sender may take at most.

        Returns:
            Its record and True; or, where its ``once`` key is taken, the record that took it
            and False, and nothing is written.

        Raises:
            LedgerError: it can't be written, so it must not be sent.

        """
        identifier = os.urandom(16).hex()
        now = time.time()
        with self._lock, self._writing("nothing was sent") as connection:
            if reservation.once is not None:
                taken = _taken(connection, reservation.environment, reservation.once)
                if taken is not None:
                    return taken, False
            values = {
                "id": identifier,
                "state": RESERVED,
                "reserved_at": _written(now),
                "deadline": now + seconds,
                "host": socket.gethostname(),
                "process": liveness.this_process(),
                **reservation._asdict(),
            }
            names = ", ".join("to_number" if name == "to" else name for name in values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(f"INSERT INTO dial ({names}) VALUES ({places})", values)  # noqa: S608 - field names
            record = _select(connection, "id = ?", identifier)
        if record is None:
            raise LedgerError(f"ledger {self.path}: the record is not there; nothing was sent")
        return record, True

    def settle(  # noqa: PLR0913 - an outcome has that many sides
        self,
        identifier: str,
        state: str,
        *,
        dial_id: str | None = None,
        session_id: str | None = None,
        status: int | None = None,
        words: str = "",
    ) -> None:
        """
        Write down what came of a reserved dial. ``words`` are the API's own.

        Raises:
            LedgerError: it can't be written; the record stays reserved, which counts as unknown.

        """
        with self._lock, self._writing("the dial's outcome is not on record") as connection:
            connection.execute(
                "UPDATE dial SET state = ?, settled_at = ?, dial_id = ?, session_id = ?, "
                "status = ?, words = ? WHERE id = ? AND state = 'reserved'",
                (
                    state,
                    _written(time.time()),
                    dial_id,
                    session_id,
                    status,
                    words or None,
                    identifier,
                ),
            )

    def taken(self, environment: str, once: str) -> Record | None:
        """
        The dial that took a ``--once`` key; None if none did.

        Raises:
            LedgerError: the ledger can't be read.

        """
        with self._lock, self._errors("nothing was sent"):
            return _taken(self._opened(), environment, once)

    def close(self) -> None:
        """Let go of the file; it is opened again where needed."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _writing(self, otherwise: str) -> Iterator[sqlite3.Connection]:
        """One transaction that waits for other writers; ``otherwise`` says what failing means."""
        with self._errors(otherwise), _transaction(self._opened(), "IMMEDIATE") as connection:
            yield connection

    @contextlib.contextmanager
    def _errors(self, otherwise: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{self._told(error)}; {otherwise}") from None

    def _opened(self) -> sqlite3.Connection:
        """The connection of this process; a forked one must not use its parent's."""
        if self._connection is None or self._process != os.getpid():
            self._connection = self._connect()
            self._process = os.getpid()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        self._make_file()
        connection = sqlite3.connect(
            self.path, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
            with _transaction(connection, "DEFERRED"):  # what it reads is of one moment
                version = self._version(connection)
            if version == 0:
                self._set_up(connection)
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_file(self) -> None:
        """The file for this user alone, before SQLite makes one for everybody."""
        folder = os.path.dirname(os.path.abspath(self.path))  # noqa: PTH100, PTH120 - no pathlib here
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _version(self, connection: sqlite3.Connection) -> int:
        """The schema's version; 0 for an empty file."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION_ID and (application or version or tables):
            raise LedgerError(
                f"{self.path} is another program's database, not a ledger; nothing was sent; "
                "name another file with --ledger or DIALFORM_LEDGER"
            )
        if version > SCHEMA_VERSION:
            raise LedgerError(
                f"{self.path} was written by a newer dialform (its schema is {version}, this "
                f"one knows {SCHEMA_VERSION}); nothing was sent; upgrade dialform"
            )
        return int(version)

    def _set_up(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + self._patience
        while True:  # the change to WAL needs the file alone and does not wait for it
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        connection.execute("PRAGMA synchronous = FULL")
        with _transaction(connection, "IMMEDIATE"):
            if self._version(connection) == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _told(self, error: sqlite3.Error | OSError) -> str:
        """What went wrong with the file and what to do."""
        name = getattr(error, "sqlite_errorname", "") or ""
        told = {
            "SQLITE_FULL": "the disk is full: make room",
            "SQLITE_BUSY": f"another process has held it for {self._patience:.0f} seconds: end it",
            "SQLITE_LOCKED": "another process holds it: end it",
            "SQLITE_READONLY": "it is read-only: give this user the right to write it",
            "SQLITE_CANTOPEN": "it can't be opened: check its folder and rights",
            "SQLITE_NOTADB": "it is not a ledger: name another file with --ledger",
            "SQLITE_CORRUPT": "it is damaged: put it aside for an examination, name another",
        }
        for prefix, what in told.items():
            if name.startswith(prefix):
                return f"ledger {self.path}: {what}"
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"ledger {self.path}: {words}"


def _taken(connection: sqlite3.Connection, environment: str, once: str) -> Record | None:
    return _select(
        connection,
        "environment = ? AND once = ? AND state IN ('reserved', 'accepted', 'unknown')",
        environment,
        once,
    )


def _select(connection: sqlite3.Connection, where: str, *values: str) -> Record | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM dial WHERE {where}", values).fetchone()  # noqa: S608 - constants
    return None if row is None else Record(*row)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[sqlite3.Connection]:
    """A transaction; an IMMEDIATE one holds the write lock from its start."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _is_busy(error: sqlite3.Error) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _written(seconds: float) -> str:
    """A time as ``2026-11-23T23:00:00.123456Z``."""
    whole, micro = divmod(round(seconds * _MICRO), _MICRO)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{micro:06d}Z"
