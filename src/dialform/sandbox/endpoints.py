"""The sandbox's side of the Vogent API: one function for each endpoint, objects in, JSON out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dialform.sandbox import changes
from dialform.sandbox.checks import (
    BadRequest,
    accept_dial,
    accept_json,
    check_fields,
    unprocessable,
)
from dialform.sandbox.dials import REFUSED, Dial, view
from dialform.sandbox.keys import repeated

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dialform.sandbox.serving import Answer, Call

PAGE = 20
"""Objects on a page of a list, unless ``limit`` says otherwise."""

MAX_PAGE = 100
"""The largest ``limit``."""


def create_dial(call: Call) -> Answer:
    """``POST /dials``."""
    body = accept_json(call.content_type, call.body)
    accept_dial(body, call.objects)
    number = body.get("toNumber")
    if number is not None and number.endswith(REFUSED):
        raise BadRequest(429, "too many concurrent dials in this workspace", [])
    key = body.get("idempotencyKey")
    earlier = None if key is None else call.state.used_keys.get((call.workspace, key))
    if earlier is not None and call.state.keys != "ignored":
        return repeated(call.state.keys, call.state.dials[earlier])
    agent = call.objects["agents"][body["callAgentId"]]
    overrides = body.get("agentOverrides") or {}
    caller = None if body.get("browserCall") else _caller(call, body)
    dial = Dial(
        id=str(uuid.uuid4()),
        session_id=str(uuid.uuid4()),
        workspace=call.workspace,
        created=call.state.clock.now(),
        agent=agent,
        prompt=_prompt(call, body, agent),
        voice=body.get("aiVoiceId")
        or overrides.get("defaultVoiceId")
        or agent.get("defaultVoiceId"),
        from_number=caller,
        from_digits=call.objects["phone_numbers"][caller]["number"] if caller else None,
        body=body,
        raw=call.body.decode(),
    )
    call.state.put_dial(dial)
    call.created.append(dial.id)
    return 200, {
        "dialToken": f"sandbox-token.{uuid.uuid4().hex}",
        "sessionId": dial.session_id,
        "dialId": dial.id,
    }


def _caller(call: Call, body: dict[str, Any]) -> str | None:
    """The number's id: the one given, else a member of the pool, chosen by the called number."""
    given: str | None = body.get("fromNumberId")
    if given is not None:
        return given
    members: list[str] = call.objects["number_pools"][body["fromNumberPoolId"]]["members"]
    present = [member for member in members if member in call.objects["phone_numbers"]]
    if not present:
        raise unprocessable([("fromNumberPoolId", "the pool has no number")])
    chosen = int.from_bytes(hashlib.sha256(body["toNumber"].encode()).digest()[:4])
    return present[chosen % len(present)]


def _prompt(call: Call, body: dict[str, Any], agent: dict[str, Any]) -> dict[str, Any] | None:
    """The prompt used by id; None where the body brings its own."""
    given = body.get("versionedModelId")
    if given is None:
        if (body.get("agentOverrides") or {}).get("defaultVersionedPrompt") is not None:
            return None
        given = agent.get("defaultVersionedPromptId")
    return call.objects["versioned_prompts"].get(given or "")


def read_dial(call: Call) -> Answer:
    """``GET /dials/{id}``."""
    return 200, view(_dial(call), call.state.clock.now())


def hang_up(call: Call) -> Answer:
    """``POST /dials/{id}/hangup``."""
    dial = _dial(call)
    now = call.state.clock.now()
    if dial.hung_up is None and view(dial, now)["endedAt"] is None:
        call.state.put_dial(replace(dial, hung_up=now))
    return 200, {}


def _dial(call: Call) -> Dial:
    dial = call.state.dials.get(call.path["id"])
    if dial is None or dial.workspace != call.workspace:
        raise BadRequest(404, "no such dial in this workspace", [])
    return dial


class Collection:
    """The endpoints of one kind of object."""

    def __init__(  # noqa: PLR0913 - named, and a table of them is what is read
        self,
        kind: str,
        *,
        envelope: str = "data",
        filters: tuple[str, ...] = (),
        of_agent: bool = False,
        changes: type[BaseModel] | None = None,
        removable: bool = False,
    ) -> None:
        """``of_agent``: below ``/agents/{agent}``. ``changes``: what PUT takes; None: no PUT."""
        self.kind = kind
        self.envelope = envelope
        self.filters = filters
        self.of_agent = of_agent
        self.changes = changes
        self.removable = removable

    def page(self, call: Call) -> Answer:
        """GET of the list."""
        known = {"limit", "cursor", *self.filters}
        if unknown := sorted(set(call.query) - known):
            raise BadRequest(400, "unknown query parameter", [(unknown[0][:80], "unknown")])
        objects = self._all(call)
        for name in self.filters:
            if name in call.query:
                objects = [one for one in objects if one.get(name) == call.query[name]]
        limit = _limit(call.query.get("limit"))
        start = _start(call.query.get("cursor"))
        end = start + limit
        cursor = _cursor(end) if end < len(objects) else None
        return 200, {self.envelope: objects[start:end], "cursor": cursor}

    def read(self, call: Call) -> Answer:
        """GET of one."""
        return 200, self._one(call)

    def change(self, call: Call) -> Answer:
        """PUT of one: the fields given are changed."""
        one = self._one(call)
        asked = accept_json(call.content_type, call.body)
        assert self.changes is not None  # noqa: S101 - else there is no route
        if findings := check_fields(self.changes, asked):
            raise unprocessable(findings)
        if self.kind == "phone_numbers":
            asked["agentId"] = asked["agentId"] or None
            if asked["agentId"] not in (None, *call.objects["agents"]):
                raise unprocessable([("agentId", "no such agent in this workspace")])
        changed = {**one, **asked}
        call.state.put_object(call.workspace, self.kind, changed)
        return 200, changed

    def remove(self, call: Call) -> Answer:
        """DELETE of one."""
        call.state.drop_object(call.workspace, self.kind, self._one(call)["id"])
        return 200, {}

    def _all(self, call: Call) -> list[dict[str, Any]]:
        objects = list(call.objects[self.kind].values())
        if not self.of_agent:
            return objects
        if call.path["agent"] not in call.objects["agents"]:
            raise BadRequest(404, "no such agent in this workspace", [])
        return [one for one in objects if one["agentId"] == call.path["agent"]]

    def _one(self, call: Call) -> dict[str, Any]:
        for one in self._all(call):
            if one["id"] == call.path["id"]:
                return one
        raise BadRequest(404, f"no such object among this workspace's {self.kind}", [])


def _limit(text: str | None) -> int:
    if text is None:
        return PAGE
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE):
        raise BadRequest(400, "limit", [("limit", f"must be 1 to {MAX_PAGE}")])
    return int(text[:9])


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode()


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        word, _, place = base64.urlsafe_b64decode(cursor).decode("ascii").partition(":")
        if word == "after" and len(place) < 9:  # noqa: PLR2004 - far beyond any list
            return max(int(place), 0)
    except (ValueError, binascii.Error):
        pass
    raise BadRequest(400, "cursor", [("cursor", "is not one that a list gave")])


COLLECTIONS = (
    Collection("agents", changes=changes.AgentChanges, removable=True),
    Collection("voices", envelope="voices", filters=("name", "voiceType")),
    Collection("models"),
    Collection("versioned_prompts", of_agent=True, changes=changes.PromptChanges),
    Collection("extractors", of_agent=True, changes=changes.ExtractorChanges),
    Collection("functions", changes=changes.FunctionChanges, removable=True),
    Collection("phone_numbers", changes=changes.NumberChanges, removable=True),
)
"""Every kind that has endpoints."""
