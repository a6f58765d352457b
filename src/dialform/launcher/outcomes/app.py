"""
The server of `dialform serve` as an ASGI application: webhooks in, calls asked for over HTTP.

One environment each. It decides nothing: calls are `Launcher`'s, webhooks `events`', what is
done besides `work`'s. For any ASGI server: ``uvicorn --factory
dialform.launcher.outcomes.app:create_app`` takes its settings from the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialform.errors import DialformError, OutcomeUnknown
from dialform.launcher import Launcher
from dialform.launcher.calling.keeping import Keeping
from dialform.launcher.outcomes.asking import asked
from dialform.launcher.outcomes.events import apply_event
from dialform.launcher.outcomes.problems import MEDIA_TYPE, problem, problem_of
from dialform.launcher.outcomes.settings import Settings, may_enter
from dialform.launcher.outcomes.shown import shown
from dialform.launcher.outcomes.signature import HEADER, verify_signature
from dialform.launcher.outcomes.work import Work
from dialform.launcher.resolve import environment_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from dialform.launcher.outcomes.events import Applied

logger = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
"""Bytes of a request's body above which 413 is answered."""


def create_app(settings: Settings | None = None) -> Starlette:
    """
    The application; without ``settings`` they are read from environment variables.

    Raises:
        SettingError: a setting is missing or can't be right, the API key's variable included.
        RegistryError: what the registry says of the environment can't be read.

    """
    found = Settings.of(os.environ) if settings is None else settings
    launcher = Launcher(
        found.registry,
        found.environment,
        ledger=found.ledger,
        base=found.base,
        keys=found.keys,
        threshold=found.threshold,
        strict=found.strict,
        warn=logger.warning,
    )
    launcher.client()
    keeping = Keeping.of(environment_of(launcher.registry, launcher.environment))
    server = Server(found, launcher, transcripts=keeping.transcripts)
    return Starlette(
        routes=server.routes(),
        lifespan=server.lifespan,
        exception_handlers={
            HTTPException: _refused,
            DialformError: _failed,
            Exception: _broken,
        },
    )


class Server:
    """What the application answers."""

    def __init__(self, settings: Settings, launcher: Launcher, *, transcripts: bool) -> None:
        """Touch nothing yet. ``transcripts``: whether the environment keeps them now."""
        self._settings = settings
        self._launcher = launcher
        self._work = Work(launcher, time.time, poll=settings.poll, transcripts=transcripts)

    def routes(self) -> list[Route]:
        """The routes that the settings allow."""
        found = [Route("/health", self.health, methods=["GET"])]
        if self._settings.secret is not None:
            found.append(Route("/webhooks/vogent", self.webhook, methods=["POST"]))
        if self._settings.token is not None:
            found.append(Route("/dials", self.place, methods=["POST"]))
            found.append(Route("/dials/{id:path}", self.read, methods=["GET"]))
        return found

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Work besides, from start to end; then let go of everything."""
        self._work.start()
        try:
            yield
        finally:
            await self._work.stop()
            await self._launcher.aclose()

    async def health(self, _request: Request) -> Response:
        """``GET /health``: whether dials could be recorded."""
        await asyncio.to_thread(self._launcher.ledger.setting, "id")
        return JSONResponse({"status": "ok", "environment": self._launcher.environment})

    async def webhook(self, request: Request) -> Response:
        """``POST /webhooks/vogent``: kept when this answers; acted upon after."""
        raw = await _body(request)
        if not verify_signature(raw, request.headers.get(HEADER), self._settings.secret or ""):
            raise HTTPException(401, "the signature is not this body's: check the signing secret")
        applied = await asyncio.to_thread(self._keep, raw)
        if applied.new:
            self._work.heard(applied)
        return Response(status_code=204)

    def _keep(self, raw: bytes) -> Applied:
        return apply_event(
            self._launcher.ledger,
            raw,
            time.time(),
            transcripts=self._settings.transcripts and self._work.transcripts,
        )

    async def place(self, request: Request) -> Response:
        """``POST /dials``."""
        self._let_in(request)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "send the call with content-type: application/json")
        call = asked(await _body(request), request.headers.get("idempotency-key"))
        try:
            dial = await self._launcher.adial(
                call.preset, to=call.to, inputs=call.inputs, once=call.once, timezone=call.timezone
            )
        except OutcomeUnknown:
            self._work.unknown()
            raise
        record = await asyncio.to_thread(self._launcher.ledger.record, dial.id)
        if record is not None and not dial.replayed:
            await self._work.placed([record])
        return JSONResponse(
            dial.as_json(),
            200 if dial.replayed else 201,
            headers={"location": f"/dials/{quote(dial.id, safe='')}"},
        )

    async def read(self, request: Request) -> Response:
        """``GET /dials/{id}``: by the API's id, the ledger's own, or the call's key."""
        self._let_in(request)
        identifier = request.path_params["id"]
        ledger = self._launcher.ledger
        record = await asyncio.to_thread(ledger.record, identifier)
        if record is None:
            record = await asyncio.to_thread(ledger.taken, self._launcher.environment, identifier)
        if record is None or record.environment != self._launcher.environment:
            raise HTTPException(404, f"there is no dial {identifier!r} in the ledger")
        return JSONResponse(shown(record))

    def _let_in(self, request: Request) -> None:
        token = self._settings.token
        if token is None or not may_enter(request.headers.get("authorization"), token):
            raise HTTPException(
                401,
                "send Authorization: Bearer TOKEN",
                headers={"www-authenticate": "Bearer"},
            )


async def _body(request: Request) -> bytes:
    """The body. Raises HTTPException 413 for more than `MAX_BODY`."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise HTTPException(413, f"the body has more than {MAX_BODY} bytes")
    return bytes(data)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    return _answer(
        error.status_code, problem(error.status_code, "http", error.detail), error.headers
    )


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DialformError)  # noqa: S101 - registered for it alone
    return _answer(*problem_of(error))


async def _broken(_request: Request, error: Exception) -> Response:
    """An error that nobody foresaw; what it says goes to the log, not to the caller."""
    detail = f"{type(error).__name__}: a bug in dialform; the server's log has it"
    return _answer(500, problem(500, "bug", detail))


def _answer(status: int, body: dict[str, Any], headers: Any = None) -> Response:
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)
