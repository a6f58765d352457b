"""``dialform replay``: a call's bytes, the same call again, and an unknown one settled."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from cli_project import ANN
from evidence_project import Evidence

from dialform.launcher.evidence import probing
from dialform.launcher.idempotency import core_of
from dialform.presets.canonical import digest
from dialform.registry import Meta

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.launcher.records import Record
    from dialform.sandbox import Sandbox

YES = ("--yes", "--reason", "the line was bad")


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.edit("stacks/dev.toml", "[registry]", "idempotencyKeys = true\n[registry]")
    made.publish()
    return made


@pytest.fixture
def keyless(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.publish()
    return made


def bodies(evidence: Evidence) -> list[bytes]:
    return [one.body for one in evidence.sandbox.received()]


def probed(evidence: Evidence, verdict: probing.Verdict = "honoured") -> None:
    at = "2026-11-24T08:00:00Z"
    probing.keep(evidence.ledger, probing.Probe(verdict, at, evidence.sandbox.url, "", ""))


def unknown(evidence: Evidence, **fault: Any) -> Record:
    """A call that was sent and not answered; its record."""
    evidence.sandbox.fail_next(**{"how": "close", "after": "created", **fault})
    place = ("dial", "collections", "-s", "dev", "--to", ANN)
    evidence.run(*place, "--input", "name=Ann", "--input", "amount=1", code=5)
    (record,) = evidence.ledger.unknown()
    return record


def test_the_bytes_are_those_that_were_sent(evidence: Evidence) -> None:
    """To the last one, and their digest is the recorded one."""
    dial = evidence.call()
    (sent,) = bodies(evidence)

    out, said = evidence.run("replay", dial, "--bytes")
    assert out.encode() == sent
    assert said == ""

    shown, said = evidence.run("replay", dial)
    value = json.loads(sent)
    value["callAgentInput"]["pin"] = "(sensitive)"
    assert json.loads(shown) == value
    assert f"{len(sent)} bytes: {digest(sent)}" in said
    assert core_of(sent).digest in said
    assert "zebra" not in shown + said
    assert len(bodies(evidence)) == 1


def test_the_same_call_again_has_the_same_core_and_a_key_of_its_own(evidence: Evidence) -> None:
    dial = evidence.call()

    out, said = evidence.run("replay", dial, "--ring-again", *YES)

    first, second = (core_of(body) for body in bodies(evidence))
    assert first.body == second.body
    assert first.key != second.key
    assert "dialled +14155550123 again with collections (version 1)" in out
    assert said.count(first.digest) == 2
    assert "the core is the same, each with a key of its own" in said
    assert evidence.sandbox.rings(ANN) == 2


def test_without_keys_the_bytes_are_identical(keyless: Evidence) -> None:
    dial = keyless.call()
    out, _ = keyless.run("replay", dial, "--ring-again", *YES, "--json")
    told = json.loads(out)
    first, second = bodies(keyless)
    assert first == second
    assert told["sameCore"] is True
    assert told["requestDigest"] == told["coreDigest"] == digest(first)
    record = keyless.ledger.record(told["dialId"])
    assert record is not None
    assert record.evidence == f"again of {told['againOf']}: the line was bad"
    assert record.launched_by == "anna"


def test_nothing_rings_without_a_reason_a_yes_or_a_right(evidence: Evidence) -> None:
    dial = evidence.call()
    evidence.run("replay", dial, "--ring-again", "--yes", code=64)
    _, said = evidence.run("replay", dial, "--ring-again", "--reason", "x", code=64)
    assert "say --yes" in said
    for wrong in ((dial, "--ring-again", "--exact"), (), ("--bytes",), (dial, "-s", "dev")):
        evidence.run("replay", *wrong, *YES, code=64)
    evidence.run("hold", "collections", "-s", "dev", "--reason", "wrong amount")
    _, said = evidence.run("replay", dial, "--ring-again", *YES, code=3)
    assert "held" in said
    assert "wrong amount" in said
    assert len(bodies(evidence)) == 1


def test_an_erased_call_has_no_bytes(evidence: Evidence) -> None:
    dial = evidence.call()
    evidence.ledger.erase(ANN, reason="asked for it")
    for how in ((), ("--bytes",), ("--ring-again", *YES)):
        _, said = evidence.run("replay", dial, *how, code=3)
        assert "erased" in said
    assert len(bodies(evidence)) == 1


@pytest.mark.parametrize(
    ("keys", "knows_id"), [("conflict", True), ("same", True), ("bare-conflict", False)]
)
def test_identical_bytes_settle_an_unknown_call(
    evidence: Evidence, keys: Any, *, knows_id: bool
) -> None:
    """The phone rang once, and the ledger now knows it."""
    evidence.sandbox.idempotency_keys(keys)
    probed(evidence)
    record = unknown(evidence)

    out, said = evidence.run("replay", record.id, "--exact", "--yes")

    first, second = bodies(evidence)
    assert first == second
    settled = evidence.ledger.record(record.id)
    assert settled is not None
    assert (settled.state, settled.settled_by) == ("accepted", "key")
    (rang,) = evidence.sandbox.dials("dev")
    assert settled.dial_id == (rang["id"] if knows_id else None)
    assert "settled: the call was placed" in out
    assert record.body_digest in said
    assert evidence.ledger.unknown() == []
    _, said = evidence.run("replay", record.id, "--exact", "--yes", code=3)
    assert "nothing to settle" in said


def test_an_unknown_call_that_never_was_is_placed_by_it(evidence: Evidence) -> None:
    probed(evidence)
    record = unknown(evidence, after="received")
    assert evidence.sandbox.rings(ANN) == 0
    evidence.run("replay", record.id, "--exact", "--yes")
    assert evidence.sandbox.rings(ANN) == 1


def test_what_is_answered_with_nothing_certain_stays_unknown(evidence: Evidence) -> None:
    probed(evidence)
    record = unknown(evidence)
    evidence.sandbox.fail_next(status=500)
    evidence.run("replay", record.id, "--exact", "--yes", code=5)
    evidence.sandbox.fail_next(status=404, body="{}")
    evidence.run("replay", record.id, "--exact", "--yes", code=4)
    assert [one.id for one in evidence.ledger.unknown()] == [record.id]


def test_identical_bytes_are_not_sent_where_they_might_ring_again(evidence: Evidence) -> None:
    """No probe, a bad verdict, a key that may be forgotten: each is refused, and why."""
    record = unknown(evidence)
    _, said = evidence.run("replay", record.id, "--exact", "--yes", code=3)
    assert "nobody has probed" in said
    probed(evidence, "ignored")
    _, said = evidence.run("replay", record.id, "--exact", "--yes", code=3)
    assert "the probe said ignored" in said
    probed(evidence)
    with sqlite3.connect(evidence.ledger.path) as rows:
        rows.execute("UPDATE dial SET reserved_at = '2026-11-01T00:00:00.000000Z'")
    rows.close()
    _, said = evidence.run("replay", record.id, "--exact", "--yes", code=3)
    assert "more than 24 hours ago" in said
    assert len(bodies(evidence)) == 1


def test_bytes_without_a_key_are_never_sent_to_settle(keyless: Evidence) -> None:
    probed(keyless)
    record = unknown(keyless)
    _, said = keyless.run("replay", record.id, "--exact", "--yes", code=3)
    assert "without an idempotencyKey" in said
    assert keyless.sandbox.rings(ANN) == 1


def test_all_calls_of_unknown_outcome_are_settled_one_by_one(evidence: Evidence) -> None:
    """One without a key, one settled, one whose answer says nothing: each is told apart."""
    probed(evidence)
    evidence.edit("stacks/dev.toml", "idempotencyKeys = true\n", "")
    evidence.publish()
    keyless = unknown(evidence)
    evidence.edit("stacks/dev.toml", "[registry]", "idempotencyKeys = true\n[registry]")
    evidence.publish()
    records = [keyless]
    for _ in range(2):
        evidence.sandbox.fail_next(how="close", after="created")
        place = ("dial", "collections", "-s", "dev", "--to", ANN)
        evidence.run(*place, "--input", "name=Ann", "--input", "amount=1", code=5)
        records.append(evidence.ledger.unknown()[0])
    assert len({one.id for one in records}) == 3
    evidence.sandbox.fail_next(status=500)

    out, said = evidence.run("replay", "--exact", "--yes", code=5)

    told = dict(line.split(" ", 1) for line in out.splitlines())
    assert told[keyless.id].startswith("refused: ")
    assert told[records[1].id].startswith("still unknown: ")
    assert told[records[2].id].startswith("settled: the call was placed, dial ")
    assert "1 settled, 2 of unknown outcome left" in said
    assert evidence.sandbox.rings(ANN) == 3

    out, _ = evidence.run("replay", "--exact", "--yes", "--json", "-s", "dev", code=5)
    left = json.loads(out)
    assert left["format"] == "dialform.settled/1"
    assert [one["id"] for one in left["dials"]] == [keyless.id, records[1].id]
    assert [one.id for one in evidence.ledger.unknown()] == [keyless.id]
    assert evidence.sandbox.rings(ANN) == 3
    out, _ = evidence.run("replay", "--exact", "--yes", "-s", "prod")
    assert out == ""


def test_who_is_not_to_be_called_any_more_is_not_called(evidence: Evidence) -> None:
    """Neither again nor to settle: an API that never had the call would place it."""
    probed(evidence)
    record = unknown(evidence, after="received")
    evidence.run("suppress", "add", ANN, "--reason", "asked by mail")
    for how in (("--exact",), ("--ring-again", "--reason", "x")):
        _, said = evidence.run("replay", record.id, *how, "--yes", code=3)
        assert "asked by mail" in said
    assert evidence.sandbox.rings(ANN) == 0


def test_a_yanked_version_is_not_settled_by_ringing(evidence: Evidence) -> None:
    """The identical bytes may place the call: what may not be dialled is not sent."""
    probed(evidence)
    record = unknown(evidence, after="received")
    meta = Meta("2026-11-24T08:00:00Z", by="ben", reason="old price")
    evidence.registry.append("dev", "collections", "yank", expected=None, yank_version=1, meta=meta)
    evidence.run("replay", record.id, "--exact", "--yes", code=3)
    assert evidence.sandbox.rings(ANN) == 0
