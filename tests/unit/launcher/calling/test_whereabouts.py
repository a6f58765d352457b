"""Where people may be: by their numbers, and by what callers say."""

from __future__ import annotations

import random
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers import timezone

from dialform.errors import InputError
from dialform.launcher.calling import whereabouts, zone
from dialform.launcher.calling.destinations import destination, is_allowed
from dialform.launcher.calling.straddling import STRADDLING, further_zones
from dialform.launcher.calling.whereabouts import MOST_ZONES, zones_of

NOBODY = ()


def told(number: str) -> tuple[str, ...]:
    """The names of the zones that a number may be in."""
    return tuple(one.key for one in zones_of(number))


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+14155550123", ("America/Los_Angeles",)),
        ("+12085550123", ("America/Boise", "America/Los_Angeles")),
        ("+18505550123", ("America/Chicago", "America/New_York")),
        ("+14235550123", ("America/Chicago", "America/New_York")),
        ("+18075550123", ("America/Atikokan", "America/Toronto", "America/Winnipeg")),
        ("+442079460012", ("Europe/London",)),
        ("+493023125001", ("Europe/Berlin",)),
        ("+17875550123", ("America/Puerto_Rico",)),
        ("+18005550123", NOBODY),  # free of charge, from anywhere
        ("+18675550123", NOBODY),  # the territories of Canada: more than four
        ("+18765550123", NOBODY),  # Jamaica: phonenumbers knows the zones of +1 alone
        ("+11235550123", NOBODY),  # no area code
        ("+9990000000", NOBODY),  # no country
    ],
)
def test_a_number_is_in_all_zones_that_it_may_be_in(number: str, zones: tuple[str, ...]) -> None:
    assert told(number) == zones


@pytest.mark.parametrize("seed", range(8))
def test_no_number_of_north_america_is_elsewhere_than_phonenumbers_says(seed: int) -> None:
    """The short way to its tables leads to the same zones, for every area code."""
    draw = random.Random(seed)  # noqa: S311 - a seed, so that a failure comes again
    for area in range(200, 1000):
        number = f"+1{area}{draw.randrange(2, 10)}{draw.randrange(10**6):06d}"
        theirs = set(timezone.time_zones_for_number(phonenumbers.parse(number)))
        ours = theirs | set(further_zones(number))
        if "Etc/Unknown" in theirs or len(ours) > MOST_ZONES:
            ours = set()
        assert set(told(number)) == ours, number


def test_every_straddling_area_code_has_zones_that_exist_and_differ() -> None:
    for area in STRADDLING:
        zones = [ZoneInfo(name) for name in further_zones(f"+1{area}5550123")]
        assert len(zones) > 1, area


def test_what_the_caller_says_wins() -> None:
    denver = zone("America/Denver")
    said = whereabouts("+18005550123", [denver])
    assert (said.zones, said.inferred, said.country) == ((denver,), False, "US")
    guessed = whereabouts("+14155550123")
    assert (guessed.zones, guessed.inferred) == (zones_of("+14155550123"), True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("America/Dever", "did you mean 'America/Denver'"),
        ("america/denver", "did you mean 'America/Denver'"),
        ("denver", "did you mean 'America/Denver'"),
        ("New York", "did you mean 'America/New_York'"),
        ("Etc/Unknown", "is not the name of a zone"),
        ("localtime", "is not the name of a zone"),
        ("America", "is not the name of a zone"),
        ("../../etc/passwd", "is not the name of a zone"),
        ("", "is not the name of a zone"),
        ("x" * 300, "is not the name of a zone"),
        ("America/\0", "is not the name of a zone"),
    ],
)
def test_a_zone_that_there_is_not_is_refused_with_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        zone(name)


@pytest.mark.parametrize("text", ["US", "GB", "+1", "+4930", "+14155550123", "any"])
def test_countries_and_beginnings_of_numbers_are_destinations(text: str) -> None:
    assert destination(text) == text


@pytest.mark.parametrize("text", ["", "us", "UK", "ZZ", "1415", "+", "+0", "+1 415", "*", "ANY"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is neither a country"):
        destination(text)


def test_a_country_is_not_its_code() -> None:
    assert not is_allowed("+18765550123", ["US"])
    assert is_allowed("+18765550123", ["JM"])
    assert is_allowed("+18765550123", ["+1"])
    assert not is_allowed("+11235550123", ["US", "CA"])
