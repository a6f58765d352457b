"""
Results from the ledger, as a stream: a campaign's rows in the order of its file, or dials.

Reads the ledger a page at a time, so that a million rows need no more memory than a few.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dialform.launcher.outcomes.table import Result, of_dial, of_row
from dialform.launcher.records import SKIPPED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Campaign
    from dialform.launcher.resolve import Reference

_PAGE = 400


def of_campaign(ledger: Ledger, campaign: Campaign, sensitive: Collection[str]) -> Iterator[Result]:
    """Each row of a campaign's file with its newest dial. ``sensitive`` inputs are left out."""
    rows = ledger.rows(campaign.id)
    while page := list(islice(rows, _PAGE)):
        called = [one.person for one in page if one.state != SKIPPED]
        dials = ledger.latest_of(campaign.id, called)
        for row in page:
            record = None if row.state == SKIPPED else dials.get(row.person)
            yield of_row(row, record, sensitive, campaign.name)


def of_environment(
    ledger: Ledger,
    environment: str,
    since: float | None = None,
    *,
    campaign: Campaign | None = None,
    heard: Reference | None = None,
) -> Iterator[Result]:
    """
    Each dial of an environment, oldest first: of a campaign, or placed since then.

    ``heard``: those with that preset, version or digest in which a phone rang, or may have.
    """
    names = {one.id: one.name for one in ledger.campaigns(environment)}
    identifier = None if campaign is None else campaign.id
    for record in ledger.each_dial(environment, campaign=identifier, since=since, heard=heard):
        yield of_dial(record, names.get(record.campaign or ""))
