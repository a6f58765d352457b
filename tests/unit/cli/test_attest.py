"""``dialform attest``: dials read back, and what differs from what was released and sent."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from evidence_project import Evidence

from dialform.presets.canonical import canonical, digest
from dialform.sandbox import Sandbox, seed_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.publish()
    return made


def attested(evidence: Evidence, *arguments: str, code: int = 0) -> dict[str, Any]:
    out, _ = evidence.run("attest", *arguments, "--json", code=code)
    document: dict[str, Any] = json.loads(out)
    assert document["format"] == "dialform.attest/1"
    return document


def verdicts(dial: dict[str, Any]) -> dict[str, str]:
    return {check["field"]: check["verdict"] for check in dial["checks"]}


def shown_as(evidence: Evidence, dial: str, **changes: Any) -> None:
    """Let the API show a dial with other fields, once; ``...`` takes one out."""
    (real,) = [one for one in evidence.sandbox.dials() if one["id"] == dial]
    fields = {name: value for name, value in {**real, **changes}.items() if value is not ...}
    evidence.sandbox.fail_next("dial", status=200, body=json.dumps(fields))


def test_a_dial_that_is_what_was_sent_matches(evidence: Evidence) -> None:
    dial = evidence.call()

    out, said = evidence.run("attest", dial)
    assert out == f"{dial} collections v1: MATCH (versionedPromptId not shown)\n"
    assert said == ""

    (found,) = attested(evidence, dial)["dials"]
    assert verdicts(found) == {
        "released": "match",
        "agent": "match",
        "versionedPromptId": "not shown",
        "voiceId": "match",
        "fromNumberId": "match",
        "toNumber": "match",
        "inputs": "match",
    }
    assert "zebra" not in json.dumps(found)


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("agent", {"id": "another", "name": "Collector"}),
        ("voiceId", seed_id("dev", "voices", "Ben")),
        ("voiceId", None),
        ("fromNumberId", "another"),
        ("toNumber", "+14155550124"),
        ("inputs", {"name": "Ann", "amount": 12.5, "pin": "zebras"}),
        ("inputs", {}),
    ],
)
def test_each_field_that_differs_is_named(evidence: Evidence, field: str, shown: Any) -> None:
    dial = evidence.call()
    for arguments in (("--json",), ()):
        shown_as(evidence, dial, **{field: shown})
        out, said = evidence.run("attest", dial, *arguments, code=1)
        assert "zebra" not in out + said
        if arguments:
            (found,) = json.loads(out)["dials"]
            assert [name for name, one in verdicts(found).items() if one == "differs"] == [field]
        else:
            assert f"collections v1: DIFFERS {field}: sent " in out
            assert "0 of 1 match, 1 differ, 0 could not be read back" in said


def test_what_the_api_does_not_show_is_said_and_no_difference(evidence: Evidence) -> None:
    dial = evidence.call()
    shown_as(evidence, dial, voiceId=..., inputs=..., agent=...)
    out, _ = evidence.run("attest", dial)
    assert "MATCH" in out
    for field in ("voiceId", "inputs", "agent"):
        assert f"{field} not shown" in out


def test_bytes_that_no_release_gives_are_a_difference(evidence: Evidence) -> None:
    """Somebody altered both bytes and digest in the ledger: the release still says otherwise."""
    dial = evidence.call()
    forge(evidence, dial, timeoutMinutes=60)
    out, _ = evidence.run("attest", dial, code=1)
    assert "DIFFERS request: sha256:" in out


def forge(evidence: Evidence, dial: str, **fields: Any) -> None:
    record = evidence.ledger.record(dial)
    assert record is not None
    content = evidence.ledger.content(record.id)
    assert content is not None
    assert content.body is not None
    body = canonical({**json.loads(content.body), **fields})
    with sqlite3.connect(evidence.ledger.path) as rows:
        rows.execute(
            "UPDATE dial SET body = ?, body_digest = ? WHERE dial_id = ?",
            (body, digest(body), dial),
        )
    rows.close()


def test_many_dials_get_a_line_each_and_a_tally(evidence: Evidence) -> None:
    """Also the one that was never read back, and the unknown one, which nobody can read back."""
    dials = [evidence.call() for _ in range(3)]
    evidence.sandbox.fail_next(status=500, after="created")
    evidence.run(
        *("dial", "collections", "-s", "dev", "--to", "+14155550123"),
        *("--input", "name=Ann", "--input", "amount=1"),
        code=5,
    )
    shown_as(evidence, dials[0], voiceId="another")

    document = attested(evidence, "--since", "1h", code=1)

    assert [one["attested"] for one in document["dials"]].count("match") == 2
    assert (document["match"], document["differs"], document["unattested"]) == (2, 1, 1)
    assert [one["dialId"] for one in document["dials"]] == [*dials, None]
    assert "no dial id is known" in document["dials"][-1]["trouble"]
    assert attested(evidence, "--since", "1h", "-s", "prod")["dials"] == []


def test_a_dial_that_the_workspace_does_not_have_is_no_match(evidence: Evidence) -> None:
    dial = evidence.call()
    evidence.sandbox.fail_next("dial", status=404, body="{}")
    out, _ = evidence.run("attest", dial, code=1)
    assert ": GET " in out
    assert "404" in out


def test_an_erased_call_is_attested_by_the_ids_that_are_left(evidence: Evidence) -> None:
    dial = evidence.call()
    evidence.ledger.erase("+14155550123", reason="asked for it")
    (found,) = attested(evidence, dial)["dials"]
    assert verdicts(found)["voiceId"] == "match"
    assert verdicts(found)["inputs"] == verdicts(found)["toNumber"] == "not recorded"
    assert "+1415555" not in json.dumps(found)


def test_an_agents_own_prompt_is_compared_with_that_of_the_release(evidence: Evidence) -> None:
    """Where the agent's own prompt speaks, a release records which one that was."""
    evidence.edit("stacks/presets/collections.toml", 'profile = "collector"\n', "")
    for name in ("name", "amount"):
        evidence.edit(
            "stacks/presets/collections.toml",
            f"[inputs.{name}]",
            f"[inputs.{name}]\nusedElsewhere = true",
        )
    first, second = agents_prompts(evidence)
    evidence.sandbox.edit("dev", "agents", AGENT, defaultVersionedPromptId=first)
    evidence.publish()
    good = evidence.call()
    evidence.sandbox.edit("dev", "agents", AGENT, defaultVersionedPromptId=second)
    bad = evidence.call()

    assert verdicts(attested(evidence, good)["dials"][0])["versionedPromptId"] == "match"
    assert verdicts(attested(evidence, bad, code=1)["dials"][0])["versionedPromptId"] == "differs"


AGENT = seed_id("dev", "agents", "Collector")


def agents_prompts(evidence: Evidence) -> Iterator[str]:
    prompts = evidence.sandbox.objects("dev", "versioned_prompts")
    return iter([one["id"] for one in prompts if one["agentId"] == AGENT][:2])


@pytest.mark.parametrize(
    "arguments", [(), ("x", "--since", "1h"), ("--since", "soon"), ("--campaign", "nothing")]
)
def test_what_is_meant_must_be_said_once_and_well(
    evidence: Evidence, arguments: tuple[str, ...]
) -> None:
    evidence.call()
    evidence.run("attest", *arguments, code=64)


def test_the_key_goes_to_no_workspace_but_the_declared_one(evidence: Evidence) -> None:
    """A record that says another workspace, altered or of an earlier one, leads nowhere."""
    dial = evidence.call()
    with Sandbox() as other:
        with sqlite3.connect(evidence.ledger.path) as rows:
            rows.execute("UPDATE dial SET workspace = ?", (other.url,))
        rows.close()
        out, _ = evidence.run("attest", dial, code=1)
        assert f"it was placed in {other.url}, which is not this environment's now" in out
        assert other.requests() == []
