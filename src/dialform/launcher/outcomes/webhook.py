"""
What a webhook says: the kind of event, the dial it is about, the call's status.

Pure, and total: every body is some event. What can't be read is one of the kind
``unreadable``; what is of no known kind keeps its own name. What an event says of its call is
`lattice.sight_of`'s.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from dialform.launcher.outcomes.lattice import CREATED, UPDATED
from dialform.launcher.records import Event

KINDS: Final = frozenset(
    (
        *(CREATED, UPDATED, "dial.transcript", "dial.extractor"),
        *("dial.recording_created", "dial.inbound"),
    )
)
"""The events that the API is known to send."""

WORDS: Final = frozenset(("dial.transcript", "dial.extractor"))
"""Those that hold what people said, or what was made of it."""

UNREADABLE: Final = "unreadable"

_LONGEST = 255


def read_event(raw_body: bytes, now: float) -> Event:
    """
    The event that the bytes are: ``{"event": kind, "payload": {"dial_id": ..., ...}}``.

    The same bytes are the same event; ``now`` is when they came. One of no dial has "" as its.
    """
    digest = f"sha256:{hashlib.sha256(raw_body).hexdigest()}"
    try:
        value = json.loads(raw_body)
    except (ValueError, RecursionError):
        value = None
    kind = _text(value.get("event")) if isinstance(value, dict) else None
    if kind is None:
        return Event(digest, "", UNREADABLE, None, now, raw_body, applied=True)
    payload = value.get("payload")
    if not isinstance(payload, dict):
        payload = {}
    dial_id = _text(payload.get("dial_id")) or ""
    status = _text(payload.get("status"))
    return Event(digest, dial_id, kind, status, now, raw_body, applied=not dial_id)


def _text(value: Any) -> str | None:
    """A short printable text; None for all else: it goes into the ledger and onto screens."""
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    return value if fits else None
