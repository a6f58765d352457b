"""Days and windows as they are written."""

from __future__ import annotations

import pytest

from dialform.launcher.calling.week import DAYS, Window, as_table, week, window


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("09:00-12:00", (540, 720)),
        ("00:00-24:00", (0, 1440)),
        ("23:59-24:00", (1439, 1440)),
    ],
)
def test_a_window_is_minutes_of_a_day(text: str, minutes: tuple[int, int]) -> None:
    assert window(text) == Window(*minutes)
    assert str(window(text)) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9:00-12:00", "write it like"),
        ("09:00 - 12:00", "write it like"),
        ("09:00-24:01", "write it like"),
        ("09:60-12:00", "write it like"),
        ("9am-5pm", "write it like"),
        ("", "write it like"),
        ("12:00-09:00", "12:00-24:00, and 00:00-09:00 on the next day"),
        ("09:00-09:00", "ends before it begins"),
        ("20:00-00:00", "midnight at its end is 24:00"),
    ],
)
def test_what_is_no_window_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        window(text)


def test_a_range_of_days_has_the_same_windows() -> None:
    table = as_table(week({"mon-fri": ["13:00-20:00", "09:00-12:00"], "sun": ["10:00-11:00"]}))
    assert table == {
        **{day: ["09:00-12:00", "13:00-20:00"] for day in DAYS[:5]},
        "sun": ["10:00-11:00"],
    }
    assert as_table(week(table)) == table


def test_windows_that_touch_are_one() -> None:
    assert as_table(week({"mon": ["12:00-13:00", "09:00-12:00"]})) == {"mon": ["09:00-13:00"]}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"monday": ["09:00-12:00"]}, "'monday' is no day"),
        ({"Mon": ["09:00-12:00"]}, "'Mon' is no day"),
        ({"mon-xxx": ["09:00-12:00"]}, "'mon-xxx' is no day|'xxx' is no day"),
        ({"sat-mon": ["09:00-12:00"]}, "over the week's end"),
        ({"mon-fri": ["09:00-12:00"], "fri": ["09:00-11:00"]}, "fri is there twice"),
        ({"mon": ["09:00-12:00", "11:59-13:00"]}, "09:00-12:00 and 11:59-13:00 overlap"),
    ],
)
def test_a_week_that_can_be_read_in_two_ways_is_refused(
    table: dict[str, list[str]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        week(table)
