"""What came of dials: counted by outcome, and streamed in the order in which they were placed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.launcher.ledger.reading import records_where
from dialform.launcher.ledger.storage import Storage, written
from dialform.launcher.outcomes.lattice import NEVER_RANG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialform.launcher.records import Record
    from dialform.launcher.resolve import Reference

_PAGE = 500
_OUTCOME = "environment, preset, version, preset_digest, state, call_status, result"

_HEARD = (
    " AND preset = :preset AND state IN ('reserved', 'accepted', 'unknown') "
    "AND COALESCE(result, '') <> :result"
)


class Count(NamedTuple):
    """How many dials of a preset's version have the same outcome."""

    environment: str
    preset: str
    version: int | None
    """None for the working tree's (``dialform try``)."""

    preset_digest: str
    state: str
    """The dial's."""

    call_status: str | None
    result: str | None
    dials: int
    seconds: float
    """How long people talked, all together."""


class Summing(Storage):
    """What the ledger tells of its dials' outcomes."""

    def outcomes(
        self, environment: str, *, campaign: str | None = None, since: float | None = None
    ) -> list[Count]:
        """The dials of an environment, counted; of one campaign, or placed since then."""
        where, values = _where(environment, campaign, since)
        with self._reading("nothing was read") as connection:
            found = connection.rows(
                f"SELECT {_OUTCOME}, COUNT(*), COALESCE(SUM(seconds), 0) FROM dial "  # noqa: S608 - constants
                f"WHERE {where} GROUP BY {_OUTCOME}",
                values,
            )
        return [Count(*one) for one in found]

    def each_dial(
        self,
        environment: str,
        *,
        campaign: str | None = None,
        since: float | None = None,
        heard: Reference | None = None,
    ) -> Iterator[Record]:
        """
        The dials of an environment, oldest first, a page at a time; as `outcomes`.

        ``heard``: those with that preset, version or digest in which a phone rang, or may have.
        """
        where, values = _where(environment, campaign, since)
        values |= {"at": "", "id": "", "page": _PAGE}
        if heard is not None:
            where += _HEARD
            values |= {"preset": heard.name, "result": NEVER_RANG}
            if heard.version is not None:
                where += " AND version = :version"
                values |= {"version": heard.version}
            if heard.digest is not None:
                where += " AND (preset_digest = :digest OR bound_digest = :digest)"
                values |= {"digest": heard.digest}
        where += " AND (reserved_at > :at OR (reserved_at = :at AND id > :id))"
        while True:
            with self._reading("nothing was read") as connection:
                found = records_where(
                    connection, where, values, order="reserved_at, id LIMIT :page"
                )
            yield from found
            if len(found) < _PAGE:
                return
            values |= {"at": found[-1].reserved_at, "id": found[-1].id}

    def latest_of(self, campaign: str, persons: Sequence[str]) -> dict[str, Record]:
        """Person -> the newest dial of a campaign to them; of none to whom there was none."""
        if not persons:
            return {}
        values = {f"person{at}": person for at, person in enumerate(persons)}
        places = ", ".join(f":{name}" for name in values)
        with self._reading("nothing was read") as connection:
            found = records_where(
                connection,
                f"campaign = :campaign AND person IN ({places})",
                {**values, "campaign": campaign},
                order="reserved_at, id",
            )
        return {one.person: one for one in found if one.person is not None}


def _where(
    environment: str, campaign: str | None, since: float | None
) -> tuple[str, dict[str, Any]]:
    where = "environment = :environment"
    values: dict[str, Any] = {"environment": environment}
    if campaign is not None:
        where, values = f"{where} AND campaign = :campaign", {**values, "campaign": campaign}
    if since is not None:
        where, values = f"{where} AND reserved_at >= :since", {**values, "since": written(since)}
    return where, values
