"""Dials after they were sent: what came of them, as their senders know it or nobody does."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from dialform.errors import LedgerError, Refused, UsageError
from dialform.launcher.ledger.events import apply_waiting, apply_waiting_of
from dialform.launcher.ledger.grouped import names_of, numbered, of_dials, pages
from dialform.launcher.ledger.reading import record_where, records_where
from dialform.launcher.ledger.rows import attempt_of, move_row, move_rows
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
    Settlement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialform.launcher.ledger.database import Connection, Rows
    from dialform.launcher.records import Record

_ROW_OF = {
    ACCEPTED: "live",
    REJECTED: "rejected",
    UNKNOWN: "unknown",
}
"""State of a settled dial -> state of the campaign's row, where it is not planned again."""

_OPEN = "(state = 'reserved' OR (state = 'unknown' AND settled_by = 'abandoned'))"
"""Of which dials an outcome is still taken."""

_SETTLE = (
    "UPDATE dial SET state = :state, settled_at = :settled_at, dial_id = :dial_id, "  # noqa: S608 - a constant
    "session_id = :session_id, status = :status, words = :words, answer = :answer, "
    "evidence = COALESCE(evidence || '; ' || :evidence, :evidence, evidence), "
    f"settled_by = :settled_by WHERE id = :id AND {_OPEN}"
)

_ALIKE = attrgetter("state", "status", "words", "due", "evidence", "settled_by")
"""Outcomes that are the same are written with one statement for all that differs: `_OWN`."""

_OWN = ("dial_id", "session_id", "answer")


_ATTEMPT = "SELECT id, campaign, person, attempt FROM dial WHERE id = :id"


class Settling(Storage):
    """The ledger's dials as they are settled."""

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
        alike: dict[tuple[object, ...], list[Settlement]] = {}
        for one in settlements:
            alike.setdefault(_ALIKE(one), []).append(one)
        with self._writing("the dial's outcome is not on record") as connection:
            for group in alike.values():
                for page in pages(group):
                    _settle(connection, page, now)

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
                    connection,
                    attempt_of(record),
                    row,
                    from_state=None,
                    back=not rang,
                    due=due,
                    reason=None,
                )
            if dial_id is not None:
                apply_waiting(connection, dial_id)
            settled = record_where(connection, "id = :id", {"id": identifier})
        if settled is None:
            raise LedgerError(f"ledger {self.shown}: dial {identifier} is gone")
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
        otherwise = "abandoned dials stay reserved, which counts as unknown"
        where = "state = 'reserved'" + ("" if campaign is None else " AND campaign = :campaign")
        # Most often there are none: then nobody waits for a transaction.
        with self._reading(otherwise) as connection:
            found = records_where(connection, where, {"campaign": campaign})
        gone = {
            record.id
            for record in found
            if not (record.pending(now) if is_pending is None else is_pending(record))
        }
        if not gone:
            return []
        with self._writing(otherwise) as connection:
            found = records_where(connection, where, {"campaign": campaign})
            given_up = [one for one in found if one.id in gone]  # less those settled meanwhile
            for record in sorted(given_up, key=lambda one: one.id):  # as all do
                late = "its time was over" if now > record.deadline else "its process is gone"
                evidence = (
                    f"reserved at {record.reserved_at} by process {record.process} on "
                    f"{record.host}; no answer was written down and {late}"
                )
                settlement = Settlement(record.id, UNKNOWN, evidence=evidence, settled_by=ABANDONED)
                _settle(connection, [settlement], now)
        return given_up


def _settle(connection: Connection, page: Sequence[Settlement], now: float) -> None:
    """Settle dials with one outcome, those that are not settled yet, and move their rows."""
    first = page[0]
    values = {
        **first._asdict(),
        "settled_at": written(now),
        "words": first.words or None,
        "answer": _kept(first),
        "evidence": first.evidence or None,
    }
    if len(page) == 1:
        changed = connection.change(_SETTLE, values)
        found = connection.rows(_ATTEMPT, {"id": first.id}) if changed else []
    else:
        found = _settle_several(connection, page, values)
    if not found:
        return
    again = first.state in (DEFERRED, NOT_SENT) or (
        first.state == REJECTED and first.due is not None
    )
    move_rows(
        connection,
        [(campaign, person, attempt) for _, campaign, person, attempt in found],
        "planned" if again else _ROW_OF[first.state],
        back=again,
        due=first.due if again else None,
        reason=first.words or first.evidence or None,
    )
    settled = {one for one, *_ in found}
    named = [one.dial_id for one in page if one.dial_id is not None and one.id in settled]
    if named:
        apply_waiting_of(connection, named)


def _settle_several(
    connection: Connection, page: Sequence[Settlement], values: dict[str, Any]
) -> Rows:
    """Settle those that are not settled yet; their ids and attempts."""
    places = names_of("id", len(page))
    found = connection.rows(
        f"{_ATTEMPT.replace('= :id', f'IN ({places})')} AND {_OPEN}",
        numbered("id", (one.id for one in page)),
    )
    settled = {one for one, *_ in found}
    page = [one for one in page if one.id in settled]
    if page:
        connection.change(
            of_dials(_SETTLE, _OWN, len(page)),
            {
                **values,
                **numbered("id", (one.id for one in page)),
                **numbered("dial_id", (one.dial_id for one in page)),
                **numbered("session_id", (one.session_id for one in page)),
                **numbered("answer", map(_kept, page)),
            },
        )
    return found


def _kept(one: Settlement) -> bytes | None:
    return None if one.answer is None else one.answer[:KEPT_ANSWER]
