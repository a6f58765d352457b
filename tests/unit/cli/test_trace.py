"""``dialform trace``: from a dial's id to its release and the lines that say it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from evidence_project import Evidence

from dialform.registry import Meta
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox


SEEDED = [
    ("agents", "Collector"),
    ("models", "Atlas 2 mini"),
    ("voices", "Ava"),
]


@pytest.fixture
def evidence(tmp_path: Path, sandbox: Sandbox) -> Evidence:
    return Evidence(tmp_path, sandbox)


def traced(evidence: Evidence, dial: str) -> dict[str, Any]:
    out, _ = evidence.run("trace", dial, "--json")
    document: dict[str, Any] = json.loads(out)
    return document


def lines(document: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """``file:line`` of each field: in the shared files, in the environment's."""

    def place(one: dict[str, Any] | None) -> str | None:
        return None if one is None else f"{one['file'].removeprefix('stacks/')}:{one['line']}"

    return {row["field"]: (place(row["shared"]), place(row["own"])) for row in document["body"]}


def test_a_dial_leads_to_the_lines_of_its_own_commit(evidence: Evidence) -> None:
    """Later commits move every line; the trace shows them as they were at the release."""
    commit = evidence.commit()
    evidence.publish(commit=commit, change="acme/calls#12", reason="first words")
    evidence.registry.approve(
        "dev",
        "collections",
        evidence.registry.preset_digest("collections", 1),
        Meta("2026-11-24T08:00:00Z", by="ben"),
    )
    dial = evidence.call()
    for name in ("dev.toml", "presets/collections.toml", "profiles/collector.toml"):
        path = f"stacks/{name}"
        evidence.write(path, f"# moved\n\n{(evidence.root / path).read_text()}")
    evidence.edit("stacks/prompts/collector.md", "Be polite", "Be rude")
    evidence.commit()

    document = traced(evidence, dial)

    assert document["format"] == "dialform.trace/1"
    assert document["files"] == {"preset": commit, "environment": commit}
    assert document["entry"]["change"] == "acme/calls#12"
    assert [one["by"] for one in document["approvals"]] == ["ben"]
    assert document["notes"] == document["missing"] == []
    where = lines(document)
    assert where["callAgentId"] == ("presets/collections.toml:2", "dev.toml:8")
    assert where["fromNumberId"] == ("presets/collections.toml:5", "dev.toml:14")
    assert where["agentOverrides.openingLine.content"] == ("profiles/collector.toml:5", None)
    assert where["agentOverrides.defaultVersionedPrompt.prompt"] == ("prompts/collector.md:1", None)
    assert where["callAgentInput.name"] == ("presets/collections.toml:7", None)
    assert where["toNumber"] == (None, None)
    values = {row["field"]: row["value"] for row in document["body"]}
    assert values["callAgentInput.pin"] == "(sensitive)"
    assert values["agentOverrides.defaultVersionedPrompt.prompt"].endswith("Be polite.")
    assert all(row["shared"]["commit"] == commit for row in document["body"] if row["shared"])


def test_the_ledgers_own_id_will_do_and_the_table_names_the_lines(evidence: Evidence) -> None:
    evidence.publish(commit=evidence.commit(), reason="first words")
    (record,) = [evidence.ledger.record(evidence.call())]
    assert record is not None

    out, said = evidence.run("trace", record.id)

    assert said == ""
    assert "entry 1, release at 2026-11-23T23:00:00Z by anna: first words" in out
    assert "zebra" not in out
    row = next(line for line in out.splitlines() if line.startswith("aiVoiceId"))
    assert row.split()[-3:] == [
        "binding",
        "stacks/presets/collections.toml:4",
        "stacks/dev.toml:12",
    ]


def test_a_pinned_version_leads_to_the_commit_that_declared_it(evidence: Evidence) -> None:
    """Its words are of the commit that dev released, its bindings of the one that pinned it."""
    first = evidence.commit()
    digest = evidence.publish(commit=first).preset_digest
    evidence.write("stacks/presets/collections.toml", "# other words\nagent = 'collector'\n")
    dev = (evidence.root / "stacks/dev.toml").read_text()
    pinned = (
        dev.replace("dev", "prod")
        .replace("DEV", "PROD")
        .replace('follow = "source"', f'version = 1\ndigest = "{digest}"')
    )
    for kind, name in SEEDED:
        pinned = pinned.replace(seed_id("dev", kind, name), seed_id("prod", kind, name))
    number = next(
        one for one in evidence.sandbox.objects("prod", "phone_numbers") if one["type"] == "PSTN"
    )
    pinned = pinned.replace(seed_id("dev", "phone_numbers", "+14155550150"), number["id"])
    pinned = pinned.replace("+14155550150", number["number"])
    evidence.write("stacks/prod.toml", f"# pinned\n{pinned}")
    second = evidence.commit()
    evidence.publish("prod", commit=second)

    document = traced(evidence, evidence.call(environment="prod"))

    assert document["files"] == {"preset": first, "environment": second}
    where = lines(document)
    assert where["aiVoiceId"] == ("presets/collections.toml:4", "prod.toml:13")
    voice = next(row for row in document["body"] if row["field"] == "aiVoiceId")
    assert voice["shared"]["commit"] == first
    assert voice["own"]["commit"] == second


def test_uncommitted_files_are_named_as_such(evidence: Evidence) -> None:
    """A release of a dirty tree has no commit that gives its digest; the files may still."""
    commit = evidence.commit()
    evidence.edit("stacks/prompts/collector.md", "polite", "brief")
    evidence.publish(commit=f"{commit}-dirty")
    dial = evidence.call()

    document = traced(evidence, dial)
    assert document["files"] == {"preset": "working tree", "environment": f"{commit}-dirty"}
    assert all(row["shared"]["commit"] is None for row in document["body"] if row["shared"])

    evidence.edit("stacks/prompts/collector.md", "brief", "loud")
    out, said = evidence.run("trace", dial)
    assert "no recorded commit gives preset collections with the digest sha256:" in said
    assert "unknown" in out
    assert "stacks/" not in out.replace("stacks/dev.toml", "")


def test_a_commit_that_is_not_here_is_said_and_the_rest_is_shown(evidence: Evidence) -> None:
    evidence.commit()
    evidence.publish(commit="0123456789abcdef0123456789abcdef01234567")
    evidence.edit("stacks/prompts/collector.md", "polite", "brief")

    out, said = evidence.run("trace", evidence.call())

    assert "commit 0123456789ab: git has no commit" in said
    assert "entry 1, release" in out
    assert "callAgentId" in out


def test_without_a_checkout_the_registry_is_what_is_told(
    evidence: Evidence, tmp_path_factory: pytest.TempPathFactory
) -> None:
    evidence.publish(commit=evidence.commit())
    dial = evidence.call()
    given = (
        "--registry",
        str(evidence.root / ".dialform/registry"),
        "--ledger",
        evidence.ledger.path,
    )

    out, said = evidence.run("trace", dial, *given, cwd=tmp_path_factory.mktemp("elsewhere"))

    assert "there is no project here" in said
    assert "anna" in out
    assert "aiVoiceId" in out


def test_a_call_from_the_working_tree_says_that_it_was_never_released(evidence: Evidence) -> None:
    evidence.commit()
    call = ("try", "collections", "-s", "dev", "--to", "+14155550123", "--json")
    out, _ = evidence.run(*call, "--input", "name=Ann", "--input", "amount=1")

    document = traced(evidence, json.loads(out)["dialId"])

    assert document["entry"] is None
    assert "dialform try" in document["notes"][0]
    assert document["files"] == {"preset": "working tree", "environment": "working tree"}
    assert lines(document)["aiVoiceId"] == ("presets/collections.toml:4", "dev.toml:12")

    evidence.edit("stacks/prompts/collector.md", "polite", "brief")
    document = traced(evidence, document["dialId"])
    assert document["body"] == []
    assert "no recorded commit gives preset collections" in document["missing"][0]


def test_an_erased_call_is_traced_without_the_person(evidence: Evidence) -> None:
    evidence.publish(commit=evidence.commit())
    dial = evidence.call()
    evidence.ledger.erase("+14155550123", reason="asked for it")

    out, said = evidence.run("trace", dial)

    assert "(erased)" in out
    assert "erased: the personal data of this call was removed" in said
    assert "+14155550123" not in out + said
    assert "agentOverrides.openingLine.content" in out


def test_an_id_that_is_not_there_is_a_usage_error(evidence: Evidence) -> None:
    _, said = evidence.run("trace", "nothing", code=1)
    assert "there is no ledger at" in said
    evidence.publish()
    evidence.call()
    _, said = evidence.run("trace", "nothing", code=64)
    assert "has no dial 'nothing'" in said


def test_another_registry_is_noticed(evidence: Evidence) -> None:
    """A registry of the same shape with another release must not lend its story to the dial."""
    evidence.publish(commit=evidence.commit())
    dial = evidence.call()
    other = Evidence(evidence.root / "other", evidence.sandbox)
    other.edit("stacks/prompts/collector.md", "polite", "brief")
    other.publish(by="mallory")

    out, said = evidence.run("trace", dial, "--registry", str(other.root / ".dialform/registry"))

    assert "this is not the registry that was dialled from" in said
    assert "mallory" not in out
