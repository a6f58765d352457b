"""The engine calls each person once per attempt, whatever stops it, and says how each row ended."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from campaign_world import FAST, number

from dialform.errors import LedgerError, Rejected
from dialform.launcher.calling.limits import Again
from dialform.launcher.ledger import Ledger
from dialform.launcher.outcomes.events import apply_event
from dialform.registry import Meta

if TYPE_CHECKING:
    from collections.abc import Callable

    from campaign_world import CampaignWorld
    from postgres_server import PostgresServerProcess

    from dialform.api.answers import Created
    from dialform.api.fast import Seen
    from dialform.launcher.campaign import Engine, Happened, Stop

BUSY, UNANSWERED, FAILING = "+14155550110", "+14155550111", "+14155550112"
SEVEN = [number(at) for at in range(7)]


def once(numbers: list[str]) -> dict[str, int]:
    return dict.fromkeys(numbers, 1)


def test_everybody_is_called_once(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN)
    told: list[Happened] = []
    stop = world.call(campaign, report=told.append)
    assert (stop.state, stop.rule) == ("finished", "")
    assert world.rings() == once(SEVEN)
    assert world.counts() == {"done": 7}
    kinds = [one.kind for one in told]
    assert (kinds.count("accepted"), kinds.count("ended")) == (7, 7)


def test_the_bytes_are_those_of_a_single_dial(world: CampaignWorld) -> None:
    world.call(world.open([SEVEN[0]]))
    (sent,) = world.sandbox.received()
    with world.launcher() as launcher:
        request = launcher.request("reminder", to=SEVEN[0], inputs={"name": "Ann"})
    assert sent.body == request.body


def test_a_second_run_calls_nobody(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN)
    world.call(campaign)
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


def test_a_run_that_is_drained_goes_on_where_it_was(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))
    engines: list[Engine] = []

    def drains(one: Happened) -> None:
        if one.kind == "accepted":
            engines[0].drain("interrupted")

    stop = world.call(campaign, during=engines.append, report=drains)
    assert len(world.rings()) < len(SEVEN)
    assert (stop.state, stop.rule) == ("running", "interrupted")
    assert "reserved" not in world.counts()
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


def test_what_is_cut_off_in_mid_sending_is_unknown_and_not_called_again(
    world: CampaignWorld,
) -> None:
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=3)
    campaign = world.open(SEVEN[:2], FAST._replace(in_flight=1))

    async def cut() -> None:
        task = asyncio.ensure_future(world.run_campaign(campaign))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cut())
    assert sorted(world.counts()) == ["planned", "unknown"]
    assert world.call(campaign).state == "finished"
    assert world.counts() == {"done": 1, "unknown": 1}
    assert world.rings() == once(SEVEN[:2])


@pytest.mark.parametrize(
    "fault",
    [
        {"how": "status", "status": 500},
        {"how": "close", "after": "created"},
        {"how": "reset", "after": "created"},
        {"how": "cut", "after": "created"},
        {"how": "garbage", "after": "created"},
        {"how": "not-http"},
    ],
    ids=lambda fault: fault["how"],
)
def test_an_answer_that_says_nothing_is_unknown(
    world: CampaignWorld, fault: dict[str, str]
) -> None:
    world.sandbox.fail_next("dials", **fault)  # type: ignore[arg-type]
    campaign = world.open(SEVEN[:3], FAST._replace(in_flight=1))
    assert world.call(campaign).state == "finished"
    assert world.call(campaign).state == "finished"
    assert world.counts() == {"done": 2, "unknown": 1}
    assert len(world.sandbox.received()) == 3


def test_calls_that_the_api_defers_are_made_later(world: CampaignWorld) -> None:
    world.sandbox.fail_next("dials", status=429, times=3, headers={"retry-after": "0"})
    campaign = world.open(SEVEN)
    engines: list[Engine] = []
    paces: dict[str, float] = {}

    def report(one: Happened) -> None:
        paces.setdefault(one.kind, engines[0].governor.pace)

    assert world.call(campaign, during=engines.append, report=report).state == "finished"
    assert world.rings() == once(SEVEN)
    assert paces["deferred"] < 1


def test_a_server_that_is_not_there_is_waited_for(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN[:1])
    told: list[str] = []

    def report(one: Happened) -> None:
        told.append(one.kind)

    def drains(engine: Engine) -> None:
        asyncio.get_running_loop().call_later(0.3, engine.drain, "interrupted")

    stop = world.call(campaign, url="http://127.0.0.1:1/api", report=report, during=drains)
    assert stop.rule == "interrupted"
    assert set(told) == {"not_sent"}
    assert world.counts() == {"planned": 1}


def test_five_equal_rejections_pause_it_and_nobody_is_lost(world: CampaignWorld) -> None:
    body = json.dumps({"message": "webhookUrl must be https"})
    world.sandbox.fail_next("dials", status=422, times=20, body=body)
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "rejected")
    assert "webhookUrl must be https" in stop.message
    assert len(world.sandbox.received()) == 5
    assert world.counts() == {"planned": 7}
    world.sandbox.clear_faults()
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


@pytest.mark.parametrize("limit", ["total", "canary"])
def test_the_most_calls_of_a_campaign_are_those_of_all_its_launchers(
    world: CampaignWorld, limit: str
) -> None:
    few = FAST._replace(in_flight=1)
    campaign = world.open(SEVEN, few._replace(total=4) if limit == "total" else few)
    if limit == "canary":
        campaign = campaign._replace(settings=few._replace(canary=4).as_json())

    begun = threading.Barrier(3)

    def begins() -> Callable[[str], None]:
        first = iter([begun.wait])

        def suppressed(_: str) -> None:  # asked before the first is reserved
            next(first, lambda _: 0)(30)

        return suppressed

    async def run() -> list[Stop]:
        three = (world.run_campaign(campaign, suppressed=begins()) for _ in range(3))
        return await asyncio.gather(*three)

    stops = asyncio.run(asyncio.wait_for(run(), 60))
    assert {(stop.state, stop.rule) for stop in stops} == {("paused", limit)}
    assert sum(world.rings().values()) == 4


def test_equal_rejections_that_come_at_once_lose_nobody(world: CampaignWorld) -> None:
    """Those before the fifth may wait to be written down when it is known to be the last."""
    campaign = world.open(SEVEN)

    async def run() -> Stop:
        asked: list[bytes] = []
        all_asked = asyncio.Event()

        class Rejecting:
            async def create(self, body: bytes, *, idempotent: bool = False) -> Created:
                assert not idempotent
                asked.append(body)
                if len(asked) == len(SEVEN):
                    all_asked.set()
                await all_asked.wait()
                raise Rejected("422", status=422, words="webhookUrl must be https")

            async def seen(self, dial_id: str) -> Seen:
                raise AssertionError(dial_id)

        return await world.run_campaign(campaign, transport=Rejecting())

    stop = asyncio.run(asyncio.wait_for(run(), 60))
    assert (stop.state, stop.rule) == ("paused", "rejected")
    assert world.counts() == {"planned": 7}


def test_a_rejection_of_one_person_is_theirs(world: CampaignWorld) -> None:
    world.sandbox.fail_next("dials", status=422, times=1, body='{"message": "no such number"}')
    campaign = world.open(SEVEN[:3], FAST._replace(in_flight=1))
    assert world.call(campaign).state == "finished"
    assert world.counts() == {"done": 2, "rejected": 1}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_or_an_agent_that_is_gone_pauses_it_at_once(
    world: CampaignWorld, status: int
) -> None:
    world.sandbox.fail_next("dials", status=status, times=20)
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "rejected")
    assert len(world.sandbox.received()) == 1
    assert world.counts() == {"planned": 7}


def test_five_calls_without_an_answer_pause_it(world: CampaignWorld) -> None:
    world.sandbox.fail_next("dials", status=502, times=20)
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "no-answer-of-api")
    assert world.counts() == {"planned": 2, "unknown": 5}


def test_a_policy_calls_again(world: CampaignWorld) -> None:
    policy = {"no-answer": Again(2, 0.2), "busy": Again(1, 0.2)}
    campaign = world.open([BUSY, UNANSWERED, SEVEN[0]], FAST._replace(retry=policy))
    assert world.call(campaign).state == "finished"
    sent = [json.loads(one.body)["toNumber"] for one in world.sandbox.received()]
    assert {one: sent.count(one) for one in sent} == {BUSY: 2, UNANSWERED: 3, SEVEN[0]: 1}
    assert world.counts() == {"done": 3}


def test_what_a_webhook_told_the_ledger_counts_as_seen(world: CampaignWorld) -> None:
    """Another process, `dialform serve`, wrote it; the engine's own looks would come too late."""
    policy = {"busy": Again(1, 0.0)}
    campaign = world.open([SEVEN[0]], FAST._replace(retry=policy))
    world.sandbox.fail_next("dial", status=500, times=1000)
    told: list[Happened] = []

    def hear(one: Happened) -> None:
        told.append(one)
        if one.kind == "accepted":
            said = {"dial_id": one.dial_id, "status": "busy", "system_result_type": "BUSY"}
            body = json.dumps({"event": "dial.updated", "payload": said}).encode()
            with closing(Ledger(world.ledger)) as served:
                assert apply_event(served, body, time.time()).record is not None

    stop = world.call(campaign, report=hear, polls=(3600.0,), listens=0.05)
    assert stop.state == "finished"
    kinds = [one.kind for one in told]
    assert kinds == ["accepted", "ended", "again", "accepted", "ended"]
    assert world.counts() == {"done": 1}


def test_an_end_that_serve_asked_for_is_not_asked_for_again(world: CampaignWorld) -> None:
    campaign = world.open([SEVEN[0]])

    def hear(one: Happened) -> None:
        if one.kind == "accepted":
            with closing(Ledger(world.ledger)) as served:
                served.see(one.dial_id or "", "completed", at=time.time(), seconds=12.0)

    assert world.call(campaign, report=hear, polls=(3600.0,), listens=0.05).state == "finished"
    with closing(Ledger(world.ledger)) as ledger:
        (record,) = ledger.find()
    assert (record.call_status, record.seconds) == ("completed", 12.0)
    assert world.sandbox.requests("dial") == []


def test_what_was_reserved_before_the_machine_slept_is_looked_at_again(
    world: CampaignWorld,
) -> None:
    """An hour passes between a reservation and its call: its calling hours may be over."""
    campaign = world.open([SEVEN[0]])
    told: list[Happened] = []

    def clock() -> float:
        return time.time() - (0.0 if told else 3600.0)

    assert world.call(campaign, clock=clock, report=told.append).state == "finished"
    assert [one.kind for one in told] == ["not_sent", "accepted", "ended"]
    assert world.rings() == {SEVEN[0]: 1}
    assert len(world.sandbox.received()) == 1


def test_without_a_policy_nothing_is_called_again(world: CampaignWorld) -> None:
    campaign = world.open([BUSY, UNANSWERED])
    assert world.call(campaign).state == "finished"
    assert len(world.sandbox.received()) == 2


def test_a_hold_pauses_it_before_the_next_call(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))
    meta = Meta("2026-11-25T09:00:00Z", by="ben", reason="wrong amount")
    held: list[bool] = []

    def hold(one: Happened) -> None:
        if one.kind == "accepted" and not held:
            held.append(True)
            world.registry.append("dev", "reminder", "hold", expected=None, meta=meta)

    stop = world.call(campaign, report=hold)
    assert (stop.state, stop.rule) == ("paused", "hold")
    assert "ben: wrong amount" in stop.message
    assert len(world.rings()) <= 2  # the one that was on its way meanwhile
    assert world.call(campaign).rule == "hold"
    world.registry.append("dev", "reminder", "resume", expected=None, meta=meta)
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


def test_a_registry_that_is_gone_pauses_it(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))

    def breaks(one: Happened) -> None:
        if one.kind == "accepted" and (world.folder / "registry").exists():
            (world.folder / "registry").rename(world.folder / "away")

    stop = world.call(campaign, report=breaks)
    assert (stop.state, stop.rule) == ("paused", "registry")
    assert len(world.rings()) <= 2  # the one that was on its way meanwhile


def test_the_canary_pauses_it_once(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN, FAST._replace(canary=2))
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "canary")
    assert len(world.rings()) == 2
    assert "2 completed" in stop.message
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


def test_a_larger_canary_pauses_it_again(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN, FAST._replace(canary=2))
    for canary in (2, 4):
        larger = campaign._replace(settings=FAST._replace(canary=canary).as_json())
        stop = world.call(larger)
        assert (stop.rule, len(world.rings())) == ("canary", canary)
    assert world.call(larger).state == "finished"


def test_a_canary_that_was_cut_short_pauses_it_all_the_same(world: CampaignWorld) -> None:
    """A launcher that is gone by then has heard nothing, and neither has anybody else."""
    campaign = world.open(SEVEN, FAST._replace(canary=2, in_flight=1))

    engines: list[Engine] = []
    placed: list[Happened] = []

    def cuts(one: Happened) -> None:
        placed.extend([one] if one.kind == "accepted" else [])
        if len(placed) == 2:
            engines[0].drain("cut short")

    stop = world.call(campaign, during=engines.append, report=cuts)
    assert (stop.state, len(world.rings())) == ("running", 2)
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "canary")
    assert "2 completed" in stop.message
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


def test_a_canary_does_not_wait_for_a_launcher_that_is_gone(world: CampaignWorld) -> None:
    """The call that it was sending is given up, and somebody else is the second."""
    campaign = world.open(SEVEN, FAST._replace(canary=2, in_flight=1))
    engines: list[Engine] = []

    def takes(one: Happened) -> None:
        if one.kind == "accepted" and one.row.to == SEVEN[0]:
            with closing(Ledger(world.ledger, process="999999999:gone")) as other:
                (row,) = other.due(campaign.id, time.time(), 1)
                other.reserve_many([engines[0]._reservation(row)], seconds=60)

    stop = world.call(campaign, during=engines.append, report=takes, listens=0.05)
    assert (stop.state, stop.rule) == ("paused", "canary")
    assert world.rings() == once([SEVEN[0], SEVEN[2]])
    assert world.states()[SEVEN[1]] == "unknown"


def test_no_more_calls_than_its_total(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN, FAST._replace(total=3))
    for _ in range(2):
        stop = world.call(campaign)
        assert (stop.state, stop.rule) == ("paused", "total")
        assert stop.message == "3 calls were placed, and --total allows no more: give a larger one"
        assert len(world.rings()) == 3


def test_calls_that_fail_stop_it(world: CampaignWorld) -> None:
    people = [*[FAILING] * 6, *SEVEN]
    campaign = world.open(people, FAST._replace(in_flight=1, live=1, failures=0.5))
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "failures")
    assert "5 of 5 calls failed" in stop.message
    assert world.rings() == {}


def test_no_more_live_calls_than_allowed(world: CampaignWorld) -> None:
    world.sandbox.speed(20)
    campaign = world.open(SEVEN, FAST._replace(live=2))
    live: list[int] = []

    def report(_: Happened) -> None:
        statuses = [dial["status"] for dial in world.sandbox.dials()]
        live.append(sum(one in ("queued", "ringing", "in-progress") for one in statuses))

    assert world.call(campaign, report=report).state == "finished"
    assert 0 < max(live) <= 2
    assert world.rings() == once(SEVEN)


def test_somebody_who_is_suppressed_meanwhile_is_skipped(world: CampaignWorld) -> None:
    campaign = world.open(SEVEN)
    world.call(campaign, suppressed=lambda to: "asked" if to == SEVEN[3] else None)
    assert world.states()[SEVEN[3]] == "skipped"
    assert world.rings() == once([one for one in SEVEN if one != SEVEN[3]])


def test_two_processes_share_it(world: CampaignWorld) -> None:
    people = [number(at) for at in range(20)]
    campaign = world.open(people, FAST._replace(in_flight=3))

    async def both() -> list[str]:
        runs = (world.run_campaign(campaign) for _ in range(2))
        return [stop.state for stop in await asyncio.gather(*runs)]

    assert asyncio.run(asyncio.wait_for(both(), 60)) == ["finished", "finished"]
    assert world.rings() == once(people)
    assert world.counts() == {"done": 20}


def test_a_retry_that_nobody_planned_is_planned_by_the_next(world: CampaignWorld) -> None:
    """As where a process ends between the end of a call and the plan for the next."""
    policy = {"no-answer": Again(1, 0.0)}
    campaign = world.open([UNANSWERED], FAST._replace(retry=policy))
    world.call(campaign._replace(settings=FAST.as_json()))
    assert world.counts() == {"done": 1}
    assert world.call(campaign).state == "finished"
    assert len(world.sandbox.received()) == 2
    assert world.call(campaign).state == "finished"
    assert len(world.sandbox.received()) == 2


def test_rows_of_a_process_that_is_gone_are_given_up_by_one_that_runs(
    world: CampaignWorld,
) -> None:
    """It was there when this one began, and its rows are all that is left."""
    campaign = world.open(SEVEN[:1])
    ledger = Ledger(world.ledger)
    (row,) = ledger.due(campaign.id, time.time(), 1)
    engines: list[Engine] = []

    def reserves(engine: Engine) -> None:
        engines.append(engine)
        ledger.reserve_many([engine._reservation(row)], seconds=60)

    there = iter((True, True))
    stop = world.call(campaign, during=reserves, is_pending=lambda _: next(there, False), idle=0.05)
    ledger.close()
    assert stop.state == "finished"
    assert world.counts() == {"unknown": 1}
    assert world.rings() == {}


def test_a_ledger_that_can_not_be_written_ends_the_run_with_its_error(
    world: CampaignWorld,
) -> None:
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))

    def report(one: Happened) -> None:
        if one.kind == "accepted":
            raise LedgerError("the disk is full")

    with pytest.raises(LedgerError, match="the disk is full"):
        world.call(campaign, report=report)
    assert len(world.rings()) <= 2
    assert world.call(campaign).state == "finished"
    assert world.rings() == once(SEVEN)


def test_the_first_of_several_troubles_is_told(
    world: CampaignWorld, postgres: PostgresServerProcess
) -> None:
    world.place = postgres.new_database()
    campaign = world.open(SEVEN, FAST._replace(in_flight=1))

    def report(one: Happened) -> None:
        if one.kind == "accepted":
            postgres.cut_connections()  # so that nothing that follows can be written down either
            raise LedgerError("the first trouble")

    with pytest.raises(LedgerError, match="the first trouble"):
        world.call(campaign, report=report)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_while_only_live_calls_are_left_pauses_it(
    world: CampaignWorld, status: int
) -> None:
    """No call is seen to end, so that no other would ever begin."""
    world.sandbox.fail_next("dial", status=status, times=20, body='{"message": "no such key"}')
    campaign = world.open(SEVEN, FAST._replace(live=2))
    stop = world.call(campaign)
    assert (stop.state, stop.rule) == ("paused", "rejected")
    assert stop.message == f"the API said {status}: no such key"
    assert world.counts() == {"live": 2, "planned": 5}
