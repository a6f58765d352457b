"""`Launcher` as Python code uses it: threads, asyncio, retries, what it refuses."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from launcher_world import ANN, BEN, BINDINGS, KEY, KEYVAR, MEMBERS

import dialform
from dialform.errors import (
    DialformError,
    InputError,
    LedgerError,
    NotSent,
    ObjectAbsent,
    ObjectCorrupt,
    OutcomeUnknown,
    Refused,
    RegistryUnreachable,
    Rejected,
    SettingError,
    UsageError,
)
from dialform.launcher import Launcher, assembled
from dialform.launcher.ledger import Ledger
from dialform.presets.canonical import digest
from dialform.registry import Meta
from dialform.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from launcher_world import World

INPUTS = {"name": "Ann"}
OPERATOR = Meta("2026-11-24T02:00:00Z", reason="wrong amount", by="anna")


def test_the_package_exports_it() -> None:
    assert dialform.Launcher is Launcher
    assert dialform.__version__.count(".") >= 1
    assert set(dir(dialform)) == {"Launcher", "__version__"}
    with pytest.raises(AttributeError, match="has no attribute 'Lancher'"):
        _ = dialform.Lancher


def test_a_dial_is_what_was_released_plus_the_call(world: World, launcher: Launcher) -> None:
    dial = launcher.dial("reminder", to=ANN, inputs={"name": "Ann", "amount": 5})
    (received,) = world.sandbox.received()
    body = json.loads(received.body)
    assert body.pop("toNumber") == ANN
    assert body.pop("callAgentInput") == {"name": "Ann", "company": "Acme", "amount": 5}
    assert body.pop("fromNumberId") == dial.from_number_id
    assert body == world.bound()["body"]
    assert dial.from_number_id in {one["id"] for one in MEMBERS}
    assert dial.request_digest == digest(received.body)
    assert (dial.version, dial.release, dial.recorded, dial.replayed) == (1, 1, True, False)
    assert dial.dial_token is not None
    assert dial.dial_token not in repr(dial)
    assert KEY not in repr(launcher)


def test_the_ledger_keeps_the_exact_bytes_and_no_token(world: World, launcher: Launcher) -> None:
    """Those that were sent, sensitive inputs with them, and those of the answer."""
    dial = launcher.dial("reminder", to=ANN, inputs={"name": "Ann", "pin": "4711"})
    record = launcher.ledger.record(dial.id)
    assert record is not None
    assert (record.person, record.campaign, record.withheld) == (ANN, None, '["pin"]')
    content = launcher.ledger.content(record.id)
    assert content is not None
    assert content.body == world.sandbox.received()[0].body
    assert b"4711" in content.body
    assert content.answer is not None
    assert json.loads(content.answer)["dialId"] == dial.id
    assert json.loads(content.answer)["dialToken"] == "***"
    assert "4711" not in record.inputs


def test_versions_and_digests_name_what_was_released(world: World, launcher: Launcher) -> None:
    second = world.release(timeoutMinutes=5)
    first = world.registry.entries("dev", "reminder")[0]

    def version(text: str) -> int | None:
        return launcher.dial(text, to=ANN, inputs=INPUTS).version

    assert version("reminder") == 2
    assert version("reminder@1") == 1
    assert version(f"reminder@{first.bound_digest}") == 1
    assert version(f"reminder@{first.preset_digest}") == 1
    assert version(f"reminder@{second.bound_digest}") == 2
    with pytest.raises(ObjectAbsent, match="version 3 of reminder was never released in dev"):
        version("reminder@3")
    with pytest.raises(ObjectAbsent, match="did you mean 'reminder'"):
        version("remindre")
    with pytest.raises(UsageError, match="after the @ stands a version"):
        version("reminder@latest")


def test_a_browser_call_takes_no_number(world: World, launcher: Launcher) -> None:
    world.release("web", browserCall=True, numbers=None, inputs={})
    dial = launcher.dial("web")
    assert (
        json.loads(world.sandbox.received()[-1].body)
        == world.bound("web", browserCall=True, numbers=None, inputs={})["body"]
    )
    assert (dial.to, dial.from_number_id) == (None, None)
    assert dial.dial_token is not None
    with pytest.raises(InputError, match="takes no number"):
        launcher.dial("web", to=ANN)
    with pytest.raises(InputError, match="toNumber: is required"):
        launcher.dial("reminder", inputs=INPUTS)


@pytest.mark.parametrize("kind", ["hold", "withdraw"])
def test_what_is_stopped_is_refused_with_the_story(
    world: World, launcher: Launcher, kind: str
) -> None:
    """Also by version, and also after another entry; a resumed one is dialled again."""
    world.registry.append("dev", "reminder", kind, expected=None, meta=OPERATOR)  # type: ignore[arg-type]
    world.registry.append(
        "dev", "reminder", "yank", expected=None, yank_version=1, meta=OPERATOR._replace(by="ben")
    )
    for text in ("reminder", "reminder@1"):
        with pytest.raises(Refused) as caught:
            launcher.dial(text, to=ANN, inputs=INPUTS)
        message = str(caught.value)
        assert "since 2026-11-24T02:00:00Z by anna: wrong amount" in message
        assert ("dialform resume reminder -s dev" if kind == "hold" else "pulumi up") in message
    assert world.sandbox.received() == []


def test_a_hold_ends_with_resume(world: World, launcher: Launcher) -> None:
    world.registry.append("dev", "reminder", "hold", expected=None, meta=OPERATOR)
    world.registry.append("dev", "reminder", "resume", expected=None, meta=OPERATOR)
    assert launcher.dial("reminder", to=ANN, inputs=INPUTS).version == 1


def test_a_yanked_version_is_refused_and_no_other(world: World, launcher: Launcher) -> None:
    world.release(timeoutMinutes=5)
    world.registry.append("dev", "reminder", "yank", expected=None, yank_version=1, meta=OPERATOR)
    assert launcher.dial("reminder", to=ANN, inputs=INPUTS).version == 2
    with pytest.raises(Refused, match=r"version 1 of reminder is yanked in dev since .* by anna"):
        launcher.dial("reminder@1", to=ANN, inputs=INPUTS)


def test_a_changed_byte_is_refused(world: World, launcher: Launcher) -> None:
    """Whichever object of those it reads, and wherever in it."""
    head = world.registry.head("dev", "reminder")
    assert head is not None
    folder = world.folder / "registry"
    paths = [
        folder / "blobs/sha256" / f"{head.bound_digest.removeprefix('sha256:')}.json",
        folder / "releases/dev/reminder/1.json",
        folder / "environments/dev/1.json",
    ]
    for path in paths:
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 7)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            with pytest.raises((ObjectCorrupt, DialformError)):
                launcher.dial("reminder", to=ANN, inputs=INPUTS)
        path.write_bytes(data + b"\n")
        with pytest.raises(ObjectCorrupt):
            launcher.dial("reminder", to=ANN, inputs=INPUTS)
        path.write_bytes(data)
    assert world.sandbox.received() == []
    launcher.dial("reminder", to=ANN, inputs=INPUTS)


def test_absent_and_unreachable_are_told_apart(world: World, tmp_path: Path) -> None:
    with pytest.raises(ObjectAbsent, match="has no environment 'prod'; there are: dev"):
        Launcher("registry", "prod", base=world.folder).request("reminder", to=ANN)
    shutil.rmtree(world.folder / "registry/blobs")
    with world.launcher() as launcher, pytest.raises(ObjectAbsent):
        launcher.dial("reminder", to=ANN, inputs=INPUTS)
    (world.folder / "registry/registry.json").unlink()
    with world.launcher() as launcher, pytest.raises(RegistryUnreachable):
        launcher.dial("reminder", to=ANN, inputs=INPUTS)
    with pytest.raises(DialformError):
        Launcher(tmp_path / "nowhere", "dev", base=world.folder).request("reminder", to=ANN)


def test_a_release_for_another_workspace_is_refused(world: World, launcher: Launcher) -> None:
    """The key of the workspace that is current never goes to the one that was."""
    world.publish_environment("https://elsewhere.example.com/api")
    with pytest.raises(Refused, match="release it again with `pulumi up`"):
        launcher.dial("reminder", to=ANN, inputs=INPUTS)


def test_the_key_comes_from_the_named_variable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEYVAR, raising=False)
    with world.launcher(key=None) as launcher:
        with pytest.raises(SettingError, match=f"{KEYVAR} is not set"):
            launcher.dial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
        monkeypatch.setenv(KEYVAR, KEY)
        assert launcher.dial("reminder", to=ANN, inputs=INPUTS, once="visit-1").recorded


def test_wrong_key_is_rejected_in_the_apis_words(world: World) -> None:
    with world.launcher(key="sandbox-nobody") as launcher, pytest.raises(Rejected) as caught:
        launcher.dial("reminder", to=ANN, inputs=INPUTS)
    assert caught.value.status == 401
    assert "sandbox-nobody" not in str(caught.value)


def test_a_call_of_which_no_byte_left_is_tried_again(world: World) -> None:
    """The API comes up while the launcher is trying: one call, placed at a later try."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    world.url = f"http://127.0.0.1:{port}/api"
    world.publish_environment(world.url)
    world.release()
    with ThreadPoolExecutor(1) as pool, world.launcher() as launcher:
        dialling = pool.submit(launcher.dial, "reminder", to=ANN, inputs=INPUTS)
        time.sleep(0.05)
        with Sandbox(port=port) as late:
            dial = dialling.result()
            assert [one["id"] for one in late.dials("dev")] == [dial.id]


def test_nothing_listens(world: World) -> None:
    world.url = "http://127.0.0.1:9/api"
    world.publish_environment(world.url)
    world.release()
    with world.launcher() as launcher, pytest.raises(NotSent):
        launcher.dial("reminder", to=ANN, inputs=INPUTS)


def test_threads_share_a_launcher_and_a_key_rings_once(world: World, launcher: Launcher) -> None:
    with ThreadPoolExecutor(16) as pool:
        dials = list(
            pool.map(
                lambda number: launcher.dial(
                    "reminder",
                    to=f"+1415555{200 + number // 2:04}",
                    inputs=INPUTS,
                    once=f"visit-{number // 2}",
                ),
                range(40),
            )
        )
    assert len({dial.id for dial in dials}) == 20
    assert len(world.sandbox.received()) == 20
    assert sum(dial.replayed for dial in dials) == 20


def test_asyncio_is_the_same(world: World) -> None:
    """The same bytes, the same record, the same errors; a loop after another works too."""

    async def work() -> None:
        async with world.launcher() as launcher:
            first, again, other = await asyncio.gather(
                launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1"),
                launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1"),
                launcher.adial("reminder", to=BEN, inputs={"name": "Ben"}),
            )
            assert first.id == again.id
            assert sorted([first.replayed, again.replayed]) == [False, True]
            assert other.id != first.id
            assert launcher.dial("reminder", to=ANN, inputs=INPUTS, once="visit-1").replayed
            with pytest.raises(InputError):
                await launcher.adial("reminder", to="4155550123", inputs=INPUTS)
            world.sandbox.fail_next("dials", status=500)
            with pytest.raises(OutcomeUnknown):
                await launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-2")
            with pytest.raises(OutcomeUnknown):
                await launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-2")

    asyncio.run(work())
    with world.launcher() as launcher:
        sync = launcher.request("reminder", to=ANN, inputs=INPUTS).body
    assert sync in [one.body for one in world.sandbox.received()]
    asyncio.run(work_again(world))
    assert world.sandbox.rings(BEN) == 2


async def work_again(world: World) -> None:
    async with world.launcher() as launcher:
        await launcher.adial("reminder", to=BEN, inputs={"name": "Ben"})


def test_many_that_wait_for_one_call_hold_nothing_up(world: World) -> None:
    """More of them than there are threads: the one that is sent is settled all the same."""
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=0.3)

    async def work() -> None:
        async with world.launcher() as launcher:
            dials = await asyncio.gather(
                *(
                    launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
                    for _ in range(50)
                )
            )
        assert len({dial.id for dial in dials}) == 1
        assert sum(not dial.replayed for dial in dials) == 1

    began = time.monotonic()
    asyncio.run(work())
    assert time.monotonic() - began < 5
    assert world.sandbox.rings(ANN) == 1


def test_cancelled_while_it_is_sent_is_unknown(world: World) -> None:
    async def work() -> None:
        world.sandbox.fail_next("dials", how="delay", after="created", seconds=30)
        async with world.launcher() as launcher:
            dialling = asyncio.create_task(
                launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
            )
            await asyncio.to_thread(_rings, world)
            dialling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dialling
            with pytest.raises(OutcomeUnknown):
                await launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1")

    asyncio.run(work())
    assert world.sandbox.rings(ANN) == 1


def _rings(world: World) -> None:
    """Return when Ann's phone rings."""
    while not world.sandbox.rings(ANN):
        time.sleep(0.01)


def test_cancelled_before_it_is_sent_leaves_the_key_free(world: World) -> None:
    async def work() -> None:
        async with world.launcher() as launcher:
            dialling = asyncio.create_task(
                launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
            )
            await asyncio.sleep(0)
            dialling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dialling
            assert world.sandbox.received() == []
            dial = await launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
            assert not dial.replayed

    asyncio.run(work())


def test_cancelled_while_it_is_written_down_leaves_the_key_free(world: World) -> None:
    """The ledger is held by another; the call is cancelled before its turn comes."""

    async def work() -> None:
        async with world.launcher() as launcher:
            assert launcher.ledger.taken("dev", "visit-1") is None
            with closing(sqlite3.connect(world.ledger, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                dialling = asyncio.create_task(
                    launcher.adial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
                )
                await asyncio.sleep(0.3)
                dialling.cancel()
                await asyncio.sleep(0.05)
                other.execute("ROLLBACK")
            with pytest.raises(asyncio.CancelledError):
                await dialling
            assert launcher.ledger.taken("dev", "visit-1") is None

    asyncio.run(work())
    with closing(sqlite3.connect(world.ledger)) as connection:
        assert connection.execute("SELECT state FROM dial").fetchall() == [("not_sent",)]
    assert world.sandbox.received() == []


@pytest.mark.parametrize("placed", [True, False])
def test_an_outcome_that_cannot_be_written_down_is_told(
    world: World,
    placed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The call was sent: its outcome reaches the caller, and the key rings no more."""
    after: Any = "created" if placed else "received"
    world.sandbox.fail_next("dials", how="delay", after=after, seconds=0.5)
    if not placed:
        world.sandbox.remove("dev", "agents", BINDINGS["agents"]["collector"]["id"])
    with world.launcher() as launcher, ThreadPoolExecutor(1) as pool:
        launcher._ledger = Ledger(world.ledger, patience=0.1)
        call = pool.submit(launcher.dial, "reminder", to=ANN, inputs=INPUTS, once="visit-1")
        while not world.sandbox.received():
            time.sleep(0.01)
        with closing(sqlite3.connect(world.ledger, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            if placed:
                dial = call.result()
                assert not dial.recorded
                assert dial.as_json()["recorded"] is False
            else:
                with pytest.raises(Rejected) as caught:
                    call.result()
                assert "the record counts as unknown" in caught.value.__notes__[0]
        record = launcher.ledger.taken("dev", "visit-1")
        assert record is not None
        assert record.state == "reserved"


def test_a_call_under_way_elsewhere_is_waited_for(world: World) -> None:
    """A second launcher with the key waits, for as long as the first may take, then says so."""
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=0.4)
    with world.launcher() as one, world.launcher() as other, ThreadPoolExecutor(1) as pool:
        first = pool.submit(one.dial, "reminder", to=ANN, inputs=INPUTS, once="visit-1")
        _rings(world)
        again = other.dial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
        assert again.replayed
        assert again.id == first.result().id


def test_a_key_of_another_preset_or_form_is_refused(world: World, launcher: Launcher) -> None:
    world.release("collections", timeoutMinutes=3)
    launcher.dial("reminder", to=ANN, inputs=INPUTS, once="visit-1")
    with pytest.raises(Refused, match=r"with reminder; this would call .* with collections"):
        launcher.dial("collections", to=ANN, inputs=INPUTS, once="visit-1")
    for once in ("", "two\nlines", "x" * 256):
        with pytest.raises(UsageError, match="once key"):
            launcher.dial("reminder", to=ANN, inputs=INPUTS, once=once)
    again = launcher.dial("reminder@1", to=ANN, inputs={"name": "Anna"}, once="visit-1")
    assert again.replayed


def test_an_unreleased_preset_is_dialled_and_recorded_as_such(
    world: World, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = world.bound("draft", timeoutMinutes=1)
    monkeypatch.setenv(KEYVAR, KEY)
    with world.launcher(key=None) as one:
        dial = one.try_dial(bound, keyvar=KEYVAR, to=ANN, inputs=INPUTS)
    assert (dial.version, dial.release) == (None, None)
    assert dial.as_json()["unreleased"] is True
    assert world.sandbox.received()[0].body == assembled(bound, to=ANN, inputs=INPUTS).body
    with pytest.raises(ObjectAbsent):
        launcher.dial("draft", to=ANN, inputs=INPUTS)


def test_the_ledger_must_take_it_first(world: World) -> None:
    (world.folder / "ledger.db").write_bytes(b"no database, but a text of some length" * 100)
    with world.launcher() as launcher, pytest.raises(LedgerError, match="nothing was sent"):
        launcher.dial("reminder", to=ANN, inputs=INPUTS)
    assert world.sandbox.received() == []
