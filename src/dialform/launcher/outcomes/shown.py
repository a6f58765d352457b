"""A dial of the ledger as programs are shown it: what is known of it, and no bytes. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dialform.launcher.outcomes.lattice import Sight

if TYPE_CHECKING:
    from dialform.launcher.records import Record

FORMAT = "dialform.call/1"


def shown(record: Record) -> dict[str, Any]:
    """The document ``dialform.call/1``."""
    return {
        "format": FORMAT,
        "outcome": record.state,
        "dialId": record.dial_id,
        "ledgerId": record.id,
        "environment": record.environment,
        "preset": record.preset,
        "version": record.version,
        "to": record.to,
        "inputs": json.loads(record.inputs),
        "withheld": json.loads(record.withheld),
        "once": record.once,
        "campaign": record.campaign,
        "person": record.person,
        "attempt": record.attempt,
        "status": record.call_status,
        "systemResultType": record.result,
        "rang": rang(record),
        "ended": record.ended_at is not None,
        "seconds": record.seconds,
        "placedAt": record.reserved_at,
        "endedAt": moment(record.ended_at),
        "seenAt": moment(record.seen_at),
        "settledBy": record.settled_by,
        "evidence": record.evidence,
        "words": record.words,
    }


def rang(record: Record) -> bool | None:
    """Whether a phone rang; None where nobody knows, or not yet."""
    if record.state in ("rejected", "deferred", "not_sent"):
        return False
    if record.call_status is None:
        return None
    return Sight(record.call_status, record.result, "get").rang


def moment(seconds: float | None) -> str | None:
    """A time as ``2026-11-23T23:00:00.123Z``; None for None."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
