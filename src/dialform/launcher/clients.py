"""The connections of a launcher: one `Client` for each workspace, key and event loop."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from dialform.api.client import Client

    Opened = dict[tuple[str, str], Client]


class Clients:
    """Clients as they are asked for, kept for the next call. Thread-safe."""

    def __init__(self, *, timeout: float, trust_env: bool) -> None:
        """Open nothing yet. The arguments are every client's."""
        self._timeout = timeout
        self._trust_env = trust_env
        self._lock = threading.Lock()
        self._opened: Opened = {}
        self._of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Opened] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, url: str, key: str, loop: asyncio.AbstractEventLoop | None = None) -> Client:
        """
        The client of a workspace, for calls in ``loop`` or, with None, in threads.

        Raises:
            SettingError: a URL or a key that can't be right.

        """
        from dialform.api.client import Client  # noqa: PLC0415 - httpx, where a dial is sent

        with self._lock:
            opened = self._opened if loop is None else self._of_loops.setdefault(loop, {})
            if (url, key) not in opened:
                opened[url, key] = Client(
                    url, key, timeout=self._timeout, trust_env=self._trust_env
                )
            return opened[url, key]

    def close(self) -> None:
        """Close those that threads use."""
        with self._lock:
            opened, self._opened = self._opened, {}
        for client in opened.values():
            client.close()

    async def aclose(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close those of ``loop``, which runs this."""
        with self._lock:
            opened = self._of_loops.pop(loop, {})
        for client in opened.values():
            await client.aclose()
