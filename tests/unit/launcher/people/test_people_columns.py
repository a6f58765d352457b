"""Which column is what: by its name, and an error wherever that is not sure."""

from __future__ import annotations

import pytest
from people_files import ANN, BEN, DECLARED, csv_of, outcome

from dialform.launcher.people.columns import RESERVED, Columns, columns_of


def columns(*names: str, **options: object) -> Columns:
    """The columns of that header."""
    return columns_of(names, DECLARED, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in RESERVED.items() for name in names]
)
def test_every_reserved_name_is_known_in_every_dress(role: str, name: str) -> None:
    others = () if role == "to" else ("to",)
    for dress in (name, name.upper(), name.replace("_", "-"), name.replace("_", " ").title()):
        found = columns(dress, "name", *others)
        assert getattr(found, role) == 0
        assert found.findings == ()
    assert getattr(columns(f"dialform_{role}", "name", *others), role) == 0


def test_an_input_may_have_a_reserved_name() -> None:
    declared = {**DECLARED, "number": {}, "timezone": {}}
    found = columns_of(("dialform_to", "number", "timezone", "dialform-timezone", "name"), declared)
    assert (found.to, found.timezone) == (0, 3)
    assert dict(found.inputs) == {"number": 1, "timezone": 2, "name": 4}
    assert found.findings == ()


def test_an_input_of_the_numbers_name_is_not_called() -> None:
    found = columns_of(("phone", "name"), {**DECLARED, "phone": {}})

    assert found.to is None
    assert [one.rule for one in found.findings] == ["no-number-column"]
    assert "call the numbers' column dialform_to" in found.findings[0].message


@pytest.mark.parametrize(
    ("header", "rule", "column", "words"),
    [
        ("to,name,phone", "same-column", "phone", "means the same as 'to'"),
        ("to,name,tz,timezone", "same-column", "timezone", "means the same as 'tz'"),
        ("to,name,dialform_to", "same-column", "dialform_to", "means the same as 'to'"),
        ("to,name,name", "same-column", "name", "stands twice in the header"),
        ("to,name,to", "same-column", "to", "stands twice in the header"),
        ("to,name,Amount", "unknown-column", "Amount", "did you mean 'amount'"),
        ("to,name,ammount", "unknown-column", "ammount", "did you mean 'amount'"),
        ("to,name,foo", "unknown-column", "foo", "--ignore-column foo"),
        ("to,name,a b", "unknown-column", "a b", "--ignore-column 'a b'"),
        ("to", "missing-column", "name", "add one"),
        ("nome,name", "no-number-column", None, "no column says who is called"),
    ],
)
def test_a_header_that_is_not_sure_is_refused(
    header: str, rule: str, column: str | None, words: str
) -> None:
    said = [one for one in columns(*header.split(",")).findings if one.rule == rule]

    assert [one.column for one in said] == [column]
    assert words in said[0].message


def test_a_missing_column_is_one_error_and_not_one_a_row() -> None:
    found = outcome(csv_of(("to", "company"), (ANN, "a"), (BEN, "b"), ("x", "c")))

    assert found.rules == [(None, "name", "missing-column"), (4, "to", "number")]


def test_the_person_column_may_be_an_input_as_well() -> None:
    found = outcome(csv_of(("to", "name"), (ANN, "a"), (BEN, "a")), person_column="name")

    assert [(one.person, one.inputs_json) for one in found.people] == [("a", '{"name":"a"}')]
    assert [one.repeats for one in found.skipped] == [2]


def test_columns_can_be_left_out() -> None:
    found = outcome(
        csv_of(("to", "name", "foo", "phone"), (ANN, "a", "b", "c")), ignore=("foo", "phone")
    )
    assert [one.inputs_json for one in found.people] == ['{"name":"a"}']
    assert found.errors == []


@pytest.mark.parametrize("option", [{"ignore": ("fo",)}, {"person_column": "fo"}])
def test_an_option_that_names_no_column_is_an_error(option: dict[str, object]) -> None:
    said = [one for one in columns("to", "name", "foo", **option).findings if one.column == "fo"]

    assert [one.rule for one in said] == ["unknown-column"]
    assert "did you mean 'foo'?" in said[0].message


def test_a_column_without_a_name_must_be_empty() -> None:
    found = outcome(csv_of(("to", "name", ""), (ANN, "a", ""), (BEN, "b", "c")))

    assert found.rules == [(3, None, "cells")]
    assert "column 3 has no name" in found.said
