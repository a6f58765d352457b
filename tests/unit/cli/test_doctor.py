"""``dialform doctor``: what stands in the way of a call, and whether keys are honoured."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from evidence_project import Evidence

from dialform.api.client import Client
from dialform.launcher.evidence import Checkup, probing
from dialform.presets.canonical import canonical
from dialform.presets.documents import environment_document

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox
    from dialform.sandbox.keys import Keys

KEYS = "idempotencyKeys = true\n"


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    made = Evidence(tmp_path, sandbox)
    made.publish()
    return made


def doctored(evidence: Evidence, *arguments: str, code: int = 0, **env: str) -> dict[str, Any]:
    out, _ = evidence.run("doctor", "-s", "dev", *arguments, "--json", code=code, env=env)
    document: dict[str, Any] = json.loads(out)
    assert document["format"] == "dialform.doctor/1"
    return document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {check["part"]: check["state"] for check in document["checks"]}


def said(document: dict[str, Any], part: str) -> str:
    return next(str(one["message"]) for one in document["checks"] if one["part"] == part)


ALL_WELL = dict.fromkeys(
    ("declaration", "registry", "key", "clock", "rules", "ledger", "idempotency keys"), "ok"
)


def test_all_is_well_and_no_call_was_placed(evidence: Evidence) -> None:
    document = doctored(evidence)
    assert states(document) == ALL_WELL
    workspace = {"url": evidence.sandbox.url, "keyvar": "VOGENT_API_KEY_DEV"}
    assert document["declared"]["workspace"] == workspace
    assert evidence.sandbox.received() == []
    out, _ = evidence.run("doctor", "-s", "dev")
    assert "never probed" in out


@pytest.mark.parametrize(
    ("key", "words"),
    [("", "is not set"), ("wrong", "401"), ("sandbox-staging", "another workspace's key")],
)
def test_a_key_that_does_not_open_the_workspace_is_found(
    evidence: Evidence, key: str, words: str
) -> None:
    document = doctored(evidence, code=1, VOGENT_API_KEY_DEV=key)
    assert states(document)["key"] == "failed"
    assert words in said(document, "key")
    assert states(document)["ledger"] == "ok"


def test_a_registry_and_a_ledger_that_can_not_be_used_are_found(
    evidence: Evidence, tmp_path: Path
) -> None:
    (tmp_path / "no-ledger").mkdir()
    document = doctored(evidence, "--ledger", str(tmp_path / "no-ledger"), code=1)
    assert states(document)["ledger"] == "failed"
    assert states(document)["key"] == "ok"
    document = doctored(evidence, "--registry", str(tmp_path / "nowhere"), code=1)
    assert states(document)["registry"] == "failed"
    assert states(document)["key"] == "skipped"


def test_files_that_say_something_else_than_launchers_are_told_are_found(
    evidence: Evidence,
) -> None:
    evidence.edit("stacks/dev.toml", "[registry]", f"{KEYS}[registry]")
    document = doctored(evidence)
    assert states(document)["declaration"] == "warning"
    assert "pulumi up" in said(document, "declaration")
    evidence.publish()
    document = doctored(evidence)
    assert states(document) == {**ALL_WELL, "idempotency keys": "warning"}
    assert document["declared"]["workspace"]["idempotencyKeys"] is True


def test_rules_that_are_declared_are_named(evidence: Evidence) -> None:
    evidence.edit("stacks/dev.toml", "[presets.", '[calls]\ndestinations = ["US"]\n[presets.')
    evidence.publish()
    assert said(doctored(evidence), "rules") == "destinations: US; no hours and no caps"


def test_a_workspace_whose_calls_may_go_nowhere_is_found(evidence: Evidence) -> None:
    """It is no sandbox, so what is not declared is not called."""
    document = environment_document("dev", {"url": "https://api.vogent.ai/api", "keyvar": "NONE"})
    evidence.registry.publish_environment("dev", canonical(document))
    found = doctored(evidence, code=1)
    assert "doesn't say where its calls may go" in said(found, "rules")


def test_a_call_of_unknown_outcome_is_pointed_out(evidence: Evidence) -> None:
    evidence.sandbox.fail_next(status=500)
    place = ("dial", "collections", "-s", "dev", "--to", "+14155550123")
    evidence.run(*place, "--input", "name=Ann", "--input", "amount=1", code=5)
    document = doctored(evidence)
    assert states(document)["ledger"] == "warning"
    assert "1 dial of unknown outcome" in said(document, "ledger")


@pytest.mark.parametrize(("off", "way"), [(3600, "ahead"), (-3600, "behind")])
def test_a_clock_that_is_wrong_is_found(evidence: Evidence, off: int, way: str) -> None:
    checkup = Checkup(
        evidence.registry,
        "dev",
        evidence.ledger,
        variables=evidence.environment,
        connect=Client,
        clock=lambda: time.time() + off,
    )
    found = {one.part: one for one in checkup.findings()}
    assert checkup.client is not None
    checkup.client.close()
    assert found["clock"].state == "failed"
    told = re.search(r"this one is (\d+) seconds (\w+)", found["clock"].message)
    assert told is not None
    assert int(told[1]) == pytest.approx(3600, abs=3)
    assert told[2] == way


@pytest.mark.parametrize(
    ("keys", "verdict", "placed", "declared_is"),
    [
        ("conflict", "honoured", 1, "ok"),
        ("same", "honoured", 1, "ok"),
        ("bare-conflict", "honoured-without-id", 1, "ok"),
        ("ignored", "ignored", 2, "failed"),
    ],
)
def test_a_probe_learns_what_keys_do_and_rings_nobody(
    evidence: Evidence, keys: Keys, verdict: str, placed: int, declared_is: str
) -> None:
    evidence.sandbox.idempotency_keys(keys)

    document = doctored(evidence, "--probe-idempotency", "--yes")

    assert document["probe"]["verdict"] == verdict
    first, second = (one.body for one in evidence.sandbox.received())
    assert first == second
    assert json.loads(first)["browserCall"] is True
    dials = evidence.sandbox.dials("dev")
    assert [(one["rings"], one["status"]) for one in dials] == [(False, "canceled")] * placed
    known = probing.known(evidence.ledger, evidence.sandbox.url)
    assert known is not None
    assert (known.verdict, known.at) == (verdict, document["probe"]["at"])

    evidence.edit("stacks/dev.toml", "[registry]", f"{KEYS}[registry]")
    evidence.publish()
    document = doctored(evidence, code=int(declared_is == "failed"))
    assert states(document)["idempotency keys"] == declared_is
    assert document["probe"] is None


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 409, "body": '{"dialId": "another"}'}, {"status": 422}]
)
def test_an_answer_that_says_nothing_certain_is_no_verdict(
    evidence: Evidence, fault: dict[str, Any]
) -> None:
    """The first call went well, the second's answer does not say whether keys are honoured."""
    evidence.sandbox.idempotency_keys("ignored")
    with Client(evidence.sandbox.url, "sandbox-dev") as client:
        agents = client.agents()
        probe = probing.probe(
            _Faulty(client, evidence.sandbox, fault), "w", agent=agents[0].id, key="k", at="t"
        )
    assert probe.verdict == "unclear"
    assert not probe.honours


class _Faulty(Client):
    """The client, before whose second dial the sandbox is told to fail."""

    def __init__(self, client: Client, sandbox: Sandbox, fault: dict[str, Any]) -> None:
        self._client = client
        self._sandbox = sandbox
        self._fault = fault
        self._asked = 0

    def create_dial(self, body: bytes, *, idempotent: bool = False) -> Any:
        self._asked += 1
        if self._asked == 2:
            self._sandbox.fail_next(**self._fault)
        return self._client.create_dial(body, idempotent=idempotent)

    def hangup(self, dial_id: str) -> None:
        self._client.hangup(dial_id)


def test_nothing_is_probed_unasked_or_without_a_key(evidence: Evidence) -> None:
    evidence.run("doctor", "-s", "dev", "--probe-idempotency", code=64)
    evidence.run(
        *("doctor", "-s", "dev", "--probe-idempotency", "--yes"),
        code=1,
        env={"VOGENT_API_KEY_DEV": "wrong"},
    )
    assert evidence.sandbox.received() == []


def test_a_refused_probe_says_why_and_keeps_no_verdict(evidence: Evidence) -> None:
    evidence.sandbox.fail_next(status=422, body='{"error": {"message": "no browser calls"}}')
    _, said_ = evidence.run("doctor", "-s", "dev", "--probe-idempotency", "--yes", code=4)
    assert "no browser calls" in said_
    assert probing.known(evidence.ledger, evidence.sandbox.url) is None
