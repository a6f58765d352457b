"""
A dial as the ledger holds it, before it is sent and after.

Pure, but for `Record.pending`, which asks the clock and the operating system.
"""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

from dialform.launcher import liveness

RESERVED, ACCEPTED, UNKNOWN, NOT_SENT = "reserved", "accepted", "unknown", "not_sent"
"""States of a dial; ``rejected`` and ``deferred`` are the others."""


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
    """A JSON list of the names of the inputs that are not kept."""

    once: str | None


class Record(NamedTuple):
    """A dial as the ledger has it."""

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
    """Seconds since 1970 after which its process has surely given up."""

    host: str
    process: str
    settled_at: str | None
    dial_id: str | None
    session_id: str | None
    status: int | None
    words: str | None

    def pending(self) -> bool:
        """Whether its process may still settle it, as far as can be told."""
        if self.state != RESERVED or time.time() > self.deadline:
            return False
        return self.host != socket.gethostname() or liveness.is_alive(self.process)
