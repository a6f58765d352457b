"""
The points at which processes are killed: each transition, before, within and after it is on disk.

Functions of the product by their names, looked up when they are used: what is renamed there
fails the tests until it is renamed here.
"""

from __future__ import annotations

from process_world import Point

_LEDGER = "dialform.launcher.ledger"
_ENGINE = "dialform.launcher.campaign.engine:Engine"
_GROUP = "dialform.launcher.campaign.writer:Writer._write"
_COMMIT = f"{_LEDGER}.sqlite:SqliteConnection.commit"
_BRING_UP = f"{_LEDGER}.sqlite:SqliteFile._bring_up"
_OPEN = f"{_LEDGER}.campaigns:Campaigns.open_campaign"
_ADD = f"{_LEDGER}.campaigns:Campaigns.add_people"
_REPIN = f"{_LEDGER}.campaigns:Campaigns.repin_campaign"
_STATE = f"{_LEDGER}.campaigns:Campaigns.set_campaign_state"
_RESERVE = f"{_LEDGER}.reserving:Reserving.reserve_many"
_SETTLE = f"{_LEDGER}.settling:Settling.settle_many"
_ABANDONED = f"{_LEDGER}.settling:Settling.abandoned"
_SEE = f"{_LEDGER}.seeing:Seeing.see_many"
_AGAIN = f"{_LEDGER}.waiting:Waiting.again"
_SKIP = f"{_LEDGER}.waiting:Waiting.skip_many"
_INTEND = f"{_LEDGER}.claiming:Claiming.intend"
_MARK = f"{_LEDGER}.mark:Mark.raise_to"
_CLAIM = "dialform.registry.registry:Registry.claim"
_CLAIM_CAMPAIGN = "dialform.registry.registry:Registry.claim_campaign"
_FAST = "dialform.api.fast:FastClient"
_CLIENT = "dialform.api.client:Client"

PEOPLE = 4
"""Whose calls are answered, beside one whose number is busy and is called twice."""


def _around(function: str, nth: int = 1) -> list[Point]:
    """Before and after what ``function`` writes is on disk."""
    return [Point(_COMMIT, when, function, nth) for when in ("call", "return")]


OPENED = [
    Point(f"{_LEDGER}.sqlite:SqliteFile._make_file"),
    Point(f"{_LEDGER}.sqlite:SqliteFile._become_wal"),
    *_around(_BRING_UP),
    Point(_INTEND, "call"),
    Point(_INTEND),
    Point(_CLAIM),
    Point(_CLAIM_CAMPAIGN),
    *_around(_OPEN),
    *_around(_STATE),
]
"""A campaign that begins."""

SENT = [
    Point(f"{_LEDGER}.waiting:Waiting.due"),
    Point(_RESERVE),
    Point(f"{_ENGINE}._send", "call"),
    Point(f"{_FAST}.create", "call"),
    Point("asyncio.selector_events:_SelectorSocketTransport.write"),
    Point(f"{_FAST}.create"),
    Point(f"{_ENGINE}._send"),
    Point(_SETTLE, "call"),
    Point(_SETTLE),
    Point(f"{_ENGINE}._follow", "call"),
]
"""One that reserves, sends and settles a call at a time."""

CALLED = [
    *SENT,
    Point(_MARK, "call", _GROUP),
    *(one for nth in range(1, PEOPLE + 2) for one in _around(_GROUP, nth)),
]
"""The same, around what is written down."""

ENDED = [
    Point(f"{_FAST}.seen"),
    Point(_SEE, "call"),
    Point(_SEE),
    Point(f"{_ENGINE}._plan_again", "call"),
    *_around(_AGAIN),
    Point(_RESERVE, "call", None, PEOPLE + 2),
    Point(_RESERVE, "return", None, PEOPLE + 2),
    Point(f"{_ENGINE}._send", "call", None, PEOPLE + 2),
    Point(f"{_FAST}.create", "return", None, PEOPLE + 2),
    Point(_SETTLE, "call", None, PEOPLE + 2),
    Point(_SETTLE, "return", None, PEOPLE + 2),
    *_around(_STATE, 2),
    Point("dialform.cli.progress:Progress.ended", "call"),
    Point(f"{_LEDGER}.claiming:Claiming.close", "call"),
]
"""One whose calls end, are retried, and that finishes."""

SENDS = Point(f"{_FAST}.create", "call")
"""A call is on record, and is about to be sent."""

RESUMED = [*_around(_ABANDONED), *_around(_REPIN), Point(_CLAIM)]
"""One that goes on after a process that was killed with a call reserved; its rate is new."""

APPENDED = _around(_ADD)
"""One that people are added to."""

REFUSED = [Point(_SETTLE, "call"), Point(_SETTLE), *_around(_GROUP, 2)]
"""One whose first call is deferred by the API."""

SKIPPED = [Point(_SKIP, "call"), Point(_SKIP), *_around(_GROUP)]
"""One that goes on after somebody was suppressed."""

DIALLED = [
    Point(_INTEND),
    Point(_CLAIM),
    *_around(_RESERVE),
    Point(_MARK, "call", _RESERVE),
    Point("dialform.launcher.sending:Sending.send", "call"),
    Point(f"{_CLIENT}.create_dial", "call"),
    Point("httpcore._backends.sync:SyncStream.write", nth=2),
    Point(f"{_CLIENT}.create_dial"),
    *_around(_SETTLE),
    Point("dialform.cli.output:data", "call"),
]
"""A single call with a key."""

SERVER = [
    Point(f"{_LEDGER}.postgres:PostgresServer._bring_up", "call"),
    *(
        Point(f"{_LEDGER}.postgres:PostgresConnection.commit", when, within, nth)
        for within, nth in (
            (f"{_LEDGER}.postgres:PostgresServer._bring_up", 1),
            (_OPEN, 1),
            (_STATE, 1),
            *((_GROUP, nth) for nth in range(1, PEOPLE + 2)),
            (_AGAIN, 1),
            (_STATE, 2),
        )
        for when in ("call", "return")
    ),
]
"""A campaign on a PostgreSQL server, which keeps no mark: around what is committed there."""

EVERYWHERE = [
    *SERVER,
    *(OPENED + CALLED + ENDED + RESUMED + APPENDED + REFUSED + SKIPPED + DIALLED),
    SENDS,
]
