"""What the released environment doesn't allow isn't dialled: no request, no record, exit code 3."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from launcher_world import ANN, BEN, KEYVAR

from dialform.errors import CallRefused, InputError, Refused, UnknownFormat
from dialform.launcher.calling.week import DAYS
from dialform.launcher.ledger.looking import hashed
from dialform.launcher.records import Suppression

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher_world import World

    from dialform.launcher import Dial, Launcher

TOLL_FREE = "+18005550123"
IN_THREE_DAYS = DAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]
SHUT = {IN_THREE_DAYS: ["09:00-17:00"]}
"""Hours that it isn't now, wherever on Earth."""
ALWAYS = {day: ["00:00-24:00"] for day in DAYS}
NAMED = {"name": "Ann"}


def published(world: World, **calls: Any) -> None:
    """Publish ``dev`` with these rules."""
    world.publish_environment(world.url, calls)


def dials_on_record(world: World) -> int:
    """How many dials the ledger holds."""
    if not world.ledger.exists():
        return 0
    with closing(sqlite3.connect(world.ledger)) as connection:
        return int(connection.execute("SELECT count(*) FROM dial").fetchone()[0])


@pytest.mark.parametrize(
    ("rule", "calls", "to"),
    [
        ("calls.destinations", {"destinations": ["CA", "+1212"]}, ANN),
        ("calls.hours", {"hours": SHUT}, ANN),
        ("calls.timezone", {"hours": ALWAYS}, TOLL_FREE),
    ],
)
def test_a_refusal_comes_before_any_request_and_any_record(
    world: World, launcher: Launcher, rule: str, calls: dict[str, Any], to: str
) -> None:
    published(world, **calls)

    with pytest.raises(CallRefused, match=rf"\[{rule}\]$") as refused:
        launcher.dial("reminder", to=to, inputs=NAMED)
    assert refused.value.rule == rule
    assert (refused.value.due is not None) is (rule == "calls.hours")
    with pytest.raises(CallRefused, match=rf"\[{rule}\]$"):
        asyncio.run(launcher.adial("reminder", to=to, inputs=NAMED, once="a-key"))
    _, said = world.run(
        *("dial", "reminder", "-s", "dev", "--to", to, "--input", "name=Ann"),
        code=Refused.exit_code,
    )
    assert f"[{rule}]" in said
    assert world.sandbox.received() == []
    assert dials_on_record(world) == 0


def test_json_says_the_rule_and_when_it_is_allowed(world: World) -> None:
    published(world, hours=SHUT)

    out, said = world.dial("--json", code=3)

    told = json.loads(out)
    assert (told["format"], told["outcome"]) == ("dialform.dial/1", "refused")
    assert (told["rule"], told["toNumber"]) == ("calls.hours", ANN)
    due = datetime.fromisoformat(told["due"])
    assert timedelta(days=1) < due - datetime.now(UTC) < timedelta(days=5)
    assert "America/Los_Angeles" in said
    assert told["message"] in said


def test_dry_run_says_what_would_be_refused(world: World) -> None:
    published(world, hours=SHUT)
    body, said = world.dial("--dry-run", env={KEYVAR: ""})
    assert json.loads(body)["toNumber"] == ANN
    assert "a call now would be refused" in said
    assert "[calls.hours]" in said

    published(world, hours=ALWAYS, perPerson={"24h": 1})
    assert world.dial("--dry-run")[1] == ""
    world.dial()
    assert "[calls.perPerson]" in world.dial("--dry-run")[1]
    assert len(world.sandbox.received()) == 1


def test_what_is_allowed_is_dialled(world: World, launcher: Launcher) -> None:
    published(world, destinations=["US"], hours=ALWAYS, perPerson={"24h": 1})
    launcher.dial("reminder", to=ANN, inputs=NAMED)
    launcher.dial("reminder", to=BEN, inputs=NAMED)
    assert (world.sandbox.rings(ANN), world.sandbox.rings(BEN)) == (1, 1)


def test_a_timezone_that_is_said_opens_a_number_that_may_be_anywhere(
    world: World, launcher: Launcher
) -> None:
    published(world, hours=ALWAYS)
    launcher.dial("reminder", to=TOLL_FREE, inputs=NAMED, timezone="America/Denver")
    call = ("dial", "reminder", "-s", "dev", "--to", TOLL_FREE, "--input", "name=Ann")
    world.run(*call, "--timezone", "America/Denver")
    assert world.sandbox.rings(TOLL_FREE) == 2

    with pytest.raises(InputError, match="did you mean 'America/Denver'"):
        launcher.dial("reminder", to=TOLL_FREE, inputs=NAMED, timezone="America/Dnever")
    _, said = world.run(*call, "--timezone", "Denver", code=1)
    assert "did you mean 'America/Denver'" in said


def test_a_person_is_dialled_so_often_in_a_time(world: World, launcher: Launcher) -> None:
    published(world, perPerson={"24h": 2})
    launcher.dial("reminder", to=ANN, inputs=NAMED)
    world.sandbox.fail_next("dials", status=422)
    with pytest.raises(Exception, match="422"):
        launcher.dial("reminder", to=ANN, inputs=NAMED)  # rang nobody
    world.dial()

    with pytest.raises(
        CallRefused, match=r"2 dials to .* within 24h is the most.*\[calls.perPerson"
    ) as refused:
        launcher.dial("reminder", to=ANN, inputs=NAMED)

    assert refused.value.due == pytest.approx(time.time() + 86400, abs=60)
    launcher.dial("reminder", to=BEN, inputs=NAMED)
    assert (world.sandbox.rings(ANN), world.sandbox.rings(BEN)) == (2, 1)


def test_an_environment_dials_so_often_in_a_time(world: World, launcher: Launcher) -> None:
    published(world, perEnvironment={"1h": 2})
    world.release("web", browserCall=True, numbers=None)
    launcher.dial("reminder", to=ANN, inputs=NAMED)
    launcher.dial("web", inputs=NAMED)
    for call in ({"preset": "web"}, {"preset": "reminder", "to": BEN}):
        with pytest.raises(CallRefused, match=r"\[calls.perEnvironment\]"):
            launcher.dial(inputs=NAMED, **call)


def test_no_cap_is_passed_by_dialling_at_once(world: World, launcher: Launcher) -> None:
    """Ten at a time count each other, whoever is first."""
    published(world, perPerson={"24h": 3})
    start = threading.Barrier(10)
    outcomes: list[str] = []

    def dial() -> None:
        start.wait()
        try:
            launcher.dial("reminder", to=ANN, inputs=NAMED)
            outcomes.append("accepted")
        except CallRefused as error:
            outcomes.append(error.rule)

    threads = [threading.Thread(target=dial) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["accepted"] * 3 + ["calls.perPerson"] * 7
    assert world.sandbox.rings(ANN) == 3


def test_a_once_key_tells_the_first_outcome_whatever_the_rules_say_now(
    world: World, launcher: Launcher
) -> None:
    first = launcher.dial("reminder", to=ANN, inputs=NAMED, once="appointment-1")
    published(world, destinations=["DE"], hours=SHUT, perPerson={"24h": 1})

    again = launcher.dial("reminder", to=ANN, inputs=NAMED, once="appointment-1")

    assert (again.id, again.replayed) == (first.id, True)
    assert "already placed" in world.dial("--once", "appointment-1")[1]
    assert world.sandbox.rings(ANN) == 1


def test_a_browser_call_has_no_destination_and_no_hours(world: World, launcher: Launcher) -> None:
    published(world, destinations=["DE"], hours=SHUT, perPerson={"24h": 1})
    world.release("web", browserCall=True, numbers=None)
    assert launcher.dial("web", inputs=NAMED).to is None
    assert launcher.dial("web", inputs=NAMED).to is None


def test_an_environment_from_before_the_rules_is_dialled_in_a_sandbox_only(
    world: World, launcher: Launcher
) -> None:
    launcher.dial("reminder", to=ANN, inputs=NAMED)

    world.url = "https://vogent.example/api"
    world.publish_environment(world.url)
    world.release("reminder")
    with pytest.raises(CallRefused, match=r"doesn't say where.*\[calls.destinations\]"):
        launcher.dial("reminder", to=ANN, inputs=NAMED)


def test_rules_that_this_version_does_not_know_stop_every_call(
    world: World, launcher: Launcher
) -> None:
    published(world, consent=True)
    with pytest.raises(UnknownFormat, match=r"calls\.consent"):
        launcher.dial("reminder", to=ANN, inputs=NAMED)
    assert world.sandbox.received() == []


def test_a_trial_keeps_to_what_is_published_and_else_to_what_is_declared(
    world: World, launcher: Launcher
) -> None:
    """`dialform try` dials what nobody released: no way around the rules of what is."""
    bound = world.bound("reminder")
    published(world, destinations=["DE"])
    declared = {
        "environment": "dev",
        "workspace": {"url": world.url},
        "calls": {"destinations": ["US"]},
    }

    def trial(one: Launcher) -> Callable[[], Dial]:
        return lambda: one.try_dial(bound, keyvar=KEYVAR, to=ANN, inputs=NAMED, document=declared)

    with pytest.raises(CallRefused, match=r"destinations of dev \(DE\)"):
        trial(launcher)()

    (world.folder / "empty").mkdir()
    with world.launcher(base=world.folder / "empty") as unpublished:
        trial(unpublished)()
        declared["calls"] = {"destinations": ["DE"]}
        with pytest.raises(CallRefused):
            trial(unpublished)()
    assert world.sandbox.rings(ANN) == 1


@pytest.mark.parametrize("entry", [ANN, hashed(ANN)], ids=["number", "hash"])
def test_who_is_on_the_ledgers_list_is_not_called(
    world: World, launcher: Launcher, entry: str
) -> None:
    """By no way of calling; whatever the hours: it is the reason that waiting doesn't change."""
    published(world, destinations=["US"], hours=SHUT)
    launcher.ledger.suppress([Suppression(entry, "asked by mail", "2026-11-25T00:00:00Z")])
    with pytest.raises(CallRefused, match=r"asked by mail.*\[suppression\]$") as refused:
        launcher.dial("reminder", to=ANN, inputs=NAMED)
    assert (refused.value.rule, refused.value.due) == ("suppression", None)
    with pytest.raises(CallRefused, match=r"\[suppression\]$"):
        asyncio.run(launcher.adial("reminder", to=ANN, inputs=NAMED, once="a-key"))
    with pytest.raises(CallRefused, match=r"\[suppression\]$"):
        launcher.try_dial(world.bound(), keyvar=KEYVAR, to=ANN, inputs=NAMED)
    out, said = world.dial("--json", code=3)
    told = json.loads(out)
    assert (told["outcome"], told["rule"], told["due"]) == ("refused", "suppression", None)
    assert "nothing was sent. `dialform suppress` keeps the list" in said
    assert "asked by mail" in world.dial("--dry-run")[1]
    assert world.sandbox.received() == []
    assert dials_on_record(world) == 0
    published(world)
    launcher.dial("reminder", to=BEN, inputs=NAMED)
    assert world.sandbox.rings(BEN) == 1


def test_a_first_call_is_still_told_to_who_asks_again_with_its_key(launcher: Launcher) -> None:
    first = launcher.dial("reminder", to=ANN, inputs=NAMED, once="visit-1")
    launcher.ledger.suppress([Suppression(ANN, "asked", "2026-11-25T00:00:00Z")])
    again = launcher.dial("reminder", to=ANN, inputs=NAMED, once="visit-1")
    assert (again.id, again.replayed) == (first.id, True)


def test_a_dry_run_begins_no_ledger(world: World) -> None:
    world.dial("--dry-run")
    assert not world.ledger.exists()
