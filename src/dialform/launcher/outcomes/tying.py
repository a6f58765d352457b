"""
Which dial of unknown outcome a webhook is about: only what leaves no doubt ties the two.

Pure. A webhook names a dial id that the ledger does not know. ``GET`` on that id shows the dial
as the API has it; it is the unknown one if number, inputs, agent and time are all its own, and
if no other dial could be meant as well.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.launcher.records import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dialform.api.objects import Dial
    from dialform.launcher.records import Event, Record

EARLY = 60.0
"""Seconds that clocks may differ."""

LATE = 3600.0
"""Seconds after a sender's deadline within which its dial may be created."""


class Suspect(NamedTuple):
    """A dial of which no answer is known, and its exact bytes."""

    record: Record
    body: bytes
    pending: bool
    """Whether its process may still settle it."""


class Tied(NamedTuple):
    """What a dial that the ledger does not know may be."""

    matches: tuple[Record, ...]
    evidence: str
    """For a person: what was found."""

    settled: Record | None
    """The one that it is, beyond doubt."""


def tied(event: Event, dial: Dial, suspects: Iterable[Suspect]) -> Tied:
    """
    Hold the dial that ``event`` is about, as ``GET`` shows it, against those without an answer.

    A dial that is just being sent is a suspect too: the event may have overtaken its answer.
    """
    found = [one for one in suspects if _fits(event, dial, one)]
    what = f"{event.kind} named dial {dial.id}, whose number, inputs, agent and time are these"
    certain = len(found) == 1 and not found[0].pending and found[0].record.state == UNKNOWN
    if len(found) > 1:
        what += f"; {len(found)} dials fit it, so none was settled by it"
    records = tuple(one.record for one in found if not one.pending)
    return Tied(records, what, records[0] if certain else None)


def _fits(event: Event, dial: Dial, suspect: Suspect) -> bool:
    record = suspect.record
    body = _json(suspect.body)
    if body is None or record.to is None or dial.toNumber != record.to:
        return False
    if dial.inputs != (body.get("callAgentInput") or {}):
        return False
    agent = dial.agent.get("id") if isinstance(dial.agent, dict) else None
    if agent is not None and agent != body.get("callAgentId"):
        return False
    caller = body.get("fromNumberId")
    if None not in (caller, dial.fromNumberId) and caller != dial.fromNumberId:
        return False
    when = _moment(dial)
    at = event.received_at if when is None else when
    reserved = datetime.fromisoformat(record.reserved_at).timestamp()
    return reserved - EARLY <= at <= record.deadline + LATE


def _moment(dial: Dial) -> float | None:
    """When the API says that the dial was made, or answered; None where it says neither."""
    more: Mapping[str, Any] = dial.model_extra or {}
    for text in (more.get("createdAt"), dial.startedAt):
        try:
            return datetime.fromisoformat(text).timestamp()  # type: ignore[arg-type]  # caught
        except (TypeError, ValueError):
            continue
    return None


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
