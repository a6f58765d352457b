"""`dialform launch` as a process: the plan, the limits, going on, and what it refuses."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dialform.launcher.ledger import Ledger
from dialform.presets.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from campaign_world import CampaignWorld
    from postgres_server import PostgresServerProcess

PEOPLE = "phone,name\n+14155550120,Ann\n+14155550121,Ben\n+14155550120,Ann\n"


@pytest.fixture
def people(world: CampaignWorld) -> Path:
    path = world.folder / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    return path


def launch(world: CampaignWorld, people: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    call = ("launch", "reminder", str(people), "-s", "dev", "--name", "november")
    out, said = world.run(*call, *arguments, code=code)
    return out.decode(), said


def test_what_the_environment_does_not_keep_is_erased_before_the_first_call(
    world: CampaignWorld, people: Path
) -> None:
    world.amend_environment(ledger={"retention": "30d"})
    launch(world, people, "--yes", "--rate", "50")
    with closing(Ledger(world.ledger)) as ledger, ledger._writing("aged") as connection:
        connection.change("UPDATE dial SET reserved_at = '2026-01-01T00:00:00.000000Z'")
        connection.change("UPDATE campaign SET opened_at = '2026-01-01T00:00:00.000000Z'")
    again = ("launch", "reminder", str(people), "-s", "dev", "--name", "winter")
    world.run(*again, "--dry-run")
    with closing(Ledger(world.ledger)) as ledger:
        assert {one.to for one in ledger.find()} == {"+14155550120", "+14155550121"}
    _, said = world.run(*again, "--yes", "--rate", "50")
    assert "personal data of 2 old dials was erased: [ledger] retention is 30d" in said
    with closing(Ledger(world.ledger)) as ledger:
        called = {one.to for one in ledger.find()}
        assert {one.to for one in ledger.find(until=time.time() - 3600)} == {None}
        assert called == {"+14155550120", "+14155550121", None}


def limits(world: CampaignWorld, campaigns: Mapping[str, Any]) -> None:
    """Publish the environment with these limits."""
    document = world.registry.environment("dev")
    assert document is not None
    world.registry.publish_environment("dev", canonical({**document, "campaigns": campaigns}))


def test_a_campaign_is_shown_asked_for_and_goes_on(world: CampaignWorld, people: Path) -> None:
    _, said = launch(world, people, code=64)
    assert "2 people are to be called with reminder version 1 in dev" in said
    assert "America/Los_Angeles" in said
    assert "not called: the same number" in said
    assert "minutes of calls at most: 20" in said
    assert "--yes" in said
    launch(world, people, "--dry-run")
    assert world.rings() == {}
    out, _ = launch(world, people, "--yes", "--json", "--rate", "50")
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert (events[0], events[-1]) == ("plan", "stopped")
    assert (events.count("accepted"), events.count("ended")) == (2, 2)
    for dial in json.loads(world.run("ledger", "--json")[0])["dials"]:
        assert dial["reservedAt"] < dial["endedAt"] <= dial["seenAt"]  # all as RFC 3339 has them
    _, said = launch(world, people)
    assert "goes on: 2 done, 1 skipped" in said
    assert set(world.rings().values()) == {1}
    people.write_text(f"{PEOPLE}+14155550122,Cy\n", encoding="utf-8")
    assert "--append" in launch(world, people, code=3)[1]
    launch(world, people, "--append", "--yes")
    assert len(world.rings()) == 3


def test_wrong_rows_are_all_told_and_nobody_is_called(world: CampaignWorld, people: Path) -> None:
    people.write_text("phone,nmae\n4155550120,Ann\n1.41556E+10,Ben\n", encoding="utf-8")
    _, said = launch(world, people, "--yes", code=1)
    for rule in ("number", "spreadsheet", "unknown-column", "missing-column"):
        assert f"[{rule}]" in said
    assert world.sandbox.received() == []


def test_limits_of_the_environment_are_ceilings(world: CampaignWorld, people: Path) -> None:
    limits(world, {"rate": 2})
    _, said = launch(world, people, "--rate", "50", "--yes", code=3)
    assert "campaigns.rate" in said
    assert "--rate 50 is more than the 2" in said
    launch(world, people, "--rate", "1", "--canary", "1", "--yes", code=3)
    assert len(world.rings()) == 1
    limits(world, {"rate": 0.5})
    _, said = launch(world, people, "--dry-run")
    assert "rate is lowered from 1 to 0.5" in said


@pytest.mark.parametrize(
    "given",
    [
        ("--rate", "0"),
        ("--rate", "nan"),
        ("--rate", "inf"),
        ("--rate", "1001"),
        ("--live", "0"),
        ("--failures", "1.5"),
        ("--retry", "no-answer"),
        ("--retry", "nobody:1:1h"),
        ("--append",),
    ],
    ids=" ".join,
)
def test_what_can_not_be_is_wrong_usage(
    world: CampaignWorld, people: Path, given: tuple[str, ...]
) -> None:
    _, said = launch(world, people, "--yes", *given, code=64)
    assert given[0] in said
    assert world.sandbox.received() == []


def test_a_second_clone_opens_no_campaign_of_the_same_name(
    world: CampaignWorld, people: Path
) -> None:
    launch(world, people, "--canary", "1", "--yes", code=3)
    other = world.folder / "clone" / "ledger.db"
    other.parent.mkdir()
    _, said = launch(world, people, "--yes", "--ledger", str(other), code=3)
    assert "was opened at" in said
    ledger = Ledger(other)
    assert ledger.campaigns() == []
    ledger.close()
    assert len(world.rings()) == 1


def test_the_command_that_goes_on_says_where(world: CampaignWorld, people: Path) -> None:
    ledger = str(world.folder / "elsewhere.db")
    _, said = launch(world, people, "--canary", "1", "--yes", "--ledger", ledger, code=3)
    assert f"--ledger {ledger}" in said


def test_a_password_of_the_ledger_is_never_shown(
    world: CampaignWorld, people: Path, postgres: PostgresServerProcess
) -> None:
    first, second = (
        postgres.new_database().replace("dialform@", "dialform:s3cret@") for _ in range(2)
    )
    given = ("--yes", "--ledger", f"{first}&password=s3cret")
    _, paused = launch(world, people, "--canary", "1", *given, code=3)
    assert "--ledger 'postgresql://dialform:***@/" in paused
    _, refused = launch(world, people, "--yes", "--ledger", second, code=3)
    assert "was opened at" in refused
    assert "s3cret" not in paused + refused


def test_a_new_campaign_calls_with_the_version_that_preset_names(
    world: CampaignWorld, people: Path
) -> None:
    """Never with what is live instead, and never with another preset."""
    _, said = launch(world, people, "--preset", "reminder@7", "--yes", code=1)
    assert "version 7 of reminder was never released in dev" in said
    launch(world, people, "--preset", "reminder@1", "--yes", "--rate", "50")
    for again in ("--dry-run", "--yes"):
        _, said = launch(world, people, "--preset", "other@1", again, code=64)
        assert "--preset other@1: is another preset than reminder" in said
    assert set(world.rings().values()) == {1}
