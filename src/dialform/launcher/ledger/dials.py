"""
Dials: reserved before they are sent, settled after, and the campaign's row moves with them.

A row is moved in the transaction that moves its dial, so that no crash finds the two apart.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from dialform.errors import LedgerError, Refused, UsageError
from dialform.launcher import liveness
from dialform.launcher.ledger.calls import apply_waiting
from dialform.launcher.ledger.reading import COLUMNS, record_where
from dialform.launcher.ledger.rows import move_row
from dialform.launcher.ledger.storage import Storage, written
from dialform.launcher.records import (
    ABANDONED,
    ACCEPTED,
    DEFERRED,
    KEPT_ANSWER,
    NOT_SENT,
    REJECTED,
    RESERVED,
    UNKNOWN,
    Record,
    Settlement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialform.launcher.ledger.database import Connection
    from dialform.launcher.records import Reservation

_ROW_OF = {
    ACCEPTED: "live",
    REJECTED: "rejected",
    DEFERRED: "planned",
    NOT_SENT: "planned",
    UNKNOWN: "unknown",
}
"""State of a settled dial -> state of the campaign's row."""

_INSERTED = (
    *("id", "state", "reserved_at", "deadline", "host", "process"),
    *("environment", "preset", "version", "release", "preset_digest", "bound_digest"),
    *("body_digest", "workspace", "to", "from_number_id", "inputs", "withheld", "once"),
    *("campaign", "person", "attempt", "body"),
)
_INSERT = (
    f"INSERT INTO dial ({', '.join(COLUMNS.get(name, name) for name in _INSERTED)}) "  # noqa: S608 - field names
    f"VALUES ({', '.join(f':{name}' for name in _INSERTED)}) ON CONFLICT DO NOTHING"
)
_TAKE_ROW = (
    "UPDATE person SET state = 'reserved', attempt = attempt + 1, reason = NULL "
    "WHERE campaign = :campaign AND person = :person AND state <> 'skipped' "
    "AND state = 'planned' AND attempt = :attempt - 1"
)
_GIVE_ROW_BACK = (
    "UPDATE person SET state = 'planned', attempt = attempt - 1 "
    "WHERE campaign = :campaign AND person = :person AND state <> 'skipped'"
)
_SETTLE = (
    "UPDATE dial SET state = :state, settled_at = :settled_at, dial_id = :dial_id, "
    "session_id = :session_id, status = :status, words = :words, answer = :answer, "
    "evidence = COALESCE(:evidence, evidence), settled_by = :settled_by WHERE id = :id "
    "AND (state = 'reserved' OR (state = 'unknown' AND settled_by = 'abandoned'))"
)


class Dials(Storage):
    """The ledger's dials, as they come and go."""

    def reserve(self, reservation: Reservation, *, seconds: float) -> tuple[Record, bool]:
        """
        Write a dial down before it is sent; on disk when this returns.

        ``seconds`` is how long its sender may take at most. The exact bytes in ``body`` are
        kept, with the values of sensitive inputs: the ledger is this user's alone, and
        `erase` removes them.

        Returns:
            Its record and True; or, where its ``once`` key or its attempt is taken, the record
            that took it and False, and nothing is written.

        Raises:
            LedgerError: it can't be written, so it must not be sent.
            Refused: its campaign's row is not planned for that attempt, and no dial took it.

        """
        (record,) = self.reserve_many([reservation], seconds=seconds)
        if record is not None:
            return record, True
        taken = None
        if reservation.once is not None:
            taken = self.taken(reservation.environment, reservation.once)
        if taken is None and reservation.campaign is not None:
            taken = self._attempt(reservation)
        if taken is None and reservation.campaign is None:
            return self.reserve(reservation, seconds=seconds)  # its key came free meanwhile
        if taken is None:
            raise Refused(
                f"campaign {reservation.campaign}: {reservation.person} is not planned for "
                f"attempt {reservation.attempt}; nothing was sent"
            )
        return taken, False

    def reserve_many(
        self, reservations: Sequence[Reservation], *, seconds: float
    ) -> list[Record | None]:
        """
        Write dials down before they are sent, in one transaction; on disk when this returns.

        A campaign's row goes from ``planned`` to ``reserved`` with its dial, one attempt more.

        Returns:
            In their order, each one's record; None for one that must not be sent: its key, its
            row or its attempt is taken.

        Raises:
            LedgerError: they can't be written, so none must be sent.
            UsageError: a campaign's reservation lacks person or attempt.

        """
        for one in reservations:
            if one.campaign is not None and (one.person is None or not one.attempt):
                raise UsageError("a campaign's dial takes a person and an attempt, from 1")
        now = self._clock()
        common = {
            "state": RESERVED,
            "reserved_at": written(now),
            "deadline": now + seconds,
            "host": socket.gethostname(),
            "process": liveness.this_process(),
        }
        made: list[Record | None] = [None] * len(reservations)
        # One order for all processes, so that none waits for one that waits for it.
        order = sorted(range(len(reservations)), key=lambda at: _place(reservations[at]))
        with self._writing("nothing was sent") as connection:
            for at in order:
                values = {**common, "id": self._identifier(), **reservations[at]._asdict()}
                values["person"] = values["person"] or values["to"]
                if _reserve(connection, values):
                    made[at] = Record._make(values.get(name) for name in Record._fields)
        return made

    def settle(self, identifier: str, state: str, **fields: Any) -> None:
        """
        Write down what came of a reserved dial; ``fields`` are those of `Settlement`.

        Raises:
            LedgerError: it can't be written; the record stays reserved, which counts as unknown.

        """
        self.settle_many([Settlement(identifier, state, **fields)])

    def settle_many(self, settlements: Sequence[Settlement]) -> None:
        """
        Write down what came of reserved dials, in one transaction, and move their rows.

        ``accepted`` -> live; ``rejected`` -> rejected; ``deferred``, ``not_sent`` and, with a
        ``due``, ``rejected`` -> planned again at ``due`` for the same attempt; ``unknown`` ->
        unknown. A dial that was given up as abandoned is settled too: its sender knows better.
        What is settled already stays as it is.

        Raises:
            LedgerError: they can't be written; the records stay reserved, which counts as unknown.

        """
        now = self._clock()
        with self._writing("the dial's outcome is not on record") as connection:
            for one in sorted(settlements, key=lambda one: one.id):
                _settle(connection, one, now)

    def settle_unknown(  # noqa: PLR0913 - what is known of it has that many sides
        self,
        identifier: str,
        *,
        rang: bool,
        by: str,
        evidence: str,
        dial_id: str | None = None,
        session_id: str | None = None,
        due: float | None = None,
    ) -> Record:
        """
        Settle a dial of unknown outcome for good, because something or somebody knows.

        ``rang``: it becomes accepted and its row live, or done where nothing can tell more of
        the call (no ``dial_id``). Else it becomes not sent, and its row is planned again for
        the same attempt at ``due``.

        Args:
            identifier: the ledger's own id.
            rang: whether a phone rang.
            by: who or what knows: ``event``, ``poll``, ``key``, or a person's name.
            evidence: how it is known; what was known before is kept before it.
            dial_id: the API's id, where it is known now.
            session_id: the API's, likewise.
            due: when the person is called instead, seconds since 1970; None: at once.

        Raises:
            Refused: it is not of unknown outcome.
            UsageError: there is no such dial.

        """
        now = self._clock()
        with self._writing("the dial is not settled") as connection:
            record = record_where(connection, "id = :id", {"id": identifier})
            if record is None:
                raise UsageError(f"the ledger has no dial {identifier}")
            if record.state != UNKNOWN and (record.state != RESERVED or record.pending(now)):
                raise Refused(
                    f"dial {identifier} is {record.state}: only one of unknown outcome is settled"
                )
            connection.change(
                "UPDATE dial SET state = :state, settled_at = :at, settled_by = :by, "
                "evidence = :evidence, dial_id = COALESCE(:dial_id, dial_id), "
                "session_id = COALESCE(:session_id, session_id) WHERE id = :id",
                {
                    "id": identifier,
                    "state": ACCEPTED if rang else NOT_SENT,
                    "at": written(now),
                    "by": by,
                    "evidence": "\n".join(filter(None, (record.evidence, evidence))),
                    "dial_id": dial_id,
                    "session_id": session_id,
                },
            )
            if record.campaign is not None:
                row = ("live" if dial_id or record.dial_id else "done") if rang else "planned"
                move_row(
                    connection, record, row, from_state=None, back=not rang, due=due, reason=None
                )
            if dial_id is not None:
                apply_waiting(connection, dial_id)
            settled = record_where(connection, "id = :id", {"id": identifier})
        if settled is None:
            raise LedgerError(f"ledger {self.path}: dial {identifier} is gone")
        return settled

    def abandoned(
        self, *, is_pending: Callable[[Record], bool] | None = None, campaign: str | None = None
    ) -> list[Record]:
        """
        Give up the dials whose process is gone or too late: they become ``unknown``.

        ``is_pending`` says whether a process may still settle a dial (None: `Record.pending`);
        ``campaign`` limits it to one campaign's. Returns those given up, as they were.
        """
        now = self._clock()
        with self._writing("abandoned dials stay reserved, which counts as unknown") as connection:
            where = "state = 'reserved' AND ended_at IS NULL"
            if campaign is not None:
                where += " AND campaign = :campaign"
            names = ", ".join(COLUMNS.values())
            found = connection.rows(
                f"SELECT {names} FROM dial WHERE {where}",  # noqa: S608 - constants
                {"campaign": campaign},
            )
            gone = [
                record
                for record in (Record(*values) for values in found)
                if not (record.pending(now) if is_pending is None else is_pending(record))
            ]
            for record in gone:
                late = "its time was over" if now > record.deadline else "its process is gone"
                evidence = (
                    f"reserved at {record.reserved_at} by process {record.process} on "
                    f"{record.host}; no answer was written down and {late}"
                )
                _settle(
                    connection,
                    Settlement(record.id, UNKNOWN, evidence=evidence, settled_by=ABANDONED),
                    now,
                )
        return gone

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


def _place(one: Reservation) -> tuple[str, str, str, str]:
    return (one.campaign or "", one.person or "", one.environment, one.once or "")


def _reserve(connection: Connection, values: dict[str, Any]) -> bool:
    """Take the row, where there is one, and write the dial; False if either is taken."""
    if values["campaign"] is not None and not connection.change(_TAKE_ROW, values):
        return False
    if connection.change(_INSERT, values):
        return True
    if values["campaign"] is not None:
        connection.change(_GIVE_ROW_BACK, values)
    return False


def _settle(connection: Connection, one: Settlement, now: float) -> None:
    values = {
        **one._asdict(),
        "settled_at": written(now),
        "words": one.words or None,
        "answer": None if one.answer is None else one.answer[:KEPT_ANSWER],
        "evidence": one.evidence or None,
    }
    if not connection.change(_SETTLE, values):
        return
    record = record_where(connection, "id = :id", {"id": one.id})
    if record is not None and record.campaign is not None:
        _move_row_of(connection, one, record)
    if one.dial_id is not None:
        apply_waiting(connection, one.dial_id)


def _move_row_of(connection: Connection, one: Settlement, record: Record) -> None:
    again = one.state in (DEFERRED, NOT_SENT) or (one.state == REJECTED and one.due is not None)
    move_row(
        connection,
        record,
        "planned" if again else _ROW_OF[one.state],
        from_state=None,
        back=again,
        due=one.due if again else None,
        reason=one.words or one.evidence or None,
    )
