"""Numbers of a people file: the launcher's rules, what spreadsheets do, and regions."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.errors import InputError, UsageError
from dialform.launcher.numbers import checked_number
from dialform.launcher.people.numbers import Numbers
from dialform.launcher.people.records import BadCell

NUMBERS = Numbers()
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@given(
    st.sampled_from(CODES), st.from_regex(r"[0-9]{2,14}", fullmatch=True), st.sampled_from("+ '")
)
def test_a_number_is_good_where_the_launcher_says_so(code: int, rest: str, lead: str) -> None:
    """The quick way by country and length lets in exactly what parsing lets in."""
    text = f"{lead}{code}{rest}".strip()
    try:
        expected = checked_number(text)
    except InputError:
        with pytest.raises(BadCell):
            NUMBERS.checked(text)
    else:
        assert NUMBERS.checked(text) == expected == text


@given(st.text())
def test_text_that_is_no_number_is_refused_with_words(text: str) -> None:
    with pytest.raises(BadCell) as caught:
        NUMBERS.checked(text)
    assert str(caught.value)


@pytest.mark.parametrize("code", CODES)
def test_every_countrys_example_is_good(code: int) -> None:
    example = phonenumbers.example_number(phonenumbers.region_code_for_country_code(code))
    if example is not None:
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert NUMBERS.checked(text) == text


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1.41556E+10", "its last digits are lost"),
        ("1,41556e+10", "its last digits are lost"),
        ("1.4155550123E+10", "an exponent: write +14155550123 if that is who is meant"),
        ("14155550123.0", "as a decimal number: write +14155550123 if that is who is meant"),
        ("+14155550123.00", "as a decimal number: write +14155550123"),
        ("'+14155550123", "quote marks are part of it: write +14155550123"),
        ("\u2019+14155550123", "quote marks are part of it: write +14155550123"),
        ('="+14155550123"', "quote marks are part of it: write +14155550123"),
        ("#N/A", "a spreadsheet's error"),
        ("#REF!", "a spreadsheet's error"),
        ("########", "a spreadsheet's error"),
        ("12/05/2020", "made a date of it"),
        ("2020-05-12", "made a date of it"),
        ("2020-05-12 00:00:00", "made a date of it"),
        ("12-May", "made a date of it"),
        ("May-20", "made a date of it"),
    ],
)
def test_what_a_spreadsheet_made_of_a_number_is_said(cell: str, words: str) -> None:
    for numbers in (NUMBERS, Numbers("US")):
        with pytest.raises(BadCell, match=r".") as caught:
            numbers.checked(cell)
        assert caught.value.rule == "spreadsheet"
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("14155550123", "has no plus sign: write +14155550123 if that is who is meant"),
        ("4155550123", "has no plus sign"),
        ("(415) 555-0123", "or name the country of national forms with --region"),
        ("+1 415 555 0123", "write +14155550123"),
        ("0014155550123", "write +14155550123"),
        ("+1415555012", "too short"),
        (f"+44{0}2079460012", "write +442079460012"),
        ("+14155550123, +14155550124", "is not in E.164 form"),
        ("+14155550123 x5", "is not in E.164 form"),
        ("n/a", "stands for no number"),
        ("NaN", "stands for no number"),
        ("\uff0b14155550123", "is not in E.164 form"),
        ("+\u0661\u0664155550123", "is not in E.164 form"),
    ],
)
def test_nothing_is_guessed(cell: str, words: str) -> None:
    with pytest.raises(BadCell) as caught:
        NUMBERS.checked(cell)
    assert caught.value.rule == "number"
    assert words in str(caught.value)


def test_blanks_around_a_number_make_no_difference() -> None:
    assert NUMBERS.checked(" +14155550123\u00a0\t") == "+14155550123"


@pytest.mark.parametrize(
    "cell",
    [
        "4155550123",
        "(415) 555-0123",
        "415.555.0123",
        "1-415-555-0123",
        "+1 (415) 555-0123",
        "+14155550123",
        "14155550123",
    ],
)
def test_a_region_lets_its_national_forms_in(cell: str) -> None:
    assert Numbers("us").checked(cell) == "+14155550123"


@pytest.mark.parametrize(
    "cell",
    ["555-0123", "1-800-FLOWERS", "(415) 555-0123 x9", "415-555-01234", "0000000000", "+1555"],
)
def test_a_region_lets_nothing_else_in(cell: str) -> None:
    """No letters, no extension that would be dropped, no number without its area code."""
    with pytest.raises(BadCell):
        Numbers("US").checked(cell)


def test_a_region_must_exist() -> None:
    with pytest.raises(UsageError, match="there is no such region"):
        Numbers("USA")
