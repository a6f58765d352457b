"""
What the ledger holds: dials, campaigns and their rows, events, suppressed numbers.

Pure, but for `Record.pending`, which asks the clock and the operating system. Times are seconds
since 1970, or UTC texts like ``2026-11-23T23:00:00.123456Z`` where nothing calculates with them.
"""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

from dialform.launcher import liveness

RESERVED, ACCEPTED, UNKNOWN, NOT_SENT = "reserved", "accepted", "unknown", "not_sent"
REJECTED, DEFERRED = "rejected", "deferred"
"""The states of a dial."""

DIAL_STATES = (RESERVED, ACCEPTED, UNKNOWN, REJECTED, DEFERRED, NOT_SENT)

MAY_RING = (RESERVED, ACCEPTED, UNKNOWN)
"""The states of a dial in which a phone rings, has rung or may have."""

PLANNED, LIVE, DONE, SKIPPED = "planned", "live", "done", "skipped"
"""States of a campaign's row; ``reserved``, ``rejected`` and ``unknown`` are the others."""

ROW_STATES = (PLANNED, RESERVED, LIVE, DONE, SKIPPED, REJECTED, UNKNOWN)

RUNNING, PAUSED, FINISHED = "running", "paused", "finished"
"""The states of a campaign."""

UNDER_WAY = ("queued", "ringing", "in-progress")
"""A call's own statuses before it has ended, in their order."""

ENDED = frozenset(("completed", "failed", "canceled", "busy", "no-answer"))
"""A call's own statuses once it has ended."""

ANSWERED, ABANDONED = "answer", "abandoned"
"""What settles a dial: the API's answer; that its process is gone. Later: an event, a person."""

KEPT_ANSWER = 4096
"""Bytes of the API's answer that are kept."""


class Reservation(NamedTuple):
    """What is written down before a dial is sent."""

    environment: str
    preset: str
    version: int | None
    """None for the working tree's, which has none."""

    release: int | None
    """The log entry that it came from; None for the working tree's."""

    preset_digest: str
    bound_digest: str
    body_digest: str
    workspace: str
    to: str | None
    from_number_id: str | None
    inputs: str
    """Canonical JSON of the inputs sent, less those that are declared sensitive."""

    withheld: str
    """A JSON list of the names of the inputs that ``inputs`` lacks."""

    once: str | None
    campaign: str | None = None
    """The campaign's id; None for a single dial."""

    person: str | None = None
    """The person's key; None takes the number."""

    attempt: int | None = None
    """Which attempt of the campaign at this person it is, from 1: its row has one fewer."""

    body: bytes | None = None
    """The exact bytes to be sent, sensitive inputs included."""

    same: tuple[int, int] = (0, 0)
    """How many bytes at both ends of ``body`` are the bound preset's alone: they are kept once."""

    id: str | None = None
    """The ledger's own id (`Ledger.new_id`); None makes a new one."""

    evidence: str | None = None
    """Why it is sent, where that is no matter of course: the dial that it is made again of."""

    launched_by: str | None = None
    """Who places it, as `registry.authorship` knows them."""


class Record(NamedTuple):
    """A dial as the ledger has it, less the bytes (`Ledger.content`)."""

    id: str
    environment: str
    once: str | None
    state: str
    preset: str
    version: int | None
    release: int | None
    preset_digest: str
    bound_digest: str
    body_digest: str
    to: str | None
    from_number_id: str | None
    reserved_at: str
    deadline: float
    """After which its process has surely given up."""

    host: str
    process: str
    settled_at: str | None
    dial_id: str | None
    session_id: str | None
    status: int | None
    """The HTTP status."""

    words: str | None
    workspace: str
    inputs: str
    withheld: str
    campaign: str | None
    person: str | None
    attempt: int | None
    call_status: str | None
    """The call's own status, as last seen: one of `UNDER_WAY` or `ENDED`."""

    result: str | None
    """API: ``systemResultType``."""

    ended_at: float | None
    seen_at: float | None
    """When the call's status was last seen."""

    seconds: float | None
    """How long people talked, as ``GET`` said after the end; None until it has."""

    settled_by: str | None
    """``answer``, ``abandoned``, ``event``, ``poll``, ``key``, or who did it by hand."""

    evidence: str | None
    """
    What is known of a dial whose outcome was not clear, and why it was settled as it was; and
    which dial it was made again of.
    """

    launched_by: str | None = None
    """Who placed it."""

    @property
    def placed(self) -> float:
        """When it was reserved, in seconds since 1970."""
        from datetime import datetime  # noqa: PLC0415 - `dial` needs none

        return datetime.fromisoformat(self.reserved_at).timestamp()

    def pending(self, now: float | None = None) -> bool:
        """Whether its process may still settle it, as far as can be told."""
        if self.state != RESERVED or (time.time() if now is None else now) > self.deadline:
            return False
        return self.host != socket.gethostname() or liveness.is_alive(self.process)


class Settlement(NamedTuple):
    """What came of a reserved dial."""

    id: str
    """The ledger's own id of the dial."""

    state: str
    """``accepted``, ``rejected``, ``deferred``, ``not_sent`` or ``unknown``."""

    dial_id: str | None = None
    session_id: str | None = None
    status: int | None = None
    words: str = ""
    """The API's own words."""

    answer: bytes | None = None
    """The body of the API's answer, of which the first 4 KiB are kept; no dial token in it."""

    due: float | None = None
    """
    When a campaign calls the person instead: for ``deferred`` and ``not_sent`` (None: at once);
    with ``rejected`` it says that the person is not to blame, so that the row is planned again.
    """

    evidence: str = ""
    settled_by: str = ANSWERED


class Sighting(NamedTuple):
    """What was said of a call."""

    dial_id: str
    """The API's."""

    status: str
    """One of `UNDER_WAY` or `ENDED`."""

    at: float
    """When, in seconds since 1970."""

    result: str | None = None
    """API: ``systemResultType``."""

    seconds: float | None = None
    """How long people talked, as ``GET`` says; None for what a webhook says."""


class Content(NamedTuple):
    """The bytes of a dial."""

    body: bytes | None
    """What was sent, exactly; None where it was erased or never kept."""

    answer: bytes | None
    """The first 4 KiB of the API's answer."""


class Campaign(NamedTuple):
    """A list of people who are called with one bound preset."""

    id: str
    environment: str
    name: str
    preset: str
    """As it was asked for: ``reminder``, ``reminder@7``."""

    version: int | None
    release: int | None
    preset_digest: str
    bound_digest: str
    """Pinned when it was opened."""

    workspace: str
    source: str
    """The name of the file of people."""

    source_digest: str
    opened_at: str
    opened_by: str
    state: str = RUNNING
    reason: str | None = None
    """Why it is paused."""

    settings: str = "{}"
    """JSON of limits, policies and whatever else must stay the same when it is resumed."""


class Row(NamedTuple):
    """A row of a campaign's file: a person to be called."""

    row: int
    """Its number in the file, from 1."""

    person: str
    """The person's key: what the person column says, else the number."""

    to: str
    inputs: str = "{}"
    """Canonical JSON."""

    zones: str = "[]"
    """A JSON list of the IANA names of the time zones that the person may be in."""

    not_before: float | None = None
    state: str = PLANNED
    attempt: int = 0
    """The attempts so far, the one under way included."""

    due: float = 0.0
    """When the person is to be called, at the earliest."""

    reason: str | None = None
    """Why it is in that state: the rule that skipped it, the answer that rejected it."""


class Event(NamedTuple):
    """A webhook's event as it was received."""

    digest: str
    """Of what makes it the same event: a repeat has the same."""

    dial_id: str
    """The API's id of the dial."""

    kind: str
    """As ``dial.updated``."""

    status: str | None
    received_at: float
    body: bytes
    applied: bool = False
    """Whether the dial knows of it: an event may come before the answer that names its dial."""


class Suppression(NamedTuple):
    """Who is not to be called."""

    entry: str
    """A number in E.164, or ``sha256:`` and the hex digest of one."""

    reason: str
    at: str
