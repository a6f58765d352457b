"""Calls are followed to their ends: on schedule, whatever the API answers meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from launcher_world import ANN

from dialform.errors import Rejected
from dialform.launcher.outcomes.follow import (
    Follower,
    Seen,
    afollow,
    follow,
    limit_of,
    limits_of,
    look_at,
)

if TYPE_CHECKING:
    from launcher_world import World

    from dialform.api.objects import Dial
    from dialform.launcher import Launcher
    from dialform.launcher.records import Record

BUSY, NOBODY, LIMITED, LONG = "+14155550110", "+14155550111", "+14155550113", "+14155550117"


class Following:
    """A follower whose time is the sandbox's: sleeping lets both go on."""

    def __init__(self, world: World, launcher: Launcher, per_second: float = 100.0) -> None:
        self.world = world
        self.launcher = launcher
        self.now = time.time()
        self.looks: list[tuple[str, float]] = []
        self.start = self.now
        self.follower = Follower(lambda: self.now, per_second=per_second)

    def place(self, *numbers: str) -> list[Record]:
        placed = [
            self.launcher.dial("reminder", to=number, inputs={"name": "Ann"}) for number in numbers
        ]
        records = [one for dial in placed if (one := self.launcher.ledger.record(dial.id))]
        for record, limit in limits_of(self.launcher.ledger, records):
            self.follower.add(record, limit=limit)
        return records

    def look(self, record: Record) -> Dial:
        self.looks.append((record.to or "", round(self.now - self.start)))
        return self.launcher.client().dial(record.dial_id or "")

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.world.sandbox.advance(seconds)

    def run(self) -> dict[str | None, Seen]:
        looked = follow(self.follower, self.looked, sleep=self.sleep)
        return {one.record.to: one for one in looked}

    def looked(self, record: Record) -> Record:
        return look_at(self.launcher.ledger, self.look, record, lambda: self.now)


def test_each_call_is_followed_to_its_end(world: World, launcher: Launcher) -> None:
    following = Following(world, launcher)
    following.place(ANN, BUSY, NOBODY, LIMITED)
    seen = following.run()
    told = {to: (one.record.call_status, one.record.result) for to, one in seen.items()}
    assert told == {
        ANN: ("completed", "AGENT_HANGUP"),
        BUSY: ("busy", "BUSY"),
        NOBODY: ("no-answer", "NO_ANSWER"),
        LIMITED: ("failed", "RATE_LIMITED"),
    }
    assert {to for to, one in seen.items() if one.never_rang} == {LIMITED}
    assert not any(one.given_up for one in seen.values())
    assert launcher.ledger.live() == []
    assert [at for to, at in following.looks if to == ANN] == [5, 10, 20, 30, 60]
    assert [at for to, at in following.looks if to == BUSY] == [5]
    assert seen[ANN].record.seconds == 30


def test_a_call_past_its_limit_is_given_up_and_stays_live(world: World, launcher: Launcher) -> None:
    """Nothing is made up about its end."""
    following = Following(world, launcher)
    (record,) = following.place(ANN)
    world.sandbox.fail_next("dial", status=404, times=1000)
    seen = following.run()[ANN]
    assert (seen.given_up, seen.ended) == (True, False)
    assert following.looks[-1][1] == pytest.approx(10 * 60 + 120, abs=2)
    assert [one.id for one in launcher.ledger.live()] == [record.id]


def test_answers_that_do_not_come_are_waited_out(world: World, launcher: Launcher) -> None:
    following = Following(world, launcher)
    following.place(BUSY)
    world.sandbox.fail_next("dial", how="garbage", times=2)
    assert following.run()[BUSY].record.result == "BUSY"
    assert [at for _, at in following.looks] == [5, 10, 20]


def test_a_key_that_is_refused_ends_it_and_loses_no_call(world: World, launcher: Launcher) -> None:
    following = Following(world, launcher)
    following.place(BUSY)
    world.sandbox.fail_next("dial", status=401)
    with pytest.raises(Rejected):
        following.run()
    assert following.run()[BUSY].record.result == "BUSY"


def test_a_webhooks_end_is_confirmed_and_nothing_asked_after_that(
    world: World, launcher: Launcher
) -> None:
    following = Following(world, launcher)
    (record,) = following.place(BUSY)
    launcher.ledger.see(record.dial_id or "", "failed", at=following.now)
    world.sandbox.advance(600)
    following.follower.heard(record.id)
    seen = following.run()[BUSY]
    assert (seen.record.call_status, seen.record.result) == ("busy", "BUSY")
    assert [at for _, at in following.looks] == [0]
    following.follower.add(record)
    following.run()
    assert len(following.looks) == 1


def test_the_rate_holds_over_many_calls(world: World, launcher: Launcher) -> None:
    following = Following(world, launcher, per_second=2.0)
    following.place(*[f"+1415555012{last}" for last in range(10)])
    world.sandbox.advance(600)
    following.run()
    times = sorted(at for _, at in following.looks)
    assert len(times) == 10
    assert times[-1] - times[0] >= 4


def test_several_are_looked_at_at_once_and_none_twice(world: World, launcher: Launcher) -> None:
    """In asyncio, where the clock is the wall's."""
    following = Following(world, launcher)
    follower = Follower(lambda: time.time() + 5, per_second=100.0)
    following.follower = follower
    records = following.place(*[f"+1415555012{last}" for last in range(8)])
    world.sandbox.advance(600)

    async def look(record: Record) -> Record:
        return await asyncio.to_thread(following.looked, record)

    async def run() -> list[Seen]:
        return [one async for one in afollow(follower, look, at_once=4)]

    seen = asyncio.run(run())
    assert {one.record.id for one in seen} == {one.id for one in records}
    assert sorted(to for to, _ in following.looks) == sorted(one.to or "" for one in records)


def test_a_limit_is_what_the_body_says() -> None:
    assert limit_of(b'{"timeoutMinutes": 10}') == 600
    for none in (None, b"", b"[]", b"{}", b'{"timeoutMinutes": "x"}', b'{"timeoutMinutes": null}'):
        assert limit_of(none) is None
    assert limit_of(b'{"timeoutMinutes": -3}') == 0
