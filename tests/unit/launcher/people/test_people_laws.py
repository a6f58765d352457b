"""What holds for every file: each line is judged once, and what is written is read."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_files import DECLARED, outcome

from dialform.launcher.inputs import checked_inputs
from dialform.launcher.people import Person, Skipped, ledger_row
from dialform.launcher.records import PLANNED, SKIPPED
from dialform.presets.canonical import LARGEST, canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NUMBERS = st.integers(0, 99).map(lambda last: f"+141555501{last:02}")
BAD_CELLS: dict[str, st.SearchStrategy[str]] = {
    "to": st.sampled_from(
        ["", "1.41556E+10", "14155550123.0", "14155550123", "'+14155550123", "#N/A", "12/05/2020"]
    ),
    "name": st.sampled_from(["", " ", "#N/A", "\0", "a\udce9"]),
    "amount": st.sampled_from(["x", "1e999", "nan", "1_0", "12,5"]),
    "urgent": st.sampled_from(["yes", "TRUE", "1"]),
    "pin": st.sampled_from(["1", "12345", "abcd"]),
    "tz": st.sampled_from(["EST", "Mars/Base", "new york"]),
    "not_before": st.sampled_from(["2026-11-25", "2026-11-25T09:00:00", "2026-02-30T00:00:00Z"]),
    "person": st.sampled_from(["1.23457E+15", "#REF!", "null"]),
}
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(
    lambda text: f"n{text}"
)
GOOD_CELLS: dict[str, st.SearchStrategy[str]] = {
    "to": NUMBERS,
    "name": WORDS,
    "amount": st.sampled_from(["", "1", "1.50", "-2e3", "1e-9"]),
    "urgent": st.sampled_from(["", "true", "false"]),
    "pin": st.sampled_from(["", "0001", "1234"]),
    "tz": st.sampled_from(["", "Europe/Berlin", "America/New_York"]),
    "not_before": st.sampled_from(["", "2026-11-25T09:00:00Z", "2026-11-25T09:00:00.5-05:00"]),
    "person": st.one_of(st.just(""), st.integers(0, 50).map(lambda at: f"p{at}")),
}
NAMES = tuple(GOOD_CELLS)


def cells(bad: bool) -> st.SearchStrategy[list[str]]:  # noqa: FBT001 - a strategy's parameter
    """A row, good or with one bad cell at least."""
    good = st.tuples(*GOOD_CELLS.values()).map(list)
    if not bad:
        return good

    def spoiled(row: list[str], at: int, cell: str) -> list[str]:
        return [*row[:at], cell, *row[at + 1 :]]

    return st.integers(0, len(NAMES) - 1).flatmap(
        lambda at: st.builds(spoiled, good, st.just(at), BAD_CELLS[NAMES[at]])
    )


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, set[int], set[int]]:
    """A file, the lines that good rows begin at, and those that bad ones do."""
    separator = draw(st.sampled_from(",;\t"))
    text = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoting: Literal[0, 1] = csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL  # or no lone \r
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(NAMES)
    good: set[int] = set()
    bad: set[int] = set()
    for kind in draw(st.lists(st.sampled_from(["good", "good", "bad", "ragged", "blank"]))):
        start = len(text.getvalue().replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        if kind == "blank":
            text.write("\n")
        elif kind == "ragged":
            row = draw(cells(bad=False))
            writer.writerow(row[:-1] if draw(st.booleans()) else [*row, "more"])
            bad.add(start)
        else:
            writer.writerow(draw(cells(bad=kind == "bad")))
            (good if kind == "good" else bad).add(start)
    return text.getvalue().encode("utf-8", "surrogateescape"), good, bad


@given(files())
def test_every_row_is_called_or_skipped_or_wrong_and_nothing_else(
    file: tuple[bytes, set[int], set[int]],
) -> None:
    data, good, bad = file
    found = outcome(data)

    people = {one.row for one in found.people}
    skipped = {one.row for one in found.skipped}
    wrong = {one.row for one in found.errors if one.row is not None}
    assert people | skipped == good
    assert people & skipped == set()
    assert wrong == bad
    assert len(found.people) + len(found.skipped) == len(good)
    assert sum(found.tally.values()) - found.tally.get("blank", 0) == len(good)


@given(files())
def test_nobody_is_called_twice(file: tuple[bytes, set[int], set[int]]) -> None:
    found = outcome(file[0])

    assert len({one.to for one in found.people}) == len(found.people)
    assert len({one.person for one in found.people}) == len(found.people)
    called = {one.row for one in found.people}
    assert all(one.repeats in called for one in found.skipped)
    judged: list[Person | Skipped] = [*found.people, *found.skipped]
    for each in judged:
        row = ledger_row(each)
        assert (row.row, row.person, row.to) == each[:3]
        assert row.state == (PLANNED if isinstance(each, Person) else SKIPPED)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": WORDS,
    "company": WORDS,
    "amount": st.one_of(
        st.integers(-LARGEST, LARGEST),
        st.floats(-1e15, 1e15, allow_nan=False),
    ),
    "count": st.integers(-LARGEST, LARGEST),
    "urgent": st.booleans(),
    "anything": WORDS,
    "pin": st.from_regex(r"[0-9]{4}", fullmatch=True),
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {"to": NUMBERS, "name": VALUES["name"]},
        optional={name: VALUES[name] for name in VALUES if name != "name"},
    ),
    min_size=1,
    unique_by=lambda row: row["to"],
)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["to", *VALUES], restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: json.dumps(value) if isinstance(value, bool) else value
                for name, value in row.items()
            }
        )
    return text.getvalue().encode()


def as_json_lines(rows: list[dict[str, Any]]) -> bytes:
    """Rows as JSON Lines."""
    return "\n".join(json.dumps(row) for row in rows).encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """Rows as Parquet."""
    import pyarrow as pa  # noqa: PLC0415 - slow to load, and the others need it not
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"amount": pa.float64(), "count": pa.int64(), "urgent": pa.bool_()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in ("to", *VALUES)])
    exact = [
        {**row, **({"amount": float(row["amount"])} if "amount" in row else {})} for row in rows
    ]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(exact, schema=schema), file)
    return file.getvalue()


@pytest.mark.parametrize("write", [as_csv, as_json_lines, as_parquet])
@given(rows=ROWS)
def test_what_is_written_is_read(
    write: Callable[[list[dict[str, Any]]], bytes], rows: list[dict[str, Any]]
) -> None:
    """The same inputs in canonical form, which the launcher's own check takes."""
    found = outcome(write(rows))

    assert found.errors == []
    assert [one.to for one in found.people] == [row["to"] for row in rows]
    for one, row in zip(found.people, rows, strict=True):
        inputs = {name: value for name, value in row.items() if name != "to"}
        assert json.loads(one.inputs_json) == inputs
        assert canonical(json.loads(one.inputs_json)).decode() == one.inputs_json
        assert checked_inputs(DECLARED, json.loads(one.inputs_json))["name"] == row["name"]


SAMPLES = [
    b'to,name,pin,tz\n+14155550100,"a\nb",1234,UTC\n+14155550101,c,,\n',
    b"\xef\xbb\xbfto;name\r\n+14155550100;a\r\n",
    "to,name\n+14155550100,é\n".encode("utf-16"),
    b'{"to":"+14155550100","name":"a","amount":1.5}\n{"to":"+14155550101","name":null}\n',
    as_parquet([{"to": "+14155550100", "name": "a", "amount": 1.5}]),
]


@given(
    sample=st.sampled_from([b"", *SAMPLES]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=4))),
    encoded=st.booleans(),
)
def test_no_bytes_raise_anything_but_words(
    sample: bytes,
    edits: list[tuple[float, int, bytes]],
    encoded: bool,  # noqa: FBT001 - drawn
) -> None:
    """Damaged files of every format: people, or errors that can be printed and no sensitive pin."""
    data = sample
    for place, dropped, put in edits:
        at = int(place * len(data))
        data = data[:at] + put + data[at + dropped :]
    if encoded:
        data = data.decode("utf-8", "replace").encode("utf-16-le")
    found = outcome(data, region="US")

    assert found.said.encode() or found.people
    json.dumps([one.as_json() for one in found.errors]).encode()


BIG = """
import sys, resource
from dialform.errors import PeopleError
from dialform.launcher.people import read_people

DECLARED = {"name": {"required": True}, "amount": {"type": "number"}}
counts = {}

def report(error):
    counts[error.rule] = counts.get(error.rule, 0) + 1

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with read_people(sys.argv[1], DECLARED, report=report) as people:
    try:
        people.check()
    except PeopleError as error:
        print(len(str(error).splitlines()), error.tally == counts, sum(counts.values()))
        print(sorted(counts))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_every_error_of_a_large_file_is_found_in_little_memory(tmp_path: Path) -> None:
    """100,000 rows, each of them wrong in one of many ways."""
    bad = [
        "1.41556E+10,a,1,,",
        "14155550123,a,1,,",
        "+14155550123,,1,,",
        "+14155550123,a,x,,",
        "+14155550123,a,1,EST,",
        "+14155550123,a,1,,2026-11-25",
        "+14155550123,a",
        '"+14155550123"x,a,1,,',
        "+14155550123,a\0,1,,",
        "+14155550123,#REF!,1,,",
    ]
    path = tmp_path / "people.csv"
    lines = "\n".join(bad[at % len(bad)] for at in range(100_000))
    path.write_text(f"to,name,amount,tz,not_before\n{lines}\n", encoding="utf-8")

    told = subprocess.check_output([sys.executable, "-c", BIG, str(path)], text=True)

    first, rules, grown = told.splitlines()
    assert first == "23 True 100000"
    assert rules == str(
        sorted(
            {"spreadsheet", "number", "required", "input", "timezone", "not-before"}
            | {"cells", "format", "text"}
        )
    )
    assert int(grown) < 40 * 1024
