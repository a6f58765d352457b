"""
What `dialform serve` does besides answering: webhooks acted upon, live calls followed.

Runs in the server's event loop; the ledger and the API are asked in threads. Nothing here is
needed for an answer, and nothing is lost if it stops: what was received is in the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from dialform.errors import ApiError, DialformError
from dialform.launcher.calling.keeping import Keeping
from dialform.launcher.ledger.erasing import keep_to
from dialform.launcher.outcomes.events import retry_waiting, settle_unknown
from dialform.launcher.outcomes.follow import Follower, afollow, limits_of, look_at
from dialform.launcher.records import ACCEPTED
from dialform.launcher.resolve import environment_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dialform.api.objects import Dial
    from dialform.launcher import Launcher
    from dialform.launcher.outcomes.events import Applied
    from dialform.launcher.records import Record

logger = logging.getLogger(__name__)

AGAIN = 30.0
"""Seconds between looks for live calls of other processes, and for events that still wait."""

HOUSE = 300.0
"""Seconds between looks at what the environment says of its ledger."""

DAY = 86400.0
"""Seconds between erasing what is not kept any longer."""

REMEMBERED = 86400.0
"""Seconds for which an event of a dial that nobody knows may still be tied to one."""

_MOST = 10_000
"""Foreign dials whose answers are kept in mind, so that each is asked for once."""


class Work:
    """The background work of one server."""

    def __init__(
        self,
        launcher: Launcher,
        now: Callable[[], float],
        *,
        poll: bool,
        transcripts: bool = True,
    ) -> None:
        """
        Touch nothing yet.

        Args:
            launcher: whose ledger and API are used.
            now: the time, in seconds since 1970.
            poll: whether live calls are looked at, and not only heard of.
            transcripts: whether the environment keeps what people said, to begin with.

        """
        self._launcher = launcher
        self._now = now
        self._poll = poll
        self._heard: asyncio.Queue[Applied] = asyncio.Queue()
        self._follower = Follower(now)
        self._wake = asyncio.Event()
        self._given_up: set[str] = set()
        """Dials whose end nobody will tell; not to be looked at again and again."""
        self._foreign: dict[str, Dial] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.transcripts = transcripts
        """Whether the environment keeps what people said, as it said last."""
        self._erased = float("-inf")
        """When what is not kept any longer was erased last."""

    def start(self) -> None:
        """Begin, in the running event loop."""
        jobs = [self._hear(), self._look_around(), self._keep_house()]
        if self._poll:
            jobs.append(self._follow())
        self._tasks = [asyncio.ensure_future(one) for one in jobs]

    async def stop(self) -> None:
        """End; what is under way is given up, nothing of it is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def heard(self, applied: Applied) -> None:
        """A webhook was kept: act upon it when there is time."""
        self._heard.put_nowait(applied._replace(event=applied.event._replace(body=b"")))

    def unknown(self) -> None:
        """A call became one of unknown outcome: an event may be waiting for it."""
        self._wake.set()

    async def placed(self, records: Sequence[Record]) -> None:
        """Calls were placed: follow them."""
        new = [one for one in records if one.id not in self._follower]
        if self._poll and new:
            limits = await asyncio.to_thread(limits_of, self._launcher.ledger, new)
            for record, limit in limits:
                self._follower.add(record, limit=limit)

    async def _hear(self) -> None:
        while True:
            applied = await self._heard.get()
            await _calmly(lambda: self._act(applied))  # noqa: B023 - awaited before the next

    async def _act(self, applied: Applied) -> None:
        record = applied.record
        if record is None:
            record = await asyncio.to_thread(self._settle, applied)
        if record is not None and record.state == ACCEPTED and record.seconds is None:
            await self.placed([record])
            if record.ended_at is not None:
                self._follower.heard(record.id)

    async def _look_around(self) -> None:
        """Live calls of other processes, and events whose dial became unknown later."""
        while True:
            await _calmly(self._once_around)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), AGAIN)
            self._wake.clear()

    async def _once_around(self) -> None:
        ledger = self._launcher.ledger
        now = self._now()
        if self._poll:
            live = await asyncio.to_thread(ledger.live)
            environment = self._launcher.environment
            mine = [one for one in live if one.environment == environment]
            await self.placed([one for one in mine if one.id not in self._given_up])
        await asyncio.to_thread(
            retry_waiting,
            ledger,
            self._show,
            environment=self._launcher.environment,
            now=now,
            since=now - REMEMBERED,
        )

    async def _keep_house(self) -> None:
        """What the environment says of its ledger, kept to."""
        while True:
            await _calmly(lambda: asyncio.to_thread(self._keep_to))
            await asyncio.sleep(HOUSE)

    def _keep_to(self) -> None:
        document = environment_of(self._launcher.registry, self._launcher.environment)
        self.transcripts = Keeping.of(document).transcripts
        now = self._now()
        if 0 <= now - self._erased < DAY:
            return
        erased = keep_to(self._launcher.ledger, document)
        self._erased = now
        if erased:
            logger.info("personal data of %d old dials was erased", erased)

    async def _follow(self) -> None:
        while True:
            await _calmly(self._follow_all)
            await asyncio.sleep(AGAIN)

    async def _follow_all(self) -> None:
        async for seen in afollow(self._follower, self._looked, forever=True):
            if seen.given_up:
                self._given_up.add(seen.record.id)

    async def _looked(self, record: Record) -> Record:
        ledger = self._launcher.ledger
        return await asyncio.to_thread(look_at, ledger, self._look, record, self._now)

    def _settle(self, applied: Applied) -> Record | None:
        return settle_unknown(
            self._launcher.ledger,
            applied.event,
            self._show,
            environment=self._launcher.environment,
            now=self._now(),
        )

    def _look(self, record: Record) -> Dial:
        client = self._launcher.client()
        if client.url.rstrip("/") != record.workspace.rstrip("/"):
            raise ApiError(
                f"dial {record.dial_id} was placed in {record.workspace}, and the environment's "
                f"workspace is {client.url} now"
            )
        return client.dial(record.dial_id or "")

    def _show(self, dial_id: str) -> Dial:
        """A dial that the ledger does not know; what it was asked for does not change."""
        if dial_id not in self._foreign:
            while len(self._foreign) >= _MOST:
                del self._foreign[next(iter(self._foreign))]
            self._foreign[dial_id] = self._launcher.client().dial(dial_id)
        return self._foreign[dial_id]


async def _calmly(job: Callable[[], Awaitable[None]]) -> None:
    """Do it; what dialform itself says goes wrong is logged, and the next one is done."""
    try:
        await job()
    except ApiError as error:
        logger.info("%s", error)
    except DialformError as error:
        logger.warning("%s", error)
