"""What the ledger's tests share: reservations, campaigns and rows."""

from __future__ import annotations

from typing import Any

from dialform.launcher.records import Campaign, Reservation, Row

NOW = 1_795_561_290.5
ANN, BEN, CAT = "+14155550123", "+14155550124", "+14155550125"

CAMPAIGN = Campaign(
    id="c1",
    environment="dev",
    name="autumn",
    preset="reminder",
    version=1,
    release=1,
    preset_digest="sha256:1",
    bound_digest="sha256:2",
    workspace="https://api.vogent.ai/api",
    source="people.csv",
    source_digest="sha256:9",
    opened_at="2026-11-23T23:00:00Z",
    opened_by="anna",
)


def reservation(**fields: Any) -> Reservation:
    """A dial of ``dev`` to Ann."""
    given: dict[str, Any] = {
        "environment": "dev",
        "preset": "reminder",
        "version": 1,
        "release": 1,
        "preset_digest": "sha256:1",
        "bound_digest": "sha256:2",
        "body_digest": "sha256:3",
        "workspace": "https://api.vogent.ai/api",
        "to": ANN,
        "from_number_id": None,
        "inputs": '{"name":"Ann"}',
        "withheld": '["pin"]',
        "once": None,
    }
    return Reservation(**(given | fields))


def attempt(person: str, number: int = 1, campaign: str = "c1", **fields: Any) -> Reservation:
    """An attempt of a campaign at a person whose key is a number."""
    return reservation(campaign=campaign, person=person, attempt=number, to=person, **fields)


def people(*numbers: str, **fields: Any) -> list[Row]:
    """Rows of a file."""
    return [Row(at, number, number, **fields) for at, number in enumerate(numbers, 1)]
