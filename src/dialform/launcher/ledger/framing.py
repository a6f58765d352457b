"""
Bodies as the ledger keeps them: what a preset says in all its calls is kept once.

The bytes at both ends of a body that are the bound preset's alone are a frame, which holds
nothing of any person; a dial keeps what stands between. Together they are the exact bytes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dialform.launcher.ledger.database import Connection
    from dialform.launcher.records import Reservation

WORTH = 512
"""Bytes of a frame, at least: shorter ones stay with their bodies."""

_MOST = 64


class Frame(NamedTuple):
    """What stands around bodies."""

    id: str
    head: bytes
    tail: bytes

    def fits(self, body: bytes) -> bool:
        """Whether ``body`` begins and ends so."""
        return (
            len(body) >= len(self.head) + len(self.tail)
            and body.startswith(self.head)
            and body.endswith(self.tail)
        )


class Frames:
    """The frames of the presets that are called with, in mind."""

    def __init__(self) -> None:
        """None yet."""
        self._known: dict[tuple[str, int, int], Frame] = {}

    def of(self, one: Reservation) -> Frame | None:
        """The frame of a dial's body; None where its body is kept whole."""
        head, tail = one.same
        if one.body is None or head + tail < WORTH or head + tail > len(one.body):
            return None
        key = one.bound_digest, head, tail
        known = self._known.get(key)
        if known is not None and known.fits(one.body):
            return known
        if len(self._known) >= _MOST:
            self._known.clear()
        begin, end = one.body[:head], one.body[len(one.body) - tail :]
        named = hashlib.sha256(b"%d\n%b%b" % (head, begin, end)).hexdigest()
        self._known[key] = found = Frame(named, begin, end)
        return found


def keep(connection: Connection, frame: Frame) -> None:
    """Write a frame down, unless it is there."""
    connection.change(
        "INSERT INTO frame (id, head, tail) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", frame
    )
