"""docs/outcomes.md says what is so: its tables are complete, its numbers and commands are real."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from dialform.api.objects import Dial
from dialform.cli import serve, wait
from dialform.cli.main import main, parse
from dialform.errors import OutcomeUnknown
from dialform.launcher.outcomes import settings, tying, watch
from dialform.launcher.outcomes.problems import STATUSES
from dialform.launcher.outcomes.table import OUTCOME
from dialform.launcher.outcomes.webhook import WORDS
from dialform.launcher.records import ENDED, ROW_STATES, UNDER_WAY

if TYPE_CHECKING:
    import pytest
    from serving_world import Served

TEXT = (Path(__file__).parents[4] / "docs" / "outcomes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_each_error_has_its_row() -> None:
    rows = re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted((str(code), name) for code, name in STATUSES.values())


def test_each_column_has_its_row() -> None:
    assert re.findall(r"^\| `(dialform_\w+)` \|", TEXT, re.MULTILINE) == list(OUTCOME)
    (states,) = re.findall(r"^\| `dialform_state` \| (.*?);", TEXT, re.MULTILINE)
    assert tuple(re.findall(r"`([a-z]+)`", states)) == ROW_STATES


def test_the_schedule_is_the_watchs() -> None:
    (first,) = re.findall(r"looked at (\d+), (\d+), (\d+) and (\d+) seconds", TEXT)
    assert tuple(map(float, first)) == (*watch.FIRST, watch.EVERY)
    assert f"until {watch.GRACE:.0f} seconds after its `timeoutMinutes` (an hour" in TEXT
    assert watch.LONGEST == tying.LATE == 3600
    assert f"and {watch.PER_SECOND:.0f} in a second for all" in TEXT
    assert f"between {tying.EARLY:.0f} seconds before" in TEXT


def test_the_statuses_are_the_apis() -> None:
    assert ", ".join(f"`{one}`" for one in UNDER_WAY) in TEXT
    assert all(Dial(id="d", status=one).ended for one in ENDED)


def test_the_exit_codes_are_waits(capsys: pytest.CaptureFixture[str]) -> None:
    table = TEXT.split("| exit code of `wait` |", 1)[1].split("\n\n", 1)[0]
    listed = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    assert listed == [0, wait.OTHERWISE, OutcomeUnknown.exit_code, wait.NOT_ENDED]
    main(["wait", "--help"])
    said = capsys.readouterr().out
    assert all(re.search(rf"\b{code} (all|of|not)", said) for code in listed)


def test_the_settings_are_called_so() -> None:
    named = {settings.TOKEN, settings.SECRET, settings.REGISTRY, settings.ENVIRONMENT}
    assert f"`{settings.TRANSCRIPTS}=no`" in TEXT
    for kind in WORDS:
        assert f"`{kind}`" in TEXT
    assert named | {settings.LEDGER} <= set(re.findall(r"DIALFORM_\w+", TEXT))
    assert f"port {serve.PORT}" in TEXT
    assert f"fewer than {settings.SHORTEST} characters" in TEXT


def test_its_commands_are_some() -> None:
    lines = [line for block in BLOCKS for line in block.splitlines()]
    commands = [line.split()[1:] for line in lines if line.startswith("dialform ")]
    assert {one[0] for one in commands} == {"wait", "serve", "results"}
    for one in commands:
        assert callable(parse(one).run)


def test_the_call_with_curl_is_placed_once(served: Served) -> None:
    (block,) = [one for one in BLOCKS if one.startswith("curl")]
    command = block.replace("http://127.0.0.1:8422", served.url)
    token = {"DIALFORM_SERVE_TOKEN": "a-token-of-this-test"}
    told = [
        json.loads(
            subprocess.check_output(["sh", "-c", command], env=served.world.environment | token)
        )
        for _ in range(2)
    ]
    assert [one["replayed"] for one in told] == [False, True]
    assert served.read("visit-1138")["dialId"] == told[0]["dialId"]
    assert served.world.sandbox.rings("+14155550123") == 1
