"""
How the engine calls the ledger: in a thread of its own, outcomes in groups.

One transaction for all that came in while the last one was written: a group is as large as the
disk is slow, and nobody waits for a timer. A simulation calls directly, in its own order.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Settlement

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Writer:
    """The ledger of one event loop."""

    def __init__(self, ledger: Ledger, *, direct: bool = False) -> None:
        """``direct``: no threads, each call at once."""
        self._ledger = ledger
        self._pool = None if direct else ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._waiting: list[tuple[Settlement, asyncio.Future[None]]] = []
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
        """`Ledger.see`."""
        await self.call(self._ledger.see, dial_id, status, **more)

    async def settle(self, settlement: Settlement) -> None:
        """Write an outcome down; on disk when this returns. Raises LedgerError."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((settlement, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.get_running_loop().create_task(self._flush())
        # Whoever is cancelled meanwhile leaves the outcome to be written all the same.
        await asyncio.shield(done)

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

    async def _flush(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            error = None
            try:
                await self.call(self._ledger.settle_many, [one for one, _ in group])
            except Exception as found:  # noqa: BLE001 - each who waits gets it
                error = found
            for _, done in group:
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
