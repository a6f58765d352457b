"""
`Sandbox`: a sandbox in this process, on a real port, in a thread of its own.

Leaves what it answers to `app`, and its controls to `control`.
"""

from __future__ import annotations

import importlib.util
import socket
import threading
import time
from typing import TYPE_CHECKING

from dialform.errors import SettingError
from dialform.sandbox.control import SandboxControl
from dialform.sandbox.statefile import StateFile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    import uvicorn

_NEEDED = ("starlette", "uvicorn", "jinja2")
_LAST_PORT = 65535
_PATIENCE = 10.0
"""Seconds for the server to come up or go down."""


class Sandbox(SandboxControl):
    """
    A running sandbox: ``with Sandbox() as sandbox: ... sandbox.url ...``.

    Everything its base class does goes over HTTP as well, so a sandbox in another process is
    driven the same way.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        state: Path | None = None,
        speed: float = 1.0,
    ) -> None:
        """
        Start it.

        ``port`` 0 is any free one; ``state`` is the file to keep the state in, None is in
        memory; ``speed`` is how many of its seconds pass in one.

        Raises:
            SettingError: without the extra ``dialform[sandbox]``, where the port is taken, or
                where the state file can't be read or is in use.

        """
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise SettingError(
                f"the sandbox needs {', '.join(missing)}: pip install 'dialform[sandbox]'"
            )
        self._file = None if state is None else StateFile(state)
        try:
            self._listener = _listen(host, port)
        except SettingError:
            self._release()
            raise
        try:
            self._server, self._thread = _serve(self._listener, self._file, speed)
        except BaseException:
            self._listener.close()
            self._release()
            raise
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        super().__init__(f"http://{shown}:{self.port}")

    def __enter__(self) -> Self:
        """Itself, running."""
        return self

    def close(self) -> None:
        """Stop it. Its dials are gone, unless it keeps a state file."""
        super().close()
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        self._listener.close()
        self._release()

    def _release(self) -> None:
        if self._file is not None:
            self._file.release()
            self._file = None


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:
        raise SettingError(f"sandbox: no such port: {port}; give one from 0 to {_LAST_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise SettingError(
            f"sandbox: can't listen on {host} port {port}: {error.strerror or error}; "
            "give another --port, or stop what uses this one"
        ) from None
    # asyncio does so only for a socket that names its protocol, which this one does not: its
    # answers would wait 40 ms for the client's acknowledgement. Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _serve(
    listener: socket.socket, file: StateFile | None, speed: float
) -> tuple[uvicorn.Server, threading.Thread]:
    import uvicorn  # noqa: PLC0415 - an extra

    from dialform.sandbox.app import application  # noqa: PLC0415 - likewise
    from dialform.sandbox.connections import Protocol  # noqa: PLC0415 - likewise
    from dialform.sandbox.state import State  # noqa: PLC0415 - likewise

    server = uvicorn.Server(
        uvicorn.Config(
            application(State.begin(time.time, speed=speed, file=file)),
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(
        target=server.run, args=([listener],), name="dialform-sandbox", daemon=True
    )
    thread.start()
    deadline = time.monotonic() + _PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise SettingError("sandbox: the server did not start")
        time.sleep(0.002)
    return server, thread
