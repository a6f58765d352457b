"""
Bugs that ring a phone twice, or lose a person: each is one wrong line that somebody could write.

Planted into the real code, one at a time; the judge must find each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from dialform.api import answers
from dialform.api.fast import Seen
from dialform.errors import ApiError, Deferred, LedgerError, NotSent, OutcomeUnknown
from dialform.launcher.campaign import engine, writer
from dialform.launcher.campaign.engine import Engine
from dialform.launcher.ledger import reserving, settling, waiting
from dialform.launcher.ledger.settling import Settling
from dialform.launcher.ledger.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def _changed(where: Any, name: str, new: Any) -> Iterator[None]:
    old = getattr(where, name)
    setattr(where, name, new)
    try:
        yield
    finally:
        setattr(where, name, old)


def _statement(where: Any, name: str, *pairs: tuple[str, str]) -> Any:
    """A statement of the ledger with other words in it."""
    text = getattr(where, name)
    for old, new in pairs:
        assert old in text, f"{name} does not say {old!r} any more"
        text = text.replace(old, new)
    return _changed(where, name, text)


# ---------------------------------------------------------------- what an answer means


def _as(mistaken: type[ApiError], meant: Callable[[ApiError], bool]) -> Any:
    """Answers that say nothing are taken for ones that say that nothing rang."""
    real = answers.created

    def created(answer: Any, **more: Any) -> Any:
        try:
            return real(answer, **more)
        except OutcomeUnknown as error:
            if not meant(error):
                raise
            raise mistaken(str(error), request="POST /dials", status=error.status) from None

    return _changed(answers, "created", created)


def a_lost_answer_is_not_sent() -> Any:
    return _as(NotSent, lambda error: error.status is None)


def a_500_is_not_sent() -> Any:
    return _as(NotSent, lambda error: error.status == 500)


def a_502_is_deferred() -> Any:
    return _as(Deferred, lambda error: error.status == 502)


def a_200_without_an_id_is_deferred() -> Any:
    return _as(Deferred, lambda error: error.status == 200)


def all_that_is_unclear_is_tried_again() -> Any:
    return _as(NotSent, lambda _: True)


def a_lost_answer_is_repeated_by_the_sender() -> Any:
    """The sending code repeats its POST."""
    real = Engine._send

    async def sends(self: Engine, row: Any, record: Any, body: bytes) -> None:
        transport = self._transport

        class Twice:
            async def create(self, body: bytes, **more: Any) -> Any:
                try:
                    return await transport.create(body, **more)
                except OutcomeUnknown:
                    return await transport.create(body, **more)

            seen = transport.seen

        self._transport = Twice()
        try:
            await real(self, row, record, body)
        finally:
            self._transport = transport

    return _changed(Engine, "_send", sends)


# ---------------------------------------------------------------- what the ledger says


def an_unknown_row_is_planned_again() -> Any:
    return _changed(settling, "_ROW_OF", {**settling._ROW_OF, "unknown": "planned"})


def an_abandoned_dial_is_not_sent() -> Any:
    real = Settling.abandoned

    def abandoned(self: Any, **more: Any) -> Any:
        gone = real(self, **more)
        with self._writing("") as connection:
            for one in gone:
                connection.change(
                    "UPDATE dial SET state = 'not_sent' WHERE id = :id", {"id": one.id}
                )
                connection.change(
                    "UPDATE person SET state = 'planned', attempt = attempt - 1 "
                    "WHERE person = :person AND state = 'unknown'",
                    {"person": one.person},
                )
        return gone

    return _changed(Settling, "abandoned", abandoned)


def everybody_is_gone_but_me() -> Any:
    """Dials of processes that run are given up, and their people planned."""
    real = Settling.abandoned

    def abandoned(self: Any, **more: Any) -> Any:
        gone = real(self, **{**more, "is_pending": lambda _: False})
        with self._writing("") as connection:
            for one in gone:
                connection.change(
                    "UPDATE person SET state = 'planned' WHERE person = :person",
                    {"person": one.person},
                )
        return gone

    return _changed(Settling, "abandoned", abandoned)


def an_attempt_does_not_count() -> Any:
    return _statement(reserving, "_TAKE_ROW", ("attempt = attempt + 1", "attempt = attempt"))


def a_row_is_taken_whatever_its_state() -> Any:
    return _statement(
        reserving,
        "_TAKE_ROW",
        ("AND state = 'planned' AND attempt = :attempt - 1", ""),
    )


def a_row_stays_planned_while_it_is_sent() -> Any:
    return _statement(reserving, "_TAKE_ROW", ("state = 'reserved', ", ""))


def a_dial_is_replaced() -> Any:
    """The law of one dial per attempt is not kept: who comes second reserves as well."""
    real = reserving._reserve

    def reserves(connection: Any, values: dict[str, Any]) -> bool:
        if not real(connection, values):
            values["campaign"] = None
            real(connection, values)
        return True

    stack = contextlib.ExitStack()
    stack.enter_context(_changed(reserving, "_reserve", reserves))
    stack.enter_context(_changed(reserving, "_reserve_all", lambda *_: False))
    return stack


def an_accepted_row_is_planned() -> Any:
    return _changed(settling, "_ROW_OF", {**settling._ROW_OF, "accepted": "planned"})


def a_settled_dial_is_settled_again() -> Any:
    """A late answer of a dial that was given up frees its person."""
    real = Settling.settle_many

    def settles(self: Any, settlements: Any) -> None:
        real(self, settlements)
        with self._writing("") as connection:
            for one in settlements:
                connection.change(
                    "UPDATE person SET state = 'planned' WHERE state = 'unknown' AND person = "
                    "(SELECT person FROM dial WHERE id = :id)",
                    {"id": one.id},
                )

    return _changed(Settling, "settle_many", settles)


def an_end_plans_again_whatever_it_was() -> Any:
    real = Waiting._move

    def moves(self: Any, campaign: str, moved: Any, before: str) -> int:
        moved = [one._replace(after=None) for one in moved]
        if all(one.state == "planned" for one in moved):
            before = "state IN ('planned', 'reserved', 'live', 'done', 'unknown')"
        return real(self, campaign, moved, before)

    return _changed(Waiting, "_move", moves)


def a_policy_asks_no_attempt() -> Any:
    """Two processes that follow the same call both plan the next."""
    real = Waiting.again

    def again(self: Any, campaign: str, person: str, due: float, **_: Any) -> bool:
        move = waiting._Move(person, "planned", due=due)
        reserved = bool(self._move(campaign, [move], "state = 'reserved'"))
        return real(self, campaign, person, due) or reserved

    return _changed(Waiting, "again", again)


# ---------------------------------------------------------------- what the engine does


def a_call_is_sent_before_it_is_reserved() -> Any:
    """The row is reserved once the answer is there."""
    real = Engine._send_some

    async def sends(self: Engine) -> bool:
        rows = self._ledger.due(self.campaign.id, self._now(), 1)
        if rows and self._most(self._now()):
            reservation = self._reservation(rows[0])
            with contextlib.suppress(ApiError):
                await self._transport.create(reservation.body or b"")
        return await real(self)

    return _changed(Engine, "_send_some", sends)


def what_is_cut_off_was_not_sent() -> Any:
    """A process that is stopped in mid-sending frees its people."""
    real = writer.Writer.now

    def now(self: Any, settlement: Any) -> None:
        real(self, settlement._replace(state="not_sent"))

    class Stopped(Exception):
        pass

    @contextlib.contextmanager
    def both() -> Iterator[None]:
        with _changed(writer.Writer, "now", now), _impatient():
            yield

    return both()


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Sends are given up after a moment, as by a second Ctrl-C."""
    real = Engine._send

    async def sends(self: Engine, row: Any, record: Any, body: bytes) -> None:
        task = asyncio.ensure_future(real(self, row, record, body))
        await asyncio.wait([task], timeout=1.0)
        if not task.done():
            task.cancel()
            self.governor.drops()
            await asyncio.wait([task])

    with _changed(Engine, "_send", sends):
        yield


def a_time_out_of_our_own_is_not_sent() -> Any:
    """The engine waits a second for an answer and takes silence for a no."""
    real = Engine._send

    async def sends(self: Engine, row: Any, record: Any, body: bytes) -> None:
        transport = self._transport

        class Hasty:
            async def create(self, body: bytes, **more: Any) -> Any:
                task = asyncio.ensure_future(transport.create(body, **more))
                await asyncio.wait([task], timeout=0.3)
                if task.done():
                    return task.result()
                task.add_done_callback(lambda done: done.exception())
                raise NotSent("too slow", request="POST /dials")

            seen = transport.seen

        self._transport = Hasty()
        try:
            await real(self, row, record, body)
        finally:
            self._transport = transport

    return _changed(Engine, "_send", sends)


def a_failed_write_forgets_the_call() -> Any:
    """An outcome that could not be written frees the person."""
    real = writer.Writer.settle

    async def settles(self: Any, settlement: Any) -> None:
        try:
            await real(self, settlement)
        except LedgerError:
            self._ledger.settle_many([settlement._replace(state="not_sent", due=None)])
            with self._ledger._writing("") as connection:
                connection.change(
                    "UPDATE person SET state = 'planned' WHERE person = "
                    "(SELECT person FROM dial WHERE id = :id)",
                    {"id": settlement.id},
                )

    return _changed(writer.Writer, "settle", settles)


def a_failed_reservation_is_sent_all_the_same() -> Any:
    real = Engine._send_some

    async def sends(self: Engine) -> bool:
        try:
            return await real(self)
        except LedgerError:
            for row in self._ledger.due(self.campaign.id, self._now(), 1):
                with contextlib.suppress(ApiError):
                    await self._transport.create(self._reservation(row).body or b"")
            raise

    return _changed(Engine, "_send_some", sends)


def equal_rejections_plan_unknown_people_too() -> Any:
    def plans(self: Any, campaign: str, persons: Any, due: float) -> int:
        del persons
        with self._writing("") as connection:
            return int(
                connection.change(
                    "UPDATE person SET state = 'planned', due = :due "
                    "WHERE state IN ('rejected', 'unknown') AND campaign = :campaign",
                    {"campaign": campaign, "due": due},
                )
            )

    return _changed(Waiting, "plan_rejected", plans)


def a_policy_for_no_answer_is_for_silence_too() -> Any:
    """A call that was not seen to end counts as not answered, and is called again."""
    real = Engine._seen

    async def seen(self: Engine, dial_id: str) -> Any:
        found = await real(self, dial_id)
        return Seen("no-answer", "NO_ANSWER") if found is None else found

    return _changed(Engine, "_seen", seen)


def a_policy_tries_once_more() -> Any:
    real = engine.Engine._ended

    async def ended(self: Engine, row: Any, dial_id: str, seen: Any, now: float) -> None:
        more = {how: one._replace(times=one.times + 1) for how, one in self.settings.retry.items()}
        settings, self.settings = self.settings, self.settings._replace(retry=more)
        try:
            await real(self, row, dial_id, seen, now)
        finally:
            self.settings = settings

    return _changed(Engine, "_ended", ended)


def a_start_begins_anew() -> Any:
    """A process that starts plans everybody who has not been seen to be done."""
    real = Engine.run

    async def runs(self: Engine) -> Any:
        with self._ledger._writing("") as connection:
            connection.change(
                "UPDATE person SET state = 'planned' "
                "WHERE state IN ('live', 'unknown', 'reserved')",
            )
        return await real(self)

    return _changed(Engine, "run", runs)


PLANTED: tuple[Callable[[], Any], ...] = (
    a_lost_answer_is_not_sent,
    a_500_is_not_sent,
    a_502_is_deferred,
    a_200_without_an_id_is_deferred,
    all_that_is_unclear_is_tried_again,
    a_lost_answer_is_repeated_by_the_sender,
    an_unknown_row_is_planned_again,
    an_abandoned_dial_is_not_sent,
    everybody_is_gone_but_me,
    an_attempt_does_not_count,
    a_row_is_taken_whatever_its_state,
    a_row_stays_planned_while_it_is_sent,
    a_dial_is_replaced,
    an_accepted_row_is_planned,
    a_settled_dial_is_settled_again,
    an_end_plans_again_whatever_it_was,
    a_policy_asks_no_attempt,
    a_call_is_sent_before_it_is_reserved,
    what_is_cut_off_was_not_sent,
    a_time_out_of_our_own_is_not_sent,
    a_failed_write_forgets_the_call,
    a_failed_reservation_is_sent_all_the_same,
    equal_rejections_plan_unknown_people_too,
    a_policy_for_no_answer_is_for_silence_too,
    a_policy_tries_once_more,
    a_start_begins_anew,
)
