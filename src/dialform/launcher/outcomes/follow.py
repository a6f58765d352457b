"""
Following live calls until they have ended: ``GET`` now and then, and what webhooks said.

When a call is looked at is `watch`'s to say, what a look changes the ledger's. Asks the API
through the function that it is given, one look at a time for each call.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NamedTuple

from dialform.errors import ApiError, Rejected
from dialform.launcher.outcomes.lattice import NEVER_RANG
from dialform.launcher.outcomes.watch import PER_SECOND, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from dialform.api.objects import Dial
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record

    Look = Callable[[Record], Dial]
    """``GET`` of a dial in its workspace. Raises ApiError."""

AT_ONCE = 4
"""Looks under way at one time, in `afollow`."""

_CLOSED = (401, 403)
"""Answers to a look that no later look will better."""


class Seen(NamedTuple):
    """What became of a call that was followed."""

    record: Record
    """As the ledger has it now."""

    given_up: bool
    """Whether its time was over before an end was seen: it is looked at no more."""

    @property
    def ended(self) -> bool:
        """Whether an end is known."""
        return self.record.ended_at is not None

    @property
    def never_rang(self) -> bool:
        """Whether it was accepted and then never rang: the person may be called again."""
        return self.record.result == NEVER_RANG


def limit_of(body: bytes | None) -> float | None:
    """Seconds that a call with this body may take; None where it does not say."""
    try:
        minutes = json.loads(body or b"null")["timeoutMinutes"]
        return max(0.0, float(minutes) * 60)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def look_at(ledger: Ledger, look: Look, record: Record, now: Callable[[], float]) -> Record:
    """
    One look at a call, written down; the ledger's record of it after that.

    Without a request where an earlier ``GET`` saw the end. An answer that does not come changes
    nothing.

    Raises:
        Rejected: the API refuses the key.

    """
    known = ledger.record(record.id) or record
    if known.dial_id is None or known.seconds is not None:
        return known
    try:
        dial = look(known)
    except ApiError as error:
        if isinstance(error, Rejected) and error.status in _CLOSED:
            raise
        return known
    ledger.see(
        known.dial_id,
        dial.status,
        at=now(),
        result=dial.systemResultType,
        seconds=dial.seconds,
    )
    return ledger.record(record.id) or known


class Follower:
    """The calls that are followed, between their looks. Used from one thread."""

    def __init__(
        self,
        ledger: Ledger,
        look: Look,
        now: Callable[[], float],
        *,
        per_second: float = PER_SECOND,
    ) -> None:
        """``per_second`` bounds the requests for all calls together."""
        self._ledger = ledger
        self._look = look
        self._now = now
        self._watch = Watch(per_second=per_second)
        self._records: dict[str, Record] = {}

    def __len__(self) -> int:
        """How many calls are followed."""
        return len(self._records)

    def __contains__(self, identifier: object) -> bool:
        """Whether the dial with that id of the ledger's own is followed."""
        return identifier in self._records

    def add(self, record: Record, *, limit: float | None = None) -> None:
        """
        Follow an accepted dial; one that is followed already stays as it is.

        ``limit`` is how many seconds the call may take; None: nobody says.
        """
        if record.id not in self._records:
            self._records[record.id] = record
            self._watch.add(record.id, record.placed, self._now(), limit=limit)

    def heard(self, identifier: str) -> None:
        """A webhook said something of the dial with that id of the ledger's own: look soon."""
        self._watch.soon(identifier, self._now())

    def wait(self) -> float | None:
        """Seconds until the next look; None where there is nothing to follow."""
        return self._watch.wait(self._now())

    def take(self) -> Record | None:
        """The call to look at now, which `look` does; None where none is due."""
        identifier = self._watch.take(self._now())
        return None if identifier is None else self._records[identifier]

    def look(self, record: Record) -> Record:
        """Look at a call. May run in another thread; `looked` is told what it gives."""
        return look_at(self._ledger, self._look, record, self._now)

    def looked(self, record: Record) -> Seen | None:
        """What came of a call; None: it goes on, and is looked at again."""
        ended = record.ended_at is not None and record.seconds is not None
        if ended:
            self._watch.drop(record.id)
        elif self._watch.looked(record.id, self._now()):
            return None
        self._records.pop(record.id, None)
        return Seen(record, given_up=record.ended_at is None)


def follow(follower: Follower, *, sleep: Callable[[float], object]) -> Iterator[Seen]:
    """
    Look at the follower's calls until each has ended or is given up; each as it does.

    ``sleep`` waits for so many seconds. Raises Rejected where the API refuses the key.
    """
    while (seconds := follower.wait()) is not None:
        record = follower.take()
        if record is None:
            sleep(max(seconds, _SHORTEST))
            continue
        try:
            after = follower.look(record)
        except BaseException:
            follower.looked(record)
            raise
        seen = follower.looked(after)
        if seen is not None:
            yield seen


async def afollow(
    follower: Follower, *, at_once: int = AT_ONCE, forever: bool = False
) -> AsyncIterator[Seen]:
    """
    `follow` for asyncio, with a few looks at a time, in threads.

    ``forever``: goes on when nothing is left to follow, for calls that are added meanwhile.
    """
    looking: dict[asyncio.Future[Record], Record] = {}
    try:
        while True:
            while len(looking) < at_once and (record := follower.take()) is not None:
                looking[asyncio.ensure_future(asyncio.to_thread(follower.look, record))] = record
            seconds = follower.wait()
            if not looking and seconds is None and not forever:
                return
            pause = max(_SHORTEST, min(_LONGEST, _LONGEST if seconds is None else seconds))
            if not looking:
                await asyncio.sleep(pause)
                continue
            done, _ = await asyncio.wait(
                looking, timeout=pause, return_when=asyncio.FIRST_COMPLETED
            )
            for one in done:
                after = one.result()
                del looking[one]
                seen = follower.looked(after)
                if seen is not None:
                    yield seen
    finally:
        for one, record in looking.items():
            one.cancel()
            follower.looked(record)  # looked at again, should it be followed further
        await asyncio.gather(*looking, return_exceptions=True)


def limits_of(ledger: Ledger, records: Iterable[Record]) -> list[tuple[Record, float | None]]:
    """Each dial with the seconds that its call may take, as `Follower.add` takes them."""
    found = []
    for record in records:
        content = ledger.content(record.id)
        found.append((record, limit_of(content and content.body)))
    return found


_SHORTEST = 0.01
_LONGEST = 0.5
"""Seconds after which it is looked whether calls were added."""
