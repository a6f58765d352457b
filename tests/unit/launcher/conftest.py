"""Fixtures: the world that launchers work in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from launcher_world import World
from postgres_server import WHY, PostgresServerProcess, programs

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServerProcess]:
    """A real PostgreSQL server, started once; where there is none, CI fails and others skip."""
    found = programs()
    if found is None:
        assert not os.environ.get("CI"), WHY
        pytest.skip(WHY)
    server = PostgresServerProcess(found)
    yield server
    server.stop()
