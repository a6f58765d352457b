"""A server below HTTP: it reads requests whole, counts their bodies, and answers with any bytes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    Behaviour = Callable[["Wire", bytes], bool]
    """Answers a request, given its body; whether the connection is kept."""

ACCEPTED = b'{"dialId": "d-1", "sessionId": "s-1", "dialToken": "t-1"}'


class Wire:
    """One connection, as its behaviour uses it."""

    def __init__(self, connection: socket.socket) -> None:
        """``connection`` is open."""
        self._connection = connection
        self._rest = b""

    def body(self) -> bytes | None:
        """The body of the next request, all of it; None: the client has closed."""
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                return None
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        while len(self._rest) < length:
            if not self._more():
                return None
        body, self._rest = self._rest[:length], self._rest[length:]
        return body

    def peek(self) -> bool:
        """Wait for the first bytes of the next request and leave them unread."""
        return bool(self._connection.recv(1, socket.MSG_PEEK))

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self._connection.sendall(data)

    def answer(self, body: bytes = ACCEPTED, *, status: str = "200 OK", head: str = "") -> None:
        """Send a whole answer."""
        self.send(f"HTTP/1.1 {status}\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body)

    def reset(self) -> None:
        """Let the closing be a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _more(self) -> bool:
        found = self._connection.recv(1 << 16)
        self._rest += found
        return bool(found)


class RawServer:
    """A server for ``with``, which does as ``behaviour`` says, each connection in a thread."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Listen on a free loopback port."""
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"
        self.bodies: list[bytes] = []
        """Each body that was received whole, in the order in which they came."""

        self.came = threading.Event()
        """Set with the first of them."""

        self.connections = 0
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._workers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Itself, serving."""
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        """End all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for worker in self._workers:
            worker.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            worker = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._workers.append(worker)
            worker.start()

    def _serve(self, connection: socket.socket) -> None:
        wire = Wire(connection)
        with connection, contextlib.suppress(OSError):
            while (found := wire.body()) is not None:
                self.bodies.append(found)
                self.came.set()
                if not self._behaviour(wire, found):
                    return
