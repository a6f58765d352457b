"""
Many requests to the Vogent API at a time, over aiohttp: what a campaign sends with.

Beside `client`, which opens its connections with httpx: that one starts quicker and is slower
under load. What an answer means is `answers`' to say for both. A POST is sent once, whatever
happens: aiohttp repeats a request over a dropped connection for idempotent methods alone.
"""

from __future__ import annotations

import asyncio
import ssl
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

from dialform.api import answers, location
from dialform.api.answers import Answer
from dialform.errors import ApiError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

    from dialform.api.answers import Created

__all__ = ["FastClient", "Seen"]

_JSON = {"content-type": "application/json"}
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Raised before the first byte of a request is on its way."""

_CANCELLED = "cancelled before there was a connection"

_asked: ContextVar[Answer] = ContextVar("_asked")
"""The answer that the running task waits for."""


class Seen(NamedTuple):
    """What ``GET /dials/{id}`` says of a call."""

    status: str
    """``queued``, ``ringing``, ``in-progress``, ``completed``, ``failed``, ..."""

    result: str | None
    """API: ``systemResultType``."""

    seconds: float = 0.0
    """How long people talked so far."""


class FastClient:
    """The API of one workspace, in one event loop; for ``async with``. Its repr has no key."""

    def __init__(
        self, url: str, key: str, *, timeout: float, connections: int, trust_env: bool = False
    ) -> None:
        """
        Open nothing yet.

        Args:
            url: the API's base, as ``https://api.vogent.ai/api``.
            key: the API key.
            timeout: seconds that the API has for an answer.
            connections: how many there are at most.
            trust_env: whether the proxies that the environment names are used.

        Raises:
            SettingError: a URL or key that can't be right.

        """
        self.url = location.base_url(url)
        self._key = location.checked_key(key)
        self._timeout = aiohttp.ClientTimeout(
            total=timeout * 2,
            connect=None,
            sock_connect=location.connect_timeout(timeout),
            sock_read=timeout,
        )
        self._connections = connections
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        """The URL alone."""
        return f"FastClient({self.url!r})"

    async def __aenter__(self) -> Self:
        """Itself, ready to send."""
        verify: Any = ssl.create_default_context() if self.url.startswith("https:") else False
        self._session = aiohttp.ClientSession(
            connector=_Connector(
                limit=self._connections, keepalive_timeout=location.KEPT_ALIVE, ssl=verify
            ),
            timeout=self._timeout,
            headers=location.headers(self._key),
            trust_env=self._trust_env,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    async def create(self, body: bytes, *, idempotent: bool = False) -> Created:
        """
        ``POST /dials`` with exactly ``body``, once. Raises as `client.Client.create_dial`.

        Cancelled before there was a connection it raises NotSent: that must not get lost.
        """
        return answers.created(await self._send("POST", "/dials", body), idempotent=idempotent)

    async def seen(self, dial_id: str) -> Seen:
        """``GET /dials/{id}``, once. Raises ApiError; Rejected with 404 for no such dial."""
        path = f"/dials/{location.segment(dial_id)}"
        found = answers.value(await self._send("GET", path))
        status = found.get("status") if isinstance(found, dict) else None
        if not isinstance(status, str):
            raise ApiError(f"GET {self.url}{path}: the answer has no status", request="GET /dials")
        result = found.get("systemResultType")
        seconds = answers.talked(found.get("durationSeconds"))
        return Seen(status, result if isinstance(result, str) else None, seconds)

    async def _send(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """One request, once, and its answer, whatever it is."""
        if self._session is None:
            raise RuntimeError("a FastClient sends inside of its `async with`")
        answer = Answer(method, self.url, path, self._key)
        answer.sent = False
        _asked.set(answer)
        try:
            async with self._session.request(
                method,
                self.url + path,
                data=body,
                headers=None if body is None else _JSON,
                allow_redirects=False,
            ) as response:
                answer.start(response.status, response.headers)
                answer.complete = await _read(response, answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer.fail(error, sent=not isinstance(error, _NOT_SENT))
        except asyncio.CancelledError as error:
            if answer.sent or body is None:
                raise
            answer.fail(type(error)(_CANCELLED), sent=False)
        return answer


class _Connector(aiohttp.TCPConnector):
    """Says of each request when it has a connection: from then on bytes may leave."""

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as it is called there
    ) -> Connection:
        """As aiohttp has it."""
        connection = await super().connect(req, traces, timeout)
        _asked.get().sent = True
        return connection


async def _read(response: aiohttp.ClientResponse, answer: Answer) -> bool:
    """Take the body; whether all of it came."""
    async for chunk in response.content.iter_any():
        if not answer.take(chunk):
            return False
    return True
