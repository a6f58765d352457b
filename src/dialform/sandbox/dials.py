"""
A dial of the sandbox and its life.

Pure: what a dial looks like follows from what was asked for and the time, so nothing runs in
the background. The last four digits of the called number choose how the call ends, see
`OUTCOMES`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from dialform.sandbox.clock import timestamp
from dialform.sandbox.script import Filler, opening_line

QUEUED_SECONDS = 1.0
"""How long a dial waits before its phone rings."""

TALK_SECONDS = 30.0
"""How long people talk where nothing else ends the call."""


_FOREVER = float("inf")


class Outcome(NamedTuple):
    """How a call goes: seconds of ringing and talking, then its last status and result."""

    ring: float | None
    """Seconds of ringing; None: the phone never rings."""

    talk: float | None
    """Seconds of talking; None: nobody answers."""

    status: str
    result: str
    meaning: str
    """For people."""


ANSWERED = Outcome(4, TALK_SECONDS, "completed", "AGENT_HANGUP", "answered; the agent hangs up")
"""How a call goes unless its number says otherwise."""

OUTCOMES = {
    "0110": Outcome(2, None, "busy", "BUSY", "busy"),
    "0111": Outcome(25, None, "no-answer", "NO_ANSWER", "nobody answers"),
    "0112": Outcome(None, None, "failed", "FAILED", "fails before it rings"),
    "0113": Outcome(
        None, None, "failed", "RATE_LIMITED", "accepted with 200, then never rings: RATE_LIMITED"
    ),
    "0114": Outcome(20, 3, "completed", "VOICEMAIL_DETECTED_HANGUP", "voicemail"),
    "0115": Outcome(4, 12, "completed", "COUNTERPARTY_HANGUP", "the person hangs up"),
    "0116": Outcome(4, 20, "completed", "TRANSFERRED", "transferred to a colleague"),
    "0117": Outcome(4, 7200, "completed", "AGENT_HANGUP", "a long talk, ends by a time limit"),
    "0118": Outcome(4, 40, "completed", "LONG_SILENCE_HANGUP", "a long silence"),
}
"""The last four digits of ``toNumber`` to how the call goes."""

REFUSED = "0119"
"""``POST /dials`` to a number that ends so is refused with 429, as too many dials at once."""


@dataclass(frozen=True, slots=True)
class Dial:
    """What is known of a dial besides the time."""

    id: str
    session_id: str
    workspace: str
    created: float
    """Seconds since 1970, the sandbox's time."""

    agent: dict[str, Any]
    """The agent as it was when the dial was placed."""

    prompt: dict[str, Any] | None
    """The versioned prompt that was used by id, as it was then; None where it came inline."""

    voice: str | None
    from_number: str | None
    """The id of the number it is placed from, chosen from the pool where one was given."""

    from_digits: str | None
    """That number in E.164."""

    body: dict[str, Any]
    """The request."""

    raw: str
    """The request as it was received."""

    hung_up: float | None = None
    """When ``/hangup`` came."""

    @property
    def outcome(self) -> Outcome:
        """How the call goes if nobody hangs it up through the API."""
        if self.body.get("browserCall"):
            return ANSWERED._replace(ring=None)
        return OUTCOMES.get(str(self.body.get("toNumber"))[-4:], ANSWERED)

    @property
    def rings(self) -> bool:
        """Whether its phone rings, now or later."""
        if self.outcome.ring is None:
            return False
        return self.hung_up is None or self.hung_up >= self.created + QUEUED_SECONDS

    def as_json(self) -> dict[str, Any]:
        """For the state file."""
        return asdict(self)


class Moment(NamedTuple):
    """Where a dial is in its life."""

    status: str
    result: str | None
    started: float | None
    """When people began to talk."""

    talked: float
    """Seconds of talking so far."""

    ended: float | None


def moment(dial: Dial, now: float) -> Moment:
    """Where ``dial`` is at ``now``."""
    stopped = dial.hung_up is not None and dial.hung_up <= now
    at = dial.hung_up if stopped and dial.hung_up is not None else now
    here = _unstopped(dial, at)
    if not stopped or here.result is not None:
        return here
    if here.started is None:
        return Moment("canceled", "CANCELLED", None, 0.0, at)
    return Moment("completed", "USER_HANGUP", here.started, here.talked, at)


def _unstopped(dial: Dial, now: float) -> Moment:
    outcome = dial.outcome
    ringing = dial.created + QUEUED_SECONDS
    answered = ringing + (outcome.ring or 0.0)
    if now < ringing:
        return Moment("queued", None, None, 0.0, None)
    if now < answered:
        return Moment("ringing", None, None, 0.0, None)
    if outcome.talk is None:
        return Moment(outcome.status, outcome.result, None, 0.0, answered)
    limit = _limit(dial)
    talk = min(outcome.talk, limit)
    ended = answered + talk
    if now < ended:
        return Moment("in-progress", None, answered, now - answered, None)
    result = "TIMEOUT" if limit < outcome.talk else outcome.result
    return Moment(outcome.status, result, answered, talk, ended)


def _limit(dial: Dial) -> float:
    """Seconds after which the call is cut."""
    minutes = dial.body.get("timeoutMinutes")
    seconds = (dial.body.get("agentOverrides") or {}).get("maxDurationSeconds")
    if seconds is None:
        seconds = dial.agent.get("maxDurationSeconds")
    # Any integer is accepted, so these may be larger than a float and less than nothing.
    limits: list[int] = [max(one, 0) for one in ((minutes or 0) * 60, seconds or 0) if one]
    return min(*limits, _FOREVER) if limits else _FOREVER


def view(dial: Dial, now: float) -> dict[str, Any]:
    """What ``GET /dials/{id}`` answers at ``now``."""
    here = moment(dial, now)
    return {
        "id": dial.id,
        "sessionId": dial.session_id,
        "status": here.status,
        "systemResultType": here.result,
        "toNumber": dial.body.get("toNumber"),
        "fromNumberId": dial.from_number,
        "agent": {"id": dial.agent["id"], "name": dial.agent["name"]},
        "voiceId": dial.voice,
        "versionedPromptId": None if dial.prompt is None else dial.prompt["id"],
        "inputs": dial.body.get("callAgentInput", {}),
        "transcript": _transcript(dial, here),
        "aiResult": None,
        "createdAt": timestamp(dial.created),
        "startedAt": None if here.started is None else timestamp(here.started),
        "endedAt": None if here.ended is None else timestamp(here.ended),
        "durationSeconds": round(here.talked),
        "aiDurationSeconds": round(here.talked),
    }


def _transcript(dial: Dial, here: Moment) -> list[dict[str, str]]:
    if here.started is None:
        return []
    opening = opening_line(dial.body, dial.agent)
    lines = [{"speaker": "HUMAN", "text": "Hello?"}]
    if opening is not None:
        lines.append({"speaker": "AI", "text": Filler(dial.body).spoken(opening)})
    return lines
