"""
``GET /``: the dials placed and what each agent was told to say, for a person to look at.

Reads the state and changes nothing. The page loads nothing from anywhere.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.routing import Route

from dialform.sandbox.dials import OUTCOMES, REFUSED, moment
from dialform.sandbox.script import script
from dialform.sandbox.seed import KEYS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dialform.sandbox.dials import Dial
    from dialform.sandbox.script import Script
    from dialform.sandbox.state import Objects, State

SHOWN = 100
"""Dials that a workspace's list shows: the newest."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Shown(NamedTuple):
    """A dial as the page shows it."""

    id: str
    status: str
    result: str | None
    tone: str
    """``good``, ``bad``, ``live`` or ``calm``: the status's colour."""

    to: str
    caller: str
    agent: str
    voice: str
    prompt: str
    time: str
    talked: int
    inputs: list[tuple[str, str]]
    script: Script
    request: str
    """Indented for reading."""

    raw: str
    """As received."""


class Workspace(NamedTuple):
    """A workspace as the page shows it."""

    name: str
    key: str
    dials: list[Shown]
    total: int
    refused: list[tuple[str, int]]
    """Times and statuses of the newest requests that created no dial."""


def routes(state: State) -> list[Route]:
    """The page over ``state``."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = templates.get_template("page.html")

    async def show(request: Request) -> Response:
        now = state.clock.now()
        page = template.render(
            workspaces=[_workspace(state, name, now) for name in KEYS],
            api=f"{request.url.scheme}://{request.url.netloc}/api",
            time=_time(now),
            speed=f"{state.clock.speed:g}",
            outcomes=[(digits, outcome.meaning) for digits, outcome in OUTCOMES.items()],
            refused=REFUSED,
            newest=SHOWN,
        )
        headers = {"content-security-policy": _POLICY, "cache-control": "no-store"}
        return HTMLResponse(page, headers=headers)

    return [Route("/", show, methods=["GET"])]


def _workspace(state: State, name: str, now: float) -> Workspace:
    dials = [dial for dial in state.dials.values() if dial.workspace == name]
    refused = [
        (_time(request.time), request.status or 0)
        for request in state.requests.values()
        if request.what == "dials" and request.workspace == name and request.dial is None
    ]
    objects = state.workspaces[name]
    return Workspace(
        name=name,
        key=KEYS[name],
        dials=[_shown(dial, objects, now) for dial in dials[-SHOWN:][::-1]],
        total=len(dials),
        refused=refused[-5:][::-1],
    )


def _shown(dial: Dial, objects: Objects, now: float) -> Shown:
    here = moment(dial, now)
    inline = (dial.body.get("agentOverrides") or {}).get("defaultVersionedPrompt")
    prompt = dial.prompt or inline or {}
    model = objects["models"].get(prompt.get("aiModelId", ""), {})
    functions = {key: str(one.get("name", key)) for key, one in objects["functions"].items()}
    return Shown(
        id=dial.id,
        status=here.status,
        result=here.result,
        tone=_TONES.get(here.status, "bad"),
        to=dial.body.get("toNumber") or "browser",
        caller=dial.from_digits or "browser",
        agent=str(dial.agent["name"]),
        voice=str(objects["voices"].get(dial.voice or "", {}).get("name", dial.voice or "none")),
        prompt=f"{prompt.get('name', 'none')} · {model.get('name', 'no model')}",
        time=_time(dial.created),
        talked=round(here.talked),
        inputs=[(name, _text(value)) for name, value in _inputs(dial).items()],
        script=script(dial.body, dial.agent, dial.prompt, functions),
        request=json.dumps(dial.body, ensure_ascii=False, indent=2),
        raw=dial.raw,
    )


_TONES = {"completed": "good", "queued": "calm", "ringing": "live", "in-progress": "live"}


def _inputs(dial: Dial) -> dict[str, Any]:
    return dial.body.get("callAgentInput") or {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %H:%M:%S UTC")
