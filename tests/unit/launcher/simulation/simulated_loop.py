"""
An event loop without a clock or a network: time passes when nothing is left to do.

A simulated campaign is ten thousand calls from it, so there is no more to it than they need:
no selector, no threads, no context variables. What is due comes in the order of its time, and
what is due at the same time in the order in which it was asked for.
"""

# ruff: noqa: ARG002 - `context` is what asyncio gives

from __future__ import annotations

import asyncio
import threading
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    _Due = tuple[Callable[..., object], tuple[object, ...], "_Handle | None"]
    """What is to be called with what, unless that was taken back."""

_SAME = 1e-9
"""Seconds that are no time: what is due within them is due now."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs coroutines in the order of their due times, as fast as they can be computed."""

    get_debug = staticmethod(bool)  # no; asked at each task and future

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self._soon: list[_Due] = []
        self._later: list[tuple[float, int, _Due]] = []
        self._asked = 0

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self.passed

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: object, context: object = None
    ) -> None:
        """In the next turn. Nobody takes it back, so there is no handle for that."""
        self._soon.append((callback, args, None))

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: object, context: object = None
    ) -> _Handle:
        """When that time has come."""
        handle = _Handle()
        self._asked += 1
        heappush(self._later, (when, self._asked, (callback, args, handle)))
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: object, context: object = None
    ) -> _Handle:
        """When so much time has passed."""
        return self.call_at(self.passed + delay, callback, *args)

    def pause(self, seconds: float) -> asyncio.Future[None]:
        """`asyncio.sleep` with less around it."""
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        self._asked += 1
        heappush(self._later, (self.passed + seconds, self._asked, (_wake, (future,), None)))
        return future

    def create_task(self, coro: Any, **_: Any) -> asyncio.Task[Any]:
        """A task, without names and factories."""
        return asyncio.Task(coro, loop=self)

    def _run_once(self) -> None:
        """All turns until it is stopped: what is to be done now, or what is due next."""
        later = self._later
        while not self._stopping:  # type: ignore[attr-defined]
            while later and (first := later[0][2][2]) is not None and first.off:
                heappop(later)
            turn = self._soon
            if not turn:
                if not later:
                    raise RuntimeError("it stands still: everybody waits for somebody else")
                self.passed = max(self.passed, later[0][0])
            self._soon = []
            end = self.passed + _SAME
            while later and later[0][0] <= end:
                turn.append(heappop(later)[2])
            for callback, args, handle in turn:
                if handle is not None and handle.off:
                    continue
                try:
                    callback(*args)
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException as error:  # noqa: BLE001 - as other loops do
                    self.call_exception_handler({"message": "in a callback", "exception": error})

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: object, context: object = None
    ) -> None:
        """For what ends a generator that nobody holds any more; of other threads there are none."""
        running = self._thread_id  # type: ignore[attr-defined]
        if running is None:  # what a dead process left, found by the collector after the end
            return
        assert threading.get_ident() == running, "a thread has no place in a simulation"
        self.call_soon(callback, *args)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Handle:
    """What takes back what was to be called."""

    __slots__ = ("off",)

    def __init__(self) -> None:
        self.off = False

    def cancel(self) -> None:
        self.off = True

    def cancelled(self) -> bool:
        return self.off
