"""
The points at which processes are killed: each transition, before, within and after it is on disk.

Functions of the product by their names, looked up when they are used: what is renamed there
fails the tests until it is renamed here.
"""

from __future__ import annotations

from typing import NamedTuple

from process_world import Point

_LEDGER = "dialform.launcher.ledger"
_ENGINE = "dialform.launcher.campaign.engine:Engine"
_COMMIT = f"{_LEDGER}.sqlite:SqliteConnection.commit"
_BRING_UP = f"{_LEDGER}.sqlite:SqliteFile._bring_up"
_OPEN = f"{_LEDGER}.campaigns:Campaigns.open_campaign"
_ADD = f"{_LEDGER}.campaigns:Campaigns.add_people"
_REPIN = f"{_LEDGER}.campaigns:Campaigns.repin_campaign"
_STATE = f"{_LEDGER}.campaigns:Campaigns.set_campaign_state"
_RESERVE = f"{_LEDGER}.reserving:Reserving.reserve_many"
_SETTLE = f"{_LEDGER}.settling:Settling.settle_many"
_ABANDONED = f"{_LEDGER}.settling:Settling.abandoned"
_SEE = f"{_LEDGER}.seeing:Seeing.see"
_AGAIN = f"{_LEDGER}.waiting:Waiting.again"
_SKIP = f"{_LEDGER}.waiting:Waiting.skip_many"
_INTEND = f"{_LEDGER}.claiming:Claiming.intend"
_CLAIM = "dialform.registry.registry:Registry.claim"
_CLAIM_CAMPAIGN = "dialform.registry.registry:Registry.claim_campaign"
_FAST = "dialform.api.fast:FastClient"
_CLIENT = "dialform.api.client:Client"

PEOPLE = 4
"""Whose calls are answered, beside one whose number is busy and is called twice."""


class Crash(NamedTuple):
    """A point, and how many are of unknown outcome after it."""

    point: Point
    unknown: int = 0


def _around(function: str, nth: int = 1) -> list[Point]:
    """Before and after what ``function`` writes is on disk."""
    return [Point(_COMMIT, when, function, nth) for when in ("call", "return")]


OPENED = [
    Crash(Point(f"{_LEDGER}.sqlite:SqliteFile._make_file")),
    Crash(Point(f"{_LEDGER}.sqlite:SqliteFile._become_wal")),
    *(Crash(one) for one in _around(_BRING_UP)),
    Crash(Point(_INTEND, "call")),
    Crash(Point(_INTEND)),
    Crash(Point(_CLAIM)),
    Crash(Point(_CLAIM_CAMPAIGN)),
    *(Crash(one) for one in _around(_OPEN)),
    *(Crash(one) for one in _around(_STATE)),
]
"""A campaign that begins."""

CALLED = [
    Crash(Point(f"{_LEDGER}.waiting:Waiting.due")),
    Crash(Point(f"{_LEDGER}.reserving:_reserve")),
    Crash(Point(_COMMIT, "call", _RESERVE)),
    Crash(Point(_COMMIT, "return", _RESERVE), 1),
    Crash(Point(f"{_LEDGER}.mark:Mark.raise_to", "call", _RESERVE), 1),
    Crash(Point(f"{_ENGINE}._send", "call"), 1),
    Crash(Point(f"{_FAST}.create", "call"), 1),
    Crash(Point("asyncio.selector_events:_SelectorSocketTransport.write"), 1),
    Crash(Point(f"{_FAST}.create"), 1),
    Crash(Point(_SETTLE, "call"), 1),
    Crash(Point(f"{_LEDGER}.settling:_settle"), 1),
    Crash(Point(_COMMIT, "call", _SETTLE), 1),
    Crash(Point(_COMMIT, "return", _SETTLE)),
    Crash(Point(f"{_ENGINE}._follow", "call")),
    Crash(Point(_COMMIT, "call", _RESERVE, 3)),
    Crash(Point(_COMMIT, "return", _RESERVE, 3), 1),
    Crash(Point(_COMMIT, "call", _SETTLE, 3), 1),
    Crash(Point(_COMMIT, "return", _SETTLE, 3)),
]
"""One that reserves, sends and settles a call at a time."""

ENDED = [
    Crash(Point(f"{_FAST}.seen")),
    *(Crash(one) for one in _around(_SEE)),
    Crash(Point(f"{_ENGINE}._plan_again", "call")),
    *(Crash(one) for one in _around(_AGAIN)),
    Crash(Point(_COMMIT, "call", _RESERVE, PEOPLE + 2)),
    Crash(Point(_COMMIT, "return", _RESERVE, PEOPLE + 2), 1),
    Crash(Point(_COMMIT, "call", _SETTLE, PEOPLE + 2), 1),
    Crash(Point(_COMMIT, "return", _SETTLE, PEOPLE + 2)),
    *(Crash(one) for one in _around(_STATE, 2)),
    Crash(Point("dialform.cli.progress:Progress.ended", "call")),
    Crash(Point(f"{_LEDGER}.claiming:Claiming.close", "call")),
]
"""One whose calls end, are retried, and that finishes."""

RESUMED = [
    *(Crash(one, 1) for one in _around(_ABANDONED)),
    *(Crash(one, 1) for one in _around(_REPIN)),
    Crash(Point(_CLAIM), 1),
]
"""One that goes on after a process that was killed with a call reserved; its rate is new."""

APPENDED = [Crash(one) for one in _around(_ADD)]
"""One that people are added to."""

REFUSED = [Crash(one) for one in _around(_SETTLE)]
"""One whose first call is deferred by the API."""

SKIPPED = [Crash(one) for one in _around(_SKIP)]
"""One that goes on after somebody was suppressed."""

DIALLED = [
    Crash(Point(_INTEND)),
    Crash(Point(_CLAIM)),
    Crash(Point(f"{_LEDGER}.reserving:_reserve")),
    Crash(Point(_COMMIT, "call", _RESERVE)),
    Crash(Point(_COMMIT, "return", _RESERVE), 1),
    Crash(Point("dialform.launcher.sending:Sending.send", "call"), 1),
    Crash(Point(f"{_CLIENT}.create_dial", "call"), 1),
    Crash(Point("httpcore._backends.sync:SyncStream.write", nth=2), 1),
    Crash(Point(f"{_CLIENT}.create_dial"), 1),
    Crash(Point(_COMMIT, "call", _SETTLE), 1),
    Crash(Point(_COMMIT, "return", _SETTLE)),
    Crash(Point("dialform.cli.output:data", "call")),
]
"""A single call with a key."""

EVERYWHERE = [
    *(OPENED + CALLED + ENDED + RESUMED + APPENDED + REFUSED + SKIPPED + DIALLED),
]
