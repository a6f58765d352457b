"""docs/people.md says what is so: files give what stands below them, tables are complete."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from people_files import ANN, DECLARED, outcome

from dialform.launcher.people import SuppressionLists
from dialform.launcher.people.columns import RESERVED
from dialform.launcher.people.records import Rule
from dialform.launcher.people.source import FORMATS
from dialform.launcher.people.suppression import HASH_COLUMNS, SETTLED

TEXT = (Path(__file__).parents[4] / "docs" / "people.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```\n(?:\n((?:    [^\n]*\n)+))?", TEXT, re.MULTILINE | re.DOTALL
)


def blocks(kind: str) -> list[tuple[str, list[str]]]:
    """The files of a kind, each with the lines below it."""
    return [
        (text, [line[4:] for line in below.splitlines()])
        for name, text, below in BLOCKS
        if name == kind
    ]


def cells(heading: str) -> list[list[str]]:
    """The rows of the table below a heading."""
    section = re.split(
        r"^## ", TEXT.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    rows = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [row.split(" | ") for row in rows[1:]]


@pytest.mark.parametrize(("text", "below"), blocks("csv"), ids=["good", "wrong"])
def test_a_files_outcome_stands_below_it(text: str, below: list[str]) -> None:
    ((declared, _),) = blocks("toml")
    found = outcome(text, tomllib.loads(declared)["inputs"])

    told = [f"{one.to} {one.inputs_json}" for one in found.people]
    assert (found.said.splitlines() or told) == below


def test_the_lists_numbers_stand_below_it(tmp_path: Path) -> None:
    ((text, below),) = blocks("list")
    path = tmp_path / "dnc.txt"
    path.write_text(text, encoding="utf-8")

    numbers = [f"+141555501{last:02}" for last in range(100)]
    assert [one for one in numbers if SuppressionLists([path]).contains(one)] == below
    assert SETTLED == 2
    assert set(HASH_COLUMNS) <= set(re.findall(r"`(\w+)`", TEXT))


def test_every_format_is_in_the_table() -> None:
    assert [row[0].strip("`") for row in cells("Formats")] == list(FORMATS)


def test_every_name_of_a_column_is_in_the_table() -> None:
    named = [re.findall(r"`(\w+)`", row[1]) for row in cells("Columns")]
    expected = [[*names, f"dialform_{role}"] for role, names in RESERVED.items()]

    assert sorted(named) == sorted(expected)


FILES = {
    "empty": "to,name\n",
    "header": f"{ANN},Ann\n",
    "no-number-column": "name\nAnn\n",
    "same-column": f"to,phone,name\n{ANN},{ANN},Ann\n",
    "unknown-column": f"to,name,foo\n{ANN},Ann,x\n",
    "missing-column": f"to\n{ANN}\n",
    "format": f'to,name\n{ANN},"Ann\n',
    "text": f"to,name\n{ANN},A\0nn\n",
    "cells": f"to,name\n{ANN}\n",
    "number": "to,name\n4155550100,Ann\n",
    "spreadsheet": "to,name\n1.41556E+10,Ann\n",
    "required": f"to,name\n{ANN},\n",
    "input": f"to,name,amount\n{ANN},Ann,x\n",
    "timezone": f"to,name,tz\n{ANN},Ann,EST\n",
    "person": f'{{"to":"{ANN}","name":"Ann","person":1.5}}\n',
    "not-before": f"to,name,not_before\n{ANN},Ann,2026-11-25\n",
}


def test_every_rule_is_in_the_table() -> None:
    listed = [row[0].strip("`") for row in cells("What is checked")]

    assert listed == list(get_args(Rule))
    assert {*FILES, "suppression"} == set(listed)


@pytest.mark.parametrize("rule", FILES)
def test_every_rule_is_one_that_a_file_can_break(rule: str) -> None:
    found = outcome(FILES[rule], DECLARED)

    assert [one.rule for one in found.errors] == [rule]
