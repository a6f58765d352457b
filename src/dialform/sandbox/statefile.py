"""
The file that a sandbox keeps its state in: SQLite, a row for each dial, object and request.

A row is written when its thing changes, so that a sandbox of many dials stays fast; a change
is whole or not there. The file is locked while a sandbox runs: two never share one.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from dialform.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARK = 0x64665362
"""SQLite's ``application_id``: says that a file is a sandbox's state."""

_FORMAT = 1
"""SQLite's ``user_version``."""


class StateFile:
    """A state file, held by this process until `release`. Used from one thread at a time."""

    def __init__(self, path: Path) -> None:
        """
        Open and lock it; a file that is not there is made.

        Raises SettingError where another sandbox holds it, it can't be written, or it is
        something else.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.broken(error.strerror or str(error)) from None
        self._rows: sqlite3.Connection | None = None
        try:
            self._rows = sqlite3.connect(path, timeout=0, check_same_thread=False)
            self._open(self._rows)
        except (sqlite3.Error, SettingError) as error:
            self.release()
            if isinstance(error, SettingError):
                raise
            raise self._explained(error) from None

    def _open(self, rows: sqlite3.Connection) -> None:
        rows.execute("PRAGMA locking_mode = EXCLUSIVE")
        rows.execute("BEGIN IMMEDIATE")
        mark, version, tables = (
            rows.execute(question).fetchone()[0]
            for question in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        if tables and mark != _MARK:
            raise self.broken("it is something else's database")
        if tables and version != _FORMAT:
            raise self.broken(f"it has format {version}; this version reads {_FORMAT}")
        rows.execute(f"PRAGMA application_id = {_MARK}")
        rows.execute(f"PRAGMA user_version = {_FORMAT}")
        rows.execute(
            "CREATE TABLE IF NOT EXISTS kept (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
            "key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind, key))"
        )
        rows.commit()
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = NORMAL")
        found = rows.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise self.broken(found)

    def read(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Keys and values of a kind, in the order in which they were first put."""
        question = "SELECT key, value FROM kept WHERE kind = ? ORDER BY place"
        try:
            for key, value in self._held.execute(question, (kind,)):
                yield key, json.loads(value)
        except (sqlite3.Error, ValueError, RecursionError) as error:
            raise self.broken(str(error)) from None

    def put(self, kind: str, key: str, value: Any) -> None:
        """Put a value in, or in place of what was there. `save` makes it last."""
        self._write(
            "INSERT INTO kept (kind, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            (kind, key, json.dumps(value)),
        )

    def drop(self, kind: str, key: str) -> None:
        """Take a value out."""
        self._write("DELETE FROM kept WHERE kind = ? AND key = ?", (kind, key))

    def clear(self) -> None:
        """Take everything out."""
        self._write("DELETE FROM kept", ())

    def save(self) -> None:
        """Make all that was put and dropped last, or none of it. Raises SettingError."""
        try:
            self._held.commit()
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def release(self) -> None:
        """Let another sandbox have it."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    @property
    def _held(self) -> sqlite3.Connection:
        if self._rows is None:
            raise self.broken("it was released")
        return self._rows

    def _write(self, change: str, values: tuple[str, ...]) -> None:
        try:
            self._held.execute(change, values)
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def _explained(self, error: sqlite3.Error) -> SettingError:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            return SettingError(
                f"sandbox state {self.path}: another sandbox is using it; stop that one or give "
                "this one its own --state file"
            )
        return self.broken(str(error))

    def broken(self, why: str) -> SettingError:
        """The error for a file that can't be used."""
        return SettingError(
            f"sandbox state {self.path}: can't be used: {why}; "
            "name another --state file, or move this one away to begin anew"
        )
