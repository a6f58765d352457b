"""
How the engine calls the ledger: in a thread of its own, in groups.

One transaction for all that came in while the last one was written, outcomes, ends of calls and
the next reservations: a group is as large as the disk is slow, and nobody waits for a timer. A
simulation calls directly, in its own order.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from dialform.launcher.records import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Settlement

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Picked = TypeVar("_Picked")
_Taken = TypeVar("_Taken")


class Writer:
    """The ledger of one event loop."""

    def __init__(self, ledger: Ledger, *, direct: bool = False) -> None:
        """``direct``: no threads, each call at once."""
        self._ledger = ledger
        self._pool = None if direct else ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._waiting = _Group([], [], [])
        self._flushing: asyncio.Task[None] | None = None

    async def call(
        self, function: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs
    ) -> _Result:
        """``function`` of the ledger, in its turn."""
        if self._pool is None:
            return function(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))

    async def read(self, function: Callable[[], _Result]) -> _Result:
        """Something else that blocks: it does not wait for the ledger's turn."""
        if self._pool is None:
            return function()
        return await asyncio.to_thread(function)

    async def see(self, dial_id: str, status: str, **more: Any) -> None:
        """`Ledger.see`; on disk when this returns."""
        done = self._promised()
        self._waiting.sightings.append((Sighting(dial_id, status, **more), done))
        await done

    async def settle(self, settlement: Settlement) -> None:
        """Write an outcome down; on disk when this returns. Raises LedgerError."""
        done = self._promised()
        self._waiting.settlements.append((settlement, done))
        # Whoever is cancelled meanwhile leaves the outcome to be written all the same.
        await done

    def take(
        self, pick: Callable[[], _Picked], take: Callable[[_Picked], _Taken]
    ) -> asyncio.Future[_Taken]:
        """
        Look for what comes next and take it, with outcomes that wait: one turn of the ledger.

        ``pick`` looks; ``take`` writes, in one transaction with what waits to be written.
        """
        done: asyncio.Future[_Taken] = self._promised()
        self._waiting.takes.append((lambda: partial(take, pick()), done))
        return done

    def now(self, settlement: Settlement) -> None:
        """Write an outcome down at once, where there is no time to wait."""
        self._ledger.settle_many([settlement])

    async def flush(self) -> None:
        """All outcomes are on disk when this returns."""
        while self._flushing is not None and not self._flushing.done():
            await asyncio.wait([self._flushing])

    def close(self) -> None:
        """End the thread."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def _promised(self) -> asyncio.Future[Any]:
        """What is done when the next group is written."""
        loop = asyncio.get_running_loop()
        if self._flushing is None or self._flushing.done():
            self._flushing = loop.create_task(self._flush())
        return loop.create_future()

    async def _flush(self) -> None:
        while any(self._waiting):
            await asyncio.sleep(0)  # others are about to come in this turn of the loop
            group, self._waiting = self._waiting, _Group([], [], [])
            try:
                taken = await self._turn(group)
            except Exception as error:  # noqa: BLE001 - each who waits gets it
                if not group.takes or not any(group[:2]):
                    _fail(group, error)
                    continue
                # Outcomes are not lost for want of what could not be taken.
                _fail(_Group([], [], group.takes), error)
                self._waiting.settlements[:0] = group.settlements
                self._waiting.sightings[:0] = group.sightings
                continue
            for _, done in (*group.settlements, *group.sightings):
                if not done.done():
                    done.set_result(None)
            for (_, done), one in zip(group.takes, taken, strict=True):
                if not done.done():
                    done.set_result(one)

    async def _turn(self, group: _Group) -> list[Any]:
        """Write a group in its turn; what was taken. Others may write between its two steps."""
        return await self.call(lambda: self._write(group, self._picked(group)))

    @staticmethod
    def _picked(group: _Group) -> list[Callable[[], Any]]:
        """What to take next."""
        return [pick() for pick, _ in group.takes]

    def _write(self, group: _Group, picked: list[Callable[[], Any]]) -> list[Any]:
        """All of a group, in one transaction; what was taken."""
        with self._ledger.together("what came of calls is not on record"):
            if group.settlements:
                self._ledger.settle_many([one for one, _ in group.settlements])
            if group.sightings:
                self._ledger.see_many([one for one, _ in group.sightings])
            return [take() for take in picked]


class _Group(NamedTuple):
    """What is written with one transaction, and who waits for it."""

    settlements: list[tuple[Settlement, asyncio.Future[None]]]
    sightings: list[tuple[Sighting, asyncio.Future[None]]]
    takes: list[tuple[Callable[[], Callable[[], Any]], asyncio.Future[Any]]]


def _fail(group: _Group, error: Exception) -> None:
    for _, done in (*group.settlements, *group.sightings, *group.takes):
        if not done.done():
            done.set_exception(error)
