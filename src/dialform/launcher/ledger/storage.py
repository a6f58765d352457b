"""
What all parts of the ledger share: one connection, its transactions, its errors in words.

Opens nothing before it is used. Knows no table but the one of the ledger's own settings.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from typing import TYPE_CHECKING

from dialform.errors import LedgerError, SettingError
from dialform.launcher.ledger.framing import Frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialform.launcher.ledger.database import Connection, Database
    from dialform.launcher.ledger.mark import Mark

_MICRO = 1_000_000


class Storage:
    """A ledger's database, connected to when it is first used. Thread-safe."""

    def __init__(  # noqa: PLR0913 - settings, all but one with a default
        self,
        path: str | Path,
        *,
        patience: float = 10.0,
        clock: Callable[[], float] = time.time,
        identifier: Callable[[], str] | None = None,
        host: str | None = None,
        process: str | None = None,
    ) -> None:
        """
        Touch nothing yet.

        Args:
            path: a file's, or a URL ``postgresql://...``.
            patience: seconds to wait for another process's write.
            clock: the time, in seconds since 1970.
            identifier: makes the ids of dials: new ones, that nobody can guess.
            host: what dials say that they were reserved on; None is this machine.
            process: and by which process; None is the one that reserves them.

        Raises:
            SettingError: it is some other URL.

        """
        self.path = os.fspath(path)
        scheme, is_url, _ = self.path.partition("://")
        if is_url and not self.is_shared:
            raise SettingError(
                f"a ledger is a file or postgresql://..., not {scheme}://...: correct --ledger or "
                "DIALFORM_LEDGER; nothing was sent"
            )
        self._patience = patience
        self._clock = clock
        self._identifier = identifier or _random
        self._host = host
        self._process_name = process
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._connection: Connection | None = None
        self._process = 0
        self._mark: Mark | None = None
        self._count = 0
        self._frames = Frames()
        self._taken: dict[str, tuple[int, int]] = {}
        self._together = 0
        """The thread in whose transaction everything is done for now; 0 for none."""

        self._around: Use
        """That transaction, or the last."""

        self._committed: list[Callable[[], None]] = []
        """What is done when it is on disk."""

    @property
    def shown(self) -> str:
        """What messages call it: its path, or its URL without the password."""
        return self._where().place

    @property
    def is_shared(self) -> bool:
        """Whether several machines may use it: it is in a PostgreSQL server."""
        return self.path.startswith(("postgresql://", "postgres://"))

    @property
    def is_there(self) -> bool:
        """Whether it was begun; a server's counts as that. Opens nothing, so it begins none."""
        return self.is_shared or os.path.exists(self.path)  # noqa: PTH110 - no pathlib here

    @property
    def id(self) -> str:
        """
        The ledger's own id, which a copy of it has too.

        Raises:
            LedgerError: the ledger can't be read, as all the methods.

        """
        return self.setting("id") or ""

    def now(self) -> float:
        """The time by the ledger's clock, in seconds since 1970."""
        return self._clock()

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

    def make_room(self) -> None:
        """Where much is to be written: make the ledger quicker for it, which takes a moment."""
        with self._reading("nothing is lost") as connection:
            connection.make_room()

    def checkpoint(self) -> None:
        """Bring the log of changes into the ledger's file, so that the file alone is whole."""
        with self._reading("nothing is lost") as connection:
            connection.checkpoint()

    def close(self) -> None:
        """Let go of the database; it is opened again where needed."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def _writing(self, otherwise: str, *, alone: bool = True) -> Use:
        """One transaction; ``otherwise`` says what failing means, ``alone`` is as for `begin`."""
        return self._use(otherwise, writing=True, alone=alone)

    def together(self, otherwise: str) -> Use:
        """
        One transaction for all that this thread asks of the ledger in a ``with`` block.

        All of it is on disk when the block ends, or none of it is where it raises. Others wait.
        It begins with the first that is asked: a block that asks nothing waits for nobody.
        """
        return Use(self, otherwise, writing=True, together=True)

    def _once_on_disk(self, what: Callable[[], None]) -> None:
        """Do it when what was written so far is on disk: never where that is undone."""
        if self._together == threading.get_ident():
            self._committed.append(what)
        else:
            what()

    def _reading(self, otherwise: str = "nothing was sent") -> Use:
        """The connection for one query, or for several that need not be of one moment."""
        return self._use(otherwise, writing=False)

    def _use(self, otherwise: str, *, writing: bool, alone: bool = True) -> Use:
        joins = self._together == threading.get_ident()
        return (Joined if joins else Use)(self, otherwise, writing=writing, alone=alone)

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


class Use:
    """
    The connection of a ledger for a ``with`` block, for one thread at a time.

    What its database raises becomes a LedgerError that ends with ``otherwise``. A class of its
    own, since a dial goes through it several times and a generator's manager costs more.
    """

    __slots__ = (
        *("_alone", "_begun", "_connection", "_database", "_otherwise"),
        *("_storage", "_together", "_writing"),
    )

    def __init__(
        self,
        storage: Storage,
        otherwise: str,
        *,
        writing: bool,
        together: bool = False,
        alone: bool = True,
    ) -> None:
        """
        Touch nothing yet.

        ``writing``: the block is a transaction, which is undone if it raises; ``together``: and
        what other blocks within it do is a part of it; ``alone`` is as for `Connection.begin`.
        """
        self._storage = storage
        self._alone = alone
        self._otherwise = otherwise
        self._writing = writing
        self._together = together
        self._begun = False

    def __enter__(self) -> Connection:
        """Open it where needed, and begin."""
        storage = self._storage
        storage._lock.acquire()  # noqa: SLF001 - a part of it
        try:
            self._database = storage._where()  # noqa: SLF001
            try:
                self._connection = storage._opened(self._database)  # noqa: SLF001
                if self._together:
                    storage._around = self  # noqa: SLF001
                    storage._together = threading.get_ident()  # noqa: SLF001
                elif self._writing:
                    self._begin()
            except self._database.errors as error:
                raise self._told(error) from None
        except BaseException:
            storage._lock.release()  # noqa: SLF001
            raise
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Make it durable, or undo it."""
        storage = self._storage
        after: list[Callable[[], None]] = []
        if self._together:
            storage._together = 0  # noqa: SLF001 - a part of it
            after, storage._committed = storage._committed, []  # noqa: SLF001
        try:
            self._end(error)
        finally:
            storage._lock.release()  # noqa: SLF001
        for one in after if error is None else ():
            one()

    def begun(self) -> Connection:
        """The connection, once the transaction has begun."""
        if not self._begun:
            self._begin()
        return self._connection

    def _begin(self) -> None:
        try:
            self._connection.begin(alone=self._alone)
        except self._database.errors:
            self._undo()  # a server may have begun it, and then failed to wait for the others
            raise
        self._begun = True

    def _end(self, error: BaseException | None) -> None:
        if self._begun and error is None:
            try:
                self._connection.commit()
            except self._database.errors as trouble:
                self._undo()
                raise self._told(trouble) from None
            except BaseException:
                self._undo()
                raise
        elif error is not None:
            if self._begun:
                self._undo()
            if isinstance(error, self._database.errors):
                raise self._told(error) from None

    def _undo(self) -> None:
        with contextlib.suppress(*self._database.errors):
            self._connection.rollback()

    def _told(self, error: Exception) -> LedgerError:
        storage = self._storage
        if storage._connection is not None and storage._connection.broken:  # noqa: SLF001
            storage._connection = None  # noqa: SLF001
        return LedgerError(f"{self._database.told(error)}; {self._otherwise}")


class Joined(Use):
    """A block within one that does several things together: it begins and ends nothing."""

    __slots__ = ()

    def __enter__(self) -> Connection:
        """The connection of the block around it, which begins here if it has not."""
        self._database = self._storage._where()  # noqa: SLF001 - a part of it
        try:
            return self._storage._around.begun()  # noqa: SLF001
        except self._database.errors as error:
            raise self._told(error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Nothing but the words for what went wrong: the block around it undoes all."""
        if isinstance(error, self._database.errors):
            raise self._told(error) from None


def written(seconds: float) -> str:
    """A time as ``2026-11-23T23:00:00.123456Z``."""
    whole, micro = divmod(round(seconds * _MICRO), _MICRO)
    return f"{_whole(whole)}.{micro:06d}Z"


@functools.lru_cache(maxsize=4)
def _whole(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _random() -> str:
    return os.urandom(16).hex()
