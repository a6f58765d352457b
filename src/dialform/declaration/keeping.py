"""
What may stand in an environment's ``[ledger]``: how long personal data is kept, and transcripts.

The model, and what is wrong with it beside the rules for calls. What is published is the table as
it stands. How a ledger keeps to it is the launcher's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from dialform.api.models import Absent, Model
from dialform.launcher.calling.caps import caps
from dialform.launcher.calling.keeping import kept

if TYPE_CHECKING:
    from dialform.declaration.calling import Calls


def _kept(text: str) -> str:
    kept(text)
    return text


class LedgerSettings(Model):
    """What the ledgers that dial for an environment keep of its dials."""

    retention: Absent[Annotated[str, AfterValidator(_kept)]] = None
    """How long personal data is kept: ``90d``. Older dials that have ended are erased."""

    transcripts: Absent[bool] = None
    """Whether webhooks with what people said are kept with their words; true by default."""


def too_short(ledger: LedgerSettings, calls: Calls | None) -> str | None:
    """
    Why a retention is too short; None where it is not.

    A dial that is erased is nobody's any more, so a cap per person would count it no longer.
    """
    table = None if calls is None else calls.perPerson
    if ledger.retention is None or not table:
        return None
    longest = caps(table)[-1]
    if kept(ledger.retention) >= longest.seconds:
        return None
    return (
        f"is shorter than the {longest.within} of [calls.perPerson]: whose dials are erased can't "
        f'be counted any more; keep them for "{longest.within}" at least'
    )
