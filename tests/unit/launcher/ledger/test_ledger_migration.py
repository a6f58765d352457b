"""A ledger of an older dialform is brought up to this one's tables, whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ledger_world import reservation

from dialform.launcher.ledger import Ledger

SCHEMA_1 = Path(__file__).with_name("schema-1.sql")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA_1.read_text(encoding="utf-8"))
    return path


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            f"{name} {sql if kind == 'index' else ''}"
            for name, kind, sql in connection.execute(
                "SELECT name, type, sql FROM sqlite_master ORDER BY name"
            )
        ]


def test_what_an_old_ledger_says_stays_true(old: Path, tmp_path: Path) -> None:
    with closing(Ledger(old)) as ledger:
        first = ledger.taken("dev", "visit-1")
        assert first is not None
        assert (first.state, first.dial_id, first.to) == ("accepted", "d1", "+14155550123")
        assert (first.person, first.campaign, first.deadline) == (first.to, None, 1795561290.5)
        assert {one.id for one in ledger.unknown()} == {"22", "33"}
        assert ledger.content("11") == (None, None)
        assert len(ledger.find()) == 3
        assert len(ledger.id) == 32
        assert len(ledger.recent("+14155550124", 0.0)) == 1
    with closing(Ledger(tmp_path / "new.db")) as new:
        assert new.find() == []
    assert tables(old) == tables(tmp_path / "new.db")
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_ledger_of_the_second_version_keeps_its_bodies(tmp_path: Path) -> None:
    path = tmp_path / "second.db"
    with closing(Ledger(path)) as ledger:
        made, _ = ledger.reserve(reservation(body=b"{}"), seconds=90)
        identifier = ledger.id
    as_now = tables(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE frame")
        connection.execute("ALTER TABLE dial DROP COLUMN frame")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    with closing(Ledger(path)) as ledger:
        assert ledger.content(made.id) == (b"{}", None)
        assert ledger.id == identifier
    assert tables(path) == as_now


def test_a_migration_that_fails_leaves_the_old_ledger(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE suppression (mine TEXT)")
        connection.commit()
    before = tables(old)
    with pytest.raises(Exception, match="suppression already exists"):
        Ledger(old).find()
    assert tables(old) == before
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
