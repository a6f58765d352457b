"""
What all parts of the ledger share: one connection, its transactions, its errors in words.

Opens nothing before it is used. Knows no table but the one of the ledger's own settings.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

from dialform.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dialform.launcher.ledger.database import Connection, Database
    from dialform.launcher.ledger.mark import Mark

_MICRO = 1_000_000


class Storage:
    """A ledger's database, connected to when it is first used. Thread-safe."""

    def __init__(
        self,
        path: str | Path,
        *,
        patience: float = 10.0,
        clock: Callable[[], float] = time.time,
        identifier: Callable[[], str] | None = None,
    ) -> None:
        """
        Touch nothing yet.

        Args:
            path: a file's, or a URL ``postgresql://...``.
            patience: seconds to wait for another process's write.
            clock: the time, in seconds since 1970.
            identifier: makes the ids of dials: new ones, that nobody can guess.

        """
        self.path = os.fspath(path)
        self._patience = patience
        self._clock = clock
        self._identifier = identifier or _random
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._connection: Connection | None = None
        self._process = 0
        self._mark: Mark | None = None
        self._count = 0

    @property
    def shown(self) -> str:
        """What messages call it: its path, or its URL without the password."""
        return self._where().place

    @property
    def is_shared(self) -> bool:
        """Whether several machines may use it: it is in a PostgreSQL server."""
        return self.path.startswith(("postgresql://", "postgres://"))

    @property
    def id(self) -> str:
        """
        The ledger's own id, which a copy of it has too.

        Raises:
            LedgerError: the ledger can't be read, as all the methods.

        """
        return self.setting("id") or ""

    def setting(self, key: str) -> str | None:
        """What the ledger keeps under ``key``; None if nothing."""
        with self._reading() as connection:
            rows = connection.rows("SELECT value FROM meta WHERE key = :key", {"key": key})
        return str(rows[0][0]) if rows else None

    def set(self, key: str, value: str) -> None:
        """Keep ``value`` under ``key``."""
        with self._writing("a setting was not kept") as connection:
            connection.change(
                "INSERT INTO meta (key, value) VALUES (:key, :value) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                {"key": key, "value": value},
            )

    def checkpoint(self) -> None:
        """Bring the log of changes into the ledger's file, so that the file alone is whole."""
        with self._lock, self._errors("nothing is lost") as connection:
            connection.checkpoint()

    def close(self) -> None:
        """Let go of the database; it is opened again where needed."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _writing(self, otherwise: str) -> Iterator[Connection]:
        """One transaction that waits for other writers; ``otherwise`` says what failing means."""
        with (
            self._lock,
            self._errors(otherwise) as connection,
            connection.transaction(writing=True),
        ):
            yield connection

    @contextlib.contextmanager
    def _reading(self, otherwise: str = "nothing was sent") -> Iterator[Connection]:
        """The connection for one query, or for several that need not be of one moment."""
        with self._lock, self._errors(otherwise) as connection:
            yield connection

    @contextlib.contextmanager
    def _errors(self, otherwise: str) -> Iterator[Connection]:
        database = self._where()
        try:
            yield self._opened(database)
        except database.errors as error:
            if self._connection is not None and self._connection.broken:
                self._connection = None
            raise LedgerError(f"{database.told(error)}; {otherwise}") from None

    def _where(self) -> Database:
        if self._database is None:
            kind: type[Database]
            if self.is_shared:
                from dialform.launcher.ledger.postgres import PostgresServer  # noqa: PLC0415

                kind = PostgresServer
            else:
                from dialform.launcher.ledger.sqlite import SqliteFile  # noqa: PLC0415

                kind = SqliteFile
            self._database = kind(self.path, patience=self._patience, identifier=self._identifier)
        return self._database

    def _opened(self, database: Database) -> Connection:
        """The connection of this process; a forked one must not use its parent's."""
        if self._connection is None or self._process != os.getpid():
            self._connection = database.connect()
            self._process = os.getpid()
        return self._connection


def written(seconds: float) -> str:
    """A time as ``2026-11-23T23:00:00.123456Z``."""
    whole, micro = divmod(round(seconds * _MICRO), _MICRO)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{micro:06d}Z"


def _random() -> str:
    return os.urandom(16).hex()
