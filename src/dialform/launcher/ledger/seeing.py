"""Calls as they go on: each sight of one joined to what the ledger has, never backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.launcher.ledger.grouped import names_of, numbered, pages
from dialform.launcher.ledger.reading import record_where, records_where
from dialform.launcher.ledger.rows import attempt_of, move_row
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.outcomes.lattice import Sight, joined
from dialform.launcher.records import Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.launcher.ledger.database import Connection
    from dialform.launcher.records import Record


class Seeing(Storage):
    """The ledger's dials as their calls go on."""

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
        return self.see_many([Sighting(dial_id, call_status, at, result, seconds)]) > 0

    def see_many(self, sightings: Sequence[Sighting]) -> int:
        """`see` for several calls, in one transaction; how many the ledger knows."""
        seen = 0
        with self._writing("the call's status is not on record") as connection:
            for page in pages(sightings):
                known = {
                    record.dial_id: record
                    for record in records_where(
                        connection,
                        f"dial_id IN ({names_of('dial', len(page))})",
                        numbered("dial", (one.dial_id for one in page)),
                    )
                }
                for one in page:
                    record = known.get(one.dial_id)
                    if record is not None:
                        sight = Sight(
                            one.status, one.result, "webhook" if one.seconds is None else "get"
                        )
                        known[one.dial_id] = join(connection, record, sight, one.at, one.seconds)
                        seen += 1
        return seen

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


def join(
    connection: Connection, record: Record, sight: Sight, at: float, seconds: float | None
) -> Record:
    """Join a sight to what the dial's record says, in a transaction; what it says then."""
    known = None
    if record.call_status is not None:
        by_get = record.seconds is not None
        known = Sight(record.call_status, record.result, "get" if by_get else "webhook")
    after = joined(known, sight)
    if after == known:
        return record
    ended_at = record.ended_at if record.ended_at is not None else at if after.ended else None
    talked = record.seconds if seconds is None else seconds
    talked = talked if after.ended and after.source == "get" else None
    connection.change(
        "UPDATE dial SET call_status = :status, result = :result, seen_at = :at, "
        "ended_at = :ended_at, seconds = :seconds WHERE id = :id",
        {
            "id": record.id,
            "status": after.status,
            "result": after.result,
            "at": at,
            "ended_at": ended_at,
            "seconds": talked,
        },
    )
    if after.ended:
        move_row(connection, attempt_of(record), "done", from_state="live", reason=after.result)
    return record._replace(
        call_status=after.status,
        result=after.result,
        seen_at=at,
        ended_at=ended_at,
        seconds=talked,
    )
