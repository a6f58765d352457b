"""
The controls below ``/sandbox``, for tests, demos and other processes.

What was received, how often a number rang, faults to come, remote edits, time.
`control.SandboxControl` is the Python side. Not a part of the Vogent API.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from starlette.routing import Route

from dialform.sandbox.checks import BadRequest, accept_json, check_fields, unprocessable
from dialform.sandbox.clock import timestamp
from dialform.sandbox.dials import view
from dialform.sandbox.faults import After, Fault, How
from dialform.sandbox.keys import Keys  # noqa: TC001 - pydantic reads it
from dialform.sandbox.seed import KEYS
from dialform.sandbox.serving import read_body
from dialform.sandbox.webhooks import deliver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from dialform.sandbox.state import State


class FaultRequest(BaseModel):
    """The body of ``POST /sandbox/faults``: a `Fault`."""

    model_config = ConfigDict(extra="forbid")

    what: str
    how: How = "status"
    after: After = "received"
    times: int = Field(default=1, ge=1)
    status: int = Field(default=500, ge=200, le=599)
    body: str | None = None
    headers: dict[str, str] = {}
    seconds: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    workspace: Literal["dev", "staging", "prod"] | None = None


class KeysRequest(BaseModel):
    """The body of ``POST /sandbox/keys``."""

    model_config = ConfigDict(extra="forbid")

    keys: Keys


class ClockRequest(BaseModel):
    """The body of ``POST /sandbox/clock``."""

    model_config = ConfigDict(extra="forbid")

    advance: float = Field(default=0.0, ge=0, le=1e9, allow_inf_nan=False)
    """Seconds to jump ahead."""

    speed: float | None = Field(default=None, ge=0, le=1e6, allow_inf_nan=False)
    """None: as it is."""


class DeliveryRequest(BaseModel):
    """The body of ``POST /sandbox/webhooks``; see `webhooks.deliver`."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = None
    repeats: int = Field(default=0, ge=0, le=100)


class Controls:
    """The controls over a state: each method answers one route with a JSON value."""

    def __init__(self, state: State) -> None:
        """Hold ``state``."""
        self.state = state

    async def show(self, request: Request) -> Any:  # noqa: ARG002 - all take one
        """``GET /sandbox``."""
        return {
            "format": "dialform.sandbox/1",
            "api": "/api",
            "keys": KEYS,
            "time": timestamp(self.state.clock.now()),
            "speed": self.state.clock.speed,
            "idempotencyKeys": self.state.keys,
        }

    async def requests(self, request: Request) -> Any:  # noqa: ARG002 - all take one
        """``GET /sandbox/requests``."""
        return [received.as_json() for received in self.state.requests.values()]

    async def dials(self, request: Request) -> Any:  # noqa: ARG002 - all take one
        """``GET /sandbox/dials``."""
        now = self.state.clock.now()
        return [
            {**view(dial, now), "workspace": dial.workspace, "rings": dial.rings, "raw": dial.raw}
            for dial in self.state.dials.values()
        ]

    async def rings(self, request: Request) -> Any:
        """``GET /sandbox/rings?number=``."""
        return {"rings": self.state.rings(request.query_params.get("number", ""))}

    async def objects(self, request: Request) -> Any:
        """``GET /sandbox/objects/{workspace}/{kind}``."""
        return list(self._kept(request).values())

    async def add(self, request: Request) -> Any:
        """``POST /sandbox/objects/{workspace}/{kind}``."""
        self._kept(request)
        new = {"id": str(uuid.uuid4()), **await _json(request)}
        if not isinstance(new["id"], str):
            raise unprocessable([("id", "must be a string")])
        self.state.put_object(*_place(request), new)
        return new

    async def edit(self, request: Request) -> Any:
        """``PATCH /sandbox/objects/{workspace}/{kind}/{id}``."""
        one = self._one(request)
        changed = {**one, **await _json(request), "id": one["id"]}
        self.state.put_object(*_place(request), changed)
        return changed

    async def remove(self, request: Request) -> Any:
        """``DELETE /sandbox/objects/{workspace}/{kind}/{id}``."""
        return self.state.drop_object(*_place(request), self._one(request)["id"])

    async def fail(self, request: Request) -> Any:
        """``POST /sandbox/faults``."""
        asked = await _json(request)
        if findings := check_fields(FaultRequest, asked):
            raise unprocessable(findings)
        self.state.faults.append(Fault(**FaultRequest.model_validate(asked).model_dump()))
        return {"faults": len(self.state.faults)}

    async def clear(self, request: Request) -> Any:  # noqa: ARG002 - all take one
        """``DELETE /sandbox/faults``."""
        self.state.faults.clear()
        return {"faults": 0}

    async def keys(self, request: Request) -> Any:
        """``POST /sandbox/keys``."""
        asked = await _json(request)
        if findings := check_fields(KeysRequest, asked):
            raise unprocessable(findings)
        self.state.set_keys(KeysRequest.model_validate(asked).keys)
        return await self.show(request)

    async def time(self, request: Request) -> Any:
        """``POST /sandbox/clock``."""
        asked = await _json(request)
        if findings := check_fields(ClockRequest, asked):
            raise unprocessable(findings)
        wish = ClockRequest.model_validate(asked)
        self.state.clock.advance(wish.advance)
        if wish.speed is not None:
            self.state.clock.speed = wish.speed
        return await self.show(request)

    async def deliver(self, request: Request) -> Any:
        """``POST /sandbox/webhooks``."""
        asked = await _json(request)
        if findings := check_fields(DeliveryRequest, asked):
            raise unprocessable(findings)
        wish = DeliveryRequest.model_validate(asked)
        return await deliver(self.state, seed=wish.seed, repeats=wish.repeats)

    async def reset(self, request: Request) -> Any:
        """``POST /sandbox/reset``."""
        self.state.reset()
        return await self.show(request)

    def _kept(self, request: Request) -> dict[str, dict[str, Any]]:
        workspace, kind = _place(request)
        found = self.state.workspaces.get(workspace, {}).get(kind)
        if found is None:
            raise BadRequest(404, f"the sandbox has no {kind} in a workspace {workspace}", [])
        return found

    def _one(self, request: Request) -> dict[str, Any]:
        found = self._kept(request).get(request.path_params["id"])
        if found is None:
            raise BadRequest(404, f"no such object: {request.path_params['id']}", [])
        return found


def routes(state: State) -> list[Route]:
    """The controls over ``state``."""

    def route(method: str, path: str, answer: Callable[[Request], Awaitable[Any]]) -> Route:
        async def serve(request: Request) -> JSONResponse:
            value = await answer(request)
            if method != "GET":
                state.save()
            return JSONResponse(value)

        return Route(path, serve, methods=[method])

    controls = Controls(state)
    objects = "/sandbox/objects/{workspace}/{kind}"
    return [
        route("GET", "/sandbox", controls.show),
        route("GET", "/sandbox/requests", controls.requests),
        route("GET", "/sandbox/dials", controls.dials),
        route("GET", "/sandbox/rings", controls.rings),
        route("GET", objects, controls.objects),
        route("POST", objects, controls.add),
        route("PATCH", objects + "/{id}", controls.edit),
        route("DELETE", objects + "/{id}", controls.remove),
        route("POST", "/sandbox/faults", controls.fail),
        route("DELETE", "/sandbox/faults", controls.clear),
        route("POST", "/sandbox/keys", controls.keys),
        route("POST", "/sandbox/clock", controls.time),
        route("POST", "/sandbox/webhooks", controls.deliver),
        route("POST", "/sandbox/reset", controls.reset),
    ]


async def _json(request: Request) -> dict[str, Any]:
    """The body; demanding its type keeps other sites' pages from sending one."""
    return accept_json(request.headers.get("content-type", ""), await read_body(request))


def _place(request: Request) -> tuple[str, str]:
    """Workspace and kind in the path."""
    return request.path_params["workspace"], request.path_params["kind"]
