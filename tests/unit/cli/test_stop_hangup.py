"""``dialform stop --hangup`` as a process: the hold first, then every call that goes on."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli_project import ANN

from dialform.cli.main import parse
from dialform.launcher.campaign.engine import STALE
from dialform.launcher.ledger import Ledger
from dialform.launcher.outcomes.hangup import AT_ONCE, LOOKOUT

if TYPE_CHECKING:
    from cli_project import Project

LONG = "+14155550117"
STOP = ("stop", "collections", "-s", "dev", "--reason", "wrong amount", "--hangup")


def call(project: Project, to: str) -> str:
    place = ("dial", "collections", "-s", "dev", "--to", to, "--input", "name=Ann", "--json")
    return str(json.loads(project.run(*place)[0])["dialId"])


def test_a_running_campaign_is_stopped_and_its_calls_end(project: Project, tmp_path: Path) -> None:
    """No call starts after the hold was seen, none goes on, and nobody is lost."""
    rows = "".join(f"+141555501{last:02},Ann\n" for last in range(17, 100))
    project.write("people.csv", f"to,name\n{rows}")
    line = ("launch", "collections", "-s", "dev", "people.csv", "--name", "autumn", "--yes")
    limits = ("--rate", "4", "--live", "100")
    with (tmp_path / "launch.log").open("wb") as log:
        launch = subprocess.Popen(
            project.command(*line, *limits), env=project.environment, stdout=log, stderr=log
        )
        try:
            until = time.monotonic() + 30
            while len(project.sandbox.dials()) < 4 and time.monotonic() < until:
                time.sleep(0.05)
            single = call(project, ANN)
            out, said = project.run(*STOP, "--json")
            assert launch.wait(30) == 3
        finally:
            launch.kill()
            launch.wait()
    told = json.loads(out)
    assert told["presets"] == [{"preset": "collections", "held": True, "changed": True, "seq": 2}]
    dials = {one["id"] for one in project.sandbox.dials()}
    assert single in dials
    assert told["calls"]["hungUp"] == len(dials) >= 5
    assert {one["dialId"] for one in told["calls"]["dials"]} == dials
    assert len(project.sandbox.requests("hangup")) == len(dials)
    assert {one["status"] for one in project.sandbox.dials()} == {"canceled"}
    assert f"{len(dials)} calls hung up, 0 had ended, 0 could not be hung up" in said
    assert "who heard it: dialform results -s dev --heard collections@1" in said


def test_without_a_key_the_hold_is_done_and_the_rest_is_said(project: Project) -> None:
    """Again, on what is held already, it hangs up what is still live."""
    long = call(project, LONG)
    out, said = project.run(*STOP, code=1, env={"VOGENT_API_KEY_DEV": ""})
    assert "version 1 is held" in out
    assert "no call was hung up: VOGENT_API_KEY_DEV is not set" in said
    assert "dialform stop collections -s dev --hangup --reason ..." in said
    assert project.sandbox.requests("hangup") == []
    project.sandbox.fail_next("hangup", status=500)
    out, said = project.run(*STOP, code=1)
    assert "was so already; version 1 is held" in out
    assert f"not hung up: dial {long} to {LONG} with collections@1: POST " in out
    assert "0 calls hung up, 0 had ended, 1 could not be hung up; to try again: dialform" in said
    _, said = project.run("stop", "--all", *STOP[2:])
    assert "1 call hung up" in said


def test_interrupted_it_says_how_to_go_on(project: Project) -> None:
    """The hold stands, and what was not seen to may go on."""
    call(project, LONG)
    with subprocess.Popen(
        project.command(*STOP), env=project.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "may go on: hanging up" in line:
                break
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
        assert process.returncode == 130
    assert "others may go on: dialform stop collections -s dev --hangup --reason ..." in said


def test_where_no_call_is_known_it_says_so_at_once(project: Project) -> None:
    """A ledger that isn't there; a preset that was never released."""
    began = time.monotonic()
    _, said = project.run(*STOP, "--ledger", "elsewhere.db", code=1)
    assert "1 of 1 held in dev" in said
    assert "there is no ledger at elsewhere.db" in said
    assert "--ledger FILE --hangup" in said
    assert not (project.root / "elsewhere.db").exists()
    _, said = project.run("stop", "colections", *STOP[2:], code=1)
    assert "did you mean 'collections'" in said
    assert "hung up" not in said
    assert time.monotonic() - began < 10


def test_calls_of_another_workspace_are_left_to_it(project: Project) -> None:
    """The key of today's workspace is not shown to another."""
    long = call(project, LONG)
    with Ledger(project.root / ".dialform/ledger.db")._writing("moved") as connection:
        connection.change("UPDATE dial SET workspace = 'http://127.0.0.1:9/api'", {})
    out, _ = project.run(*STOP, code=1)
    assert f"not hung up: dial {long} to {LONG}" in out
    assert "it was placed in http://127.0.0.1:9/api" in out
    assert project.sandbox.requests("hangup") == []


def test_the_page_says_what_is_so() -> None:
    page = (Path(__file__).parents[3] / "docs" / "promotion.md").read_text(encoding="utf-8")
    section = page.split("\n## Stop, and hang up\n", 1)[1]
    lines = re.findall(r"^dialform (.*)$", section, re.MULTILINE)
    first, second = (parse(shlex.split(line)) for line in lines)
    assert first.hangup
    assert second.heard == "reminder@7"
    assert (AT_ONCE, "eight at a time" in section) == (8, True)
    assert f"at most {STALE:.0f} seconds stale" in section
    assert f"for {LOOKOUT:.0f} seconds more" in section
