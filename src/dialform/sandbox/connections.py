"""
Answers below HTTP: closing a connection, or sending bytes that are no answer.

Starlette and uvicorn have no way to say so, hence `Protocol`, which remembers the transport
of each open connection.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Receive, Scope, Send

_open: dict[tuple[object, object], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, whose connections `Broken` can find."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Remember it."""
        super().connection_made(transport)
        self._key = (self.client, self.server)
        _open[self._key] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        _open.pop(self._key, None)
        super().connection_lost(exc)


class Broken:
    """An ASGI answer: raw bytes, then the connection is closed."""

    def __init__(self, data: bytes = b"", *, abort: bool = False) -> None:
        """``abort`` resets the connection rather than closing it."""
        self.data = data
        self.abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send, close, and wait until the server has seen that it is closed."""
        transport = _open[tuple(scope["client"]), tuple(scope["server"])]
        if self.data:
            transport.write(self.data)
        if self.abort:
            now = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            transport.abort()
        else:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
