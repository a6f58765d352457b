"""An event loop without a clock or a network: time passes when nothing is left to do."""

from __future__ import annotations

import asyncio
from typing import Any


class _Skips:
    """In the place of a selector: instead of waiting, time jumps."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("the simulation stands still: everybody waits for somebody else")
        self._loop.passed += timeout
        return []


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs coroutines in the order of their due times, as fast as they can be computed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self._selector = _Skips(self)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self.passed

    def _process_events(self, event_list: list[Any]) -> None:
        assert not event_list

    def _write_to_self(self) -> None:
        raise AssertionError("a thread has no place in a simulation")
