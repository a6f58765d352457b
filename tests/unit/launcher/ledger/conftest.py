"""Fixtures of the ledger's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.launcher.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    one = Ledger(tmp_path / "ledger.db")
    yield one
    one.close()
