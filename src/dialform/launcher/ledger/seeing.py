"""Calls as they go on: what is seen of them, in whatever order it comes."""

from __future__ import annotations

from dialform.launcher.ledger.reading import record_where
from dialform.launcher.ledger.rows import attempt_of, move_row
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.records import ENDED, UNDER_WAY


class Seeing(Storage):
    """The ledger's dials as their calls go on."""

    def see(self, dial_id: str, call_status: str, *, at: float, result: str | None = None) -> bool:
        """
        Write down what is known of a call; its row becomes done when it has ended.

        A call that has ended never un-ends, and one that goes on never goes back: what comes
        late or twice changes nothing. ``result`` is the API's ``systemResultType``.

        Returns:
            Whether there is a dial with the API's ``dial_id``.

        """
        with self._writing("the call's status is not on record") as connection:
            record = record_where(connection, "dial_id = :dial_id", {"dial_id": dial_id}, lock=True)
            if record is None:
                return False
            if record.call_status not in ENDED and _rank(call_status) >= _rank(record.call_status):
                ended = call_status in ENDED
                connection.change(
                    "UPDATE dial SET call_status = :call_status, seen_at = :at, "
                    "result = COALESCE(:result, result), ended_at = :ended_at WHERE id = :id",
                    {
                        "id": record.id,
                        "call_status": call_status,
                        "at": at,
                        "result": result,
                        "ended_at": at if ended else None,
                    },
                )
                if ended:
                    move_row(
                        connection, attempt_of(record), "done", from_state="live", reason=result
                    )
            elif result is not None and record.result is None:
                connection.change(
                    "UPDATE dial SET result = :result WHERE id = :id",
                    {"id": record.id, "result": result},
                )
        return True


def _rank(status: str | None) -> int:
    """How far a call has come; what is not known to be an order is under way."""
    if status in ENDED:
        return len(UNDER_WAY)
    return UNDER_WAY.index(status) if status in UNDER_WAY else -1 if status is None else 0
