"""What a record says of who placed it and why, in both databases; and who is not called again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ledger_world import ANN, BEN, reservation

from dialform.errors import Refused
from dialform.launcher.ledger.looking import hashed
from dialform.launcher.records import Suppression

if TYPE_CHECKING:
    from dialform.launcher.ledger import Ledger


def test_who_placed_it_and_why_stay_with_a_dial(ledger: Ledger) -> None:
    """What settles it later is added and replaces nothing."""
    given = reservation(id="a" * 32, evidence="again of b: cut off", launched_by="anna")
    record, ours = ledger.reserve(given, seconds=5)
    assert ours
    assert (record.id, record.evidence, record.launched_by) == ("a" * 32, given.evidence, "anna")

    ledger.settle(record.id, "unknown", evidence="existed")
    ledger.settle_unknown(record.id, rang=True, by="key", evidence="the API knows the key")

    settled = ledger.record(record.id)
    assert settled is not None
    assert (settled.state, settled.launched_by, settled.settled_by) == ("accepted", "anna", "key")
    assert str(settled.evidence).split("\n") == [
        "again of b: cut off; existed",
        "the API knows the key",
    ]


def test_a_dial_without_evidence_gets_what_settles_it(ledger: Ledger) -> None:
    records = [ledger.reserve(reservation(), seconds=5)[0] for _ in range(2)]
    ledger.settle(records[0].id, "unknown", evidence="existed")
    ledger.settle(records[1].id, "accepted", dial_id="d-1")
    found = [ledger.record(one.id) for one in records]
    assert [one and one.evidence for one in found] == ["existed", None]


@pytest.mark.parametrize("entry", [ANN, hashed(ANN)])
def test_a_suppressed_number_is_refused_with_the_reason(ledger: Ledger, entry: str) -> None:
    ledger.suppress([Suppression(entry, "asked by mail", "2026-11-25T00:00:00Z")])
    with pytest.raises(Refused, match="asked by mail"):
        ledger.refuse_suppressed(ANN)
    ledger.refuse_suppressed(BEN)
    ledger.refuse_suppressed(None)
