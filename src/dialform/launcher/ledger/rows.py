"""
A campaign's row follows its dial, in the dial's transaction: no crash finds the two apart.

It is moved only while it is at that dial's attempt.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from dialform.launcher.ledger.grouped import numbered, of_people, pages
from dialform.launcher.records import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.launcher.ledger.database import Connection
    from dialform.launcher.records import Record

    Attempt = tuple[str | None, str | None, int | None]
    """Campaign, person, and which attempt."""

ROW = ", ".join("to_number" if name == "to" else name for name in Row._fields)
"""The columns of a `Row`."""

_MOVE = (
    "UPDATE person SET state = :row_state, attempt = attempt - :back, "
    "due = COALESCE(:due, due), reason = :reason "
    "WHERE campaign = :campaign AND person = :person AND state <> 'skipped' "
    "AND attempt = :attempt AND state IN ('reserved', 'unknown', 'live')"
)


def move_row(  # noqa: PLR0913 - a move has that many sides
    connection: Connection,
    attempt: Attempt,
    state: str,
    *,
    from_state: str | None,
    reason: str | None,
    back: bool = False,
    due: float | None = None,
) -> None:
    """Move the row of a campaign's dial, if it still is at that ``attempt``."""
    statement = _MOVE if from_state is None else f"{_MOVE} AND state = :from_state"
    connection.change(
        statement,
        {
            "campaign": attempt[0],
            "person": attempt[1],
            "attempt": attempt[2],
            "row_state": state,
            "from_state": from_state,
            "back": int(back),
            "due": due,
            "reason": reason,
        },
    )


def move_rows(  # noqa: PLR0913 - as `move_row`
    connection: Connection,
    attempts: Sequence[Attempt],
    state: str,
    *,
    reason: str | None,
    back: bool = False,
    due: float | None = None,
) -> None:
    """`move_row` for several dials, those of no campaign left out."""
    ours = sorted(one for one in attempts if one[0] is not None)
    for campaign, of_one in groupby(ours, key=itemgetter(0)):
        people = list(of_one)
        if len(people) == 1 or len({one[1] for one in people}) < len(people):
            # One statement knows one of each.
            for one in people:
                move_row(connection, one, state, from_state=None, reason=reason, back=back, due=due)
            continue
        for page in pages(people):
            connection.change(
                of_people(_MOVE, len(page), connection.by_person),
                {
                    "campaign": campaign,
                    "row_state": state,
                    "back": int(back),
                    "due": due,
                    "reason": reason,
                    **numbered("person", (one[1] for one in page)),
                    **numbered("attempt", (one[2] for one in page)),
                },
            )


def attempt_of(record: Record) -> Attempt:
    """Which attempt of which campaign at whom a dial is."""
    return record.campaign, record.person, record.attempt
