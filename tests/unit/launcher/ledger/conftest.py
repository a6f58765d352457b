"""Fixtures of the ledger's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.launcher.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres_server import PostgresServerProcess


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger is: a file, or a database of a real server."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    server: PostgresServerProcess = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An empty ledger."""
    one = Ledger(place)
    yield one
    one.close()
