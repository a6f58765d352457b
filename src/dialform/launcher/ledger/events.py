"""What comes from outside: webhooks' events as they were received; who is not to be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.errors import CallRefused
from dialform.launcher.ledger.grouped import names_of, numbered, pages
from dialform.launcher.ledger.looking import hashed
from dialform.launcher.ledger.reading import record_where
from dialform.launcher.ledger.seeing import join
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.outcomes.lattice import sight_of
from dialform.launcher.records import Event, Suppression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dialform.launcher.ledger.database import Connection, Rows

_EVENT = ", ".join(Event._fields)
_PAGE = 500

SUPPRESSION = "suppression"
"""The name of the rule that nobody on the ledger's list is called."""


class Events(Storage):
    """
    The ledger's events.

    One may come before the answer that names its dial: it is applied when the dial is settled.
    """

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


class Suppressions(Storage):
    """Who is not to be called, in all campaigns of the ledger."""

    def suppress(self, entries: Iterable[Suppression]) -> int:
        """Add entries, in one transaction; returns how many are new. An old one stays as it is."""
        with self._writing("nothing was suppressed") as connection:
            return connection.change_each(
                "INSERT INTO suppression (entry, reason, at) VALUES (:entry, :reason, :at) "
                "ON CONFLICT (entry) DO NOTHING",
                [one._asdict() for one in entries],
            )

    def unsuppress(self, entry: str) -> bool:
        """Remove an entry; returns whether there was one."""
        with self._writing("the entry stays") as connection:
            return (
                connection.change("DELETE FROM suppression WHERE entry = :entry", {"entry": entry})
                > 0
            )

    def suppressed(self, numbers: Iterable[str]) -> dict[str, Suppression]:
        """Those of ``numbers`` that are on the list, as themselves or as a hash, with the entry."""
        asked = list(numbers)
        found: dict[str, Suppression] = {}
        for at in range(0, len(asked), _PAGE):
            page = asked[at : at + _PAGE]
            names = {one: number for number in page for one in (number, hashed(number))}
            values = {f"entry{at}": one for at, one in enumerate(names)}
            places = ", ".join(f":{name}" for name in values)
            with self._reading() as connection:
                rows = connection.rows(
                    f"SELECT entry, reason, at FROM suppression WHERE entry IN ({places})",  # noqa: S608 - names of values
                    values,
                )
            found |= {names[row[0]]: Suppression(*row) for row in rows}
        return found

    def refuse_suppressed(self, number: str | None) -> None:
        """Raises CallRefused where ``number`` is on the list; None is a browser call."""
        found = None if number is None else self.suppressed([number]).get(number)
        if found is not None:
            raise CallRefused(
                f"{number} is not to be called since {found.at}: {found.reason}; nothing was sent. "
                f"`dialform suppress` keeps the list [{SUPPRESSION}]",
                rule=SUPPRESSION,
            )

    def suppressions(self) -> Iterator[Suppression]:
        """The whole list, by entry."""
        after = ""
        while True:
            with self._reading("nothing was read") as connection:
                rows = connection.rows(
                    "SELECT entry, reason, at FROM suppression WHERE entry > :after "
                    "ORDER BY entry LIMIT :page",
                    {"after": after, "page": _PAGE},
                )
            yield from (Suppression(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]


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
            join(connection, record, sight, event.received_at, None)
    if record is not None:
        connection.change_each(
            "UPDATE event SET applied = 1 WHERE digest = :digest",
            [{"digest": one.digest} for one in waiting],
        )


def apply_waiting_of(connection: Connection, dial_ids: Sequence[str]) -> None:
    """`apply_waiting` for several dials."""
    if len(dial_ids) == 1:
        apply_waiting(connection, dial_ids[0])
        return
    for page in pages(dial_ids):
        found = connection.rows(
            f"SELECT DISTINCT dial_id FROM event WHERE applied = 0 "  # noqa: S608 - names of values
            f"AND dial_id IN ({names_of('dial', len(page))})",
            numbered("dial", page),
        )
        for (one,) in found:
            apply_waiting(connection, one)


def _events(rows: Rows) -> list[Event]:
    return [Event._make((*kept, bytes(body), bool(applied))) for *kept, body, applied in rows]
