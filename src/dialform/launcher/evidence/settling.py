"""
Settling an unknown dial by asking again: the identical bytes, to an API that honours keys.

The API answers the same key with what it knows, so that a second phone can't ring. That is sure
only where the workspace has proved to honour keys, and only for as long as a key may live.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialform.errors import OutcomeUnknown, Refused
from dialform.launcher.evidence import probing
from dialform.launcher.idempotency import CONFLICT, core_of
from dialform.launcher.records import RESERVED, UNKNOWN

if TYPE_CHECKING:
    from dialform.api.client import Client
    from dialform.launcher.evidence.story import Story
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record
    from dialform.launcher.resolve import Released

LONGEST = 24 * 3600.0
"""Seconds after which a key may be forgotten: its lifetime is not published."""

KEY = "key"
"""What settles a dial so, as the ledger writes it."""


def checked(ledger: Ledger, story: Story, released: Released, *, now: float) -> bytes:
    """
    The bytes that may be sent again as they are.

    Args:
        ledger: has the verdict on the workspace, and who is not to be called.
        story: the dial's.
        released: the bound preset that it was made from, which may be dialled.
        now: the time, in seconds since 1970.

    Raises:
        Refused: a phone might ring twice, or might ring that may not, with the reason.

    """
    record, name = story.record, story.record.dial_id or story.record.id
    stack = f"-s {record.environment}"
    refuse_settled(record, now=now)
    if story.body is None:
        raise Refused(f"dial {name}: its exact bytes are not on record")
    if core_of(story.body).key is None:
        raise Refused(
            f"dial {name} was sent without an idempotencyKey: the same bytes would ring again; "
            f"settle it by hand: dialform settle {record.id} --rang or --did-not-ring --reason ..."
        )
    workspace = released.bound["workspace"]
    known = probing.known(ledger, workspace)
    if not released.keys or known is None or not known.honours:
        what = "nobody has probed" if known is None else f"the probe said {known}"
        unsaid = "" if released.keys else "; the environment says nothing of idempotencyKeys"
        raise Refused(
            f"whether {workspace} honours keys is not proved ({what}{unsaid}), so the same "
            f"bytes might ring again: dialform doctor {stack} --probe-idempotency"
        )
    if now - _seconds(record.reserved_at) > LONGEST:
        raise Refused(
            f"dial {name} was placed at {record.reserved_at}, more than 24 hours ago: the API may "
            "have forgotten its key, and would ring again"
        )
    _refuse_ringing(ledger, record, released, now)
    return story.body


def refuse_settled(record: Record, *, now: float) -> None:
    """Raises Refused for a dial whose outcome is known, or is still to come."""
    if record.state != UNKNOWN and (record.state != RESERVED or record.pending(now)):
        raise Refused(
            f"dial {record.dial_id or record.id} is {record.state}: its outcome is known, so "
            "there is nothing to settle"
        )


def _refuse_ringing(ledger: Ledger, record: Record, released: Released, now: float) -> None:
    """An API that never had the call places it now: only where it may be placed now."""
    from dialform.launcher.calling import Gate  # noqa: PLC0415 - where one settles

    ledger.refuse_suppressed(record.to)
    Gate.of_record(released.document, ledger, record).require(now)


def settle(ledger: Ledger, client: Client, record: Record, body: bytes) -> Record:
    """
    Send ``body``, which `checked` gave, once more, and write down what that settles.

    Returns:
        The settled record: accepted, perhaps without the API's id of the dial.

    Raises:
        ApiError: that settled nothing; the dial stays unknown.

    """
    try:
        created = client.create_dial(body, idempotent=True)
    except OutcomeUnknown as error:
        if error.status != CONFLICT:
            raise
        return ledger.settle_unknown(
            record.id,
            rang=True,
            by=KEY,
            evidence="the same key was refused as used: the dial exists, and its id is not told",
        )
    answer = "409" if created.status == CONFLICT else str(created.status)
    return ledger.settle_unknown(
        record.id,
        rang=True,
        by=KEY,
        evidence=f"the identical bytes were answered {answer} with the dial's id",
        dial_id=created.dial_id,
        session_id=created.session_id,
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
