"""Dials before they are sent: reserved on disk, and a campaign's row with its dial."""

from __future__ import annotations

import socket
from functools import cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dialform.errors import Refused, UsageError
from dialform.launcher import liveness
from dialform.launcher.ledger.counting import latest
from dialform.launcher.ledger.framing import keep
from dialform.launcher.ledger.grouped import numbered, of_people, pages
from dialform.launcher.ledger.reading import COLUMNS, record_where
from dialform.launcher.ledger.storage import Storage, written
from dialform.launcher.records import RESERVED, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dialform.launcher.calling import Refusal
    from dialform.launcher.calling.caps import Placed
    from dialform.launcher.ledger.database import Connection
    from dialform.launcher.ledger.framing import Frame
    from dialform.launcher.records import Reservation

    Room = Callable[[Placed], Refusal | None]
    """Why there is no room for one dial more, given those before it; None if there is."""

_FIELDS = itemgetter(*Record._fields)
_NOTHING: dict[str, Any] = dict.fromkeys(Record._fields)
_INSERTED = (
    *("id", "state", "reserved_at", "deadline", "host", "process"),
    *("environment", "preset", "version", "release", "preset_digest", "bound_digest"),
    *("body_digest", "workspace", "to", "from_number_id", "inputs", "withheld", "once"),
    *("campaign", "person", "attempt", "body", "frame", "evidence", "launched_by"),
)
_INTO = f"INSERT INTO dial ({', '.join(COLUMNS.get(name, name) for name in _INSERTED)}) VALUES "  # noqa: S608 - field names
_INSERT = f"{_INTO}({', '.join(f':{name}' for name in _INSERTED)}) ON CONFLICT DO NOTHING"
_VALUES = itemgetter(*_INSERTED)
_TAKE_ROW = (
    "UPDATE person SET state = 'reserved', attempt = attempt + 1, reason = NULL "
    "WHERE campaign = :campaign AND person = :person AND state <> 'skipped' "
    "AND state = 'planned' AND attempt = :attempt - 1"
)
_MANY = 16
"""Dials one by one after which more are to be expected."""

_GIVE_ROW_BACK = (
    "UPDATE person SET state = 'planned', attempt = attempt - 1 "
    "WHERE campaign = :campaign AND person = :person AND state <> 'skipped'"
)


class Reserving(Storage):
    """The ledger's dials as they are reserved."""

    _singles = 0
    """Dials that were reserved one by one, in this process."""

    def reserve(
        self, reservation: Reservation, *, seconds: float, room: Room | None = None
    ) -> tuple[Record, bool]:
        """
        Write a dial down before it is sent; on disk when this returns.

        ``seconds`` is how long its sender may take at most. The exact bytes in ``body`` are
        kept, with the values of sensitive inputs: the ledger is this user's alone, and
        `erase` removes them. ``room`` as for `reserve_many`.

        Returns:
            Its record and True; or, where its ``once`` key or its attempt is taken, the record
            that took it and False, and nothing is written.

        Raises:
            LedgerError: it can't be written, so it must not be sent.
            Refused: its campaign's row is not planned for that attempt, and no dial took it.
            CallRefused: ``room`` says no.

        """
        self._singles += 1
        if self._singles == _MANY:
            self.make_room()
        refused: list[Refusal] = []

        def noted(placed: Placed) -> Refusal | None:
            found = None if room is None else room(placed)
            refused.extend([] if found is None else [found])
            return found

        rooms = [] if room is None else [noted]
        (record,) = self.reserve_many([reservation], seconds=seconds, rooms=rooms)
        if record is not None:
            return record, True
        taken = None
        if reservation.once is not None:
            taken = self.taken(reservation.environment, reservation.once)
        if taken is None and reservation.campaign is not None:
            taken = self._attempt(reservation)
        if taken is None and refused:
            raise refused[0].error()
        if taken is None and reservation.campaign is None:
            return self.reserve(reservation, seconds=seconds, room=room)  # its key came free
        if taken is None:
            raise Refused(
                f"campaign {reservation.campaign}: {reservation.person} is not planned for "
                f"attempt {reservation.attempt}; nothing was sent"
            )
        return taken, False

    def reserve_many(
        self,
        reservations: Sequence[Reservation],
        *,
        seconds: float,
        rooms: Sequence[Room | None] = (),
    ) -> list[Record | None]:
        """
        Write dials down before they are sent, in one transaction; on disk when this returns.

        A campaign's row goes from ``planned`` to ``reserved`` with its dial, one attempt more.
        ``rooms`` says, of each reservation or of none, whether the environment's caps have room
        for it, with nobody else reserving meanwhile.

        Returns:
            In their order, each one's record; None for one that must not be sent: its key, its
            row or its attempt is taken, or there is no room.

        Raises:
            LedgerError: they can't be written, so none must be sent.
            UsageError: a campaign's reservation lacks person or attempt.

        """
        drafts, frames = self._drafts(reservations, seconds)
        made: list[Record | None] = [None] * len(reservations)
        counting = any(one is not None for one in rooms)
        with self._writing("nothing was sent") as connection:
            for frame in frames:
                keep(connection, frame)
            whole = not counting and _reserve_all(connection, drafts)
            for at, values in enumerate(drafts):
                room = rooms[at] if rooms else None
                placed = partial(latest, connection, values["environment"])
                if room is not None and room(placed) is not None:
                    continue
                if whole or _reserve(connection, values):
                    made[at] = Record._make(_FIELDS(values))
        if self._mark is not None:
            self._once_on_disk(partial(self._raise_mark, sum(one is not None for one in made)))
        return made

    def _drafts(
        self, reservations: Iterable[Reservation], seconds: float
    ) -> tuple[list[dict[str, Any]], list[Frame]]:
        """What becomes of each: a record's fields, and the bytes with what stands around them."""
        now = self._clock()
        common = {
            "state": RESERVED,
            "reserved_at": written(now),
            "deadline": now + seconds,
            "host": self._host or socket.gethostname(),
            "process": self._process_name or liveness.this_process(),
        }
        drafts = []
        frames: dict[str, Frame] = {}
        for one in reservations:
            if one.campaign is not None and (one.person is None or not one.attempt):
                raise UsageError("a campaign's dial takes a person and an attempt, from 1")
            values = _NOTHING | one._asdict() | common
            values["id"] = one.id or self._identifier()
            values["person"] = one.person or one.to
            values["frame"] = None
            frame = self._frames.of(one)
            if frame is not None and one.body is not None:
                values["frame"] = frame.id
                values["body"] = one.body[len(frame.head) : len(one.body) - len(frame.tail)]
                frames[frame.id] = frame
            drafts.append(values)
        return drafts, list(frames.values())

    def _raise_mark(self, more: int) -> None:
        if self._mark is not None:
            self._count += more
            self._mark.raise_to(self._count)

    def new_id(self) -> str:
        """An id for a dial whose body depends on it."""
        return self._identifier()

    def taken(self, environment: str, once: str) -> Record | None:
        """
        The dial that took a ``--once`` key; None if none did.

        Raises:
            LedgerError: the ledger can't be read.

        """
        with self._reading() as connection:
            return record_where(
                connection,
                "environment = :environment AND once = :once "
                "AND state IN ('reserved', 'accepted', 'unknown')",
                {"environment": environment, "once": once},
            )

    def _attempt(self, reservation: Reservation) -> Record | None:
        """The dial that took the attempt of a campaign at a person."""
        with self._reading() as connection:
            return record_where(
                connection,
                "campaign = :campaign AND person = :person AND attempt = :attempt "
                "AND state IN ('reserved', 'accepted', 'unknown')",
                {name: getattr(reservation, name) for name in ("campaign", "person", "attempt")},
            )


@cache
def _insert(count: int) -> str:
    row = f"({', '.join('?' for _ in _INSERTED)})"
    return f"{_INTO}{', '.join([row] * count)} ON CONFLICT DO NOTHING"


def _reserve_all(connection: Connection, drafts: Sequence[dict[str, Any]]) -> bool:
    """
    Take the rows of one campaign and write their dials, with a statement each for many.

    False where a row or an attempt is taken, or they are not of one campaign: nothing is changed.
    """
    campaign = drafts[0]["campaign"] if drafts else None
    people = {one["person"] for one in drafts if one["campaign"] == campaign}
    if campaign is None or len(drafts) == 1 or len(people) < len(drafts):
        return False
    connection.change("SAVEPOINT alike")
    whole = all(_reserve_page(connection, campaign, page) for page in pages(drafts))
    if not whole:
        connection.change("ROLLBACK TO SAVEPOINT alike")
    connection.change("RELEASE SAVEPOINT alike")
    return whole


def _reserve_page(connection: Connection, campaign: str, page: Sequence[dict[str, Any]]) -> bool:
    taken = connection.change(
        of_people(_TAKE_ROW, len(page), connection.by_person),
        {
            "campaign": campaign,
            **numbered("person", (one["person"] for one in page)),
            **numbered("attempt", (one["attempt"] for one in page)),
        },
    )
    if taken < len(page):
        return False
    values = [value for one in page for value in _VALUES(one)]
    return connection.change(_insert(len(page)), values) == len(page)


def _reserve(connection: Connection, values: dict[str, Any]) -> bool:
    """Take the row, where there is one, and write the dial; False if either is taken."""
    if values["campaign"] is not None and not connection.change(_TAKE_ROW, values):
        return False
    if connection.change(_INSERT, values):
        return True
    if values["campaign"] is not None:
        connection.change(_GIVE_ROW_BACK, values)
    return False
