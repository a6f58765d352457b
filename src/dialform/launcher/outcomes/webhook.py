"""
What a webhook says: the kind of event, the dial it is about, the call's status.

Pure, and total: every body is some event. What can't be read is one of the kind
``unreadable``; what is of no known kind keeps its own name. Neither says anything of a call.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, NamedTuple

from dialform.launcher.outcomes.lattice import ENDED, LIVE, Sight

CREATED: Final = "dial.created"
UPDATED: Final = "dial.updated"
KINDS: Final = frozenset(
    (
        *(CREATED, UPDATED, "dial.transcript", "dial.extractor"),
        *("dial.recording_created", "dial.inbound"),
    )
)
"""The events that the API is known to send."""

UNREADABLE: Final = "unreadable"

_LONGEST = 255


class Event(NamedTuple):
    """A webhook's body, read."""

    digest: str
    """``sha256:...`` of its bytes: the same bytes are the same event."""

    kind: str
    dial_id: str | None
    session_id: str | None
    status: str | None
    """The call's, of an ``updated`` one."""

    @property
    def sight(self) -> Sight | None:
        """What it says of the call; None for one that says nothing of where the call is."""
        if self.dial_id is None:
            return None
        if self.kind == CREATED:
            return Sight("queued", None, "webhook")
        if self.kind == UPDATED and self.status is not None:
            known = self.status in ENDED or self.status in LIVE
            return Sight(self.status, None, "webhook") if known else None
        return None


def read_event(raw_body: bytes) -> Event:
    """The event that the bytes are: ``{"event": kind, "payload": {...}}``."""
    digest = f"sha256:{hashlib.sha256(raw_body).hexdigest()}"
    try:
        value = json.loads(raw_body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or _text(value.get("event")) is None:
        return Event(digest, UNREADABLE, None, None, None)
    payload = value.get("payload")
    if not isinstance(payload, dict):
        payload = {}
    return Event(
        digest,
        value["event"],
        _text(payload.get("dial_id")),
        _text(payload.get("dial_session_id")),
        _text(payload.get("status")),
    )


def _text(value: Any) -> str | None:
    """A short printable text; None for all else: it goes into the ledger and onto screens."""
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    return value if fits else None
