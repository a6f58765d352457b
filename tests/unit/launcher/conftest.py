"""Fixtures: the world that launchers work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from launcher_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialform.launcher import Launcher
    from dialform.sandbox import Sandbox


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox) -> World:
    """A registry with one released preset, and a sandbox as its workspace."""
    return World(tmp_path, sandbox)


@pytest.fixture
def launcher(world: World) -> Iterator[Launcher]:
    """A launcher of that world."""
    with world.launcher() as one:
        yield one
