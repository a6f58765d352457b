"""Fixtures of the tests of signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from trust_world import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A registry and people with keys."""
    return World(tmp_path)
