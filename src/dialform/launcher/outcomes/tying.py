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

from dialform.launcher.records import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dialform.api.objects import Dial
    from dialform.launcher.records import Event, Record

EARLY = 60.0
"""Seconds that clocks may differ."""

LATE = 3600.0
"""Seconds after a sender's deadline within which its dial may be created."""


class Suspect(NamedTuple):
    """A dial of which no answer is known."""

    record: Record
    body: bytes | None
    """The exact bytes that were sent; None where the ledger does not have them."""

    pending: bool
    """Whether its process may still settle it."""


class Tied(NamedTuple):
    """What a dial that the ledger does not know may be."""

    records: tuple[Record, ...]
    """Those that it fits."""

    evidence: str
    """For a person: what was found."""

    certain: bool
    """Whether it is the only one, and nobody else will say what became of it."""


def tied(event: Event, dial: Dial, suspects: Iterable[Suspect]) -> Tied:
    """
    Hold the dial that ``event`` is about, as ``GET`` shows it, against those without an answer.

    A dial that is just being sent is a suspect too: the event may have overtaken its answer.
    """
    found = [one for one in suspects if _fits(event, dial, one)]
    what = f"{event.kind} named dial {event.dial_id}: number, inputs, agent, time are this dial's"
    if len(found) > 1:
        what += f", and those of {len(found) - 1} more, so it settled none"
    certain = len(found) == 1 and not found[0].pending
    return Tied(tuple(one.record for one in found), what, certain)


def _fits(event: Event, dial: Dial, suspect: Suspect) -> bool:
    record = suspect.record
    if dial.id != event.dial_id or record.to is None or dial.toNumber != record.to:
        return False
    if None not in (record.from_number_id, dial.fromNumberId) and (
        record.from_number_id != dial.fromNumberId
    ):
        return False
    if not (_same_body(dial, suspect.body) if suspect.body else _same_inputs(dial, record)):
        return False
    at = _moment(dial)
    at = event.received_at if at is None else at
    late = record.deadline + LATE
    return record.placed - EARLY <= at <= late


def _same_body(dial: Dial, raw: bytes) -> bool:
    body = _object(raw)
    if body is None or (dial.inputs or {}) != (body.get("callAgentInput") or {}):
        return False
    agent = dial.agent.get("id") if isinstance(dial.agent, dict) else None
    return agent is None or agent == body.get("callAgentId")


def _same_inputs(dial: Dial, record: Record) -> bool:
    """What the ledger keeps of the inputs is what the API has, and the withheld ones are there."""
    inputs = dial.inputs or {}
    if not isinstance(inputs, dict):
        return False
    withheld = set(json.loads(record.withheld))
    kept = {name: value for name, value in inputs.items() if name not in withheld}
    return kept == json.loads(record.inputs) and withheld <= inputs.keys()


def _moment(dial: Dial) -> float | None:
    """When the API says that the dial was made, or answered; None where it says neither."""
    more: Mapping[str, Any] = dial.model_extra or {}
    for text in (more.get("createdAt"), dial.startedAt):
        try:
            return datetime.fromisoformat(text).timestamp()  # type: ignore[arg-type]  # caught
        except (TypeError, ValueError, OverflowError):
            continue
    return None


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def suspect(record: Record, body: bytes | None, now: float) -> Suspect:
    """A dial of the ledger whose answer is not known at ``now``."""
    return Suspect(record, body, pending=record.state == RESERVED and record.pending(now))
