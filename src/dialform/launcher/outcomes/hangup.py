"""
Live calls hung up: each is looked at, hung up where it goes on, and looked at again.

Which calls there are is the ledger's to say, how a call is looked at and hung up comes in as
functions. It looks again for a while, since a launcher may have been placing calls when what it
calls with was held. A call that the API was told to hang up is not told so again.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from dialform.errors import ApiError, Deferred, NotSent, Rejected
from dialform.launcher.outcomes.follow import limits_of, look_at
from dialform.launcher.outcomes.watch import GRACE, LONGEST
from dialform.launcher.records import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.outcomes.follow import Look
    from dialform.launcher.records import Record

AT_ONCE: Final = 8
"""Calls that are seen to at a time."""

LOOKOUT: Final = 10.0
"""Seconds for which it is looked whether calls were being placed: a launcher is 5 s stale."""

PAUSE: Final = 1.0
"""Seconds between those looks."""

HUNG_UP: Final = "hung-up"
ENDED: Final = "ended"
FAILED: Final = "failed"
"""What became of a call: ended by this, by itself, or it may go on."""

_CLOSED = (401, 403)
"""Answers that the next call gets as well."""

_WEEK = 7 * 86400.0
"""Seconds after which nobody talks any more."""


class Tried(NamedTuple):
    """A call that was to be hung up."""

    record: Record
    """As the ledger has it now."""

    how: Literal["hung-up", "ended", "failed"]
    why: str = ""
    """Why it could not be hung up."""

    again: bool = False
    """Whether nothing was done, so that it may be tried once more."""

    def as_json(self) -> dict[str, Any]:
        """One of ``dials`` in the document ``dialform.stop/1``."""
        return {
            "dialId": self.record.dial_id,
            "ledgerId": self.record.id,
            "preset": self.record.preset,
            "version": self.record.version,
            "to": self.record.to,
            "campaign": self.record.campaign,
            "how": self.how,
            "why": self.why or None,
        }


class Hangup:
    """The calls of presets in one environment, being hung up."""

    def __init__(  # noqa: PLR0913 - everything it touches comes in
        self,
        ledger: Ledger,
        environment: str,
        presets: Collection[str] | None,
        *,
        look: Look,
        hang_up: Callable[[Record], None],
        now: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        """
        Touch nothing yet.

        Args:
            ledger: which knows the calls.
            environment: whose calls.
            presets: of which presets; None: of all.
            look: ``GET`` of a dial. Raises ApiError.
            hang_up: the API's hang-up of a dial. Raises ApiError.
            now: the time, in seconds since 1970.
            sleep: waits for so many seconds.

        """
        self._ledger = ledger
        self._environment = environment
        self._presets = presets
        self._look = look
        self._hang_up = hang_up
        self._now = now
        self._sleep = sleep
        self._refused = ""
        """What the API says of the key, where it refuses it."""

    def run(self, *, lookout: float = LOOKOUT) -> Iterator[Tried]:
        """
        Hang up what is live, and for ``lookout`` seconds what becomes so; each as it is over.

        Raises:
            LedgerError: the ledger can't be read or written.

        """
        until = self._now() + lookout
        over: set[str] = set()
        goes_on: list[Tried] = []
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            while True:
                last = self._now() >= until
                found = [one for one in self.live() if one.id not in over]
                later = []
                for one in pool.map(self._one, found):
                    if one.again:
                        later.append(one)
                        continue
                    over.add(one.record.id)
                    if one.how == HUNG_UP and one.record.ended_at is None:
                        goes_on.append(one)
                    else:
                        yield one
                if self._refused or (last and (not later or len(later) == len(found))):
                    break
                self._sleep(PAUSE)
            yield from later
            yield from pool.map(self._after, goes_on)
        finally:
            pool.shutdown(cancel_futures=True)
        yield from self._out_of_reach(over)

    def live(self) -> list[Record]:
        """The calls that may be hung up, newest first: those say the least so far."""
        found = [*self._ledger.live(), *self._ledger.unknown(environment=self._environment)]
        return sorted(
            (one for one in found if one.dial_id is not None and self._is_meant(one)),
            key=lambda one: one.placed,
            reverse=True,
        )

    def _is_meant(self, record: Record) -> bool:
        return record.environment == self._environment and (
            self._presets is None or record.preset in self._presets
        )

    def _one(self, record: Record) -> Tried:
        """See to one call."""
        if self._refused:
            return Tried(record, FAILED, self._refused)
        try:
            known = self._seen(record)
            if known.ended_at is not None:
                return Tried(known, ENDED)
            self._hang_up(record)
        except ApiError as error:
            return self._failed(record, error)
        try:
            return Tried(self._seen(record), HUNG_UP)
        except Rejected:
            return Tried(record, HUNG_UP)

    def _failed(self, record: Record, error: ApiError) -> Tried:
        """What a hang-up that went wrong leaves: the call may have ended all the same."""
        if isinstance(error, Rejected) and error.status in _CLOSED:
            self._refused = str(error)
            return Tried(record, FAILED, str(error))
        if isinstance(error, Deferred | NotSent):
            return Tried(record, FAILED, str(error), again=True)
        try:
            known = self._seen(record)
        except Rejected:
            known = record
        if known.ended_at is not None:
            return Tried(known, ENDED)
        return Tried(known, FAILED, str(error))

    def _seen(self, record: Record) -> Record:
        return look_at(self._ledger, self._look, record, self._now)

    def _after(self, one: Tried) -> Tried:
        """A call that was hung up and had not ended at once: whether it has now."""
        try:
            known = self._seen(one.record)
        except Rejected as error:
            return one._replace(how=FAILED, why=str(error))
        if known.ended_at is not None:
            return Tried(known, HUNG_UP)
        how = known.call_status or "not known to have ended"
        return Tried(known, FAILED, f"the API took the hang-up, and the call is still {how}")

    def _out_of_reach(self, over: Collection[str]) -> Iterator[Tried]:
        """Calls that may ring and have no dial id to hang up: sent now, or of unknown outcome."""
        now = self._now()
        reserved = self._ledger.find(environment=self._environment, states=(RESERVED,), limit=None)
        for one in reserved:
            if self._is_meant(one) and one.pending(now):
                why = f"is being placed by process {one.process} on {one.host}, no id of it yet"
                yield Tried(one, FAILED, why)
        lost = self._ledger.unknown(environment=self._environment, since=now - _WEEK)
        lost = [one for one in lost if self._is_meant(one) and one.id not in over]
        for one, limit in limits_of(self._ledger, lost):
            longest = (LONGEST if limit is None else limit) + GRACE
            if one.dial_id is None and now < one.placed + longest:
                why = (
                    "of unknown outcome: it may ring, and its id is not known; look in the "
                    "workspace's list of calls, then `dialform settle`"
                )
                yield Tried(one, FAILED, why)


def counted(tried: Iterable[Tried]) -> dict[str, int]:
    """How many calls there were of each kind."""
    found = Counter[str](one.how for one in tried)
    return {how: found[how] for how in (HUNG_UP, ENDED, FAILED)}
