"""
What every request to the sandbox's API goes through: recording, the key, the body, faults.

`endpoint` wraps a function that only answers; the functions are in `endpoints`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from dialform.sandbox import faults
from dialform.sandbox.checks import BadRequest
from dialform.sandbox.connections import Broken
from dialform.sandbox.seed import KEYS
from dialform.sandbox.state import Request, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request as WebRequest
    from starlette.types import ASGIApp

    from dialform.sandbox.faults import Fault
    from dialform.sandbox.state import Objects

MAX_BODY = 1024 * 1024
"""Bytes of a request's body above which 413 is answered."""

_NO_KEY = BadRequest(401, "send Authorization: Bearer KEY with a key of this sandbox", [])

_WORKSPACE_OF = {key: workspace for workspace, key in KEYS.items()}


@dataclass(slots=True)
class Call:
    """A request with a known key, as the functions in `endpoints` see it."""

    state: State
    workspace: str
    path: dict[str, str]
    """The variable parts of the path."""

    query: dict[str, str]
    content_type: str
    body: bytes
    created: list[str] = field(default_factory=list)
    """Ids of dials that answering has created."""

    @property
    def objects(self) -> Objects:
        """The workspace's."""
        return self.state.workspaces[self.workspace]


Answer = tuple[int, Any]
"""Status and JSON value."""


def refusal(error: BadRequest) -> Response:
    """The answer for a request that is at fault."""
    fields = [{"field": name, "message": rule} for name, rule in error.fields]
    return JSONResponse({"error": {"message": error.message, "fields": fields}}, error.status)


def endpoint(
    state: State, what: str, answer: Callable[[Call], Answer]
) -> Callable[[WebRequest], Awaitable[ASGIApp]]:
    """``answer`` as Starlette calls it; ``what`` is the name by which faults know it."""

    async def serve(web: WebRequest) -> ASGIApp:
        scheme, _, key = web.headers.get("authorization", "").partition(" ")
        workspace = _WORKSPACE_OF.get(key.strip()) if scheme.lower() == "bearer" else None
        received = Request(
            workspace=workspace,
            what=what,
            method=web.method,
            path=web.url.path,
            query=web.url.query,
            headers={name: value for name, value in web.headers.items() if name != "authorization"},
            body=b"",
            time=state.clock.now(),
        )
        try:
            received.body = await read_body(web)
        except BadRequest as error:
            state.received(received)
            return _finish(state, received, refusal(error))
        state.received(received)
        broken = await _fault(state, received, "received")
        if broken is not None:
            return _finish(state, received, broken)
        if workspace is None:
            return _finish(state, received, refusal(_NO_KEY))
        call = Call(
            state,
            workspace,
            dict(web.path_params),
            dict(web.query_params),
            web.headers.get("content-type", ""),
            received.body,
        )
        try:
            status, value = answer(call)
        except BadRequest as error:
            return _finish(state, received, refusal(error))
        received.dial = call.created[0] if call.created else None
        broken = await _fault(state, received, "created")
        return _finish(state, received, broken or JSONResponse(value, status))

    return serve


async def read_body(web: WebRequest) -> bytes:
    """The body. Raises BadRequest 413 for more than `MAX_BODY`."""
    data = bytearray()
    async for chunk in web.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise BadRequest(413, f"the body has more than {MAX_BODY} bytes", [])
    return bytes(data)


def _finish(state: State, received: Request, response: ASGIApp) -> ASGIApp:
    received.status = response.status_code if isinstance(response, Response) else None
    state.answered(received)
    if received.method != "GET":
        state.save()
    return response


async def _fault(state: State, received: Request, after: str) -> ASGIApp | None:
    fault = faults.take(state.faults, received.what, received.workspace, after)
    if fault is None:
        return None
    if fault.how == "delay":
        state.save()
        resets = state.resets
        await asyncio.sleep(fault.seconds)
        return None if state.resets == resets else Broken()
    return _broken(fault)


def _broken(fault: Fault) -> ASGIApp:
    if fault.how in _BELOW_HTTP:
        return _BELOW_HTTP[fault.how]
    if fault.how == "garbage":
        page = fault.body or "<!doctype html><title>Welcome</title>It works!"
        return Response(page, 200, fault.headers, "text/html")
    if fault.body is not None:
        headers = {"content-type": "application/json", **fault.headers}
        return Response(fault.body, fault.status, headers)
    message = f"a fault that was asked for: {fault.status}"
    return JSONResponse({"error": {"message": message}}, fault.status, headers=fault.headers)


_BELOW_HTTP = {
    "close": Broken(),
    "reset": Broken(abort=True),
    "cut": Broken(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        b'content-length: 400\r\n\r\n{"dialId": "57555c5e'
    ),
    "not-http": Broken(b"\x16\x03\x01 this is not HTTP\r\n\r\n"),
}
