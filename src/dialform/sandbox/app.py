"""The sandbox as an ASGI application: routes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from dialform.errors import DialformError
from dialform.sandbox import controls, endpoints, page
from dialform.sandbox.checks import BadRequest
from dialform.sandbox.serving import endpoint, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from dialform.sandbox.state import State


def application(state: State) -> Starlette:
    """The application over ``state``: the API below ``/api``, controls below ``/sandbox``."""
    made = Starlette(
        routes=[*_api(state), *controls.routes(state), *page.routes(state)],
        exception_handlers={
            HTTPException: _no_route,
            BadRequest: _refused,
            DialformError: _broken,
        },
    )
    made.router.redirect_slashes = False
    return made


def _api(state: State) -> Iterator[Route]:
    yield Route("/api/dials", endpoint(state, "dials", endpoints.create_dial), methods=["POST"])
    yield Route("/api/dials/{id}", endpoint(state, "dial", endpoints.read_dial), methods=["GET"])
    yield Route(
        "/api/dials/{id}/hangup", endpoint(state, "hangup", endpoints.hang_up), methods=["POST"]
    )
    for one in endpoints.COLLECTIONS:
        path = f"/api/agents/{{agent}}/{one.kind}" if one.of_agent else f"/api/{one.kind}"
        yield Route(path, endpoint(state, one.kind, one.page), methods=["GET"])
        yield Route(f"{path}/{{id}}", endpoint(state, one.kind, one.read), methods=["GET"])
        if one.changes is not None:
            yield Route(f"{path}/{{id}}", endpoint(state, one.kind, one.change), methods=["PUT"])
        if one.removable:
            yield Route(f"{path}/{{id}}", endpoint(state, one.kind, one.remove), methods=["DELETE"])


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    message = f"{request.method} {request.url.path}: {error.detail}"
    return JSONResponse({"error": {"message": message}}, error.status_code, headers=error.headers)


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    assert isinstance(error, BadRequest)  # noqa: S101 - registered for it alone
    return refusal(error)


async def _broken(request: Request, error: Exception) -> Response:  # noqa: ARG001 - likewise
    return JSONResponse({"error": {"message": str(error)}}, 500)
