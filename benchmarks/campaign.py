"""
What a campaign costs: durable dials a second, beside loops that keep no ledger.

The engine reserves each dial on disk before its first byte and settles it after; the loops only
send. All send the same bodies, 32 at a time, to a server in a process of its own that answers at
once, and that never says how a call goes on: statuses are a figure of their own, in which every
call is asked for once and has ended. Usage: ``campaign.py [DIALS [ROUNDS]]``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import httpx

from dialform.api.answers import Created
from dialform.api.fast import FastClient
from dialform.declaration import Project
from dialform.launcher.campaign import Engine, Settings
from dialform.launcher.campaign.writer import Writer
from dialform.launcher.ledger import Ledger
from dialform.launcher.records import Campaign, Row
from dialform.launcher.request import Template
from dialform.presets.canonical import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from multiprocessing.connection import Connection

    from dialform.api.fast import Seen
    from dialform.launcher.campaign.engine import Transport

    Send = Callable[[bytes], Awaitable[object]]

ROOT = Path(__file__).resolve().parents[1]
PRESET = "reminder"
AT_A_TIME = 32
SIZES = (3_000, 20_000)
"""Bytes of a body."""

AIOHTTP_AIM, HTTPX_AIM = 0.6, 15.0
FAR = (3600.0,)
AT_ONCE = (0.0,)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class Server(asyncio.Protocol):
    """HTTP as far as the three clients speak it: a dial gets an id, a call has ended."""

    ids = itertools.count(1)

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            _, named, rest = head.partition(b"content-length: ")
            size = end + 4 + (int(rest.split(b"\r", 1)[0]) if named else 0)
            if len(self._data) < size:
                return
            self._data = self._data[size:]
            said = {"dialId": f"dial-{next(self.ids)}"} if named else {"status": "completed"}
            body = json.dumps(said).encode()
            self._transport.write(_HEAD % (len(body), body))


def serve(pipe: Connection) -> None:
    """Say the port, and answer until the process is ended."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


@contextmanager
def server() -> Iterator[str]:
    """Its URL."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/api"
    finally:
        process.terminate()
        process.join()


class Load(NamedTuple):
    """What is sent where."""

    url: str
    template: Template
    people: list[Row]

    @classmethod
    def of(cls, url: str, size: int, dials: int) -> Load:
        """Different numbers and inputs; bodies of about ``size`` bytes."""
        bound = json.loads(canonical(Project(ROOT).environment("dev").bound(PRESET)))
        bound["workspace"] = url
        words = "Say who calls, and why. " * (size // 24)
        bound["body"]["agentOverrides"] = {"prompt": words[: size - 700]}
        inputs = {
            name: one.get("example", f"{name} of somebody")
            for name, one in bound["inputs"].items()
            if one.get("required")
        }
        text = canonical(inputs).decode()
        people = [
            Row(at, f"+1415{2000000 + at}", f"+1415{2000000 + at}", text)
            for at in range(1, dials + 1)
        ]
        return cls(url, Template(bound), people)

    def bodies(self) -> list[bytes]:
        """The bytes that the engine sends."""
        return [
            self.template.request(to=one.to, inputs=json.loads(one.inputs)).body
            for one in self.people
        ]


class Anyone:
    """No rules."""

    def allows(self, _now: float, _row: Row) -> None:
        """Everybody may be called."""

    def room(self, _now: float, _row: Row) -> None:
        """There are no caps."""


class Nowhere:
    """A transport that takes no time: what is left is the rules, the bytes and the ledger."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self._ids = itertools.count(1)

    async def create(self, _body: bytes, *, idempotent: bool = False) -> Created:  # noqa: ARG002 - as it is called
        """A dial of its own."""
        await asyncio.sleep(0)
        return Created(f"dial-{next(self._ids)}", None, None, 200, b"{}")

    async def seen(self, _dial_id: str) -> Seen:
        """Nobody asks."""
        raise NotImplementedError


def engine(load: Load, polls: tuple[float, ...] = FAR, transport: Transport | None = None) -> float:
    """Seconds for all of them by the engine: reserved, sent, settled, on a real disk."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        ledger = Ledger(Path(folder) / "ledger.db")
        campaign = Campaign(
            *("c1", "dev", "november", PRESET, 7, 9, "sha256:1", digest(b"bound"), load.url),
            *("people.csv", "sha256:3", "2026-11-25", "anna"),
        )
        ledger.open_campaign(campaign, load.people)
        ledger.make_room()
        elapsed = asyncio.run(_engine(load, campaign, ledger, polls, transport))
        ended = ledger.counts("c1").get("done", 0) if polls is AT_ONCE else len(load.people)
        if ledger.placed("c1") != len(load.people) or ended != len(load.people):
            sys.exit(f"not all were called: {ledger.counts('c1')}")
        ledger.close()
        return elapsed


async def _engine(
    load: Load,
    campaign: Campaign,
    ledger: Ledger,
    polls: tuple[float, ...],
    transport: Transport | None,
) -> float:
    writer = Writer(ledger)
    settings = Settings(
        rate=1e6,
        in_flight=AT_A_TIME,
        live=10**6,
        # Where calls are left to themselves, that many were placed is the end of it.
        total=len(load.people) if polls is FAR else None,
    )
    try:
        async with FastClient(
            load.url, "key-of-nobody", timeout=30.0, connections=AT_A_TIME * 2
        ) as client:
            runs = Engine(
                campaign,
                settings,
                ledger=ledger,
                writer=writer,
                transport=transport or client,
                template=load.template,
                now=time.time,
                gate=Anyone(),
                stopped=lambda: None,
                suppressed=lambda _: None,
                polls=polls,
            )
            begun = time.perf_counter()
            await runs.run()
            return time.perf_counter() - begun
    finally:
        writer.close()


async def _all(bodies: list[bytes], send: Send) -> float:
    """Seconds for all of them by a loop: so many workers, each with the next body."""
    rest = iter(bodies)

    async def work() -> None:
        for body in rest:
            await send(body)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_A_TIME)))
    return time.perf_counter() - begun


def bare(load: Load) -> float:
    """The least with aiohttp: nothing is kept."""
    bodies = load.bodies()

    async def run() -> float:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_A_TIME),
            headers={"authorization": "Bearer key-of-nobody", "content-type": "application/json"},
        ) as session:

            async def send(body: bytes) -> None:
                async with session.post(f"{load.url}/dials", data=body) as response:
                    _ = (await response.json())["dialId"]

            return await _all(bodies, send)

    return asyncio.run(run())


def usual(load: Load) -> float:
    """What users write: httpx, and the body as a value."""
    values = list(map(json.loads, load.bodies()))

    async def run() -> float:
        async with httpx.AsyncClient(headers={"authorization": "Bearer key-of-nobody"}) as client:

            async def send(value: Any) -> None:
                response = await client.post(f"{load.url}/dials", json=value)
                response.raise_for_status()
                _ = response.json()["dialId"]

            return await _all(values, send)

    return asyncio.run(run())


def dials(url: str, count: int, rounds: int) -> None:
    """The engine and both loops in turn; httpx gets fewer calls to make."""
    for size in SIZES:
        load = Load.of(url, size, count)
        few = Load.of(url, size, max(count // 10, 100))
        length = len(load.bodies()[0])
        found = []
        for _ in range(rounds):
            first = count / bare(load)
            ours = count / engine(load)
            second = count / bare(load)
            slow = len(few.people) / usual(few)
            unsent = count / engine(load, transport=Nowhere())
            found.append((ours, (first + second) / 2, slow, unsent))
        rate, floor, slow, unsent = map(statistics.median, zip(*found, strict=True))
        to_floor = statistics.median(ours / bare for ours, bare, *_ in found)
        to_slow = statistics.median(ours / slow for ours, _, slow, _ in found)
        apart = statistics.median(unsent / bare for _, bare, _, unsent in found)
        print(
            f"bodies of {length / 1000:.1f} kB: {rate:,.0f} durable dials a second; aiohttp alone "
            f"{floor:,.0f}, ratio {_at_least(to_floor, AIOHTTP_AIM)}; httpx {slow:,.0f}, ratio "
            f"{_at_least(to_slow, HTTPX_AIM)}; without sending {unsent:,.0f}, {apart:.2f} of "
            "aiohttp alone",
            flush=True,
        )
    load = Load.of(url, SIZES[0], count)
    ended = statistics.median(count / engine(load, AT_ONCE) for _ in range(rounds))
    print(f"with each call asked for and seen to end: {ended:,.0f} a second", flush=True)


def _at_least(found: float, aim: float) -> str:
    return f"{found:.2f} (aim >= {aim:g}: {'met' if found >= aim else 'MISSED'})"


def main(count: int = 3000, rounds: int = 5) -> None:
    """Measure."""
    with server() as url:
        dials(url, count, rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
