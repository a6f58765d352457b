"""
A webhook's way into the ledger: kept as it came, applied to its dial, or tied to an unknown one.

Asks the API only about dial ids that the ledger does not know, and only while there are dials
of unknown outcome.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from dialform.errors import ApiError, Refused
from dialform.launcher.outcomes.lattice import CREATED, UPDATED
from dialform.launcher.outcomes.tying import EARLY, suspect, tied
from dialform.launcher.outcomes.webhook import WORDS, read_event
from dialform.launcher.records import RESERVED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.api.objects import Dial
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Event, Record

BY_EVENT = "event"
"""What the ledger says settled a dial that a webhook was tied to."""


class Applied(NamedTuple):
    """What a webhook came to."""

    event: Event
    new: bool
    """False for a repeat."""

    record: Record | None
    """Its dial as the ledger has it now; None where the ledger does not know it (yet)."""


def apply_event(
    ledger: Ledger, raw_body: bytes, now: float, *, transcripts: bool = True
) -> Applied:
    """
    Keep a webhook whose signature was verified, and what it says of its call.

    Without ``transcripts`` of one with what people said only digest, kind and dial are kept.

    A repeat changes nothing, and neither does what comes in the wrong order; one that comes
    before its dial's answer is applied when the dial is settled.

    Raises:
        LedgerError: it can't be kept; the API should send it again.

    """
    event = read_event(raw_body, now)
    if not transcripts and event.kind in WORDS:
        event = event._replace(body=b"")
    new = ledger.add_event(event)
    return Applied(event, new, ledger.record(event.dial_id) if event.dial_id else None)


def settle_unknown(
    ledger: Ledger,
    event: Event,
    look: Callable[[str], Dial],
    *,
    environment: str,
    now: float,
) -> Record | None:
    """
    Settle the dial of unknown outcome that an event is about, where that is beyond doubt.

    ``look`` is ``GET /dials/{id}`` in the environment's workspace. Where there is doubt, what
    was found is added to the evidence of each dial that it may be.

    Returns:
        The dial, settled; None where none was.

    Raises:
        ApiError: the API does not show the dial; it may be tried again later.

    """
    if event.kind not in (CREATED, UPDATED) or not event.dial_id:
        return None
    if ledger.record(event.dial_id) is not None:
        return None
    open_dials = _open(ledger, environment)
    if not open_dials:
        return None
    dial = look(event.dial_id)
    suspects = []
    for record in open_dials:
        if record.to == dial.toNumber:
            content = ledger.content(record.id)
            suspects.append(suspect(record, content and content.body, now))
    found = tied(event, dial, suspects)
    if found.certain:
        with contextlib.suppress(Refused):  # its own answer came meanwhile, or somebody settled it
            return ledger.settle_unknown(
                found.records[0].id,
                rang=True,
                by=BY_EVENT,
                evidence=found.evidence,
                dial_id=event.dial_id,
            )
        return None
    for record in found.records:
        if record.state == UNKNOWN:
            ledger.remark(record.id, found.evidence)
    return None


def retry_waiting(
    ledger: Ledger, look: Callable[[str], Dial], *, environment: str, now: float, since: float
) -> list[Record]:
    """
    `settle_unknown` for each dial id that events since then named and the ledger does not know.

    An answer that does not come leaves that one for later.
    """
    open_dials = _open(ledger, environment)
    if not open_dials:
        return []
    since = max(since, min(one.placed for one in open_dials) - EARLY)
    settled = []
    named = {one.dial_id: one for one in ledger.unapplied(since) if one.kind in (CREATED, UPDATED)}
    for event in named.values():
        with contextlib.suppress(ApiError):
            record = settle_unknown(ledger, event, look, environment=environment, now=now)
            if record is not None:
                settled.append(record)
    return settled


def _open(ledger: Ledger, environment: str) -> list[Record]:
    """The dials of which no answer is known; those that are just being sent are among them."""
    return ledger.find(environment=environment, states=(UNKNOWN, RESERVED), limit=None)
