"""
docs/evidence.md says what is so: its commands are run in order, and print what it shows.

Ids, digests, times and ports are other ones in each run; a line ``...`` stands for any lines.
"""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from cli_project import ANN
from evidence_project import Evidence
from test_attest import shown_as

from dialform.launcher.evidence.attesting import Verdict as Attested
from dialform.launcher.evidence.probing import Verdict as Probed
from dialform.registry import Meta
from dialform.sandbox import seed_id
from dialform.sandbox.keys import Keys

if TYPE_CHECKING:
    from dialform.sandbox import Sandbox

TEXT = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text(encoding="utf-8")
BLOCKS = [
    (block[1], block[2].rstrip("\n"))
    for block in re.finditer(
        r"^```console\n\$ dialform ([^\n]*)\n(.*?)^```\n", TEXT, re.MULTILINE | re.DOTALL
    )
]
CHANGING = {
    "<digest>": r"sha256:[0-9a-f]{64}",
    "<id>": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    "<commit>": r"\b[0-9a-f]{40}\b",
    "<ledger id>": r"\b[0-9a-f]{32}\b",
    "<time>": r"\b20\d\d-\d\d-\d\dT[0-9:.]+Z",
    "<key>": r"df1:[A-Z2-7]{40}",
    "<host>": r"127\.0\.0\.1:\d+",
    "<ledger>": r"(?<= )\S*\.dialform/ledger\.db",
    "<seconds>": r"(?<=within )\d+(?= seconds)",
    " ": r"[ \t]+",
}


def plain(text: str) -> list[str]:
    """The lines with what changes from run to run named, and one space for many."""
    for name, pattern in CHANGING.items():
        text = re.sub(pattern, name, text)
    return [line.strip() for line in text.split("\n") if line.strip()]


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether ``printed`` is what is ``shown``, where ``...`` stands for any lines."""
    pattern = "".join(
        "(?:[^\n]*\n)*?" if line == "..." else re.escape(line) + "\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.edit("stacks/dev.toml", "[registry]", "idempotencyKeys = true\n[registry]")
    made.publish(commit=made.commit(), change="acme/calls#12", reason="first words")
    digest = made.registry.preset_digest("collections", 1)
    meta = Meta("2026-11-24T08:00:00Z", by="ben", reason="read it")
    made.registry.approve("dev", "collections", digest, meta)
    return made


def test_each_command_prints_what_the_page_shows(evidence: Evidence) -> None:
    names = {"617959a8-20ce-46cd-97b7-1667fa7ee292": evidence.call()}
    today = datetime.now(UTC).date().isoformat()
    seen = []
    for command, shown in BLOCKS:
        arguments = [names.get(word, word) for word in shlex.split(command)]
        arguments = [today if word == "2026-11-25" else word for word in arguments]
        differs = "DIFFERS" in shown
        if differs:
            evidence.call()
            (dial,) = names.values()
            shown_as(evidence, dial, voiceId=seed_id("dev", "voices", "Ben"))
        if "--exact" in arguments:
            evidence.sandbox.fail_next(how="close", after="created")
            place = ("dial", "collections", "-s", "dev", "--to", ANN)
            evidence.run(*place, "--input", "name=Ann", "--input", "amount=1", code=5)
            arguments[1] = evidence.ledger.unknown()[0].id
        printed = "\n".join(evidence.run(*arguments, code=int(differs)))
        told, found = plain(shown), plain(printed)
        if differs:  # the sandbox fails for the one that is read first
            told, found = sorted(told), sorted(found)
        assert fits(told, found), f"{command}\n{printed}"
        seen.append(arguments[0])
    assert seen == ["trace", "attest", "attest", "replay", "replay", "audit", "doctor", "replay"]


def cells(heading: str) -> list[str]:
    """What stands in backquotes in the first column of the table in a section."""
    section = TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return re.findall(r"`([^`]+)`", "".join(rows))


def test_the_tables_are_complete(evidence: Evidence) -> None:
    """Every field that is compared, every verdict of a probe, every word for a field."""
    out, _ = evidence.run("attest", evidence.call(), "--json")
    compared = [check["field"] for check in json.loads(out)["dials"][0]["checks"]]
    assert cells("Whether the API has what was sent") == compared
    assert cells("Idempotency keys") == list(get_args(Probed))
    named = TEXT.split("`POST /sandbox/keys`")[1].split("\n")[0]
    assert set(re.findall(r'"([a-z-]+)"', named)) - {"keys"} == set(get_args(Keys))
    for word in set(get_args(Attested)) - {"match", "differs"}:
        assert f"`{word}`" in TEXT


def test_the_page_has_no_example_that_is_not_run() -> None:
    assert TEXT.count("```console\n") == len(BLOCKS) == 8


def test_a_wrong_page_would_be_noticed() -> None:
    assert fits(["a", "...", "c"], ["a", "b", "b", "c"])
    assert not fits(["a", "...", "d"], ["a", "b", "c"])
    assert not fits(["a"], ["a", "b"])
    assert plain("x  sha256:" + "0" * 64) == ["x <digest>"]
