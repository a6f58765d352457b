"""docs/calling.md is right: its files validate, and its tables are what the rules answer."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialform.declaration import Project
from dialform.declaration.calling import Calls
from dialform.launcher.calling import Rules, whereabouts, zone
from dialform.launcher.calling.telling import single_rules

if TYPE_CHECKING:
    from dialform.launcher.calling import Refusal

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "calling.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```toml\n# (stacks/\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
BASE = """
[workspace]
url = "http://127.0.0.1:8421/api"
keyvar = "K"
[registry]
url = "r"
unsigned = true
"""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose head is ``heading``, less its marks."""
    table = TEXT.split(f"{heading}\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    """Those of the page's first file."""
    return Rules.of(json.loads(project(tmp_path).environment("prod").document))


def project(folder: Path) -> Project:
    """The page's files."""
    for name, text in {**FILES, "stacks/base.toml": BASE}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return Project(folder)


def test_the_files_are_right(tmp_path: Path) -> None:
    assert set(FILES) == {"stacks/prod.toml", "stacks/staging.toml", "stacks/holidays/us.toml"}
    assert project(tmp_path).problems() == []
    rules = project(tmp_path).environment("staging").rules
    assert dict(single_rules(rules))["calls.hours.sun"] == "09:00-20:00"


def test_every_key_is_in_the_table() -> None:
    assert {cells[0] for cells in rows("| key | says |")} == set(Calls.model_fields)


@pytest.mark.parametrize(("number", "zones"), rows("| number | may be in |"))
def test_numbers_are_where_the_page_says(number: str, zones: str) -> None:
    found = [one.key for one in whereabouts(number).zones]
    assert ", ".join(found) == ("" if zones == "nobody can tell" else zones)


@pytest.mark.parametrize(("when", "number", "answer"), rows("| when | number | |"))
def test_calls_are_answered_as_the_page_says(
    when: str, number: str, answer: str, rules: Rules
) -> None:
    now = datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()
    refusal = rules.check(now, number)
    assert ("called" if refusal is None else refusal.rule) == answer


def test_the_example_of_a_refusal_is_what_is_said(rules: Rules) -> None:
    said = re.search(r"^dialform: (.*)$", TEXT, re.MULTILINE)
    assert said is not None
    now = datetime(2026, 11, 28, 7, 12, tzinfo=zone("America/Los_Angeles")).timestamp()
    refusal = rules.check(now, "+14155550123")
    assert refusal is not None
    assert refusal.message == said[1]


def test_waiting_helps_where_the_page_says(rules: Rules) -> None:
    """Each rule is broken once, by itself."""
    open_, shut = (datetime(2026, 11, 25, hour, 30, tzinfo=UTC).timestamp() for hour in (18, 10))
    found: list[Refusal | None] = [
        rules.check(open_, "+442079460012"),
        rules.check(open_, "+18005550123"),
        rules.check(shut, "+14155550123"),
        rules.check(open_, "+14155550123", placed=lambda keys, _n: open_ if keys else None),
        rules.check(open_, "+14155550123", placed=lambda keys, _n: None if keys else open_),
    ]
    said = [[cells[0], cells[2]] for cells in rows("| rule | refuses | waiting helps |")]
    assert said == [
        [one.rule, "no" if one.due is None else "yes"] for one in found if one is not None
    ]
