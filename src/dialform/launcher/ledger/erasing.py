"""Removing whom dials called and what was said to them: a person, or all that is old enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.launcher.ledger.looking import erased_name, hashed
from dialform.launcher.ledger.storage import Storage, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.launcher.ledger.database import Connection, Rows

_THEIRS = "person = :person OR to_number = :person"
_OLD = (
    "reserved_at < :before AND state NOT IN ('reserved', 'unknown') "
    "AND (body IS NOT NULL OR to_number IS NOT NULL OR inputs <> '{}') AND "
    "(campaign IS NULL OR campaign IN (SELECT id FROM campaign WHERE state = 'finished'))"
)
_OLD_CAMPAIGNS = (
    "SELECT id FROM campaign WHERE state = 'finished' AND opened_at < :before {of} "
    "AND NOT EXISTS (SELECT 1 FROM dial WHERE dial.campaign = campaign.id "
    "AND (reserved_at >= :before OR dial.state IN ('reserved', 'unknown')))"
)
_OF_NOBODY = (
    "DELETE FROM event WHERE received_at < :at AND applied = 0 "
    "AND NOT EXISTS (SELECT 1 FROM dial WHERE dial.dial_id = event.dial_id)"
)
_EMPTY = "inputs = '{}', withheld = '[]', body = NULL, answer = NULL, words = NULL, evidence = NULL"


class Erasing(Storage):
    """What the ledger can forget, and still prove what was called with what."""

    def erase(self, person: str, *, reason: str) -> int:
        """
        Remove what the ledger holds of a person; returns the dials that it was removed from.

        ``person`` is a number or a person's key. Numbers, keys, inputs, bodies, answers, words
        and events go, in dials and campaigns' rows; digests, states, times and the API's ids
        stay. Each number gets an entry in the suppression list, as a hash. A row that was still
        to be called is skipped.
        """
        now = self._clock()
        theirs = {"person": person}
        with self._writing("nothing was erased") as connection:
            dials = connection.rows(
                f"SELECT id, campaign, person, to_number, dial_id FROM dial WHERE {_THEIRS}",  # noqa: S608 - a constant
                theirs,
            )
            rows = connection.rows(
                f"SELECT campaign, row, person, to_number, state FROM person WHERE {_THEIRS}",  # noqa: S608 - a constant
                theirs,
            )
            numbers = {one[3] for one in [*dials, *rows] if one[3]}
            if person.startswith("+"):
                numbers.add(person)
            connection.change_each(
                "INSERT INTO suppression (entry, reason, at) VALUES (?, ?, ?) "
                "ON CONFLICT (entry) DO NOTHING",
                [(hashed(number), reason, written(now)) for number in sorted(numbers)],
            )
            names = _names(person, [one for one in rows if one[4] != "skipped"])
            connection.change_each(
                f"UPDATE dial SET person = ?, to_number = NULL, once = NULL, {_EMPTY} WHERE id = ?",  # noqa: S608 - a constant
                [(names.get((one[1], one[2]), erased_name(person)), one[0]) for one in dials],
            )
            _forget_events(connection, [one[4] for one in dials])
            connection.change_each(
                "UPDATE person SET person = ?, to_number = '', inputs = '{}', zones = '[]', "
                "state = CASE WHEN state = 'planned' THEN 'skipped' ELSE state END, "
                "reason = 'erased' WHERE campaign = ? AND row = ?",
                [
                    (names.get((one[0], one[2]), erased_name(person)), one[0], one[1])
                    for one in rows
                ],
            )
        self.checkpoint()
        return len(dials)

    def expire(self, before: float, *, environment: str | None = None) -> int:
        """
        Remove whom dials from before then called, and what was said; returns how many dials.

        As `erase`, of everybody, but nobody is suppressed and ``once`` keys stay. A dial of
        unknown outcome stays whole until it is settled, those of a campaign until it is
        finished, so that nobody is called again for want of a record. Events from before then
        of calls that are not in the ledger go as well. ``before`` is in seconds since 1970;
        ``environment`` None is all of them.
        """
        values = {"before": written(before), "environment": environment}
        of = "" if environment is None else "AND environment = :environment"
        with self._writing("nothing was erased") as connection:
            dials = connection.rows(
                f"SELECT id, person, dial_id FROM dial WHERE {_OLD} {of}",  # noqa: S608 - constants
                values,
            )
            rows = connection.rows(
                "SELECT campaign, row, person FROM person "  # noqa: S608 - constants
                f"WHERE to_number <> '' AND campaign IN ({_OLD_CAMPAIGNS.format(of=of)})",
                values,
            )
            connection.change(_OF_NOBODY, {"at": before})
            connection.change_each(
                f"UPDATE dial SET person = ?, to_number = NULL, {_EMPTY} WHERE id = ?",  # noqa: S608 - a constant
                [(erased_name(one[1] or one[0]), one[0]) for one in dials],
            )
            _forget_events(connection, [one[2] for one in dials])
            connection.change_each(
                "UPDATE person SET person = ?, to_number = '', inputs = '{}', zones = '[]' "
                "WHERE campaign = ? AND row = ?",
                [(erased_name(one[2]), one[0], one[1]) for one in rows],
            )
        self.checkpoint()
        return len(dials)


def keep_to(ledger: Erasing, document: Mapping[str, Any]) -> int:
    """
    `Erasing.expire` what an environment's document says is not kept; 0 where it keeps all.

    Raises:
        UnknownFormat, ObjectCorrupt: as `Keeping.of`.
        LedgerError: the ledger can't be written.

    """
    from dialform.launcher.calling.keeping import Keeping  # noqa: PLC0415 - no dial needs it

    retention = Keeping.of(document).retention
    if retention is None:
        return 0
    return ledger.expire(ledger.now() - retention, environment=document["environment"])


def _names(person: str, rows: Rows) -> dict[tuple[str, str], str]:
    """
    Campaign and person -> what stands for them, in the row and in its dials.

    One name for both, so that what comes of a call under way still moves its row; a name of its
    own for each person of a campaign, where several have the number that is erased.
    """
    names: dict[tuple[str, str], str] = {}
    seen: dict[str, int] = {}
    for campaign, _, theirs, *_ in sorted(rows):
        at = seen[campaign] = seen.get(campaign, 0) + 1
        names[campaign, theirs] = erased_name(person) if at == 1 else f"{erased_name(person)}.{at}"
    return names


def _forget_events(connection: Connection, dial_ids: list[str | None]) -> None:
    connection.change_each(
        "DELETE FROM event WHERE dial_id = ?", [(one,) for one in dial_ids if one]
    )
