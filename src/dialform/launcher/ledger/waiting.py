"""A campaign's rows: who is due, how many are where, and those that are moved without a dial."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dialform.launcher.ledger.rows import ROW
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.records import PLANNED, SKIPPED, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PAGE = 1000
_MOVE = (
    "UPDATE person SET state = ?, due = COALESCE(?, due), reason = ?, attempt = attempt - ? "
    "WHERE campaign = ? AND person = ? AND state <> 'skipped' "
    "AND attempt = COALESCE(?, attempt) AND "
)


class _Move(NamedTuple):
    """A person, and what becomes of their row."""

    person: str
    state: str
    due: float | None = None
    """None leaves it."""

    reason: str | None = None
    back: int = 0
    """How many attempts it has fewer."""

    after: int | None = None
    """How many attempts it must have; None for any."""


class Waiting(Storage):
    """The rows of the ledger's campaigns."""

    def due(self, campaign: str, now: float, limit: int) -> list[Row]:
        """At most ``limit`` rows that are planned and due at ``now``, those due first first."""
        with self._reading() as connection:
            found = connection.rows(
                f"SELECT {ROW} FROM person WHERE campaign = :campaign AND state = 'planned' "  # noqa: S608 - field names
                "AND due <= :now ORDER BY due, row LIMIT :limit",
                {"campaign": campaign, "now": now, "limit": limit},
            )
        return [Row(*one) for one in found]

    def next_due(self, campaign: str) -> float | None:
        """When the next planned row is due; None if none is planned."""
        with self._reading() as connection:
            ((found,),) = connection.rows(
                "SELECT MIN(due) FROM person WHERE campaign = :id AND state = 'planned'",
                {"id": campaign},
            )
        return None if found is None else float(found)

    def counts(self, campaign: str) -> dict[str, int]:
        """State -> how many of the campaign's rows are in it; no state without rows."""
        with self._reading("nothing was read") as connection:
            found = connection.rows(
                "SELECT state, COUNT(*) FROM person WHERE campaign = :id "
                "GROUP BY state ORDER BY state",
                {"id": campaign},
            )
        return {str(state): int(count) for state, count in found}

    def rows(self, campaign: str, *, state: str | None = None) -> Iterator[Row]:
        """The campaign's rows in the order of its file, all or those in ``state``."""
        after = 0
        more = "" if state is None else "AND state = :state"
        while True:
            with self._reading("nothing was read") as connection:
                found = connection.rows(
                    f"SELECT {ROW} FROM person WHERE campaign = :campaign AND row > :after "  # noqa: S608 - field names
                    f"{more} ORDER BY row LIMIT :page",
                    {"campaign": campaign, "after": after, "state": state, "page": _PAGE},
                )
            yield from (Row(*one) for one in found)
            if len(found) < _PAGE:
                return
            after = found[-1][0]

    def row(self, campaign: str, person: str) -> Row | None:
        """The row of a person in a campaign; None if there is none, or only skipped ones."""
        with self._reading("nothing was read") as connection:
            found = connection.rows(
                f"SELECT {ROW} FROM person WHERE campaign = :campaign AND person = :person "  # noqa: S608 - field names
                "AND state <> 'skipped'",
                {"campaign": campaign, "person": person},
            )
        return Row(*found[0]) if found else None

    def placed(self, campaign: str) -> int:
        """How many calls of a campaign the API accepted."""
        with self._reading("nothing was read") as connection:
            ((found,),) = connection.rows(
                "SELECT COUNT(*) FROM dial WHERE campaign = :id AND state = 'accepted'",
                {"id": campaign},
            )
        return int(found)

    def again(self, campaign: str, person: str, due: float, *, after: int | None = None) -> bool:
        """
        Plan one more attempt at a person whose call has ended, as a retry policy says.

        ``after`` is the attempt that ended: one that another process planned already is not
        planned twice. Returns whether the row was ``done`` or ``live`` after it; else nothing
        changes.
        """
        move = _Move(person, PLANNED, due=due, after=after)
        return bool(self._move(campaign, [move], "state IN ('done', 'live')"))

    def plan_rejected(self, campaign: str, persons: Iterable[str], due: float) -> int:
        """Plan people again whom the API rejected for no reason of theirs. How many were moved."""
        moves = [_Move(person, PLANNED, due=due, back=1) for person in persons]
        return self._move(campaign, moves, "state = 'rejected'")

    def skip_many(self, campaign: str, people: Iterable[tuple[str, str]]) -> int:
        """Call planned people no more, each with a reason, at once; returns how many were."""
        moves = [_Move(person, SKIPPED, reason=reason) for person, reason in people]
        return self._move(campaign, moves, "state = 'planned'")

    def postpone_many(self, campaign: str, people: Iterable[tuple[str, float, str]]) -> int:
        """Call planned people later, each when and why, at once; returns how many were planned."""
        moves = [_Move(person, PLANNED, due=due, reason=reason) for person, due, reason in people]
        return self._move(campaign, moves, "state = 'planned'")

    def _move(self, campaign: str, moves: Iterable[_Move], before: str) -> int:
        """Move rows in one transaction; ``before`` is the condition on their state."""
        values = [
            (one.state, one.due, one.reason, one.back, campaign, one.person, one.after)
            for one in sorted(moves, key=lambda one: one.person)
        ]
        with self._writing("no row was moved") as connection:
            return connection.change_each(_MOVE + before, values)
