"""When people may be called: in their zones, over changes of the clocks, less holidays."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialform.launcher.calling import Hours, Whereabouts
from dialform.launcher.calling.week import DAYS, week

ANN = "+14155550123"
NEW_YORK = ZoneInfo("America/New_York")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
CALL_CENTRE = {"mon-fri": ["09:00-12:00", "13:00-20:00"], "sat": ["10:00-14:00"]}

ZONES = sorted(
    name
    for name in zoneinfo.available_timezones()
    if not name.startswith(("posix/", "right/")) and name not in ("Factory", "localtime")
)


def year(name: str) -> tuple[object, ...]:
    """What the clocks of a zone show in 2026, every three hours."""
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    zone = ZoneInfo(name)
    instants = range(start, start + 365 * 86400, 3 * 3600)
    return tuple(datetime.fromtimestamp(one, zone).utcoffset() for one in instants)


CLOCKS = sorted({year(name): name for name in ZONES}.values())
"""A zone for each way in which clocks are set and changed: many names are one clock."""


def at(text: str, zone: ZoneInfo | None = None) -> float:
    """The instant when a clock in ``zone``, else UTC, shows ``text``."""
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()


def there(*zones: ZoneInfo, inferred: bool = False) -> Whereabouts:
    """A person who may be in these zones."""
    return Whereabouts(zones, inferred=inferred, number=ANN)


def shown(instant: float | None, zone: ZoneInfo) -> str:
    """What a clock in ``zone`` shows, with its offset."""
    assert instant is not None
    return datetime.fromtimestamp(instant, zone).isoformat(" ", "minutes")


def slow_is_open(hours: dict[str, list[str]], instant: float, zone: ZoneInfo) -> bool:
    """Whether the words on a clock lie in a window: text compared, no arithmetic."""
    clock = datetime.fromtimestamp(instant, UTC).astimezone(zone).strftime("%a %H:%M").lower()
    day, minute = clock.split()
    return any(
        start <= minute < end for start, end in (one.split("-") for one in hours.get(day, []))
    )


def slow_next_open(
    hours: dict[str, list[str]], now: float, zones: list[ZoneInfo], days: int
) -> float | None:
    """Five minutes after five minutes: windows and changes of clocks are at full ones."""
    instant = now
    while instant < now + days * 86400:
        if all(slow_is_open(hours, instant, zone) for zone in zones):
            return instant
        instant = (instant // 300 + 1) * 300
    return None


def changes(zone: ZoneInfo, year: int) -> list[int]:
    """The days of a year on which the clocks of ``zone`` are changed, as noons in UTC."""
    noons = [
        int(datetime(year, 1, 1, 12, tzinfo=UTC).timestamp()) + day * 86400 for day in range(365)
    ]
    offsets = [datetime.fromtimestamp(noon, zone).utcoffset() for noon in noons]
    return [
        noon
        for noon, before, after in zip(noons, offsets, offsets[1:], strict=False)
        if before != after
    ]


@pytest.mark.parametrize(
    ("clock", "open_"),
    [
        ("2026-11-25 08:59:59", False),
        ("2026-11-25 09:00", True),
        ("2026-11-25 11:59:59.5", True),
        ("2026-11-25 12:00", False),
        ("2026-11-25 13:00", True),
        ("2026-11-25 20:00", False),
        ("2026-11-28 09:30", False),
        ("2026-11-28 10:00", True),
        ("2026-11-29 11:00", False),
    ],
)
def test_a_window_is_half_open_and_a_day_that_is_not_named_is_closed(
    clock: str, *, open_: bool
) -> None:
    hours = Hours(week(CALL_CENTRE))
    assert hours.is_open(at(clock, NEW_YORK), there(NEW_YORK)) is open_


def test_all_zones_must_be_open() -> None:
    """10:00 in New York is 7:00 in Los Angeles."""
    hours = Hours(week(CALL_CENTRE))
    ten = at("2026-11-25 10:00", NEW_YORK)

    assert hours.is_open(ten, there(NEW_YORK))
    assert not hours.is_open(ten, there(NEW_YORK, LOS_ANGELES))
    opens = hours.next_open(ten, there(NEW_YORK, LOS_ANGELES))
    assert shown(opens, NEW_YORK) == "2026-11-25 13:00-05:00"


def test_nobody_is_called_whose_zone_is_not_known() -> None:
    hours = Hours(week({"mon-sun": ["00:00-24:00"]}))
    assert not hours.is_open(at("2026-11-25 10:00"), there())
    assert hours.next_open(at("2026-11-25 10:00"), there()) is None


def test_zones_whose_windows_never_meet_are_never_open() -> None:
    hours = Hours(week({"mon-fri": ["09:00-10:00"]}))
    assert hours.next_open(at("2026-11-25 10:00"), there(NEW_YORK, LOS_ANGELES)) is None


@pytest.mark.parametrize(
    ("windows", "now", "opens"),
    [
        # 2026-03-08: at 02:00 the clocks of New York show 03:00
        ("02:15-04:00", "2026-03-08 01:50", "2026-03-08 03:00-04:00"),
        ("02:15-02:45", "2026-03-08 01:50", "2026-03-09 02:15-04:00"),
        ("02:00-03:30", "2026-03-08 00:00", "2026-03-08 03:00-04:00"),
        # 2026-11-01: at 02:00 they show 01:00 again
        ("01:30-02:00", "2026-11-01 00:10", "2026-11-01 01:30-04:00"),
        ("00:00-01:30", "2026-11-01 01:40", "2026-11-01 01:00-05:00"),
    ],
)
def test_a_change_of_the_clocks(windows: str, now: str, opens: str) -> None:
    hours = Hours(week({"mon-sun": [windows]}))
    assert shown(hours.next_open(at(now, NEW_YORK), there(NEW_YORK)), NEW_YORK) == opens


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    hours = Hours(week({"sun": ["01:30-01:45"]}))
    midnight = at("2026-11-01 00:00", NEW_YORK)

    spans = list(hours.spans(midnight, midnight + 86400, there(NEW_YORK)))

    assert [(shown(a, NEW_YORK)[11:], shown(b, NEW_YORK)[11:]) for a, b in spans] == [
        ("01:30-04:00", "01:45-04:00"),
        ("01:30-05:00", "01:45-05:00"),
    ]


def test_half_an_hour_of_summer_time() -> None:
    """Lord Howe Island changes its clocks by 30 minutes: 2026-10-04, 02:00 to 02:30."""
    island = ZoneInfo("Australia/Lord_Howe")
    hours = Hours(week({"sun": ["02:10-02:40"]}))
    opens = hours.next_open(at("2026-10-04 01:00", island), there(island))
    assert shown(opens, island) == "2026-10-04 02:30+11:00"


def test_a_day_that_did_not_happen() -> None:
    """Samoa went from Thursday, 2011-12-29, to Saturday."""
    apia = ZoneInfo("Pacific/Apia")
    hours = Hours(week({"fri-sat": ["09:00-10:00"]}))
    opens = hours.next_open(at("2011-12-29 12:00", apia), there(apia))
    assert shown(opens, apia) == "2011-12-31 09:00+14:00"


def test_holidays_are_closed_for_those_whose_they_are() -> None:
    holidays = {
        "US": {date(2026, 11, 26): "Thanksgiving"},
        "America/Denver": {date(2026, 11, 27): "Snow"},
        "any": {date(2026, 12, 25): "Christmas Day"},
    }
    hours = Hours(week({"mon-sun": ["09:00-17:00"]}), holidays=holidays)
    denver = ZoneInfo("America/Denver")
    american = there(denver)
    canadian = american._replace(number="+14165550123")

    def closed(day: str, where: Whereabouts) -> str | None:
        noon = at(f"{day} 12:00", denver)
        name = hours.holiday(noon, where.zones[0], where)
        assert hours.is_open(noon, where) is (name is None)
        return name

    assert closed("2026-11-26", american) == "Thanksgiving"
    assert closed("2026-11-26", canadian) is None
    assert closed("2026-11-27", canadian) == "Snow"
    assert closed("2026-11-27", american._replace(zones=(NEW_YORK,))) is None
    assert closed("2026-12-25", canadian) == "Christmas Day"
    morning = at("2026-11-26 08:00", denver)
    opens = [shown(hours.next_open(morning, one), denver) for one in (american, canadian)]
    assert opens == ["2026-11-28 09:00-07:00", "2026-11-26 09:00-07:00"]


def test_a_margin_narrows_windows_where_the_zone_is_inferred_only() -> None:
    hours = Hours(week(CALL_CENTRE), margin=60)
    half_past_nine = at("2026-11-25 09:30", NEW_YORK)

    assert hours.is_open(half_past_nine, there(NEW_YORK))
    assert not hours.is_open(half_past_nine, there(NEW_YORK, inferred=True))
    spans = hours.spans(half_past_nine, half_past_nine + 86400 / 2, there(NEW_YORK, inferred=True))
    assert [(shown(a, NEW_YORK)[11:16], shown(b, NEW_YORK)[11:16]) for a, b in spans] == [
        ("10:00", "11:00"),
        ("14:00", "19:00"),
    ]


def test_a_margin_does_not_part_two_days_that_are_open_over_midnight() -> None:
    hours = Hours(week({"mon": ["20:00-24:00"], "tue": ["00:00-04:00"]}), margin=60)
    start = at("2026-11-23 12:00", NEW_YORK)
    spans = hours.spans(start, start + 86400, there(NEW_YORK, inferred=True))
    assert [(shown(a, NEW_YORK)[:16], shown(b, NEW_YORK)[:16]) for a, b in spans] == [
        ("2026-11-23 21:00", "2026-11-24 03:00")
    ]


@pytest.mark.parametrize("name", ["Europe/London", "Atlantic/Azores", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("tuesday", "margin", "closes"),
    [
        (None, 0, "2026-11-24 00:00"),
        ("00:00-00:30", 0, "2026-11-24 00:30"),
        ("00:00-00:30", 30, "2026-11-24 00:00"),
        ("00:00-00:30", 60, "2026-11-23 23:30"),
        ("00:00-00:30", 240, "2026-11-23 20:30"),
    ],
)
def test_what_is_open_until_about_midnight_closes_then(
    name: str, tuesday: str | None, margin: int, closes: str
) -> None:
    """Wherever the day ends in UTC, by which edges are kept."""
    zone = ZoneInfo(name)
    table = {"mon": ["12:00-24:00"]} | ({} if tuesday is None else {"tue": [tuesday]})
    start = at("2026-11-23 17:00", zone)
    spans = Hours(week(table), margin).spans(start, start + 86400, there(zone, inferred=True))
    assert [shown(closed, zone)[:16] for _, closed in spans] == [closes]


WINDOWS = st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(
    lambda quarters: sorted(quarters)[: len(quarters) // 2 * 2]
)


def texts(quarters: list[int]) -> list[str]:
    """Windows between quarters of hours."""
    clocks = [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in quarters]
    return [f"{a}-{b}" for a, b in zip(clocks[::2], clocks[1::2], strict=True)]


@pytest.mark.parametrize("name", CLOCKS)
def test_what_opens_next_is_what_a_walk_through_the_days_finds(name: str) -> None:
    """In every zone, around each change of its clocks in 2026 and on a plain day."""
    zone = ZoneInfo(name)
    noons = changes(zone, 2026) or [int(at("2026-06-10 12:00"))]
    for index, noon in enumerate(noons[:4]):
        seed = sum(name.encode()) + index
        table = {
            "mon-thu": ["09:00-12:00", "13:15-20:00"],
            "sat-sun": [f"{seed % 3:02d}:30-{seed % 3 + 1:02d}:15", "03:20-03:40", "23:30-24:00"],
        }
        plain = dict.fromkeys(DAYS[:4], table["mon-thu"])
        plain |= dict.fromkeys(DAYS[5:], table["sat-sun"])
        hours = Hours(week(table))
        for offset in (0, 11 * 3600, 13 * 3600 + 61.5, 15 * 3600 + 1, 20 * 3600):
            now = float(noon + offset)
            assert hours.next_open(now, there(zone)) == slow_next_open(plain, now, [zone], 3)


@settings(max_examples=30, deadline=None)
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    days=st.dictionaries(st.sampled_from(DAYS), WINDOWS, min_size=3),
    start=st.integers(0, 365 * 24 * 60).map(lambda minute: 1767225600.0 + minute * 60 + 7.25),
)
def test_nothing_open_lies_before_what_opens_next(
    zones: list[str], days: dict[str, list[int]], start: float
) -> None:
    table = {day: texts(quarters) for day, quarters in days.items()}
    where = there(*map(ZoneInfo, zones))
    hours = Hours(week(table))

    found = hours.next_open(start, where)
    slow = slow_next_open(table, start, list(where.zones), 8)

    if slow is None:
        assert found is None or found >= start + 8 * 86400
    else:
        assert found == slow
        assert hours.is_open(found, where)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(ZONES),
    days=st.dictionaries(st.sampled_from(DAYS), WINDOWS, min_size=1),
    start=st.integers(0, 365 * 24).map(lambda hour: 1767225600.0 + hour * 3600),
    margin=st.sampled_from([0, 20, 60]),
)
def test_spans_are_open_and_what_lies_between_them_is_not(
    name: str, days: dict[str, list[int]], start: float, margin: int
) -> None:
    hours = Hours(week({day: texts(quarters) for day, quarters in days.items()}), margin)
    where = there(ZoneInfo(name), inferred=True)
    end = start + timedelta(days=3).total_seconds()

    spans = list(hours.spans(start, end, where))

    for minute in range(int(start), int(end), 300):
        inside = any(a <= minute < b for a, b in spans)
        assert hours.is_open(minute, where) is inside
    assert spans == sorted(spans)
    assert all(a < b for a, b in spans)
