"""Inputs of a call: declared, typed, defaulted; everything that is wrong at once."""

from __future__ import annotations

from typing import Any

import pytest

from dialform.errors import InputError
from dialform.launcher.inputs import checked_inputs, parsed_inputs

DECLARED: dict[str, dict[str, Any]] = {
    "name": {"required": True, "example": "Ann"},
    "company": {"default": "Acme", "required": True},
    "count": {"type": "integer"},
    "amount": {"type": "number"},
    "urgent": {"type": "boolean"},
    "items": {"type": "any"},
    "pin": {"sensitive": True, "pattern": "[0-9]{4}"},
}


def test_defaults_stand_where_nothing_is_given() -> None:
    assert checked_inputs(DECLARED, {"name": "Ann"}) == {"name": "Ann", "company": "Acme"}
    assert checked_inputs(DECLARED, {"name": "A", "company": ""})["company"] == ""
    assert checked_inputs({}, {}) == {}


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("name=Ann=B", "Ann=B"),
        ("name=", ""),
        ("name=5", "5"),
        ('name:="5"', "5"),
        ("count=-5", -5),
        ("amount=12.50", 12.5),
        ("amount=12", 12),
        ("amount=1e3", 1000.0),
        ("urgent=true", True),
        ("items=a", "a"),
        ('items:=[{"a":null}]', [{"a": None}]),
        ("unknown=1", "1"),
    ],
)
def test_command_line_values_are_of_the_declared_type(argument: str, value: object) -> None:
    (found,) = parsed_inputs(DECLARED, [argument]).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("count=5.5", "inputs.count: an integer is wanted, not '5.5'"),
        ("count=\u0665", "an integer is wanted"),
        ("amount=nan", "a number is wanted"),
        ("amount=1_000", "a number is wanted"),
        ("urgent=yes", "true or false is wanted"),
        ("items:=NaN", "a JSON value is wanted after :="),
        ("items:={", "a JSON value is wanted after :="),
        ("name", "write it as name=value, or name:=json"),
        ("=x", "write it as name=value"),
        (":=1", "write it as name=value"),
    ],
)
def test_command_line_values_of_another_type_are_refused(argument: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed_inputs(DECLARED, [argument])
    assert words in str(caught.value)


def test_an_input_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"inputs.name: is given twice"):
        parsed_inputs(DECLARED, ["name=a", "name:=1"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": 5}, "inputs.name: is declared as string, not 5"),
        ({"name": None}, "is declared as string, not None"),
        ({"name": "\ud800"}, "is not valid Unicode text"),
        ({"count": 5.0}, "is declared as integer"),
        ({"count": True}, "is declared as integer"),
        ({"count": 2**53}, "beyond what JSON numbers hold exactly"),
        ({"amount": float("nan")}, "is declared as number"),
        ({"amount": False}, "is declared as number"),
        ({"urgent": 1}, "is declared as boolean"),
        ({"nmae": "Ann"}, "no such input; did you mean 'name'?"),
        ({"zzz": 1}, "no such input; it takes amount, company"),
        ({}, "inputs.name: is required (for example name=Ann)"),
    ],
)
def test_what_is_not_as_declared_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_inputs(DECLARED, given)
    assert words in str(caught.value)


def test_all_findings_come_at_once_and_sensitive_values_in_none() -> None:
    with pytest.raises(InputError) as caught:
        checked_inputs(DECLARED, {"pin": "98765", "count": "x", "other": 1})
    text = str(caught.value)
    assert len(text.splitlines()) == 4
    assert "inputs.pin: must match [0-9]{4}" in text
    assert "98765" not in text
    with pytest.raises(InputError) as caught:
        parsed_inputs({"pin": {"type": "integer", "sensitive": True}}, ["pin=secret"])
    assert "secret" not in str(caught.value)


def test_a_pattern_fits_the_whole_value() -> None:
    with pytest.raises(InputError):
        checked_inputs(DECLARED, {"name": "Ann", "pin": "0042\n"})
    assert checked_inputs(DECLARED, {"name": "Ann", "pin": "0042"})["pin"] == "0042"


def test_a_partial_look_needs_nothing() -> None:
    assert checked_inputs(DECLARED, {}, partial=True) == {"company": "Acme"}
