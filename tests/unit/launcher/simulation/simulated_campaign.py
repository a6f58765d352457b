"""A campaign of three days under a simulated clock, network, disk and scheduler, from one seed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
from functools import cache, lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from judge import judged
from launcher_world import BINDINGS, CALL, INPUTS, PROFILE
from simulated_api import SimulatedApi, drawn
from simulated_loop import SimulatedLoop

from dialform.errors import LedgerError
from dialform.launcher.calling import Rules
from dialform.launcher.calling.limits import Again
from dialform.launcher.campaign import Engine, Happened, Settings
from dialform.launcher.campaign.writer import Writer
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.sqlite import SqliteConnection, SqliteFile
from dialform.launcher.records import Campaign, Row
from dialform.launcher.request import Template
from dialform.presets.canonical import canonical, digest
from dialform.presets.documents import bound_preset, preset_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialform.launcher.calling import Refusal
    from dialform.launcher.records import Record, Settlement

DAYS = 3
PEOPLE = [f"+1415555{last:04}" for last in range(100, 200)]
ZONES = ("America/New_York", "America/Denver", "America/Los_Angeles", "Europe/Berlin")
BEGINS = (
    1762581600.0,  # in the hour in which summer time ended in America
    1773558000.0,  # and in which it began
    1764072000.0,
)
HOURS = {"mon-sun": ["09:00-12:00", "13:00-20:00"]}
_Result = TypeVar("_Result")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class History(NamedTuple):
    """What became of a campaign."""

    digest: str
    """Of everything that happened, in its order."""

    wrong: list[str]
    """The judge's verdict."""

    rings: int
    finished: bool


def bound() -> dict[str, Any]:
    """A bound preset, as a release has it."""
    document = preset_document(CALL, profile=digest(canonical(PROFILE)), inputs=INPUTS)
    return bound_preset(
        environment="dev",
        workspace="http://127.0.0.1:9/api",
        name="reminder",
        preset=document,
        preset_digest=digest(canonical(document)),
        profile=PROFILE,
        bindings=BINDINGS,
    )


BOUND = bound()
TEMPLATE = Template(BOUND)


class Process:
    """One launcher that may die at any moment."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False


class SimulatedWriter(Writer):
    """A disk that takes its time, is full at times, and is gone with its process."""

    def __init__(self, ledger: Ledger, world: SimulatedCampaign, process: Process) -> None:
        super().__init__(ledger, direct=True)
        self._world = world
        self._process = process

    async def call(self, function: Callable[..., _Result], *args: Any, **kwargs: Any) -> _Result:
        self._world.alive(self._process)
        result = self._world.writes(function, *args, **kwargs)
        await self._world.disk()
        self._world.alive(self._process)
        return result

    async def _turn(self, group: Any) -> list[Any]:
        """Others come between what is picked and what is written."""
        picked = await self.call(self._picked, group)
        return await self.call(self._write, group, picked)

    async def read(self, function: Callable[[], _Result]) -> _Result:
        self._world.alive(self._process)
        return function()

    def now(self, settlement: Settlement) -> None:
        self._world.alive(self._process)
        super().now(settlement)


class OneForAll(SqliteConnection):
    """A connection that several processes use in turn; whoever closes it is done with it."""

    def close(self) -> None:
        pass


class Memory(SqliteFile):
    """
    A ledger's file in memory, with one connection.

    No call of the ledger is interrupted here, so that no process could tell it from a file and
    a connection of its own; both cost more than all else together.
    """

    def __init__(self) -> None:
        super().__init__(":memory:", patience=0.0, identifier=lambda: "ledger")
        self.opened = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512
        )
        _new_ledger().backup(self.opened)

    def connect(self) -> SqliteConnection:
        return OneForAll(self.opened)

    def _make_file(self) -> None:
        pass


@cache
def _new_ledger() -> sqlite3.Connection:
    """A ledger as it is made, in memory: what others begin as."""
    made = SqliteFile(":memory:", patience=0.0, identifier=lambda: "ledger")
    made._make_file = lambda: None  # type: ignore[method-assign]
    return made.connect()._connection


class SimulatedLedger(Ledger):
    """A ledger in a place that is there already."""

    def __init__(self, place: SqliteFile, **how: Any) -> None:
        super().__init__(place.place, **how)
        self._database = place


class SimulatedCampaign:
    """All of it, from a seed."""

    def __init__(self, seed: int, folder: Path | None) -> None:
        self.rng = Random(seed)  # noqa: S311 - a seed, so that a history comes again
        self.place: Memory | SqliteFile = Memory() if folder is None else _file(folder)
        self.loop = SimulatedLoop()
        self.loop.set_exception_handler(_heard)
        self.epoch = self.rng.choice(BEGINS)
        self.offset = 0.0
        self.log = hashlib.sha256()
        self.events = 0
        self.api = SimulatedApi(self.rng, self.loop)
        self.processes: dict[str, Process] = {}
        self.rules = Rules.of(
            {
                "environment": "dev",
                "workspace": {"url": "http://127.0.0.1:9/api"},
                "calls": {"hours": HOURS} if self.rng.random() < 0.5 else {},
            }
        )
        self.settings = self._drawn()
        self.finished = False
        self._disk = self.rng.choice((0.0, 0.0, 0.002))
        self._kills = self.rng.choice((60.0, 600.0, 7200.0, 86400.0))
        self._comes_back = self.rng.choice((2.0, 60.0, 1800.0))
        self._ledgers: list[Ledger] = []
        self._tasks: list[asyncio.Task[Any]] = []  # else what is left of some would be collected
        self.campaign: Campaign

    def _drawn(self) -> Settings:
        rng = self.rng
        retry = {
            how: Again(rng.randrange(1, 4), rng.choice((0.0, 0.0, 60.0, 3600.0)))
            for how in ("no-answer", "busy", "failed", "RATE_LIMITED")
            if rng.random() < 0.5
        }
        return Settings(
            rate=rng.choice((0.02, 0.5, 10.0)),
            in_flight=rng.choice((1, 4, 16)),
            live=rng.choice((1, 5, 30)),
            total=rng.choice((None, None, None, 50)),
            canary=rng.choice((None, None, 5)),
            failures=rng.choice((None, 0.5)),
            retry=retry,
        )

    # ------------------------------------------------------------------ what processes touch

    def now(self) -> float:
        """What the clock on the wall says, which somebody may set."""
        return self.epoch + self.loop.passed + self.offset

    def alive(self, process: Process) -> None:
        """Nothing of a dead process is done."""
        if process.dead:
            raise Killed

    def disk(self) -> asyncio.Future[None]:
        """The time that a disk takes; the process may be gone when it is over."""
        return self.loop.pause(drawn(self.rng, 0.01))

    def writes(self, function: Callable[..., _Result], *args: Any, **kwargs: Any) -> _Result:
        """A call of the ledger; a full disk fails before it, a broken one after."""
        draw = self.rng.random()
        if draw < self._disk:
            raise LedgerError("the disk is full")
        result = function(*args, **kwargs)
        if draw < 2 * self._disk:
            raise LedgerError("the disk says that it failed")
        return result

    def ledger(self, process: Process) -> Ledger:
        """The shared ledger, opened by a process."""
        count = 0

        def identifier() -> str:
            nonlocal count
            count += 1
            return f"{process.name}-{count:06}"

        made = SimulatedLedger(self.place, clock=self.now, identifier=identifier)
        self._ledgers.append(made)
        return made

    def is_pending(self, record: Record) -> bool:
        """Whether the process that reserved a dial is there; its clock is everybody's."""
        owner = self.processes[record.id.partition("-")[0]]
        return not owner.dead and self.now() <= record.deadline

    def allows(self, now: float, row: Row) -> Refusal | None:
        """The rules of the environment."""
        return self.rules.check(now, row.to, _zones(row.zones))

    def room(self, _now: float, _row: Row) -> None:
        """There are no caps."""

    def note(self, *what: object) -> None:
        """A line of the history."""
        self.events += 1
        self.log.update(f"{self.loop.passed:.6f} {what}\n".encode())

    # ------------------------------------------------------------------ what happens

    def run(self) -> History:
        """Three days, and the verdict."""
        loop = self.loop
        try:
            self._open()
            loop.run_until_complete(self._days())
            return self._verdict()
        finally:
            while left := asyncio.all_tasks(loop):  # some begin others when they end
                for task in left:
                    task.cancel()
                loop.run_until_complete(asyncio.wait(left, timeout=3600.0))
            loop.run_until_complete(loop.shutdown_asyncgens())
            for one in self._ledgers:
                one.close()
            loop.close()
            if isinstance(self.place, Memory):
                self.place.opened.close()

    def _open(self) -> None:
        ledger = self.ledger(Process("p0"))
        row = ledger.open_campaign(
            Campaign(
                id="c1",
                environment="dev",
                name="november",
                preset="reminder",
                version=1,
                release=1,
                preset_digest=BOUND["preset"]["digest"],
                bound_digest=digest(canonical(BOUND)),
                workspace="http://127.0.0.1:9/api",
                source="people.csv",
                source_digest="sha256:0",
                opened_at="2026-11-25T09:00:00.000000Z",
                opened_by="anna",
                settings=self.settings.as_json(),
            ),
            [
                Row(
                    at,
                    to,
                    to,
                    '{"name":"Ann"}',
                    json.dumps([self.rng.choice(ZONES)]),
                    due=self.now(),
                )
                for at, to in enumerate(PEOPLE, start=1)
            ],
        )
        self.campaign = row[0]
        ledger.close()

    async def _days(self) -> None:
        launchers = [self._launcher(at) for at in range(self.rng.choice((1, 2, 2, 3)))]
        clock = asyncio.ensure_future(self._clock())
        await asyncio.wait(
            [asyncio.ensure_future(one) for one in launchers], timeout=DAYS * 86400.0
        )
        clock.cancel()

    async def _clock(self) -> None:
        """Somebody sets the clock, now and then."""
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / 86400))
            self.offset = self.rng.choice((0.0, 0.0, -3600.0, 3600.0, 0.5))
            self.note("clock", self.offset)

    async def _launcher(self, at: int) -> None:
        """A person who starts the command again, whatever ends it."""
        number = 0
        while self.loop.passed < DAYS * 86400.0:
            number += 1
            process = Process(f"p{at}x{number}")
            self.processes[process.name] = process
            self.note(process.name, "starts")
            task = asyncio.ensure_future(self._process(process))
            self._tasks.append(task)
            life = self.rng.expovariate(1 / self._kills)
            await asyncio.wait([task], timeout=life)
            if not task.done():
                self.note(process.name, "is killed")
                process.dead = True
                task.cancel()
                # What it waits for may be gone with it.
                await asyncio.wait([task], timeout=1.0)
            process.dead = True
            ended = task.done() and not task.cancelled()
            error = task.exception() if ended else None
            if error is not None and not isinstance(error, (Killed, LedgerError)):
                raise error
            if ended and error is None:
                stop = task.result()
                self.note(process.name, *stop)
                if stop.state == "finished":
                    self.finished = True
                    return
                if stop.rule == "total":
                    return
            await asyncio.sleep(self.rng.expovariate(1 / self._comes_back))

    async def _process(self, process: Process) -> Any:
        ledger = self.ledger(process)
        writer = SimulatedWriter(ledger, self, process)

        def report(one: Happened) -> None:
            self.note(process.name, one.kind, one.row.to, one.dial_id, one.told)

        try:
            return await Engine(
                self.campaign,
                self.settings,
                ledger=ledger,
                writer=writer,
                transport=self.api,
                template=TEMPLATE,
                now=self.now,
                gate=self,
                stopped=lambda: None,
                suppressed=lambda _: None,
                report=report,
                is_pending=self.is_pending,
                idle=3600.0,
                longest_call=3600.0,
                listens=600.0,
            ).run()
        finally:
            ledger.close()

    def _verdict(self) -> History:
        rings = [(self.epoch + one.time, one.to) for one in self.api.receipts]
        for one in self.api.receipts:
            self.note("rang", *one)
        retry = {how: again.times for how, again in self.settings.retry.items()}
        with self._looking() as ledger:
            wrong = judged(ledger, rings, PEOPLE, retry, slack=3601.0)
        return History(self.log.hexdigest(), wrong, len(rings), self.finished)

    def _looking(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        if isinstance(self.place, Memory):
            return contextlib.nullcontext(self.place.opened)
        return contextlib.closing(sqlite3.connect(self.place.place))


@lru_cache(maxsize=16)
def _zones(names: str) -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in json.loads(names)]


def _heard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for is said, but for what a dead process left."""
    is_left = context["message"].startswith("Task was destroyed")
    if not (is_left or isinstance(context.get("exception"), Killed)):
        loop.default_exception_handler(context)


def _file(folder: Path) -> SqliteFile:
    return SqliteFile(str(folder / "ledger.db"), patience=0.0, identifier=lambda: "ledger")


def simulated(seed: int, folder: Path | None = None) -> History:
    """The history of a seed; with ``folder``, which is emptied, the ledger is a file in it."""
    for one in folder.glob("ledger.db*") if folder else ():
        one.unlink()
    return SimulatedCampaign(seed, folder).run()
