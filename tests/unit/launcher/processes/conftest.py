"""Fixtures: processes that are forked quickly, and the world that they launch from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from process_world import Processes, Zygote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialform.sandbox import Sandbox


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """What forks the processes."""
    one = Zygote()
    yield one
    one.close()


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox, zygote: Zygote) -> Processes:
    """A registry with a released preset; calls that end at once."""
    sandbox.speed(10_000)
    return Processes(tmp_path, sandbox, zygote)
