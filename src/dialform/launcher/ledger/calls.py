"""
What is known of calls: each sight of one joined to what the ledger has, never backwards.

Sights come by ``GET``, and by webhooks, of which each is kept before anything is made of it. A
webhook may come before the answer that names its dial: it is applied when the dial is settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.launcher.ledger.reading import record_where
from dialform.launcher.ledger.rows import move_row
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.outcomes.lattice import Sight, joined, sight_of
from dialform.launcher.records import DONE, LIVE, Event

if TYPE_CHECKING:
    from dialform.launcher.ledger.database import Connection, Rows
    from dialform.launcher.records import Record

_EVENT = ", ".join(Event._fields)
_PAGE = 500


class Calls(Storage):
    """The ledger's calls and the events of them."""

    def see(
        self,
        dial_id: str,
        call_status: str,
        *,
        at: float,
        result: str | None = None,
        seconds: float | None = None,
    ) -> bool:
        """
        Write down what is known of a call; its row becomes done when it has ended.

        A call that has ended never un-ends, and one that goes on never goes back: what comes
        late or twice changes nothing. ``result`` is the API's ``systemResultType``. ``seconds``
        is how long people talked, as ``GET`` says; None for what a webhook says. An end by
        ``GET`` stands in the place of another by webhook.

        Returns:
            Whether there is a dial with the API's ``dial_id``.

        """
        sight = Sight(call_status, result, "webhook" if seconds is None else "get")
        with self._writing("the call's status is not on record") as connection:
            record = record_where(connection, "dial_id = :dial_id", {"dial_id": dial_id})
            if record is None:
                return False
            _see(connection, record, sight, at, seconds)
        return True

    def add_event(self, event: Event) -> bool:
        """
        Keep an event and, where its dial is known, what it says of the call; in one transaction.

        Returns False for a repeat, of which nothing is kept.
        """
        places = ", ".join(f":{name}" for name in Event._fields)
        with self._writing("the event was not kept") as connection:
            kept = connection.change(
                f"INSERT INTO event ({_EVENT}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - field names
                {**event._asdict(), "applied": int(event.applied)},
            )
            if kept and event.dial_id:
                apply_waiting(connection, event.dial_id)
        return kept > 0

    def remark(self, identifier: str, evidence: str) -> bool:
        """
        Add a line to what is known of a dial whose outcome is not clear, unless it is there.

        Returns whether it was added.
        """
        with self._writing("the evidence was not kept") as connection:
            record = record_where(connection, "id = :id", {"id": identifier})
            if record is None or evidence in (record.evidence or "").splitlines():
                return False
            connection.change(
                "UPDATE dial SET evidence = :evidence WHERE id = :id",
                {
                    "id": identifier,
                    "evidence": "\n".join(filter(None, (record.evidence, evidence))),
                },
            )
        return True

    def events(self, dial_id: str) -> list[Event]:
        """The events of the dial with the API's ``dial_id``, as they came."""
        with self._reading("nothing was read") as connection:
            return _events(
                connection.rows(
                    f"SELECT {_EVENT} FROM event WHERE dial_id = :dial_id "  # noqa: S608 - field names
                    "ORDER BY received_at, digest",
                    {"dial_id": dial_id},
                )
            )

    def unapplied(self, since: float = 0.0, limit: int = _PAGE) -> list[Event]:
        """Events received since then of dials that the ledger does not know, oldest first."""
        with self._reading("nothing was read") as connection:
            return _events(
                connection.rows(
                    f"SELECT {_EVENT} FROM event WHERE applied = 0 AND received_at >= :since "  # noqa: S608 - field names
                    "ORDER BY received_at, digest LIMIT :limit",
                    {"since": since, "limit": limit},
                )
            )


def apply_waiting(connection: Connection, dial_id: str) -> None:
    """Let a dial know of the events that came before it was known by that id."""
    waiting = _events(
        connection.rows(
            f"SELECT {_EVENT} FROM event WHERE dial_id = :dial_id AND applied = 0 "  # noqa: S608 - field names
            "ORDER BY received_at, digest",
            {"dial_id": dial_id},
        )
    )
    record = None
    for event in waiting:
        record = record_where(connection, "dial_id = :dial_id", {"dial_id": dial_id})
        sight = sight_of(event)
        if record is not None and sight is not None:
            _see(connection, record, sight, event.received_at, None)
    if record is not None:
        connection.change_each(
            "UPDATE event SET applied = 1 WHERE digest = :digest",
            [{"digest": one.digest} for one in waiting],
        )


def _see(
    connection: Connection, record: Record, sight: Sight, at: float, seconds: float | None
) -> None:
    known = None
    if record.call_status is not None:
        by_get = record.seconds is not None
        known = Sight(record.call_status, record.result, "get" if by_get else "webhook")
    after = joined(known, sight)
    if after == known:
        return
    ended_at = record.ended_at if record.ended_at is not None else at if after.ended else None
    talked = record.seconds if seconds is None else seconds
    connection.change(
        "UPDATE dial SET call_status = :status, result = :result, seen_at = :at, "
        "ended_at = :ended_at, seconds = :seconds WHERE id = :id",
        {
            "id": record.id,
            "status": after.status,
            "result": after.result,
            "at": at,
            "ended_at": ended_at,
            "seconds": talked if after.ended and after.source == "get" else None,
        },
    )
    if after.ended:
        move_row(connection, record, DONE, from_state=LIVE, reason=after.result)


def _events(rows: Rows) -> list[Event]:
    return [Event._make((*kept, bytes(body), bool(applied))) for *kept, body, applied in rows]
