"""Fixtures: a server over the launcher's world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serving_world import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher_world import World


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    """A running server."""
    with Served(world) as one:
        yield one
