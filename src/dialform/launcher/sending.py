"""
A call that is sent: written down first, sent once, its outcome written down.

Only a call of which not a byte was sent is sent again. Whatever interrupts the sending leaves
a record that says that a phone may ring.
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import ApiError, LedgerError, NotSent
from dialform.launcher.idempotency import CONFLICT, EXISTED
from dialform.launcher.outcome import OUTCOMES, Dial
from dialform.launcher.records import ACCEPTED, NOT_SENT, UNKNOWN, Reservation
from dialform.presets.canonical import canonical
from dialform.registry.authorship import author

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.api.client import Client, Created
    from dialform.launcher.calling import Gate
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record
    from dialform.launcher.request import Request

PAUSES = (0.2, 0.8)
"""Seconds before a call of which no byte was sent is tried again, give or take a half."""

INTERRUPTED = "interrupted while the call was being sent: a phone may be ringing"


class Call(NamedTuple):
    """A call that is ready to be written down and sent."""

    request: Request
    client: Client
    once: str | None = None
    version: int | None = None
    """None for the working tree's, which has none."""

    release: int | None = None
    """The entry of the release log; None for the working tree's."""

    gate: Gate | None = None
    """What it is held against when it is dialled."""

    id: str | None = None
    """The ledger's own id of it; None lets the ledger make one."""

    keyed: bool = False
    """Whether its body carries an ``idempotencyKey``."""

    evidence: str | None = None
    """Which dial it is made again of, and why; None for a call of its own."""

    def reservation(self) -> Reservation:
        """
        What is written down of it: all that is needed to make it again, and no key.

        ``inputs`` lacks the sensitive ones; ``body`` is what is sent, with them.
        """
        return reserved(
            self.request,
            version=self.version,
            release=self.release,
            once=self.once,
            id=self.id,
            evidence=self.evidence,
            launched_by=author(),
        )


def reserved(request: Request, **more: Any) -> Reservation:
    """What is written down of a request; ``more`` are the fields that it does not say itself."""
    withheld = sorted(request.inputs.keys() & request.sensitive)
    return Reservation(
        environment=request.environment,
        preset=request.preset,
        preset_digest=request.preset_digest,
        bound_digest=request.bound_digest,
        body_digest=request.digest,
        workspace=request.workspace,
        to=request.to,
        from_number_id=request.from_number_id,
        inputs=request.kept,
        withheld=canonical(withheld).decode() if withheld else "[]",
        body=request.body,
        same=request.same,
        **more,
    )


class Sending:
    """A call that ``record`` says is about to be sent."""

    def __init__(self, call: Call, ledger: Ledger, record: Record) -> None:
        """``record`` is this call's own, reserved and on disk."""
        self._call = call
        self._ledger = ledger
        self._record = record
        self._idle = True
        """Whether certainly nothing is on its way."""

    def send(self) -> Dial:
        """Send it and write down what came of it. Raises as `Launcher.dial`."""
        try:
            for pause in _pauses():
                with self._one_try(last=pause is None):
                    created = self._call.client.create_dial(
                        self._call.request.body, idempotent=self._call.keyed
                    )
                    break
                time.sleep(pause or 0)
        except BaseException as error:
            self._fail(error)
            raise
        return self._accept(created)

    async def asend(self) -> Dial:
        """`send` for asyncio; the ledger is written in a thread, except when cancelled."""
        import asyncio  # noqa: PLC0415 - heavy, and `send` needs none

        try:
            for pause in _pauses():
                with self._one_try(last=pause is None):
                    created = await self._call.client.acreate_dial(
                        self._call.request.body, idempotent=self._call.keyed
                    )
                    break
                await asyncio.sleep(pause or 0)
        except Exception as error:
            await asyncio.shield(asyncio.to_thread(self._fail, error))
            raise
        except BaseException as error:
            self._fail(error)
            raise
        return await asyncio.shield(asyncio.to_thread(self._accept, created))

    def abandon(self) -> None:
        """Write down that it was not sent after all."""
        self._settle(NOT_SENT)

    @contextlib.contextmanager
    def _one_try(self, *, last: bool) -> Iterator[None]:
        self._idle = False
        try:
            yield
        except NotSent:
            self._idle = True
            if last:
                raise

    def _accept(self, created: Created) -> Dial:
        request = self._call.request
        recorded = True
        try:
            self._settle(
                ACCEPTED,
                dial_id=created.dial_id,
                session_id=created.session_id,
                status=created.status,
                answer=created.kept,
                evidence=EXISTED if created.status == CONFLICT else "",
            )
        except LedgerError:
            recorded = False
        return Dial(
            id=created.dial_id,
            session_id=created.session_id,
            dial_token=created.dial_token,
            environment=request.environment,
            preset=request.preset,
            version=self._call.version,
            release=self._call.release,
            to=request.to,
            from_number_id=request.from_number_id,
            bound_digest=request.bound_digest,
            request_digest=request.digest,
            time=self._record.reserved_at,
            replayed=False,
            recorded=recorded,
        )

    def _fail(self, error: BaseException) -> None:
        """Write down an outcome that is no dial. What can't be written is noted on ``error``."""
        state = NOT_SENT if self._idle else OUTCOMES.get(type(error), UNKNOWN)
        if isinstance(error, ApiError):
            words, status = error.words or str(error), error.status
        else:
            words, status = f"{type(error).__name__} while it was being sent", None
            if state == UNKNOWN:
                error.add_note(INTERRUPTED)
        existed = self._call.keyed and state == UNKNOWN and status == CONFLICT
        try:
            self._settle(state, status=status, words=words, evidence=EXISTED if existed else "")
        except LedgerError as trouble:
            error.add_note(f"{trouble}: the record counts as unknown")

    def _settle(self, state: str, **fields: Any) -> None:
        self._ledger.settle(self._record.id, state, **fields)


def _pauses() -> Iterator[float | None]:
    """What to wait after each try; None after the last."""
    for pause in PAUSES:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreads tries, guards nothing
    yield None
