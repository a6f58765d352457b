"""Rules for calls compared: each that is different, and those that allow more."""

from __future__ import annotations

from typing import Any

import pytest

from dialform.diff.calls import changed, widened
from dialform.launcher.calling.week import DAYS

FROM_NINE = {"mon": ["09:00-12:00", "13:00-20:00"], "fri": ["09:00-17:00"]}
CHRISTMAS = {"any": {"2026-12-25": "Christmas Day"}}


def test_each_rule_that_is_different_is_named() -> None:
    before = {
        "destinations": ["CA", "US"],
        "hours": FROM_NINE,
        "margin": 60,
        "perPerson": {"24h": 1, "7d": 3},
    }
    after = {
        "destinations": ["US"],
        "hours": {"mon": FROM_NINE["mon"], "fri": ["09:00-16:00"], "sat": ["10:00-14:00"]},
        "holidays": CHRISTMAS,
        "perPerson": {"24h": 1},
    }
    assert [tuple(one) for one in changed({"calls": before}, {"calls": after})] == [
        ("calls.destinations", "CA, US", "US"),
        ("calls.holidays.any.2026-12-25", "", "Christmas Day"),
        ("calls.hours.fri", "09:00-17:00", "09:00-16:00"),
        ("calls.hours.sat", "", "10:00-14:00"),
        ("calls.margin", "60", ""),
        ("calls.perPerson.7d", "3", ""),
    ]
    assert changed({"calls": after}, {"calls": after}) == ()


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ({"destinations": ["US"]}, {"destinations": ["US", "CA"]}, "calls may go to CA"),
        ({"destinations": ["US"]}, {"destinations": ["any"]}, "calls may go anywhere"),
        ({"destinations": ["US"]}, {}, "calls may go anywhere"),
        ({"destinations": ["+49"]}, {"destinations": ["+49", "+48"]}, "calls may go to +48"),
        (
            {"hours": FROM_NINE},
            {"hours": {"mon": ["08:30-20:00"], "tue": ["09:00-09:30"], "fri": ["10:00-17:00"]}},
            "open mon 08:30-09:00, open mon 12:00-13:00, open tue 09:00-09:30",
        ),
        ({"hours": FROM_NINE}, {}, "people may be called at any time"),
        (
            {"hours": FROM_NINE, "margin": 60},
            {"hours": FROM_NINE, "margin": 30},
            "a margin of 30 min instead of 60",
        ),
        (
            {"hours": FROM_NINE, "holidays": CHRISTMAS},
            {"hours": FROM_NINE},
            "no holiday any more: 2026-12-25 (Christmas Day) of any",
        ),
        ({"perPerson": {"24h": 1}}, {"perPerson": {"24h": 2}}, "2 dials within 24h instead of 1"),
        ({"perPerson": {"24h": 1}}, {"perPerson": {"7d": 1}}, "no most within 24h any more"),
        ({"perEnvironment": {"1h": 9}}, {}, "no most within 1h any more"),
    ],
)
def test_what_allows_more_is_a_risk(
    before: dict[str, Any], after: dict[str, Any], more: str
) -> None:
    (risk,) = widened({"calls": before}, {"calls": after})
    rule = next(iter(before.keys() - {"margin", "hours"}), "hours")
    assert (risk.rule, risk.level, risk.path) == ("calls-widened", "high", ("calls", rule))
    assert risk.message == f"calls.{rule}: {more}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"destinations": ["any"], "hours": FROM_NINE, "perPerson": {"24h": 9}}),
        ({"destinations": ["any"]}, {"destinations": ["US"]}),
        ({"destinations": ["+49"]}, {"destinations": ["+4930", "+4989"]}),
        ({"hours": FROM_NINE}, {"hours": {"mon": ["10:00-11:00", "14:00-15:00"]}}),
        ({"hours": {day: ["00:00-24:00"] for day in DAYS}}, {"hours": FROM_NINE}),
        ({"hours": FROM_NINE, "margin": 30}, {"hours": FROM_NINE, "margin": 60}),
        ({"hours": FROM_NINE}, {"hours": FROM_NINE, "holidays": CHRISTMAS}),
        ({"perPerson": {"7d": 3}}, {"perPerson": {"24h": 1, "7d": 2}}),
    ],
)
def test_what_allows_less_is_none(before: dict[str, Any], after: dict[str, Any]) -> None:
    pair = {"calls": before}, {"calls": after}
    assert changed(*pair)
    assert widened(*pair) == []


TWICE = {"no-answer": {"times": 2, "after": "30m"}}


def test_limits_for_campaigns_are_named_after_the_rules_for_calls() -> None:
    before = {"calls": {"destinations": ["US"]}, "campaigns": {"rate": 0.5, "retry": TWICE}}
    after = {"campaigns": {"rate": 2, "live": 10, "retry": {"busy": {"times": 1, "after": "5m"}}}}
    assert [tuple(one) for one in changed(before, after)] == [
        ("calls.destinations", "US", ""),
        ("campaigns.live", "", "10"),
        ("campaigns.rate", "0.5", "2"),
        ("campaigns.retry.busy", "", "1 times, 5m later"),
        ("campaigns.retry.no-answer", "2 times, 30m later", ""),
    ]


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ({"rate": 0.5}, {"rate": 2}, "rate: 2 instead of 0.5"),
        ({"live": 5}, {}, "live: no most any more"),
        ({"inFlight": 5}, {"inFlight": 6}, "inFlight: 6 instead of 5"),
        (
            {"retry": TWICE},
            {"retry": {"no-answer": {"times": 3, "after": "1h"}}},
            "retry.no-answer: called again 3 times instead of 2",
        ),
        (
            {"rate": 1},
            {"rate": 1, "retry": TWICE},
            "retry.no-answer: called again 2 times instead of 0",
        ),
    ],
)
def test_a_limit_that_is_raised_or_gone_is_a_risk(
    before: dict[str, Any], after: dict[str, Any], more: str
) -> None:
    (risk,) = widened({"campaigns": before}, {"campaigns": after})
    assert (risk.rule, risk.level, risk.path[0]) == ("calls-widened", "high", "campaigns")
    assert risk.message == f"campaigns.{more}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"rate": 2, "retry": TWICE}),
        ({"rate": 2, "live": 5}, {"rate": 1, "live": 4, "inFlight": 9}),
        ({"retry": TWICE}, {"retry": {"no-answer": {"times": 1, "after": "30m"}}}),
        ({"failures": 0.1}, {"failures": 0.5}),
    ],
)
def test_a_limit_that_is_lowered_or_new_is_none(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    pair = {"campaigns": before}, {"campaigns": after}
    assert changed(*pair)
    assert widened(*pair) == []
