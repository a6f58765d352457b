"""``dialform suppress``: the ledger's list as a command keeps it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from dialform.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[str, str]]

ANN, BEN, CAT = (f"+1415555010{last}" for last in range(3))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``dialform suppress ...`` on a ledger of its own: stdout and stderr."""
    monkeypatch.setenv("DIALFORM_LEDGER", str(tmp_path / "ledger.db"))

    def suppress(*arguments: str, code: int = 0) -> tuple[str, str]:
        assert main(["suppress", *arguments]) == code
        said = capsys.readouterr()
        return said.out, said.err

    return suppress


def test_numbers_are_added_and_checked_and_removed(run: Run) -> None:
    assert run("check", ANN) == (f"{ANN} not on it\n", "")
    assert run("add", ANN, "(415) 555-0101", "--region", "US", "--reason", "by mail") == (
        "",
        "added 2\n",
    )
    assert run("add", ANN, "--reason", "again")[1] == "added 0, 1 on the list before\n"

    out, _ = run("check", ANN, BEN, CAT, code=3)
    first, second, third = out.splitlines()
    assert first.startswith(f"{ANN} suppressed 20")
    assert first.endswith(" by mail")
    assert second.startswith(f"{BEN} suppressed 20")
    assert third == f"{CAT} not on it"

    assert run("remove", ANN, CAT)[1] == "removed 1, 1 not on the list\n"
    assert run("check", ANN)[0] == f"{ANN} not on it\n"
    assert [line.split("\t")[0] for line in run("list")[0].splitlines()] == [BEN]


def test_a_number_can_be_kept_as_a_hash_alone(run: Run) -> None:
    entry = f"sha256:{hashlib.sha256(ANN.encode()).hexdigest()}"
    run("add", ANN, "--hash")
    run("add", entry.upper().replace("SHA256", "sha256"))

    out, _ = run("list")
    assert ANN not in out
    assert [line.split("\t")[0] for line in out.splitlines()] == [entry]
    run("check", ANN, code=3)
    assert run("remove", ANN)[1] == "removed 1\n"
    run("check", ANN)


def test_json_is_for_programs(run: Run) -> None:
    added = json.loads(run("add", ANN, "--json", "--reason", "x")[0])
    assert added == {"format": "dialform.suppress/1", "entries": [ANN], "added": 1}
    (entry,) = json.loads(run("list", "--json")[0])["entries"]
    assert (entry["entry"], entry["reason"]) == (ANN, "x")
    checked = json.loads(run("check", ANN, BEN, "--json", code=3)[0])["checked"]
    assert checked == [{"number": ANN, "suppressed": entry}, {"number": BEN, "suppressed": None}]
    removed = json.loads(run("remove", ANN, "--json")[0])
    assert removed == {"format": "dialform.suppress/1", "entries": [ANN], "removed": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "14155550100", "x"), 1, "'14155550100': has no plus sign: write +14155550100"),
        (("add", ANN, "--region", "XX"), 64, "there is no such region"),
        (("check", f"sha256:{'0' * 64}"), 64, "say the number itself"),
        (("add",), 64, "NUMBER"),
        ((), 64, "COMMAND"),
    ],
)
def test_what_is_no_number_is_refused(
    run: Run, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert words in run(*arguments, code=code)[1]
    assert run("list")[0] == ""
