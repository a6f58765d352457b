"""Evidence of a campaign's calls: their keys, their list, who opened it; and rules in a replay."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from evidence_project import Evidence

from dialform.launcher.idempotency import core_of, key_of_attempt

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox

PEOPLE = "to,name,amount,pin\n+14155550123,Ann,12.5,zebra\n+14155550124,Ben,3,zebra\n"


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.edit("stacks/dev.toml", "[registry]", "idempotencyKeys = true\n[registry]")
    made.publish(commit=made.commit(), reason="first words")
    made.write("people.csv", PEOPLE)
    sandbox.speed(100)
    launch = ("launch", "collections", "-s", "dev", "people.csv", "--name", "november")
    made.run(*launch, "--yes", "--rate", "50")
    return made


def test_a_campaigns_calls_are_attested_traced_audited_and_made_again(
    evidence: Evidence,
) -> None:
    out, said = evidence.run("attest", "--campaign", "november")
    assert out.count("collections v1: MATCH") == 2
    assert "2 of 2 match" in said

    ledger = evidence.ledger
    (campaign,) = ledger.campaigns("dev")
    (record,) = ledger.find(person="+14155550123")
    bodies = {json.loads(one.body)["toNumber"]: one.body for one in evidence.sandbox.received()}
    key = key_of_attempt(ledger.id, campaign.id, "+14155550123", 1)
    assert core_of(bodies["+14155550123"]).key == key

    out, _ = evidence.run("trace", record.id)
    rows = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    assert rows["campaign"].strip() == "november (people.csv), row 2, attempt 1"
    assert rows["launched by"].strip() == "anna"
    assert rows["outcome"].strip() == "accepted, completed (AGENT_HANGUP)"
    assert "zebra" not in out

    today = datetime.now(UTC).date().isoformat()
    out, _ = evidence.run("audit", "--to", "+14155550123", "--on", today)
    assert '"Hello Ann, this is Acme."' in out

    out, _ = evidence.run(
        *("replay", record.id, "--ring-again", "--reason", "cut off", "--yes", "--json")
    )
    again = json.loads(out)
    assert again["sameCore"] is True
    noted = ledger.record(again["dialId"])
    assert noted is not None
    assert noted.campaign is None
    assert noted.evidence == f"again of {record.id}: cut off"


def test_an_unknown_call_of_a_campaign_is_settled_by_its_key(evidence: Evidence) -> None:
    """The campaign then counts it as a call, and calls nobody again."""
    evidence.run("doctor", "-s", "dev", "--probe-idempotency", "--yes")
    evidence.write("more.csv", "to,name,amount\n+14155550125,Cy,1\n")
    evidence.sandbox.fail_next(how="close", after="created")
    launch = ("launch", "collections", "-s", "dev", "more.csv", "--name", "december", "--yes")
    evidence.run(*launch)
    (record,) = evidence.ledger.unknown()

    evidence.run("replay", record.id, "--exact", "--yes")
    evidence.run(*launch)

    settled = evidence.ledger.record(record.id)
    assert settled is not None
    assert (settled.state, settled.settled_by) == ("accepted", "key")
    assert evidence.sandbox.rings("+14155550125") == 1
    assert evidence.ledger.counts(settled.campaign or "") == {"done": 1}


@pytest.mark.parametrize("how", [("--ring-again", "--reason", "x"), ("--exact",)])
def test_a_rule_for_calls_refuses_a_replay(evidence: Evidence, how: tuple[str, ...]) -> None:
    evidence.run("doctor", "-s", "dev", "--probe-idempotency", "--yes")
    place = ("dial", "collections", "-s", "dev", "--to", "+14155550126")
    given = ("--input", "name=Di", "--input", "amount=1")
    evidence.sandbox.fail_next(how="close")
    evidence.run(*place, *given, code=5)
    (record,) = evidence.ledger.unknown()
    evidence.edit("stacks/dev.toml", "[presets.", '[calls]\ndestinations = ["GB"]\n[presets.')
    evidence.publish()

    _, said = evidence.run("replay", record.id, *how, "--yes", code=3)

    assert "destinations" in said
    assert evidence.sandbox.rings("+14155550126") == 0
