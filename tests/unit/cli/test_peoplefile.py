"""What commands take to call a file of people, and how they tell what is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dialform.cli import context, peoplefile
from dialform.cli.parser import Parser
from dialform.errors import PeopleError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

ANN, BEN, CAT = (f"+1415555010{last}" for last in range(3))


def arguments(*given: str) -> argparse.Namespace:
    """A command line of such a command."""
    parser = Parser(prog="dialform launch")
    peoplefile.add_people(parser)
    context.add_json(parser)
    return parser.parse_args(given)


def test_every_option_reaches_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "people"
    path.write_text(
        f"to,id,note\n(415) 555-0100,a,x\n{ANN},b,x\n{BEN},a,x\n{CAT},c,x\n", encoding="utf-8"
    )
    (tmp_path / "dnc").write_text(f"{CAT}\n", encoding="utf-8")
    options = ("--region", "US", "--person-column", "id", "--ignore-column", "note")
    more = ("--format", "csv", "--suppress", str(tmp_path / "dnc"))
    args = arguments(str(path), *options, *more)

    suppressed = peoplefile.lists_of(args, args.suppress, None).reason
    with peoplefile.people_of(args, {}, suppressed=suppressed) as people:
        told = [(one.to, one.person, one[3]) for one in people.rows()]
        peoplefile.note_numbers(people)

    assert "read so: (415) 555-0100 is +14155550100\n" in capsys.readouterr().err
    assert told == [
        (ANN, "a", "{}"),
        (ANN, "b", "repeats row 2: the same number under another person"),
        (BEN, "a", "repeats row 2: the same person on another number"),
        (CAT, "c", f"suppressed: {tmp_path / 'dnc'}"),
    ]


def test_json_has_every_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "people.csv"
    path.write_text("to\n" + "x\n" * 100, encoding="utf-8")
    with (
        peoplefile.people_of(arguments(str(path), "--json"), {}) as people,
        pytest.raises(PeopleError) as caught,
    ):
        people.check()

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["row"] for line in lines] == list(range(2, 102))
    assert {line["format"] for line in lines} == {"dialform.people-error/1"}
    assert set(lines[0]) == {"format", "file", "row", "column", "rule", "value", "message"}
    assert "and 80 more; of each rule: number 100" in str(caught.value)
