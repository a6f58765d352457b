"""Looking around in the ledger: dials by what is known of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dialform.errors import UsageError
from dialform.launcher.ledger.grouped import numbered
from dialform.launcher.ledger.reading import age, record_where, records_where
from dialform.launcher.ledger.storage import Storage, written
from dialform.launcher.records import DIAL_STATES, RESERVED, UNKNOWN, Content, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ERASED = "erased:"
"""What begins the person of a dial whose personal data was removed."""

_NEWEST = "reserved_at DESC, id DESC"
_MAY_RING = "state IN ('reserved', 'accepted', 'unknown')"

_LAST_OF_DONE = (
    "EXISTS (SELECT 1 FROM person WHERE person.campaign = dial.campaign "
    "AND person.person = dial.person AND person.attempt = dial.attempt "
    "AND person.state = 'done' AND person.state <> 'skipped')"  # by the index of people
)


class Looking(Storage):
    """What the ledger tells of its dials. Changes none."""

    def record(self, identifier: str) -> Record | None:
        """The dial with that id, the ledger's own or the API's; None if there is none."""
        with self._reading() as connection:
            return record_where(connection, "id = :id", {"id": identifier}) or record_where(
                connection, "dial_id = :id", {"id": identifier}
            )

    def named(self, text: str) -> Record:
        """
        The dial that a person means: by its ids, or by how the ledger's own id begins.

        Raises:
            UsageError: there is none, or there are several.

        """
        found = self.record(text)
        if found is not None:
            return found
        last = f"{text}g"  # after all hex digits
        with self._reading("nothing was read") as connection:
            begun = records_where(
                connection, "id >= :first AND id < :last", {"first": text, "last": last}, order="id"
            )
        if len(begun) == 1 and text:
            return begun[0]
        what = "several dials" if begun else "no dial"
        raise UsageError(f"the ledger has {what} {text!r}; `dialform ledger` lists them")

    def content(self, identifier: str) -> Content | None:
        """The bytes of the dial with that id of the ledger's own; None if there is none."""
        with self._reading() as connection:
            found = connection.rows(
                "SELECT body, answer, head, tail FROM dial "
                "LEFT JOIN frame ON frame.id = dial.frame WHERE dial.id = :id",
                {"id": identifier},
            )
        if not found:
            return None
        body, answer, head, tail = (None if one is None else bytes(one) for one in found[0])
        if body is not None:
            body = b"".join((head or b"", body, tail or b""))
        return Content(body, answer)

    def find(  # noqa: PLR0913 - each is a condition
        self,
        *,
        campaign: str | None = None,
        person: str | None = None,
        environment: str | None = None,
        preset: str | None = None,
        version: int | None = None,
        states: Iterable[str] = (),
        since: float | None = None,
        until: float | None = None,
        limit: int | None = 100,
    ) -> list[Record]:
        """
        Dials, newest first, for which all that is given holds.

        ``person`` is a person's key or a number; ``since`` and ``until`` are when they were
        reserved, seconds since 1970; ``limit`` None is all.
        """
        values: dict[str, Any] = {
            "campaign": campaign,
            "environment": environment,
            "preset": preset,
            "version": version,
        }
        where = [f"{name} = :{name}" for name, value in values.items() if value is not None]
        if person is not None:
            where.append("(person = :person OR to_number = :person)")
        chosen = list(states)
        if not set(chosen) <= set(DIAL_STATES):
            raise UsageError(f"a dial's state is one of {', '.join(DIAL_STATES)}")
        if chosen:  # no values: the indexes are of states by name
            where.append("(" + " OR ".join(f"state = '{state}'" for state in chosen) + ")")
        if since is not None:
            where.append("reserved_at >= :since")
        if until is not None:
            where.append("reserved_at < :until")
        values |= {
            "person": person,
            "since": written(since or 0.0),
            "until": written(until or 0.0),
            "limit": limit,
        }
        order = None if limit is None else f"{_NEWEST} LIMIT :limit"
        with self._reading("nothing was read") as connection:
            found = records_where(connection, " AND ".join(where) or "1 = 1", values, order=order)
        return found if limit is not None else found[::-1]

    def unknown(self, campaign: str | None = None, **conditions: Any) -> list[Record]:
        """
        The dials of unknown outcome, newest first, of all campaigns or of one.

        One that is reserved and that no process can settle any more is among them.
        ``conditions`` are those of `find`.
        """
        now = self._clock()

        def those(state: str) -> list[Record]:
            return self.find(campaign=campaign, states=(state,), limit=None, **conditions)

        found = those(UNKNOWN) + [one for one in those(RESERVED) if not one.pending(now)]
        return sorted(found, key=age, reverse=True)

    def live(self, campaign: str | None = None) -> list[Record]:
        """The dials that were accepted and of which no end is known, oldest first."""
        where = "state = 'accepted' AND ended_at IS NULL"
        if campaign is not None:
            where += " AND campaign = :campaign"
        with self._reading("nothing was read") as connection:
            found = records_where(connection, where, {"campaign": campaign})
        return [one for one in found if one.dial_id is not None]

    def still_live(self, campaign: str) -> set[str]:
        """The ledger's own ids of the dials that `live` gives of a campaign."""
        with self._reading("nothing was read") as connection:
            found = connection.rows(
                "SELECT id FROM dial WHERE state = 'accepted' AND ended_at IS NULL "
                "AND campaign = :campaign",
                {"campaign": campaign},
            )
        return {one for (one,) in found}

    def ended(self, campaign: str, hows: Mapping[str, int]) -> list[Record]:
        """
        The dials of a campaign's done rows whose call ended in one of the ways ``hows``.

        Of each row its last attempt alone, and at most the attempt that its way names: those
        that a retry policy has something to say of.
        """
        if not hows:
            return []
        ways = " OR ".join(
            f"(attempt <= :most{at} AND (call_status = :how{at} OR result = :how{at}))"
            for at in range(len(hows))
        )
        with self._reading("nothing was read") as connection:
            return records_where(
                connection,
                "campaign = :campaign AND state = 'accepted' AND ended_at IS NOT NULL "
                f"AND ({ways}) AND {_LAST_OF_DONE}",
                {"campaign": campaign, **numbered("how", hows), **numbered("most", hows.values())},
            )

    def recent(self, person: str, since: float, *, to: str | None = None) -> list[Record]:
        """
        The dials since then in which that person's phone may have rung, newest first.

        Across all campaigns and environments; ``to`` is a number that is theirs besides.
        """
        where = f"person IN (:person, :to) AND reserved_at >= :since AND {_MAY_RING}"
        values = {"person": person, "to": to or person, "since": written(since)}
        with self._reading() as connection:
            return records_where(connection, where, values, order=_NEWEST)


def erased_name(person: str) -> str:
    """What stands for a person, a number or a key, where their data was removed."""
    return f"{ERASED}{hashed(person)[7:23]}"


def hashed(number: str) -> str:
    """The entry of a suppression list that names ``number`` without saying it."""
    return f"sha256:{hashlib.sha256(number.encode()).hexdigest()}"
