"""
Claims: a ledger says where it lies, and which campaigns are its own.

Pure: what they hold, how they are stored and read. A ledger claims its place before it dials
for the first time, and again when a person says that it may go on from another place; a
campaign's name is claimed when it is opened. Each claim is created once, so that of two copies,
or of two ledgers with the same list of people, one is first and the other finds that it is not
alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dialform.registry.documents import (
    CAMPAIGN,
    CLAIM,
    Damage,
    exact_keys,
    fitting,
    sealed,
    unsealed,
)
from dialform.registry.entries import is_number, is_text, is_time

_KEYS = frozenset(
    (
        *("format", "ledger", "seq", "host", "place", "dials"),
        *("token", "time", "by", "reason"),
    )
)


class Claim(NamedTuple):
    """The claim number ``seq`` of a ledger."""

    ledger: str
    """The ledger's own id, which its copies have too."""

    seq: int
    """1, 2, 3, ... without gaps."""

    host: str
    """The machine, or what a server calls itself."""

    place: str
    """The ledger's file, or its database."""

    dials: int
    """How many dials it had on record."""

    token: str
    """Tells this claim from another one of the same number: the ledger knows its own."""

    time: str
    """UTC, as ``2026-11-23T23:00:00Z``."""

    by: str | None
    reason: str | None
    """Why it goes on from another place; None for one that begins or goes on where it was."""

    def render(self) -> bytes:
        """The bytes to store."""
        return sealed({"format": CLAIM, **self._asdict()})


def parse_claim(data: bytes, ledger: str, seq: int) -> Claim:
    """
    The claim of that ledger and number in stored bytes.

    Raises:
        Damage: if they are not that claim.

    """
    value = unsealed(data, CLAIM)
    exact_keys(value, _KEYS)
    del value["format"]
    fits: dict[str, Any] = {
        "ledger": isinstance(value["ledger"], str),
        "seq": is_number(value["seq"]),
        "host": isinstance(value["host"], str),
        "place": isinstance(value["place"], str),
        "dials": value["dials"] == 0 or is_number(value["dials"]),
        "token": isinstance(value["token"], str),
        "time": is_time(value["time"]),
        "by": is_text(value["by"]),
        "reason": is_text(value["reason"]),
    }
    fitting(value, fits)
    claim = Claim(**value)
    if (claim.ledger, claim.seq) != (ledger, seq):
        raise Damage("place", f"it is claim {claim.seq} of ledger {claim.ledger}")
    return claim


class CampaignClaim(NamedTuple):
    """The claim of a campaign's name in an environment."""

    environment: str
    name: str
    ledger: str
    """The id of the ledger that it was opened in."""

    host: str
    place: str
    """Where that ledger lay."""

    time: str
    """UTC, as ``2026-11-23T23:00:00Z``."""

    by: str | None

    def render(self) -> bytes:
        """The bytes to store."""
        return sealed({"format": CAMPAIGN, **self._asdict()})


def parse_campaign_claim(data: bytes, environment: str, name: str) -> CampaignClaim:
    """
    The claim of that campaign in stored bytes.

    Raises:
        Damage: if they are not that claim.

    """
    value = unsealed(data, CAMPAIGN)
    exact_keys(value, frozenset(("format", *CampaignClaim._fields)))
    del value["format"]
    rules = {"time": is_time, "by": is_text}
    texts = {key: isinstance(one, str) for key, one in value.items()}
    fitting(value, texts | {key: fits(value[key]) for key, fits in rules.items()})
    claim = CampaignClaim(**value)
    if (claim.environment, claim.name) != (environment, name):
        raise Damage("place", f"it is of campaign {claim.name!r} in {claim.environment!r}")
    return claim
