"""Campaigns: opened with the people of a file, each row of which is kept, called or not."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dialform.errors import UsageError
from dialform.launcher.ledger.rows import ROW
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.records import PLANNED, SKIPPED, Campaign, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialform.launcher.ledger.database import Connection

_PAGE = 1000
_CAMPAIGN = ", ".join(Campaign._fields)
_INSERT_ROW = (
    f"INSERT INTO person (campaign, {ROW}) "  # noqa: S608 - field names
    f"VALUES (?{', ?' * len(Row._fields)}) ON CONFLICT DO NOTHING"
)


class Campaigns(Storage):
    """The ledger's campaigns and the people in them."""

    def open_campaign(
        self, campaign: Campaign, people: Iterable[Row] = ()
    ) -> tuple[Campaign, bool]:
        """
        Write a campaign down with its people, in one transaction; or find the one of its name.

        ``people`` is read as it is written, and must not use the ledger meanwhile.

        Returns:
            The campaign as the ledger has it, and whether this call opened it.

        Raises:
            LedgerError: it can't be written; nothing of it is.

        """
        places = ", ".join(f":{name}" for name in Campaign._fields)
        with self._writing("the campaign was not opened", alone=False) as connection:
            opened = connection.change(
                f"INSERT INTO campaign ({_CAMPAIGN}) VALUES ({places}) ON CONFLICT DO NOTHING",  # noqa: S608 - field names
                campaign._asdict(),
            )
            if opened:
                _add(connection, campaign.id, people, above=0)
                return campaign, True
            found = _campaign(connection, campaign.environment, campaign.name)
        if found is None:
            raise UsageError(f"campaign id {campaign.id} is another campaign's")
        return found, False

    def campaign(self, environment: str, name: str) -> Campaign | None:
        """The campaign of that name; None if there is none."""
        with self._reading("nothing was read") as connection:
            return _campaign(connection, environment, name)

    def campaigns(self, environment: str | None = None) -> list[Campaign]:
        """All campaigns, of all environments or of one, newest first."""
        where = "" if environment is None else "WHERE environment = :environment"
        with self._reading("nothing was read") as connection:
            found = connection.rows(
                f"SELECT {_CAMPAIGN} FROM campaign {where} ORDER BY opened_at DESC, id",  # noqa: S608 - field names
                {"environment": environment},
            )
        return [Campaign(*one) for one in found]

    def set_campaign_state(self, campaign: str, state: str, reason: str | None = None) -> None:
        """Say that a campaign is ``running``, ``paused`` (and why) or ``finished``."""
        with self._writing("the campaign's state is not on record") as connection:
            connection.change(
                "UPDATE campaign SET state = :state, reason = :reason WHERE id = :id",
                {"id": campaign, "state": state, "reason": reason},
            )

    def repin_campaign(self, campaign: Campaign) -> None:
        """Call the people who remain with another preset, version and bound preset."""
        with self._writing("the campaign's preset was not changed") as connection:
            connection.change(
                "UPDATE campaign SET preset = :preset, version = :version, release = :release, "
                "preset_digest = :preset_digest, bound_digest = :bound_digest, "
                "workspace = :workspace, settings = :settings WHERE id = :id",
                campaign._asdict(),
            )

    def add_people(
        self,
        campaign: str,
        people: Iterable[Row],
        *,
        source: str | None = None,
        source_digest: str | None = None,
    ) -> int:
        """
        Append the people of another file, in one transaction.

        Their rows are numbered on from the campaign's last. Who is in the campaign already
        becomes a skipped row that says so. ``people`` is read as it is written, and must not
        use the ledger meanwhile. ``source`` and its digest become the campaign's.

        Returns:
            How many were planned.

        """
        with self._writing("nobody was added", alone=False) as connection:
            # Who adds to it at the same time waits here.
            connection.change("UPDATE campaign SET state = state WHERE id = :id", {"id": campaign})
            ((last,),) = connection.rows(
                "SELECT COALESCE(MAX(row), 0) FROM person WHERE campaign = :id", {"id": campaign}
            )
            planned = _add(connection, campaign, people, above=int(last))
            connection.change(
                "UPDATE campaign SET source = COALESCE(:source, source), "
                "source_digest = COALESCE(:digest, source_digest) WHERE id = :id",
                {"id": campaign, "source": source, "digest": source_digest},
            )
        return planned


def _campaign(connection: Connection, environment: str, name: str) -> Campaign | None:
    found = connection.rows(
        f"SELECT {_CAMPAIGN} FROM campaign WHERE environment = :environment AND name = :name",  # noqa: S608 - field names
        {"environment": environment, "name": name},
    )
    return Campaign(*found[0]) if found else None


def _add(connection: Connection, campaign: str, people: Iterable[Row], *, above: int) -> int:
    """Write rows, numbered on from ``above``; how many were planned."""
    planned = 0
    rest = iter(people)
    while page := list(islice(rest, _PAGE)):
        planned += sum(one.state == PLANNED for one in page)
        values = [(campaign, one.row + above, *one[1:]) for one in page]
        written = connection.change_each(_INSERT_ROW, values)
        if written < len(page):
            numbered = [one._replace(row=one.row + above) for one in page]
            known = _skip_known(connection, campaign, numbered)
            planned -= known
            if written + known < len(page):
                raise UsageError("two rows of the people have the same number; nothing was kept")
    return planned


def _skip_known(connection: Connection, campaign: str, page: list[Row]) -> int:
    """Write those of ``page`` that are not there as skipped: the campaign has the person."""
    there = {
        row
        for (row,) in connection.rows(
            "SELECT row FROM person WHERE campaign = :campaign AND row BETWEEN :first AND :last",
            {
                "campaign": campaign,
                "first": min(one.row for one in page),
                "last": max(one.row for one in page),
            },
        )
    }
    known = [one for one in page if one.row not in there]
    for one in known:
        found = connection.rows(
            "SELECT row FROM person WHERE campaign = :campaign AND person = :person "
            "AND state <> 'skipped'",
            {"campaign": campaign, "person": one.person},
        )
        reason = f"the same person as row {found[0][0]}" if found else "the same person again"
        skipped = one._replace(state=SKIPPED, reason=reason)
        connection.change_each(_INSERT_ROW, [(campaign, *skipped)])
    return len(known)
