"""
A ledger in PostgreSQL, which several machines may share: the same statements, over psycopg.

Its tables stand in a schema of their own, ``dialform``. psycopg is an extra, loaded here only.
"""

from __future__ import annotations

import functools
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dialform.errors import LedgerError, SettingError
from dialform.launcher.ledger import schema
from dialform.launcher.places import without_password

try:
    import psycopg
except ImportError:
    raise SettingError(
        "a ledger in PostgreSQL needs psycopg, which is not installed: "
        "pip install 'dialform[postgres]'"
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dialform.launcher.ledger.database import Rows, Values

_VALUE = re.compile(r":(\w+)")
_SETTING_UP = 0x44464C31
"""The advisory lock that one process holds while it makes the tables."""

_WRITING = _SETTING_UP + 1
"""
The advisory lock of a transaction: of two that change the same rows in another order, none could
go on. It is short, but for people that are added, which nobody else changes meanwhile.
"""

_STOPPED = "60s"
"""How long a process may be silent in a transaction before the server undoes it."""

_ADVICE = {
    "08": "the server can't be reached: check the URL and the network",
    "25006": "it is read-only: name a server that takes writes",
    "28": "the server refuses this user: check user and password in the URL",
    "3D000": "there is no such database: create it, or correct the URL",
    "40P01": "two processes waited for each other: run it again",
    "42501": "this user may not do that there: grant it the schema dialform",
    "53100": "the server's disk is full: make room",
    "53": "the server has no room for more connections or memory",
    "55P03": "another process has held its rows for too long: end it",
    "57P": "the server is shutting down or starting: wait for it",
}
"""SQLSTATE, or how it begins -> what is wrong, and what to do."""


class PostgresConnection:
    """A connection to the server. Statements outside of a transaction are one each."""

    by_person = ""
    """The server counts its rows, and knows."""

    numbers_dials = False

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """``connection`` commits by itself outside of a transaction."""
        self._connection = connection

    @property
    def broken(self) -> bool:
        """Whether it is of no use any more."""
        return self._connection.closed

    def change(self, statement: str, values: Values | Sequence[Any] | None = None) -> int:
        """Run a statement; the number of rows that it changed."""
        return self._connection.execute(_translated(statement), values or {}).rowcount

    def change_each(self, statement: str, values: Iterable[Values | Sequence[Any]]) -> int:
        """Run a statement for each of ``values``; the number of rows changed by all."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_translated(statement), values)
            return max(cursor.rowcount, 0)

    def rows(self, statement: str, values: Values | None = None) -> Rows:
        """All rows of a query."""
        return self._connection.execute(_translated(statement), values or {}).fetchall()

    def begin(self, *, alone: bool = True) -> None:
        """Begin a transaction: the server's rows have many writers, so that they wait here."""
        self._connection.execute("BEGIN")
        if alone:
            self.rows("SELECT pg_advisory_xact_lock(:lock)", {"lock": _WRITING})

    def commit(self) -> None:
        """End it: on the server's disk when this returns."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo it."""
        self._connection.execute("ROLLBACK")

    def dials(self) -> int:
        """The number of rows."""
        return int(self.rows("SELECT COUNT(*) FROM dial")[0][0])

    def place(self) -> str | None:
        """The database, and the id that its server has since it was made."""
        ((found,),) = self.rows(
            "SELECT current_database() || ' of ' || system_identifier FROM pg_control_system()"
        )
        return str(found)

    def make_room(self) -> None:
        """Nothing: the server's own affair."""

    def checkpoint(self) -> None:
        """Nothing: the server's own affair."""

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class PostgresServer:
    """The ledger in a database of a server; its tables are made when it is first connected to."""

    errors: tuple[type[Exception], ...] = (psycopg.Error, OSError)

    def __init__(self, url: str, *, patience: float, identifier: Callable[[], str]) -> None:
        """``patience``: seconds to wait for the server and for others' rows."""
        self.place = without_password(url)
        self._url = url
        self._patience = patience
        self._identifier = identifier

    def connect(self) -> PostgresConnection:
        """A connection to the tables as this version knows them."""
        milliseconds = max(1, int(self._patience * 1000))
        raw = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=max(2, int(self._patience)),
            application_name="dialform",
        )
        connection = PostgresConnection(raw)
        try:
            connection.change("SET synchronous_commit = on")
            connection.change(f"SET lock_timeout = {milliseconds}")
            connection.change(f"SET idle_in_transaction_session_timeout = '{_STOPPED}'")
            connection.change("SET search_path = dialform")
            if self._version(connection) < schema.VERSION:
                self._bring_up(connection)
        except BaseException:
            with suppress(psycopg.Error):
                raw.close()
            raise
        return connection

    def told(self, error: Exception) -> str:
        """What went wrong with the server and what to do."""
        code = getattr(error, "sqlstate", None) or ("08" if _is_lost(error) else "")
        words = " ".join(str(error).split())
        if not getattr(error, "sqlstate", None) and "FATAL:" in words:  # as one connects
            return (
                f"ledger {self.place}: the server refuses the connection: check user, password "
                f"and database in the URL ({words})"
            )
        for prefix, what in _ADVICE.items():
            if code.startswith(prefix):
                return f"ledger {self.place}: {what} ({words})"
        return f"ledger {self.place}: {words}"

    def _version(self, connection: PostgresConnection) -> int:
        """The schema's version; 0 where there are no tables."""
        ((there,),) = connection.rows("SELECT to_regclass('dialform.meta') IS NOT NULL")
        if not there:
            return 0
        found = connection.rows("SELECT value FROM meta WHERE key = 'schema'")
        version = int(found[0][0]) if found else 0
        if not found or version > schema.VERSION:
            raise LedgerError(
                f"ledger {self.place}: its schema dialform is "
                + (
                    f"a newer dialform's ({version}, this one knows {schema.VERSION}); "
                    "nothing was sent; upgrade dialform"
                    if found
                    else "another program's; nothing was sent; name another database"
                )
            )
        return version

    def _bring_up(self, connection: PostgresConnection) -> None:
        """Make the tables: all or nothing, and by one process."""
        # Before the transaction: what others have made meanwhile is seen from its start only.
        connection.rows("SELECT pg_advisory_lock(:lock)", {"lock": _SETTING_UP})
        try:
            connection.begin()
            found = self._version(connection)
            if found < schema.VERSION:
                self._make(connection, found)
            connection.commit()  # what raises before it closes the connection, which undoes all
        finally:
            with suppress(psycopg.Error):  # a connection that is lost has lost its locks
                connection.rows("SELECT pg_advisory_unlock(:lock)", {"lock": _SETTING_UP})

    def _make(self, connection: PostgresConnection, found: int) -> None:
        connection.change("CREATE SCHEMA IF NOT EXISTS dialform")
        for statement in schema.statements(found):
            connection.change(statement.replace(" BLOB", " BYTEA").replace(" WITHOUT ROWID", ""))
        connection.change(schema.NEW_ID, {"id": self._identifier()})
        connection.change(
            "INSERT INTO meta (key, value) VALUES ('schema', :version) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            {"version": str(schema.VERSION)},
        )


@functools.cache
def _translated(statement: str) -> bytes:
    """The statement with its values as psycopg names them."""
    named = _VALUE.sub(r"%(\1)s", statement.replace("%", "%%"))
    return named.replace("?", "%s").encode()


def _is_lost(error: Exception) -> bool:
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | OSError)
