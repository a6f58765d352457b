"""
The sandbox's webhooks: which events a dial causes, and their delivery.

Nothing is sent by itself: `deliver` sends what has happened so far when it is asked to, and to
this machine alone. The events follow from the dial and the time, as all of its life does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from dialform.sandbox.dials import QUEUED_SECONDS, moment, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.sandbox.dials import Dial
    from dialform.sandbox.state import State

_HERE = frozenset(("127.0.0.1", "localhost", "::1"))
_PATIENCE = 5.0


class Webhook(NamedTuple):
    """An event of a dial, as it is sent."""

    workspace: str
    url: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """With the signature of the body's bytes."""
        mac = hmac.new(signing_secret(self.workspace).encode(), self.body, hashlib.sha256)
        return {"content-type": "application/json", "x-elto-signature": mac.hexdigest()}


def signing_secret(workspace: str) -> str:
    """The secret that a workspace's webhooks are signed with."""
    return f"sandbox-{workspace}-signing"


def webhooks(dial: Dial, now: float) -> list[Webhook]:
    """All that have happened by ``now``, in order; none where the URL is not on this machine."""
    url = dial.body.get("webhookUrl")
    if not isinstance(url, str) or urlsplit(url).hostname not in _HERE:
        return []
    about = {"dial_session_id": dial.session_id, "dial_id": dial.id}
    return [
        Webhook(dial.workspace, url, json.dumps({"event": kind, "payload": about | more}).encode())
        for kind, more in _events(dial, now)
    ]


def _events(dial: Dial, now: float) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "dial.created", {}
    here = moment(dial, now)
    answered = dial.created + QUEUED_SECONDS + (dial.outcome.ring or 0.0)
    stopped = now if dial.hung_up is None else min(now, dial.hung_up)
    if dial.outcome.ring is not None and stopped >= dial.created + QUEUED_SECONDS:
        yield "dial.updated", {"status": "ringing"}
    if dial.outcome.talk is not None and stopped >= answered:
        yield "dial.updated", {"status": "in-progress"}
    if here.ended is None:
        return
    yield "dial.updated", {"status": here.status}
    if here.started is not None:
        transcript = view(dial, now)["transcript"]
        yield "dial.transcript", {"transcript": transcript}
        yield "dial.recording_created", {}


async def deliver(
    state: State, *, seed: int | None = None, repeats: int = 0
) -> list[dict[str, Any]]:
    """
    Send what has happened and was not sent yet, to this machine alone.

    Args:
        state: whose dials.
        seed: shuffles them, the same way each time; None keeps the order.
        repeats: how often each is sent again.

    Returns:
        For each request: ``url``, ``event``, ``dial`` and ``status``, None where no answer came.

    """
    now = state.clock.now()
    due: list[tuple[str, Webhook]] = []
    for dial in state.dials.values():
        happened = webhooks(dial, now)
        due += [(dial.id, one) for one in happened[state.told.get(dial.id, 0) :]]
        state.told[dial.id] = len(happened)
    due *= 1 + repeats
    if seed is not None:
        random.Random(seed).shuffle(due)  # noqa: S311 - an order, not a secret
    sent = []
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as client:
        for dial_id, one in due:
            try:
                answer = await client.post(one.url, content=one.body, headers=one.headers)
                status = answer.status_code
            except httpx.HTTPError:
                status = None
            event = json.loads(one.body)["event"]
            sent.append({"url": one.url, "event": event, "dial": dial_id, "status": status})
    return sent
