"""An API that answers late, wrongly or not at all, and writes down which phones ring."""

from __future__ import annotations

import asyncio
import json
from itertools import accumulate
from math import log
from typing import TYPE_CHECKING, NamedTuple

from dialform.api import answers
from dialform.api.answers import Answer, Created
from dialform.api.fast import Seen
from dialform.errors import ApiError

if TYPE_CHECKING:
    from random import Random

    from simulated_loop import SimulatedLoop

ENDS = (
    # weight, status, result, seconds
    (60, "completed", "AGENT_HANGUP", 90.0),
    (10, "completed", "COUNTERPARTY_HANGUP", 20.0),
    (12, "no-answer", "NO_ANSWER", 30.0),
    (8, "busy", "BUSY", 3.0),
    (5, "failed", "FAILED", 1.0),
    (5, "failed", "RATE_LIMITED", 0.5),
)

_WEIGHTS = list(accumulate(one[0] for one in ENDS))


def drawn(rng: Random, mean: float) -> float:
    """A length of time, as `Random.expovariate` draws it, with less around it."""
    return -log(1.0 - rng.random()) * mean


class Receipt(NamedTuple):
    """A request that made a phone ring, as the API knows it."""

    time: float
    """True time, not that of anybody's clock."""

    to: str
    dial_id: str


class Call(NamedTuple):
    """A call that the API accepted."""

    began: float
    status: str
    result: str
    seconds: float


class SimulatedApi:
    """One workspace. What it does wrong, and how often, is drawn once for each campaign."""

    def __init__(self, rng: Random, loop: SimulatedLoop) -> None:
        self._rng = rng
        self._loop = loop
        self._time = loop.time
        self.receipts: list[Receipt] = []
        self.calls: dict[str, Call] = {}
        worst = rng.choice((0.0, 0.01, 0.1))
        self._faults = {
            name: rng.random() * worst
            for name in (
                *("not-sent", "no-route", "lost-request", "lost-answer", "reset", "cut"),
                *("garbage", "408", "409", "500", "502-after", "429", "422"),
            )
        }
        self._slow = rng.choice((0.05, 0.5, 5.0))
        self._outages = self._drawn_outages()

    def _drawn_outages(self) -> list[tuple[float, float, str]]:
        rng = self._rng
        kinds = ("not-sent", "lost-answer", "500", "429", "401", "422")
        return [
            (start, start + rng.expovariate(1 / 900), rng.choice(kinds))
            for start in (rng.expovariate(1 / 36000) for _ in range(rng.randrange(6)))
        ]

    async def create(self, body: bytes, *, idempotent: bool = False) -> Created:
        """What `FastClient.create` does; a request that has left goes on without its sender."""
        assert not idempotent, "the simulated workspace honours no keys"
        answer = Answer("POST", "http://sim/api", "/dials", "key-of-the-simulation")
        await self._passes()
        fate = self._fate()
        if fate in ("not-sent", "no-route"):
            answer.fail(OSError("no connection"), sent=False)
            return answers.created(answer)
        serving = self._loop.create_task(self._serve(body, fate, answer))
        await asyncio.shield(serving)
        return answers.created(answer)

    async def seen(self, dial_id: str) -> Seen:
        """What `FastClient.seen` does."""
        await self._passes()
        if self._rng.random() < self._faults["500"]:
            raise ApiError("500", request="GET /dials", status=500)
        call = self.calls[dial_id]
        age = self._time() - call.began
        if age >= call.seconds:
            return Seen(call.status, call.result)
        return Seen("ringing" if age < 2 else "in-progress", None)

    def _fate(self) -> str:
        now = self._time()
        for start, end, kind in self._outages:
            if start <= now < end:
                return kind
        draw = self._rng.random()
        for name, part in self._faults.items():
            draw -= part
            if draw < 0:
                return name
        return "200"

    async def _serve(self, body: bytes, fate: str, answer: Answer) -> None:
        await self._passes()
        if fate == "lost-request":
            answer.fail(OSError("reset"), sent=True)
            return
        if fate in ("408", "409", "429", "401", "422") or (
            fate == "500" and self._rng.random() < 0.5  # else it broke with the call placed
        ):
            headers = {"retry-after": self._rng.choice(("1", "30"))} if fate == "429" else {}
            self._says(answer, int(fate), {"message": f"said {fate}"}, headers)
            return
        dial_id = self._accept(body)
        await self._passes()
        if fate in ("lost-answer", "reset"):
            answer.fail(OSError("closed"), sent=True)
        elif fate in ("500", "502-after"):
            self._says(answer, int(fate[:3]), {"message": "it broke"})
        elif fate == "garbage":
            self._says(answer, 200, {"id": "unheard of"})
        else:
            self._says(answer, 200, {"dialId": dial_id, "sessionId": "s", "dialToken": "t"})
            answer.complete = fate != "cut"

    def _accept(self, body: bytes) -> str:
        rng = self._rng
        to = json.loads(body)["toNumber"]
        dial_id = f"d{len(self.calls)}"
        (_, status, result, seconds), *_ = rng.choices(ENDS, cum_weights=_WEIGHTS)
        seconds = rng.expovariate(1 / seconds)
        self.calls[dial_id] = Call(self._time(), status, result, seconds)
        if result != "RATE_LIMITED":
            self.receipts.append(Receipt(self._time(), to, dial_id))
        return dial_id

    @staticmethod
    def _says(
        answer: Answer, status: int, said: dict[str, str], headers: dict[str, str] | None = None
    ) -> None:
        answer.start(status, headers or {})
        answer.take(json.dumps(said).encode())
        answer.complete = True

    def _passes(self) -> asyncio.Future[None]:
        return self._loop.pause(drawn(self._rng, self._slow))
