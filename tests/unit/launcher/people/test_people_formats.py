"""The formats: encodings, separators, JSON Lines, Parquet; and files that are none of them."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from people_files import ANN, BEN, CAT, DECLARED, outcome

from dialform.errors import PeopleError, UsageError
from dialform.launcher.people import Person, read_people
from dialform.presets.canonical import digest

if TYPE_CHECKING:
    from pathlib import Path

TEXT = f'to;name\n{ANN};"Zoë; a"\n{BEN};b\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_recognised(encoding: str) -> None:
    found = outcome(TEXT.encode(encoding))

    assert [one.inputs_json for one in found.people] == ['{"name":"Zoë; a"}', '{"name":"b"}']
    assert found.said == ""


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("header", [("to", "name"), ("name", "phone"), ("a,b", "to", "name")])
def test_separators_and_line_ends_are_recognised(
    separator: str, end: str, header: tuple[str, ...]
) -> None:
    """Whatever the cells have in them."""
    cells = {"to": ANN, "phone": ANN, "name": "x,y;z", "a,b": ""}
    rows = [header, tuple(cells[name] for name in header)]
    text = end.join(separator.join(f'"{cell}"' for cell in row) for row in rows)

    found = outcome(text, ignore=[name for name in header if name == "a,b"])

    assert [(one.to, one.inputs_json) for one in found.people] == [(ANN, '{"name":"x,y;z"}')]


def test_a_column_alone_needs_no_separator() -> None:
    assert [one.to for one in outcome(f"to\n{ANN}\n{BEN}\n", {}).people] == [ANN, BEN]


def test_a_header_with_two_separators_is_refused() -> None:
    found = outcome(f"to,x;phone\n{ANN},a\n")

    assert found.rules == [(1, None, "header")]
    assert "comma and semicolon could both separate" in found.said


def test_the_line_that_names_the_separator_is_no_row() -> None:
    found = outcome(f"sep=;\nto;name\n{ANN};a\nx;b\n")

    assert [one.row for one in found.people] == [3]
    assert found.rules == [(4, "to", "number")]


@pytest.mark.parametrize(
    ("data", "row", "rule", "words"),
    [
        (b"", None, "empty", "the file is empty"),
        (b"\n \n", None, "empty", "the file is empty"),
        (b"to,name\n", None, "empty", "a header and nobody below it"),
        (b"to,name\n\n,\n", None, "empty", "a header and nobody below it"),
        (f"{ANN},Ann\n{BEN},Ben\n".encode(), 1, "header", "the first row looks like data"),
        (f'to,name\n{ANN},"a\n'.encode(), 2, "format", "a quote is not closed"),
        (f'to,name\n{ANN},"a"b\n'.encode(), 2, "format", "text follows a closing quote"),
        (f"to,name\n{ANN},a,b\n".encode(), 2, "cells", "has 3 cells and the header 2"),
        (f"to,name\n{ANN}\n".encode(), 2, "cells", "has 1 cells and the header 2"),
        (f"to,name\n{ANN},".encode() + b"\xe9\n", 2, "text", "save the file as UTF-8"),
        (f"to,name\n{ANN},a\0b\n".encode(), 2, "text", "has a NUL character"),
        (f"to,name\n{ANN},#N/A\n".encode(), 2, "spreadsheet", "a spreadsheet's error"),
        (f"to,name\n{ANN},{'x' * 10_000_000}\n".encode(), 2, "format", "a cell is longer than"),
        ("to,name\n+1".encode("utf-16")[:-1], None, "text", "ends amid a character"),
        (b'{"to": 1', None, "no-number-column", "no column says who is called"),
        (b'{"to": "+1", "to": "+2", "name": "a"}\n{"to":null,"name":"b"}', 1, "format", "twice"),
        (b'{"to": "+14155550100", "name": NaN}\n{"to":null,"name":"b"}', 1, "format", "no JSON"),
        (b'{"to": "+14155550100", "name": "a"}\n[]', 2, "format", "is no JSON object"),
        (b'{"to": "+14155550100", "name": "\\u0000"}', 1, "text", "has a NUL character"),
        (b'{"to": "+14155550100", "name": "\\ud800"}', 1, "input", "not valid Unicode"),
        (b'{"to": "+14155550100", "name": 5}', 1, "input", "is declared as string"),
        (b"PAR1 and no more", None, "format", "no Parquet that can be read"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(
    data: bytes, row: int | None, rule: str, words: str
) -> None:
    found = outcome(data)

    assert (row, rule) in [(one.row, one.rule) for one in found.errors]
    assert words in found.said


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x1f\x8b", "is compressed"),
        (b"to,name\n".decode().encode("utf-32"), "is UTF-32"),
        (b'[{"to": "+14155550100"}]', "a JSON array: write JSON Lines"),
        (b"x" * (33 * 1024 * 1024), "no file of people"),
    ],
)
def test_a_file_of_another_kind_is_refused(data: bytes, words: str) -> None:
    assert words in outcome(data).said


def test_a_quote_that_was_left_open_does_not_hide_the_rows_after_it() -> None:
    rows = "".join(f"+1415555{at:04},n\n" for at in range(20000))
    found = outcome(f'to,name\n{ANN},"a\n{rows}x,y\n')

    assert found.rules[0] == (2, None, "format")
    assert "more lines" in found.errors[0].message
    assert found.rules[-1] == (20003, "to", "number")


def test_json_lines_become_people() -> None:
    lines = [
        {"to": ANN, "name": "a", "amount": 12.5, "anything": {"b": [1, None], "a": "é"}},
        {"name": "b", "to": BEN, "company": None, "urgent": True},
        {"to": CAT, "name": "c", "tz": "Europe/Berlin", "count": 3},
    ]
    found = outcome("\n\n".join(map(json.dumps, lines)))

    assert found.people == [
        Person(
            1, ANN, ANN, '{"amount":12.5,"anything":{"a":"é","b":[1,null]},"name":"a"}', None, None
        ),
        Person(3, BEN, BEN, '{"name":"b","urgent":true}', None, None),
        Person(5, CAT, CAT, '{"count":3,"name":"c"}', ("Europe/Berlin",), None),
    ]


def test_a_key_that_no_line_has_is_a_missing_column() -> None:
    found = outcome(f'{{"to":"{ANN}"}}\n{{"to":"{BEN}","nam":"b"}}\n')

    assert found.rules == [(None, "nam", "unknown-column"), (None, "name", "missing-column")]


def parquet(**columns: object) -> bytes:
    """A Parquet file of these columns."""
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_parquet_becomes_people() -> None:
    moments = pa.array([dt.datetime(2026, 11, 25, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC"))
    found = outcome(parquet(to=[ANN, BEN], name=["a", "é"], amount=[2.0, None], not_before=moments))
    assert found.people == [
        Person(1, ANN, ANN, '{"amount":2,"name":"a"}', None, 1795564800.0),
        Person(2, BEN, BEN, '{"name":"é"}', None, None),
    ]


@pytest.mark.parametrize(
    ("columns", "rules"),
    [
        ({"to": [14155550100], "name": ["a"]}, [(1, "to", "number")]),
        ({"to": [14155550100.0], "name": ["a"]}, [(1, "to", "spreadsheet")]),
        ({"to": [None], "name": ["a"]}, [(1, "to", "number")]),
        ({"to": [ANN], "name": [5]}, [(1, "name", "input")]),
        ({"to": [ANN], "name": [b"a"]}, [(1, "name", "input")]),
        ({"to": [ANN], "name": ["a"], "anything": [b"a"]}, [(1, "anything", "input")]),
        ({"to": [ANN], "name": ["a"], "amount": [float("nan")]}, [(1, "amount", "input")]),
        ({"to": [ANN], "name": ["a"], "person": [float("nan")]}, [(1, "person", "person")]),
        (
            {"to": [ANN], "name": ["a"], "not_before": [dt.datetime(2026, 1, 1)]},  # noqa: DTZ001 - that is what is wrong
            [(1, "not_before", "not-before")],
        ),
    ],
)
def test_parquet_values_must_be_what_is_declared(
    columns: dict[str, object], rules: list[tuple[int, str, str]]
) -> None:
    assert outcome(parquet(**columns)).rules == rules


def test_damaged_parquet_is_told() -> None:
    good = parquet(to=[ANN] * 50, name=[f"name {at}" for at in range(50)])
    for at in range(4, len(good), 7):
        outcome(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])  # raises nothing else
    assert "no Parquet that can be read" in outcome(good[:-9]).said


def test_a_format_that_was_said_must_fit() -> None:
    with pytest.raises(UsageError, match="it is csv"):
        outcome(TEXT, format="parquet")
    assert outcome('{"to": 1}\n', format="csv").rules != []


def test_a_file_is_digested_and_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TEXT, encoding="utf-8")
    with read_people(path, DECLARED) as people:
        assert people.digest == digest(TEXT.encode())
        assert list(people.rows()) == list(people.rows())
        rows = people.rows()
        assert [next(rows).to, next(rows).to] == [ANN, BEN]
        rows.close()
        assert [row.to for row in people.rows()] == [ANN, BEN]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TEXT, encoding="utf-8")
    with read_people(path, DECLARED) as people:
        rows = people.rows()
        next(rows)
        path.write_text(TEXT + f"{CAT};c\n", encoding="utf-8")
        with pytest.raises(PeopleError, match="was changed while it was read"):
            list(rows)


def test_what_can_be_read_but_once_is_copied() -> None:
    """Stdin and pipes."""

    class Once(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with read_people("-", DECLARED, file=Once(TEXT.encode())) as people:
        people.check()
        assert people.name == "stdin"
        assert [row.to for row in people.rows()] == [ANN, BEN]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "no.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(PeopleError, match=words):
            read_people(path, DECLARED)


def test_a_sensitive_value_is_in_no_error() -> None:
    secret = "98765"  # noqa: S105 - made up
    columns = "to,name,pin"
    rows = [f"{ANN},a,{secret}", f"{BEN},b,{secret}\0", f"{CAT},,{secret}", f"x,b,{secret},z"]
    for text in (
        f"{columns}\n" + "\n".join(rows),
        f'{{"to":"{ANN}","name":"a","pin":"{secret}"}}\n{{"to":"{ANN}","pin":{secret}}}\n{{{secret}',
        f'{columns}\n{ANN},a,"{secret}\n{secret}"x\n',
    ):
        found = outcome(text)
        assert found.errors
        assert secret not in found.said + repr(found.errors)


@pytest.mark.parametrize("text", [TEXT, f'{{"to":"{ANN}"}}\n{{"to":"{BEN}"}}\n'])
def test_a_file_that_is_closed_before_its_end_was_read_is_no_error(
    text: str, tmp_path: Path
) -> None:
    """As where a disk is full while a campaign's people are written down."""
    path = tmp_path / "people"
    path.write_text(text, encoding="utf-8")
    with read_people(path, {"name": {}} if text == TEXT else {}) as people:
        rows = people.rows()
        next(rows)
    del rows
