"""
The engine: takes a campaign's rows as they come due, sends each call once, follows it to its end.

Reserve, send, settle: functions of a ledger, a clock and a transport, which all come in, so that
the same code runs under a simulated clock and network. What it decides it reads from the
ledger: several processes that share one never ring anyone twice, and a process that ends at any
point leaves rows that say what is known of them. No POST is ever repeated here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dialform.errors import (
    ApiError,
    Deferred,
    DialformError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Rejected,
)
from dialform.launcher.campaign.governor import Governor
from dialform.launcher.idempotency import CONFLICT, EXISTED
from dialform.launcher.outcomes.follow import Follower, afollow
from dialform.launcher.outcomes.watch import PER_SECOND, POLLS
from dialform.launcher.records import (
    ACCEPTED,
    ENDED,
    FINISHED,
    PAUSED,
    RUNNING,
    Row,
    Settlement,
)
from dialform.launcher.sending import reserved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialform.api.answers import Created
    from dialform.api.fast import Seen
    from dialform.launcher.calling import Refusal
    from dialform.launcher.campaign.settings import Settings
    from dialform.launcher.campaign.writer import Writer
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.ledger.reserving import Room
    from dialform.launcher.records import Campaign, Record, Reservation
    from dialform.launcher.request import Template

STALE = 5.0
"""Seconds after which what is released is looked at again: a hold stops calls within these."""

IDLE = 30.0
"""Seconds after which the ledger is looked at again where nothing is due: somebody may add to it,
or another process may have left something."""

LISTENS = 2.0
"""Seconds between looks at what others, as `dialform serve`, wrote of the calls that are live."""

EQUAL_REJECTIONS = 5
"""Equal rejections in a row that are not about the people who were called."""

_GROUP = 64
"""Rows that are reserved in one transaction, at most."""

_KEY_REFUSED = frozenset((401, 403))
_NEVER_THERE = _KEY_REFUSED | {404}
"""Rejections that are about the key, the agent or the workspace, never about who is called."""

_SHORTEST = 0.02
"""Seconds that it waits at least before it looks again."""

_LOST_IN_A_ROW = 5
"""Calls without an answer in a row after which nothing more is sent."""

_TOO_LATE = "this machine stood still between the reservation and the call"
_NOT_BEGUN = "interrupted before the call was sent"
_TOTAL = "{count} calls were placed, and --total allows no more: give a larger one"
_NO_ANSWER = "the API does not answer: {count} calls in a row are of unknown outcome"


class Transport(Protocol):
    """What sends: `dialform.api.fast.FastClient`, or a simulation."""

    async def create(self, body: bytes, *, idempotent: bool = False) -> Created:
        """``POST /dials``. Raises NotSent, Rejected, Deferred, OutcomeUnknown."""
        ...

    async def seen(self, dial_id: str) -> Seen:
        """``GET /dials/{id}``. Raises ApiError."""
        ...


class Gate(Protocol):
    """The environment's rules, for one row: `watch.Watch`, or a simulation."""

    def allows(self, now: float, row: Row) -> Refusal | None:
        """Why it is not called now, caps aside."""
        ...

    def room(self, now: float, row: Row) -> Room | None:
        """What the caps say, asked while its dial is reserved; None where there are none."""
        ...


class Stop(NamedTuple):
    """Why a campaign goes no further for now."""

    state: str
    """``paused`` or ``finished``; ``running`` where this process alone stops."""

    rule: str
    """``hold``, ``key``, ``canary``, ``failures``, ...; empty for ``finished``."""

    message: str


class Ended(NamedTuple):
    """A call that was seen to end, as a `Record` says it."""

    dial_id: str
    call_status: str
    result: str | None
    ended_at: float


class Picked(NamedTuple):
    """Rows that are due, and what is to become of each."""

    ready: list[tuple[Row, Reservation]]
    """To be called now."""

    rooms: list[Room | None]
    """Of each that is ready, what the caps say."""

    skipped: list[tuple[Row, str]]
    """Not to be called any more, and why."""

    later: list[tuple[Row, float, Refusal]]
    """Not to be called now, and when."""

    stop: Stop | None = None
    """Why nobody is."""

    is_full: bool = False
    """Whether nobody is because other launchers call the first people, who are to be heard."""

    is_all: bool = False
    """Whether nobody else was due."""

    def refuses(self, row: Row, refusal: Refusal, now: float) -> None:
        """A row that the rules refuse: called when they allow it, or not at all."""
        if refusal.due is None:
            self.skipped.append((row, refusal.message))
        else:
            self.later.append((row, max(refusal.due, now + 1), refusal))

    @property
    def moves(self) -> bool:
        """Whether there is anything."""
        return bool(self.ready or self.skipped or self.later or self.stop)


class Happened(NamedTuple):
    """Something to show."""

    kind: str
    """``reserved``, a dial's state, ``ended``, ``again``, ``skipped``, ``later``, ``lost``."""

    row: Row
    time: float
    told: str = ""
    dial_id: str | None = None


class Engine:
    """One process's share of a campaign."""

    def __init__(  # noqa: PLR0913 - everything it touches comes in
        self,
        campaign: Campaign,
        settings: Settings,
        *,
        ledger: Ledger,
        writer: Writer,
        transport: Transport,
        template: Template,
        now: Callable[[], float],
        gate: Gate,
        stopped: Callable[[], Stop | None],
        suppressed: Callable[[str], str | None],
        report: Callable[[Happened], None] = lambda _: None,
        key: Callable[[Row], str] | None = None,
        timeout: float = 30.0,
        longest_call: float = 3600.0,
        polls: Sequence[float] = POLLS,
        listens: float = LISTENS,
        stale: float = STALE,
        idle: float = IDLE,
        is_pending: Callable[[Record], bool] | None = None,
    ) -> None:
        """
        Touch nothing yet.

        Args:
            campaign: as the ledger has it.
            settings: its limits and policies.
            ledger: where it is kept.
            writer: how the ledger is called.
            transport: what sends.
            template: the bound preset that is called with.
            now: the time, in seconds since 1970.
            gate: the environment's rules at dial time.
            stopped: what a hold, a withdrawal or a yank says now.
            suppressed: why a number is not to be called, if so.
            report: is told what happens.
            key: an ``idempotencyKey`` for a row's next attempt; None: none is sent.
            timeout: seconds that the API has for an answer.
            longest_call: seconds that a call may take: one that was not seen to end some time
                after them is let go of.
            polls: when a live call is looked at, as `outcomes.watch.POLLS`.
            listens: seconds between looks at what others wrote of calls that are followed.
            stale: seconds after which what is released is looked at again.
            idle: seconds after which the ledger is looked at again where nothing is due.
            is_pending: whether a process may still settle a dial; None asks the machine.

        """
        self.campaign = campaign
        self.settings = settings
        self.governor = Governor(settings, now())
        self._ledger = ledger
        self._writer = writer
        self._transport = transport
        self._template = template
        self._now = now
        self._gate = gate
        self._stopped = stopped
        self._suppressed = suppressed
        self._report = report
        self._key = key
        self._timeout = timeout
        self._longest = longest_call
        self._listens = listens
        self._stale = stale
        self._longest_idle = idle
        self._is_pending = is_pending
        self._stop: Stop | None = None
        self._checked = float("-inf")
        self._asked = float("-inf")
        self._nobody_until = float("-inf")
        """Until then nobody is due: the ledger said so at ``_asked``, and nobody was planned."""

        self._wake = asyncio.Event()
        # In the order in which they began: sets would make each run another one.
        self._sends: dict[asyncio.Task[None], None] = {}
        self._unsent: dict[str, None] = {}
        """The ledger's ids of calls that are reserved, and whose sending has not begun."""

        self._aside: dict[asyncio.Task[None], None] = {}
        """What goes on until the end: following calls, and listening for what others saw."""

        self._follower = Follower(
            lambda: asyncio.get_running_loop().time(),
            per_second=max(PER_SECOND, settings.live / 2),
            polls=polls,
            hearsay=True,
        )
        self._rows: dict[str, Row] = {}
        """The rows of the calls that are followed, by the ledger's own id of the dial."""

        self._heard: set[str] = set()
        """Those of them whose end somebody else wrote down."""

        self._refuses = False
        """Whether somebody was not to be called now when it last looked who is due."""

        self._placed = 0
        self._canary: int | None = None
        """Calls after which it pauses, until it did."""

        self._endings: Counter[str] = Counter()
        self._equal: tuple[tuple[Any, ...], list[Row]] | None = None
        self._lost_in_a_row = 0
        self._followed: set[str] = set()
        """The API's ids of the calls that this process looks at, or has."""

        self._error: BaseException | None = None
        self.due: float | None = None
        """When the next call is due, where nobody is called before."""

    async def run(self) -> Stop:
        """
        Call until nobody is left, or something stops it.

        Raises:
            LedgerError: the ledger can't be written: nothing more was sent.

        """
        self._asked = self._now()
        self._placed, due, heard = await self._writer.call(self._begin)
        canary = self.settings.canary
        self._canary = canary if canary is not None and canary > heard else None
        self._nobody_until = min(self._asked + self._longest_idle, math.inf if due is None else due)
        await self._take_stock()
        for aside in (self._follow_all(), self._listen()):
            self._spawn(self._aside, aside)
        try:
            while self._stop is None:
                self._wake.clear()  # what changes from here on is looked at in the next round
                await self._look()
                if self._stop is None and not await self._send_some():
                    await self._idle()
            stop = await self._drained(self._stop)
        except DialformError as error:
            await asyncio.wait(self._sends) if self._sends else None
            await self._let_go()
            raise self._error or error from None  # what followed from the first says less
        except BaseException:
            await self._let_go()
            raise
        if self._error is not None:
            raise self._error
        return stop

    def drain(self, message: str) -> None:
        """Start nothing more, wait for the answers that are on their way."""
        self._end(Stop(RUNNING, "interrupted", message))

    # ------------------------------------------------------------------ what is there already

    def _begin(self) -> tuple[int, float | None, int]:
        """
        Say that the campaign runs; how many calls it has placed, and when the next row is due.

        And after how many calls its canary has paused it. In the ledger's thread.
        """
        ledger, campaign = self._ledger, self.campaign.id
        ledger.set_campaign_state(campaign, RUNNING)
        heard = int(ledger.setting(self._canary_key) or 0)
        return ledger.placed(campaign), ledger.next_due(campaign), heard

    def _left(self) -> tuple[list[Record], list[Record], list[Record]]:
        """
        Dials of processes that are gone, live calls, and ended ones that a policy tries again.

        In the ledger's thread.
        """
        ledger, campaign = self._ledger, self.campaign.id
        retried = {how: again.times for how, again in self.settings.retry.items()}
        gone = ledger.abandoned(campaign=campaign, is_pending=self._is_pending)
        return gone, ledger.live(campaign), ledger.ended(campaign, retried)

    async def _take_stock(self) -> bool:
        """
        Take up what others left: dials of processes that are gone, live calls, retries.

        A process may end between writing down how a call ended and planning the next, and an
        end may be seen by somebody who knows no policy. Returns whether anything was taken up.
        """
        gone, live, ended = await self._writer.call(self._left)
        found = False
        for record in gone:
            row = _row_of(record)
            self._tell("lost", row, "was being sent by a process that is gone: may have rung")
            found = True
        for record in live:
            if record.dial_id is not None and record.dial_id not in self._followed:
                self.governor.live += 1
                age = max(0.0, self._now() - record.placed)
                self._follow(_row_of(record), record, age)
                found = True
        for record in ended:
            found |= await self._plan_again(_row_of(record), record)
        return found

    # ------------------------------------------------------------------ whether to go on

    async def _look(self) -> None:
        """Whether something stops the campaign; at most `STALE` seconds old before each call."""
        now = self._now()
        if not 0 <= now - self._checked < self._stale:
            self._checked = now
            stop = await self._writer.read(self._stopped)
            if stop is not None:
                self._end(stop)
                return
        settings = self.settings
        if settings.total is not None and self._placed + self.governor.in_flight >= settings.total:
            if not self._sends:
                self._end(Stop(PAUSED, "total", _TOTAL.format(count=self._placed)))
        elif self._canary is not None and self._placed >= self._canary and not self._under_way:
            await self._end_canary()

    @property
    def _under_way(self) -> bool:
        """Whether calls are being sent, or go on, as far as this process knows."""
        return bool(self._sends or self._follower)

    async def _end_canary(self) -> None:
        """Pause once the first calls have ended, whoever placed them: they are to be heard."""
        if await self._take_stock():
            return
        found = await self._writer.call(
            self._ledger.outcomes, self.campaign.environment, campaign=self.campaign.id
        )
        endings: Counter[str] = Counter()
        for one in found:
            if one.call_status in ENDED:
                endings[str(one.call_status)] += one.dials
        ends = ", ".join(f"{count} {name}" for name, count in sorted(endings.items()))
        told = f"the first {self._placed} calls were placed: {ends or 'none has ended'}"
        self._end(Stop(PAUSED, "canary", told))

    @property
    def _canary_key(self) -> str:
        """Under which the ledger keeps after how many calls the canary paused the campaign."""
        return f"canary:{self.campaign.id}"

    def _most(self, now: float) -> int:
        """How many calls may start now."""
        room = min(self.governor.room(now), _GROUP)
        under_way = self._placed + self.governor.in_flight
        if self.settings.total is not None:
            room = min(room, self.settings.total - under_way)
        if self._canary is not None:
            room = min(room, self._canary - under_way)
        return max(room, 0)

    def _most_of_all(self) -> tuple[int | None, str]:
        """How many calls of the campaign all its launchers may place for now, and by what rule."""
        total, canary = self.settings.total, self._canary
        if canary is not None and (total is None or canary <= total):
            return canary, "canary"
        return total, "total"

    def _end(self, stop: Stop) -> None:
        """Start nothing more; the first reason is the one that is told."""
        if self._stop is None:
            self._stop = stop
        self._wake.set()

    # ------------------------------------------------------------------ reserve

    async def _send_some(self) -> bool:
        """Reserve what is due and may be called now, and send it; whether there may be more."""
        now = self._now()
        most = self._most(now)
        if most == 0 or self._asked <= now < self._nobody_until:
            return False
        picked, records = await self._taken(now, most)
        if picked.stop is not None:
            self._end(picked.stop)
        self._tell_of(picked)
        if picked.is_full:
            await self._let_others()
            return True
        full = []
        for (row, made), room, record in zip(picked.ready, picked.rooms, records, strict=True):
            if record is not None and made.body is not None:
                self.governor.starts()
                self._spawn(self._sends, self._send(row, record, made.body))
            elif room is not None:
                full.append((row, room))
        if full:
            self._tell_of(await self._writer.call(self._leave, full))
        # Rows that another process took meanwhile are not due any more.
        return picked.moves and not picked.is_all

    async def _let_others(self) -> None:
        """Other launchers are calling the rest of the first people: see how far they are."""
        placed = await self._writer.call(self._ledger.placed, self.campaign.id)
        self._placed = max(self._placed, placed)
        if self._most(self._now()) and not await self._take_stock():
            await self._rest(self._listens)

    def _pick(self, now: float, most: int) -> Picked:
        """
        What is due, and what becomes of it: asks the ledger, lists and rules, and writes nothing.

        In the ledger's thread.
        """
        picked = Picked([], [], [], [])
        # Where rules put people off, many are put off at once: each turn waits for the disk.
        limit = _GROUP if self._refuses else most
        rows = self._ledger.due(self.campaign.id, now, limit)
        is_all = len(rows) < limit
        for row in rows:
            if len(picked.ready) == most:
                is_all = False
                break
            try:
                why = self._suppressed(row.to)
            except Refused as error:
                return Picked([], [], [], [], Stop(PAUSED, "suppression", str(error)))
            refusal = None if why is not None else self._gate.allows(now, row)
            if why is not None:
                picked.skipped.append((row, f"suppressed: {why}"))  # as a plan says it
            elif refusal is not None:
                picked.refuses(row, refusal, now)
            else:
                picked.ready.append((row, self._reservation(row)))
                picked.rooms.append(self._gate.room(now, row))
        self._refuses = bool(picked.skipped or picked.later)
        return picked._replace(is_all=is_all)

    def _take(self, picked: Picked) -> tuple[Picked, list[Record | None]]:
        """Write down what was picked; the records of those that are to be sent, as `picked`."""
        campaign, ledger = self.campaign.id, self._ledger
        if picked.skipped:
            skipped = [(row.person, why) for row, why in picked.skipped]
            ledger.skip_many(campaign, skipped)
        if picked.later:
            later = [(row.person, due, refusal.rule) for row, due, refusal in picked.later]
            ledger.postpone_many(campaign, later)
        most, rule = self._most_of_all()
        if picked.ready and most is not None:
            # Others may have placed some since: what is left is known while they can't.
            enough = most - len(picked.ready)
            room = max(most - ledger.taken_of(campaign, enough=enough), 0)
            stop = None
            if not room and rule == "total":
                stop = Stop(PAUSED, rule, _TOTAL.format(count=most))
            picked = picked._replace(
                ready=picked.ready[:room],
                rooms=picked.rooms[:room],
                stop=stop,
                is_full=not room and stop is None,
            )
        if not picked.ready:
            return picked, []
        return picked, ledger.reserve_many(
            [made for _, made in picked.ready], seconds=self._timeout * 3, rooms=picked.rooms
        )

    async def _taken(self, now: float, most: int) -> tuple[Picked, list[Record | None]]:
        """Pick and take. Cancelled meanwhile, what is reserved is known to be unsent."""
        taking = self._writer.take(partial(self._pick, now, most), self._take)
        try:
            return await asyncio.shield(taking)
        finally:
            if not taking.done():
                await asyncio.wait([taking])
            if not taking.cancelled() and taking.exception() is None:
                made = (one for one in taking.result()[1] if one is not None)
                self._unsent.update((one.id, None) for one in made)

    def _leave(self, full: list[tuple[Row, Room]]) -> Picked:
        """Write down what becomes of rows that the caps have no room for."""
        picked, now = Picked([], [], [], []), self._now()
        for row, room in full:
            refusal = room(partial(self._ledger.latest, self.campaign.environment))
            if refusal is not None:
                picked.refuses(row, refusal, now)
        self._take(picked)
        return picked

    def _reservation(self, row: Row) -> Reservation:
        key = None if self._key is None else self._key(row)
        request = self._template.request(to=row.to, inputs=json.loads(row.inputs), key=key)
        campaign = self.campaign
        return reserved(
            request,
            version=campaign.version,
            release=campaign.release,
            once=None,
            campaign=campaign.id,
            person=row.person,
            attempt=row.attempt + 1,
            launched_by=campaign.opened_by,
        )

    # ------------------------------------------------------------------ send and settle

    async def _send(self, row: Row, record: Record, body: bytes) -> None:
        """Send a call that is reserved, once, and write down what came of it."""
        self._unsent.pop(record.id, None)
        if self._now() > record.deadline:  # hours, caps and holds were looked at before it slept
            await self._fail(row, record, NotSent(_TOO_LATE, request="POST /dials"))
            return
        try:
            created = await self._transport.create(body, idempotent=self._key is not None)
        except asyncio.CancelledError:
            told = "interrupted while the call was being sent: a phone may be ringing"
            self._writer.now(Settlement(record.id, "unknown", evidence=told))
            raise
        except ApiError as error:
            await self._fail(row, record, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, a phone may be ringing
            told = f"{type(error).__name__} while the call was being sent"
            await self._fail(row, record, OutcomeUnknown(told, request="POST /dials"))
            return
        self._lost_in_a_row = 0
        self._equal = None
        self._placed += 1
        self.governor.takes()
        self._wake.set()  # the next may be reserved while this one is written down
        await self._writer.settle(
            Settlement(
                record.id,
                "accepted",
                dial_id=created.dial_id,
                session_id=created.session_id,
                status=created.status,
                answer=created.kept,
                evidence=EXISTED if created.status == CONFLICT else "",
            )
        )
        self._tell("accepted", row, dial_id=created.dial_id)
        self._follow(row, record._replace(state=ACCEPTED, dial_id=created.dial_id))

    async def _fail(self, row: Row, record: Record, error: ApiError) -> None:
        """Write down an outcome that is no dial, and what it means for the next calls."""
        now = self._now()
        words = error.words or str(error)
        settlement = Settlement(record.id, "unknown", status=error.status, words=words)
        if isinstance(error, (Deferred, NotSent)):
            state = "deferred" if isinstance(error, Deferred) else "not_sent"
            due = self.governor.refused(now, getattr(error, "retry_after", None))
            settlement = settlement._replace(state=state, due=due)
        elif isinstance(error, Rejected):
            self.governor.drops()
            settlement = await self._rejected(row, settlement, now)
        else:
            self.governor.drops()
            self._lost_in_a_row += 1
            settlement = settlement._replace(evidence=str(error))
            if self._lost_in_a_row >= _LOST_IN_A_ROW:
                message = _NO_ANSWER.format(count=self._lost_in_a_row)
                self._end(Stop(PAUSED, "no-answer-of-api", message))
        await self._writer.settle(settlement)
        self._somebody()
        self._tell(settlement.state, row, words)

    async def _rejected(self, row: Row, settlement: Settlement, now: float) -> Settlement:
        """Whether it is the person that the API rejects, or all of them."""
        said = settlement.status, _shape(settlement.words)
        if settlement.status in _NEVER_THERE:
            self._end(_rejected_all(settlement.status, settlement.words))
            return settlement._replace(state="rejected", due=now)
        if self._equal is None or self._equal[0] != said:
            self._equal = said, []
        rows = self._equal[1]
        rows.append(row)
        if len(rows) >= EQUAL_REJECTIONS:
            message = f"{len(rows)} equal rejections in a row: {settlement.words}"
            self._end(Stop(PAUSED, "rejected", message))
            persons = [one.person for one in rows[:-1]]
            await self._writer.flush()  # theirs may wait to be written, and would come after it
            await self._writer.call(self._ledger.plan_rejected, self.campaign.id, persons, due=now)
            return settlement._replace(state="rejected", due=now)
        return settlement._replace(state="rejected")

    # ------------------------------------------------------------------ follow

    def _follow(self, row: Row, record: Record, age: float = 0.0) -> None:
        """Follow a live call that was placed ``age`` seconds ago."""
        self._followed.add(record.dial_id or "")
        self._rows[record.id] = row
        placed = asyncio.get_running_loop().time() - age
        self._follower.add(record, limit=self._longest, placed=placed)

    async def _follow_all(self) -> None:
        """Look at live calls until each has ended or is let go of."""
        most = max(1, self.settings.live)
        async for seen in afollow(self._follower, self._look_at, at_once=most, forever=True):
            row = self._rows.pop(seen.record.id)
            self._heard.discard(seen.record.id)
            self.governor.ends()
            if seen.given_up:
                self._tell("lost", row, "was not seen to end", seen.record.dial_id)
            self._wake.set()

    async def _listen(self) -> None:
        """What others wrote of calls that are followed, as `dialform serve` does webhooks."""
        while True:
            await asyncio.sleep(self._listens)
            if self._follower:
                live = await self._writer.call(self._ledger.still_live, self.campaign.id)
                for one in [one for one in self._follower if one not in live]:
                    self._heard.add(one)
                    self._follower.heard(one)

    async def _look_at(self, record: Record) -> Record:
        """One look at a live call, which plans what its policy says if it has ended."""
        known = record
        row = self._rows[record.id]
        if record.id in self._heard:
            found = await self._writer.call(self._ledger.record, record.id)
            known = found or record
        dial_id = known.dial_id or ""
        if known.seconds is None:
            seen = await self._seen(dial_id)
            now = self._now()
            if seen is not None and seen.status in ENDED:
                await self._ended(row, dial_id, seen, now)
                return known._replace(ended_at=now, seconds=seen.seconds)
        if known.ended_at is not None:
            await self._over(
                row, Ended(dial_id, known.call_status or "", known.result, known.ended_at)
            )
        return known

    async def _seen(self, dial_id: str) -> Seen | None:
        """What the API says of a call; None where it says nothing now."""
        try:
            return await self._transport.seen(dial_id)
        except ApiError as error:
            if error.status in _KEY_REFUSED:  # no live call is seen to end, and none begins
                self._end(_rejected_all(error.status, error.words))
            return None

    async def _ended(self, row: Row, dial_id: str, seen: Seen, now: float) -> None:
        await self._writer.see(
            dial_id, seen.status, at=now, result=seen.result, seconds=seen.seconds
        )
        await self._over(row, Ended(dial_id, seen.status, seen.result, now))

    async def _over(self, row: Row, call: Ended) -> None:
        """A call has ended, and the ledger knows."""
        self._endings[call.call_status] += 1
        self._tell("ended", row, call.result or call.call_status, call.dial_id)
        await self._plan_again(row, call)
        self._judge()

    async def _plan_again(self, row: Row, call: Record | Ended) -> bool:
        """Plan what the policy for a call that has ended says; whether it says anything."""
        policy = self.settings.again(call.call_status or "", call.result)
        attempt = row.attempt + 1
        if policy is None or attempt > policy.times or call.ended_at is None:
            return False
        due = call.ended_at + policy.after
        planned = await self._writer.call(
            self._ledger.again, self.campaign.id, row.person, due, after=attempt
        )
        if planned:
            self._somebody()
            self._tell("again", row, f"attempt {attempt + 1}", call.dial_id)
        return planned

    def _judge(self) -> None:
        """Stop where too many of the calls that ended have failed."""
        most = self.settings.failures
        ended = self._endings.total()
        if most is None or ended < (self.settings.canary or EQUAL_REJECTIONS):
            return
        failed = self._endings["failed"]
        if failed > most * ended:
            message = f"{failed} of {ended} calls failed, more than {most:.0%}"
            self._end(Stop(PAUSED, "failures", message))

    # ------------------------------------------------------------------ waiting, ending

    async def _idle(self) -> None:
        """Wait until something may have changed; finish where nothing is left."""
        now = self._now()
        wait = self._longest_idle
        if self._most(now) == 0:
            self.due = None
            until_room = self.governor.wait(now)
            if until_room is not None:
                wait = min(wait, until_room)
        elif self._asked <= now < self._nobody_until and self._under_way:
            wait = min(wait, self._nobody_until - now)
        else:
            self._asked, self._nobody_until = now, now + wait
            self.due = due = await self._writer.call(self._ledger.next_due, self.campaign.id)
            if due is not None:
                wait = min(wait, due - now)
                self._nobody_until = min(self._nobody_until, due)
            elif not self._under_way:
                if await self._take_stock():
                    return
                counts = await self._writer.call(self._ledger.counts, self.campaign.id)
                if not counts.get("reserved"):  # another process's may come back
                    self._end(Stop(FINISHED, "", "everybody was called"))
                    return
        await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        """Wait, or until something has changed."""
        alarm = asyncio.get_running_loop().call_later(max(seconds, _SHORTEST), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    def _somebody(self) -> None:
        """A row may be due again: what the ledger said of that before is of no use."""
        self._nobody_until = float("-inf")

    async def _drained(self, stop: Stop) -> Stop:
        """Wait for the answers that are on their way; live calls go on without us."""
        while self._sends:
            await asyncio.wait(self._sends)
        for task in list(self._aside):
            task.cancel()
        if self._aside:
            await asyncio.wait(self._aside)
        await self._writer.flush()
        if stop.state != RUNNING:
            reason = None if stop.state == FINISHED else f"{stop.rule}: {stop.message}"
            await self._writer.call(
                self._ledger.set_campaign_state, self.campaign.id, stop.state, reason
            )
        if stop.rule == "canary":
            await self._writer.call(self._ledger.set, self._canary_key, str(self._canary))
        return stop

    async def _let_go(self) -> None:
        """Leave what is being sent as unknown; what is not sent at all is called later."""
        tasks = [*self._sends, *self._aside]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        with contextlib.suppress(DialformError):
            await self._writer.flush()
            unsent = [Settlement(one, "not_sent", evidence=_NOT_BEGUN) for one in self._unsent]
            if unsent:
                await self._writer.call(self._ledger.settle_many, unsent)

    def _spawn(self, tasks: dict[asyncio.Task[None], None], work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks[task] = None

        def done(finished: asyncio.Task[None]) -> None:
            tasks.pop(finished, None)
            self._wake.set()
            if not finished.cancelled() and finished.exception() is not None:
                self._failed(finished.exception())

        task.add_done_callback(done)

    def _failed(self, error: BaseException | None) -> None:
        """A task's own failure: the ledger's, or a bug. Nothing more is sent; `run` raises it."""
        if self._error is None:
            self._error = error
        self._end(Stop(PAUSED, "error", f"{type(error).__name__}: {error}"))

    def _tell_of(self, picked: Picked) -> None:
        for row, why in picked.skipped:
            self._tell("skipped", row, why)
        for row, _, refusal in picked.later:
            self._tell("later", row, refusal.message)

    def _tell(self, kind: str, row: Row, told: str = "", dial_id: str | None = None) -> None:
        self._report(Happened(kind, row, self._now(), told, dial_id))


def _row_of(record: Record) -> Row:
    """The row of a dial, as it was before it."""
    return Row(
        row=0,
        person=record.person or record.to or "",
        to=record.to or "",
        attempt=(record.attempt or 1) - 1,
    )


def _rejected_all(status: int | None, words: str) -> Stop:
    """What the API says of the key, the agent or the workspace stops everybody's calls."""
    return Stop(PAUSED, "rejected", f"the API said {status}: {words}")


def _shape(words: str) -> str:
    """Words less the digits: rejections of two people differ in their numbers."""
    return "".join(letter for letter in words if not letter.isdecimal())
