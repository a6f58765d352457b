"""What an environment's document allows of a single call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dialform.errors import ObjectCorrupt, UnknownFormat
from dialform.launcher.calling import Refusal, Rules, zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.launcher.calling.caps import Placed

ANN = "+14155550123"
PENSACOLA = "+18505550123"
TOLL_FREE = "+18005550123"
TORONTO = "+14165550123"
REAL = "https://api.vogent.ai/api"
SANDBOX = "http://127.0.0.1:8421/api"
HOUR = 3600.0
DAY = 24 * HOUR

WEEKDAYS = {day: ["09:00-12:00", "13:00-20:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def rules(*, url: str = REAL, **calls: Any) -> Rules:
    """The rules of a document with this table."""
    document: dict[str, Any] = {
        "format": "dialform.environment/1",
        "environment": "prod",
        "workspace": {"url": url, "keyvar": "KEY"},
    }
    return Rules.of({**document, "calls": calls} if calls else document)


def at(text: str) -> float:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOON = at("2026-11-25 20:00")
"""12:00 in Los Angeles on a Wednesday."""


def dialled(*ago: float, now: float = NOON) -> Placed:
    """The caps' question, for dials so many seconds before ``now``."""
    times = sorted((now - one for one in ago), reverse=True)
    return lambda _keys, n: times[n - 1] if n <= len(times) else None


def refused(refusal: Refusal | None) -> str | None:
    """The rule that says no."""
    if refusal is None:
        return None
    assert refusal.message.endswith(f"[{refusal.rule}]")
    return refusal.rule


@pytest.mark.parametrize(
    ("destinations", "number", "rule"),
    [
        (["any"], ANN, None),
        (["US"], ANN, None),
        (["US"], TOLL_FREE, None),
        (["US"], TORONTO, "calls.destinations"),
        (["US", "CA"], TORONTO, None),
        (["+1415"], ANN, None),
        (["+1416", "+49"], ANN, "calls.destinations"),
        (["GB", "+14155550123"], ANN, None),
        (["US"], "+18765550123", "calls.destinations"),
        ([], ANN, "calls.destinations"),
    ],
)
def test_only_the_destinations_are_called(destinations: Any, number: str, rule: str | None) -> None:
    """A country is not its code: +1 876 is Jamaica."""
    assert refused(rules(destinations=destinations).check(NOON, number)) == rule


def test_a_workspace_that_says_no_destinations_is_not_called_from_unless_it_is_a_sandbox() -> None:
    assert refused(rules().check(NOON, ANN)) == "calls.destinations"
    assert refused(rules(hours=WEEKDAYS).check(NOON + 3 * HOUR, ANN)) == "calls.destinations"
    assert rules(url=SANDBOX).check(NOON, ANN) is None
    assert rules(url="http://localhost:8421/api").check(NOON, ANN) is None


def test_a_call_outside_the_hours_is_due_when_they_begin() -> None:
    refusal = rules(destinations=["any"], hours=WEEKDAYS).check(NOON, ANN)

    assert refusal == Refusal(
        "calls.hours",
        "+14155550123 isn't called now: it is wed 2026-11-25 12:00 in America/Los_Angeles, open "
        "09:00-12:00, 13:00-20:00; allowed from wed 2026-11-25 13:00 in America/Los_Angeles, "
        "2026-11-25T21:00:00Z [calls.hours]",
        NOON + HOUR,
    )
    assert rules(destinations=["any"], hours=WEEKDAYS).check(NOON + HOUR, ANN) is None


def test_the_zone_that_the_caller_says_wins() -> None:
    ours = rules(destinations=["any"], hours=WEEKDAYS)
    assert ours.check(NOON, ANN, [zone("America/New_York")]) is None
    assert ours.check(NOON, TOLL_FREE, [zone("America/New_York")]) is None


@pytest.mark.parametrize("number", [TOLL_FREE, "+14415550123", "+18765550123", "+18675550123"])
def test_a_number_that_may_be_anywhere_needs_a_timezone(number: str) -> None:
    refusal = rules(destinations=["any"], hours=WEEKDAYS).check(NOON, number)
    assert refused(refusal) == "calls.timezone"
    assert refusal is not None
    assert refusal.due is None
    assert rules(destinations=["any"]).check(NOON, number) is None


def test_an_area_code_that_straddles_two_zones_must_be_open_in_both() -> None:
    """9:30 in New York is 8:30 in Chicago, and Pensacola is in Chicago's zone."""
    ours = rules(destinations=["any"], hours=WEEKDAYS)
    half_past_eight = at("2026-11-25 14:30")
    assert ours.check(half_past_eight, "+12125550123") is None
    refusal = ours.check(half_past_eight, PENSACOLA)
    assert refusal is not None
    assert "wed 2026-11-25 08:30 in America/Chicago" in refusal.message
    assert refusal.due == half_past_eight + HOUR / 2


def test_what_waiting_does_not_help_is_said_first() -> None:
    refusal = rules(destinations=["CA"], hours=WEEKDAYS).check(NOON, ANN)
    assert refused(refusal) == "calls.destinations"


def test_a_margin_is_for_inferred_zones() -> None:
    ours = rules(destinations=["any"], hours=WEEKDAYS, margin=60)
    one = NOON + HOUR
    refusal = ours.check(one, ANN)
    assert refusal is not None
    assert "less 60 min as the zone is inferred" in refusal.message
    assert refusal.due == one + HOUR
    assert ours.check(one, ANN, [zone("America/Los_Angeles")]) is None


def test_a_holiday_is_named() -> None:
    ours = rules(
        destinations=["any"], hours=WEEKDAYS, holidays={"US": {"2026-11-26": "Thanksgiving"}}
    )
    refusal = ours.check(NOON + DAY, ANN)
    assert refusal is not None
    assert "a holiday (Thanksgiving)" in refusal.message
    assert refusal.due == at("2026-11-27 17:00")


def test_a_person_is_dialled_so_often_within_each_of_the_times() -> None:
    ours = rules(destinations=["any"], perPerson={"24h": 1, "7d": 3})

    def due(*ago: float) -> float | None:
        refusal = ours.check(NOON, ANN, placed=dialled(*ago))
        assert refused(refusal) == (None if refusal is None else "calls.perPerson")
        return None if refusal is None else refusal.due

    assert due() is None
    assert due(DAY) is None
    assert due(DAY - 1) == NOON + 1
    assert due(2 * DAY, 3 * DAY) is None
    assert due(2 * DAY, 3 * DAY, 6 * DAY) == NOON + DAY
    assert due(HOUR, 3 * DAY, 6 * DAY) == NOON + DAY
    assert due(-HOUR) == NOON + DAY + HOUR  # the clock was set back


def test_caps_count_the_person_whatever_the_number() -> None:
    asked: list[tuple[list[str], int]] = []

    def placed(keys: Sequence[str], n: int) -> None:
        asked.append((list(keys), n))

    ours = rules(destinations=["any"], perPerson={"24h": 2}, perEnvironment={"1h": 50})
    assert ours.check(NOON, ANN, placed=placed, person="customer-17") is None
    assert ours.check(NOON, ANN, placed=placed) is None
    assert asked == [(["customer-17", ANN], 2), ([], 50), ([ANN], 2), ([], 50)]


def test_a_call_over_a_cap_is_due_within_the_hours() -> None:
    ours = rules(destinations=["any"], hours=WEEKDAYS, perPerson={"24h": 1})
    eight = at("2026-11-26 03:00")  # 19:00 on Wednesday
    refusal = ours.check(eight, ANN, placed=dialled(15 * HOUR, now=eight))
    assert refusal is not None
    assert refusal.due == at("2026-11-26 17:00")  # not at 4:00, when 24 hours are over


def test_a_browser_call_has_the_environments_caps_alone() -> None:
    ours = rules(
        destinations=["DE"], hours=WEEKDAYS, perPerson={"24h": 1}, perEnvironment={"24h": 2}
    )
    assert ours.check(NOON, None, placed=dialled(HOUR)) is None
    assert refused(ours.check(NOON, None, placed=dialled(HOUR, HOUR))) == "calls.perEnvironment"


def test_a_rule_that_is_not_known_allows_nothing() -> None:
    with pytest.raises(UnknownFormat, match=r"calls\.consent.*upgrade"):
        rules(destinations=["any"], consent=True)


@pytest.mark.parametrize(
    "calls",
    [
        {"hours": {"mon": ["9-5"]}},
        {"hours": "09:00-17:00"},
        {"destinations": "US"},
        {"perPerson": {"24h": 0}},
        {"perPerson": {"day": 1}},
        {"hours": WEEKDAYS, "holidays": {"US": {"2026-02-30": "x"}}},
    ],
)
def test_a_damaged_document_allows_nothing(calls: dict[str, Any]) -> None:
    with pytest.raises(ObjectCorrupt, match="can't be read"):
        rules(**{"destinations": ["any"], **calls})
