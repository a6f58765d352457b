"""``GET /``: the dials placed and what each agent was told to say, for a person to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dialform.sandbox.state import State


def routes(state: State) -> list[Route]:
    """The page over ``state``."""

    async def show(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
        return HTMLResponse(f"{len(state.dials)} dials")

    return [Route("/", show, methods=["GET"])]
