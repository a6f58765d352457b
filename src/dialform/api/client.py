"""
Requests to the Vogent API: one `POST /dials`, sent once, and what came of it.

The only module that opens a connection to Vogent. Knows HTTP, not presets: a dial's body comes
as bytes and leaves as the same bytes. What an answer means is `answers`' to say, what the
objects of a workspace look like is `objects`'. A POST is never sent twice, whatever happens;
a GET may be.
"""

from __future__ import annotations

import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx

from dialform.api import answers, location
from dialform.api.answers import Answer, Created
from dialform.errors import ApiError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from dialform.api.objects import (
        Agent,
        AiModel,
        Dial,
        Extractor,
        Function,
        PhoneNumber,
        Prompt,
        Voice,
    )

__all__ = ["Client", "Created"]

TIMEOUT = 30.0
"""Seconds to wait: to connect (a third of it at most), and for each piece of the answer."""

PAGE = 100
"""Objects asked for at once."""

RETRIES = 3
"""How often a GET is repeated, unless its caller says otherwise."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Raised before the first byte of a request is on its way."""


class Client:
    """
    The API of one workspace. Thread-safe; a context manager; its repr has no key.

    Redirects are never followed and proxies only used with ``trust_env``. Raises SettingError
    for a URL or key that can't be right.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = TIMEOUT,
        trust_env: bool = False,
        pause: float = 0.25,
    ) -> None:
        """
        Open nothing yet.

        ``url`` is the API's base, as ``https://api.vogent.ai/api``; ``timeout`` is in seconds;
        ``trust_env`` takes proxies and certificates from the environment's usual variables;
        ``pause`` is how many seconds pass before a GET is first repeated.
        """
        self.url = location.base_url(url)
        self._key = location.checked_key(key)
        self._pause = pause
        self._deadline = timeout * 2
        # No certificate is ever looked at over http, and reading the bundle takes a while.
        verify = self.url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._options: dict[str, Any] = {
            "base_url": self.url,
            "headers": location.headers(key),
            "timeout": httpx.Timeout(timeout, connect=location.connect_timeout(timeout)),
            "trust_env": trust_env,
            "follow_redirects": False,
            "verify": verify,
            "limits": httpx.Limits(keepalive_expiry=location.KEPT_ALIVE),
        }
        try:
            self._http = httpx.Client(**self._options)
        except httpx.InvalidURL as error:
            raise SettingError(f"workspace URL {self.url!r}: {error}") from None
        self._async: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        """The URL alone."""
        return f"Client({self.url!r})"

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self.close()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections, those of `acreate_dial` included."""
        await self.aclose()

    def close(self) -> None:
        """Close the connections of all but `acreate_dial`."""
        self._http.close()

    async def aclose(self) -> None:
        """Close all connections."""
        self._http.close()
        if self._async is not None:
            await self._async.aclose()

    def create_dial(self, body: bytes, *, idempotent: bool = False) -> Created:
        """
        ``POST /dials`` with exactly ``body``, once.

        ``idempotent`` says that the body holds an ``idempotencyKey`` which this API honours,
        so that 409 means a dial that exists already.

        Raises:
            NotSent: no connection; not a byte was sent.
            Rejected: the API refused; nothing rings.
            Deferred: 429; nothing rings, may be tried later.
            OutcomeUnknown: sent, but no readable answer; a phone may be ringing.

        """
        return answers.created(self._within("POST", "/dials", body), idempotent=idempotent)

    async def acreate_dial(self, body: bytes, *, idempotent: bool = False) -> Created:
        """`create_dial` for asyncio; all of a client's calls belong to one event loop."""
        import asyncio  # noqa: PLC0415 - heavy, and `create_dial` needs none

        if self._async is None:
            self._async = httpx.AsyncClient(**self._options)
        answer = Answer("POST", self.url, "/dials", self._key)
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._async.stream("POST", "/dials", **_content(body)) as response,
            ):
                answer.start(response.status_code, response.headers)
                async for chunk in response.aiter_bytes():
                    if not answer.take(chunk):
                        break
                else:
                    answer.complete = True
        except (httpx.HTTPError, TimeoutError) as error:
            answer.fail(error, sent=not isinstance(error, _NOT_SENT))
        return answers.created(answer, idempotent=idempotent)

    def hangup(self, dial_id: str) -> None:
        """``POST /dials/{id}/hangup``. Raises ApiError; Rejected with 404 for no such dial."""
        answers.value(self._send("POST", f"/dials/{location.segment(dial_id)}/hangup", b"{}"))

    def dial(self, dial_id: str, *, retries: int = RETRIES) -> Dial:
        """``GET /dials/{id}``. Raises ApiError; Rejected with 404 for no such dial."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        path = f"/dials/{location.segment(dial_id)}"
        return objects.read(objects.Dial, self._get(path, retries=retries))

    def date(self) -> float | None:
        """
        The API's own time, in seconds since 1970, as an answer to this key's request says it.

        None where the answer has no Date. Raises ApiError: no answer, or the key is refused.
        """
        answer = self._send("GET", "/agents", query={"limit": "1"})
        answers.value(answer)
        return answers.date_of(answer.headers.get("date"))

    def voices(self) -> list[Voice]:
        """``GET /voices``, all pages. Raises ApiError, as all the lists."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        return objects.read_all(objects.Voice, self._pages("/voices", "voices"))

    def models(self) -> list[AiModel]:
        """``GET /models``, all pages."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        return objects.read_all(objects.AiModel, self._pages("/models"))

    def agents(self) -> list[Agent]:
        """``GET /agents``, all pages."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        return objects.read_all(objects.Agent, self._pages("/agents"))

    def versioned_prompts(self, agent_id: str) -> list[Prompt]:
        """``GET /agents/{id}/versioned_prompts``, all pages."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        path = f"/agents/{location.segment(agent_id)}/versioned_prompts"
        return objects.read_all(objects.Prompt, self._pages(path))

    def extractors(self, agent_id: str) -> list[Extractor]:
        """``GET /agents/{id}/extractors``, all pages."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        path = f"/agents/{location.segment(agent_id)}/extractors"
        return objects.read_all(objects.Extractor, self._pages(path))

    def functions(self) -> list[Function]:
        """``GET /functions``, all pages."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        return objects.read_all(objects.Function, self._pages("/functions"))

    def phone_numbers(self) -> list[PhoneNumber]:
        """``GET /phone_numbers``, all pages."""
        from dialform.api import objects  # noqa: PLC0415 - needs pydantic

        return objects.read_all(objects.PhoneNumber, self._pages("/phone_numbers"))

    def _within(self, method: str, path: str, body: bytes) -> Answer:
        """
        `_send`, with an end: headers that come a byte at a time would be read without one.

        A blocking read can't be ended from outside, so it has a thread of its own, which is left
        to itself when the time is over.
        """
        came: list[Answer | Exception] = []

        def ask() -> None:
            try:
                came.append(self._send(method, path, body))
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                came.append(error)

        thread = threading.Thread(target=ask, name="dialform-dial", daemon=True)
        thread.start()
        thread.join(self._deadline)
        if not came:
            answer = Answer(method, self.url, path, self._key)
            told = f"no whole answer within {self._deadline:g} seconds"
            answer.fail(TimeoutError(told), sent=True)
            return answer
        if isinstance(came[0], Exception):
            raise came[0]
        return came[0]

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, once, and its answer, whatever it is."""
        answer = Answer(method, self.url, path, self._key)
        began = time.monotonic()
        try:
            more = {} if body is None else _content(body)
            with self._http.stream(method, path, params=query, **more) as response:
                answer.start(response.status_code, response.headers)
                for chunk in response.iter_bytes():
                    if not answer.take(chunk) or time.monotonic() - began > self._deadline:
                        break
                else:
                    answer.complete = True
        except httpx.HTTPError as error:
            answer.fail(error, sent=not isinstance(error, _NOT_SENT))
        return answer

    def _get(
        self, path: str, query: Mapping[str, str] | None = None, *, retries: int = RETRIES
    ) -> Any:
        """A GET's JSON value; repeated a few times where that may help."""
        pause = self._pause
        for _ in range(retries):
            answer = self._send("GET", path, query=query)
            if not answer.may_pass:
                break
            time.sleep(min(answer.retry_after or pause, self._pause * 40))
            pause *= 2
        else:
            answer = self._send("GET", path, query=query)
        return answers.value(answer)

    def _pages(self, path: str, envelope: str = "data") -> Iterator[Any]:
        """The objects of a list, page by page."""
        query = {"limit": str(PAGE)}
        seen: set[str] = set()
        while True:
            page = self._get(path, query)
            items = page.get(envelope) if isinstance(page, dict) else None
            if not isinstance(items, list):
                raise ApiError(
                    f"GET {self.url}{path}: the answer has no list {envelope!r}; is this the "
                    "base URL of the Vogent API?",
                    request=f"GET {path}",
                )
            yield from items
            cursor = page.get("cursor")
            if cursor is None or cursor == "":
                return
            if not isinstance(cursor, str) or cursor in seen:
                raise ApiError(
                    f"GET {self.url}{path}: the pages of the list have no end: "
                    "the same cursor came twice",
                    request=f"GET {path}",
                )
            seen.add(cursor)
            query["cursor"] = cursor


def _content(body: bytes) -> dict[str, Any]:
    return {"content": body, "headers": {"content-type": "application/json"}}
