"""A dial as programs read it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dialform.launcher.ledger.storage import written

if TYPE_CHECKING:
    from dialform.launcher.records import Record


def record_json(record: Record) -> dict[str, Any]:
    """What ``--json`` prints of a dial. Its inputs lack those named in ``withheld``."""
    return {
        "id": record.id,
        "environment": record.environment,
        "preset": record.preset,
        "version": record.version,
        "release": record.release,
        "unreleased": record.release is None,
        "to": record.to,
        "person": record.person,
        "campaign": record.campaign,
        "attempt": record.attempt,
        "once": record.once,
        "state": record.state,
        "dialId": record.dial_id,
        "sessionId": record.session_id,
        "callStatus": record.call_status,
        "systemResultType": record.result,
        "status": record.status,
        "words": record.words,
        "evidence": record.evidence,
        "launchedBy": record.launched_by,
        "settledBy": record.settled_by,
        "reservedAt": record.reserved_at,
        "settledAt": record.settled_at,
        "seenAt": _time(record.seen_at),
        "endedAt": _time(record.ended_at),
        "inputs": json.loads(record.inputs),
        "withheld": json.loads(record.withheld),
        "fromNumberId": record.from_number_id,
        "workspace": record.workspace,
        "presetDigest": record.preset_digest,
        "boundDigest": record.bound_digest,
        "requestDigest": record.body_digest,
        "host": record.host,
        "process": record.process,
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else written(seconds)
