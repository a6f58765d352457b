"""Phone numbers: E.164 or refused, with what to write instead where that can be told."""

from __future__ import annotations

import pytest

from dialform.errors import InputError
from dialform.launcher.numbers import checked_number


@pytest.mark.parametrize(
    "number", ["+14155550123", "+442079460000", "+493023125000", "+33199001234", "+11234567890"]
)
def test_e164_is_taken_as_it_is(number: str) -> None:
    assert checked_number(number) == number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("+1 415 555 0123", "write +14155550123"),
        ("+1 (415) 555-0123", "write +14155550123"),
        (" +14155550123", "write +14155550123"),
        ("+14155550123\n", "write +14155550123"),
        ("0014155550123", "write +14155550123"),
        ("0044 20 7946 0000", "write +442079460000"),
        ("4155550123", "write a plus sign, the country code and the number"),
        ("(415) 555-0123", "write a plus sign"),
        ("1.4155550123E+10", "write a plus sign"),
        ("", "write a plus sign"),
        ("+1415555012a", "write the plus sign and digits only"),
        ("+1415555012\u0663", "write the plus sign and digits only"),
        ("+0123456789", "write the plus sign and digits only"),
        ("+1415555012", "too short for a number of +1"),
        ("+141555501234", "too long for a number of +1"),
        (f"+44{0}2079460000", "has a trunk prefix in it; write +442079460000"),
        ("+999123456789", "no country code that exists"),
    ],
)
def test_anything_else_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_number(text)
    assert str(caught.value).startswith("toNumber: ")
    assert words in str(caught.value)


def test_a_number_that_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="a string like"):
        checked_number(14155550123)  # type: ignore[arg-type]
