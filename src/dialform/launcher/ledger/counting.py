"""How often was dialled: what caps ask of the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dialform.launcher.ledger.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.launcher.ledger.database import Connection

_OF = "environment = :environment AND state IN ('reserved', 'accepted', 'unknown')"
"""In the words of the index ``dial_counted``, which it is to be found by."""

_THEIRS = "environment = :environment AND state NOT IN ('rejected', 'deferred', 'not_sent')"
"""The same in other words: a person's dials are found by the person, who has few."""

_NTH = "ORDER BY reserved_at DESC LIMIT 1 OFFSET :before"


class Counting(Storage):
    """What the ledger tells of the times of its dials."""

    _taken: dict[str, tuple[int, int]]
    """Campaign -> how many dials the ledger had at a count, and how many of its may have rung."""

    def latest(self, environment: str, keys: Sequence[str], n: int) -> float | None:
        """
        When the ``n``-th latest dial in which a phone may have rung was written down.

        To a person of ``keys``, which are numbers and persons' keys, or to anybody where there
        are none. None where there were fewer than ``n``; else seconds since 1970.
        """
        with self._reading() as connection:
            return latest(connection, environment, keys, n)

    def taken_of(self, campaign: str, *, enough: int) -> int:
        """
        How many calls of a campaign were accepted, or are being sent, by all its launchers.

        It may be told too high where it is not above ``enough``: then nobody needs to count.
        Within `together`, none is reserved by anybody else until it ends.
        """
        with self._reading() as connection:
            dials = connection.dials() if connection.numbers_dials else None
            if dials is not None and campaign in self._taken:
                before, taken = self._taken[campaign]
                most = taken + dials - before  # as if all since were of this campaign
                if most <= enough:
                    return most
            ((found, may_be),) = connection.rows(
                "SELECT COUNT(CASE WHEN state <> 'unknown' THEN 1 END), COUNT(*) FROM dial "
                "WHERE campaign = :id AND state IN ('reserved', 'accepted', 'unknown')",
                {"id": campaign},
            )
        if dials is not None:  # those of unknown outcome may turn out to be accepted
            counted = dials, int(may_be)
            self._once_on_disk(lambda: self._taken.update({campaign: counted}))
        return int(found)


def latest(connection: Connection, environment: str, keys: Sequence[str], n: int) -> float | None:
    """`Counting.latest`, in a transaction that may be under way."""
    values = {"environment": environment, "before": n - 1}
    values |= {f"key{at}": key for at, key in enumerate(keys)}
    query = f"SELECT reserved_at FROM dial WHERE {_OF} {_NTH}"  # noqa: S608 - constants
    if keys:
        named = ", ".join(f":key{at}" for at in range(len(keys)))
        theirs = " UNION ".join(  # each by its own index, and a dial once
            f"SELECT id, reserved_at FROM dial WHERE {column} IN ({named}) AND {_THEIRS}"  # noqa: S608 - names of values
            for column in ("person", "to_number")
        )
        query = f"SELECT reserved_at FROM ({theirs}) AS theirs {_NTH}"  # noqa: S608 - as above
    found = connection.rows(query, values)
    return datetime.fromisoformat(found[0][0]).timestamp() if found else None
