"""``dialform audit``: what was said to a number on a day, in which words, and by whose doing."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cli_project import ANN
from evidence_project import Evidence

from dialform.registry import Meta

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.publish(reason="first words", change="acme/calls#12")
    digest = made.registry.preset_digest("collections", 1)
    meta = Meta("2026-11-24T08:00:00Z", by="ben", reason="read it")
    made.registry.approve("dev", "collections", digest, meta)
    return made


def on(evidence: Evidence, dial: str, time: str) -> None:
    """Let a call have been placed at another time."""
    with sqlite3.connect(evidence.ledger.path) as rows:
        rows.execute("UPDATE dial SET reserved_at = ? WHERE dial_id = ?", (time, dial))
    rows.close()


def audited(evidence: Evidence, *arguments: str) -> list[dict[str, Any]]:
    out, _ = evidence.run("audit", "--to", ANN, *arguments, "--json")
    document: dict[str, Any] = json.loads(out)
    assert document["format"] == "dialform.audit/1"
    dials: list[dict[str, Any]] = document["dials"]
    return dials


def test_an_audit_says_the_words_the_version_and_who(evidence: Evidence) -> None:
    dial = evidence.call()
    today = datetime.now(UTC).date().isoformat()

    out, said = evidence.run("audit", "--to", ANN, "--on", today)

    assert said == ""
    assert '"Hello Ann, this is Acme."' in out
    assert "You are calling Ann about 12.5 €." in out
    for words in (
        dial,
        "collections version 1",
        "by anna: first words",
        "acme/calls#12",
        "by ben at 2026-11-24T08:00:00Z: read it",
    ):
        assert words in out
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert lines["launched by"].endswith("anna")
    assert lines["outcome"].endswith("accepted")


def test_each_call_is_told_in_the_words_of_its_own_version(evidence: Evidence) -> None:
    """An edit of the prompt does not rewrite what was said before."""
    first = evidence.call()
    evidence.edit("stacks/prompts/collector.md", "Be polite", "Be brief")
    evidence.publish()
    second = evidence.call()
    today = datetime.now(UTC).date().isoformat()

    told = audited(evidence, "--on", today)

    assert [one["dialId"] for one in told] == [first, second]
    assert [one["version"] for one in told] == [1, 2]
    assert ["Be polite" in one["script"] for one in told] == [True, False]
    assert told[0]["openingLine"] == "Hello Ann, this is Acme."


def test_a_day_is_a_zones_day(evidence: Evidence) -> None:
    evening, later = evidence.call(), evidence.call()
    on(evidence, evening, "2026-11-23T23:59:59.999999Z")
    on(evidence, later, "2026-11-24T08:00:00.000000Z")

    def found(day: str, *zone: str) -> list[str]:
        return [one["dialId"] for one in audited(evidence, "--on", day, *zone)]

    assert found("2026-11-23") == [evening]
    assert found("2026-11-24") == [later]
    assert found("2026-11-23", "--zone", "America/Los_Angeles") == [evening]
    assert found("2026-11-24", "--zone", "America/Los_Angeles") == [later]
    assert found("2026-11-24", "--zone", "Europe/Berlin") == [evening, later]


def test_sensitive_inputs_are_said_only_where_they_are_asked_for(evidence: Evidence) -> None:
    evidence.edit("stacks/prompts/collector.md", "Be polite.", "Their PIN is {{pin}}.")
    evidence.edit("stacks/presets/collections.toml", "usedElsewhere = true\n", "")
    evidence.publish()
    evidence.call()
    today = datetime.now(UTC).date().isoformat()
    (hidden,) = audited(evidence, "--on", today)
    (shown,) = audited(evidence, "--on", today, "--sensitive")
    assert "Their PIN is (sensitive)." in hidden["script"]
    assert "zebra" not in json.dumps(hidden)
    assert "Their PIN is zebra." in shown["script"]


def test_an_erased_person_is_said_to_be_erased(evidence: Evidence) -> None:
    """That there was a call, when, and what it was; not the words, which name the person."""
    dial = evidence.call()
    evidence.ledger.erase(ANN, reason="asked for it")
    today = datetime.now(UTC).date().isoformat()

    (told,) = audited(evidence, "--on", today)
    assert (told["dialId"], told["erased"], told["version"]) == (dial, True, 1)
    assert told["script"] is told["openingLine"] is told["to"] is None

    out, said = evidence.run("audit", "--to", ANN, "--on", today)
    assert "(erased)" in out
    assert "Ann" not in out
    assert "erased: the personal data" in said
    assert "is not to be called since" in said
    assert "asked for it" in said


def test_no_call_is_said_to_be_none(evidence: Evidence) -> None:
    evidence.call()
    out, said = evidence.run("audit", "--to", ANN, "--on", "2020-01-01")
    assert out == ""
    assert "no call to +14155550123 on 2020-01-01 (UTC)" in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--to", ANN, "--on", "yesterday"), 64),
        (("--to", ANN, "--on", "9999-12-31"), 64),
        (("--to", ANN, "--on", "2026-11-23", "--zone", "Mars/Olympus"), 64),
        (("--to", "555", "--on", "2026-11-23"), 1),
        (("--on", "2026-11-23"), 64),
    ],
)
def test_a_day_a_zone_and_a_number_must_be_ones(
    evidence: Evidence, arguments: tuple[str, ...], code: int
) -> None:
    evidence.run("audit", *arguments, code=code)
