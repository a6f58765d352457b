"""Fixtures: a server over the launcher's world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving_world import Served

from dialform.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher_world import World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """One for each test: the shared one's time may be hours ahead, and times are compared here."""
    with Sandbox() as one:
        one.speed(0)
        yield one


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    """A running server."""
    with Served(world) as one:
        yield one
