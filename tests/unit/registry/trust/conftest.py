"""Fixtures of the tests of signatures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))

from trust_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
