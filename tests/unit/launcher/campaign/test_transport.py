"""
What each client does with a server that misbehaves: a POST arrives once, whatever comes of it.

The server reads the whole body before it does anything, so that it may well have rung a phone:
then no client may say that nothing was sent, and none may send again.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from raw_server import ACCEPTED, RawServer

from dialform.api.client import Client
from dialform.api.fast import FastClient
from dialform.errors import ApiError, Deferred, NotSent, OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from raw_server import Behaviour, Wire

    Outcome = type[Exception] | None
    Way = Callable[..., list[Outcome]]

KEY = "sandbox-dev"
PATIENCE = 5.0


def over_httpx(
    url: str, *bodies: bytes, timeout: float = PATIENCE, wait: float = 0.0
) -> list[Outcome]:
    found: list[Outcome] = []
    with Client(url, KEY, timeout=timeout) as client:
        for body in bodies:
            try:
                client.create_dial(body)
                found.append(None)
            except ApiError as error:
                found.append(type(error))
            time.sleep(wait)
    return found


def over_async_httpx(
    url: str, *bodies: bytes, timeout: float = PATIENCE, wait: float = 0.0
) -> list[Outcome]:
    async def send() -> list[Outcome]:
        found: list[Outcome] = []
        async with Client(url, KEY, timeout=timeout) as client:
            for body in bodies:
                try:
                    await client.acreate_dial(body)
                    found.append(None)
                except ApiError as error:
                    found.append(type(error))
                await asyncio.sleep(wait)
        return found

    return asyncio.run(send())


def over_aiohttp(
    url: str, *bodies: bytes, timeout: float = PATIENCE, wait: float = 0.0
) -> list[Outcome]:
    async def send() -> list[Outcome]:
        found: list[Outcome] = []
        async with FastClient(url, KEY, timeout=timeout, connections=8) as client:
            for body in bodies:
                try:
                    await client.create(body)
                    found.append(None)
                except ApiError as error:
                    found.append(type(error))
                await asyncio.sleep(wait)
        return found

    return asyncio.run(send())


WAYS = [over_httpx, over_async_httpx, over_aiohttp]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def closes(_wire: Wire, _body: bytes) -> bool:
    return False


def resets(wire: Wire, _body: bytes) -> bool:
    wire.reset()
    return False


def half_a_status_line(wire: Wire, _body: bytes) -> bool:
    wire.send(b"HTTP/1.1 20")
    return False


def half_the_headers(wire: Wire, _body: bytes) -> bool:
    wire.send(b"HTTP/1.1 200 OK\r\ncontent-type: applicat")
    return False


def half_the_body(wire: Wire, _body: bytes) -> bool:
    wire.send(b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n" + ACCEPTED)
    return False


def half_a_chunk(wire: Wire, _body: bytes) -> bool:
    wire.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n" + ACCEPTED[:20])
    return False


def continues_and_closes(wire: Wire, _body: bytes) -> bool:
    wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    return False


def is_not_http(wire: Wire, _body: bytes) -> bool:
    wire.send(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    return False


def switches_protocols(wire: Wire, _body: bytes) -> bool:
    wire.send(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n")
    return False


def fails(wire: Wire, _body: bytes) -> bool:
    wire.answer(b'{"message": "try again"}', status="503 Service Unavailable")
    return True


SAYS_NOTHING = [
    *(closes, resets, half_a_status_line, half_the_headers, half_the_body, half_a_chunk),
    *(continues_and_closes, is_not_http, switches_protocols, fails),
]


@each_way
@pytest.mark.parametrize("behaviour", SAYS_NOTHING, ids=lambda one: one.__name__)
def test_a_post_that_was_read_is_unknown_and_not_sent_again(way: Way, behaviour: Behaviour) -> None:
    with RawServer(behaviour) as server:
        assert way(server.url, b"one", b"two", wait=0.05) == [OutcomeUnknown] * 2
        assert server.bodies == [b"one", b"two"]


@each_way
@pytest.mark.parametrize("kind", ["closed", "reset"])
def test_a_kept_connection_that_ends_as_the_next_post_comes(way: Way, kind: str) -> None:
    """Before it is read, or after: it is never sent over another connection."""

    def once(wire: Wire, _body: bytes) -> bool:
        wire.answer()
        wire.peek()
        if kind == "reset":
            wire.reset()
        return False

    with RawServer(once) as server:
        found = way(server.url, b"one", b"two")
        assert found == [None, OutcomeUnknown]
        assert server.bodies == [b"one"]
        assert server.connections == 1


@each_way
@pytest.mark.parametrize("kind", ["closed", "reset"])
def test_a_kept_connection_that_reads_the_next_post_and_ends(way: Way, kind: str) -> None:
    def once(wire: Wire, body: bytes) -> bool:
        if body == b"one":
            wire.answer()
            return True
        if kind == "reset":
            wire.reset()
        return False

    with RawServer(once) as server:
        assert way(server.url, b"one", b"two") == [None, OutcomeUnknown]
        assert server.bodies == [b"one", b"two"]
        assert server.connections == 1


@each_way
def test_a_kept_connection_that_ended_while_idle_is_not_used(way: Way) -> None:
    def once(wire: Wire, _body: bytes) -> bool:
        wire.answer()
        return False

    with RawServer(once) as server:
        assert way(server.url, b"one", b"two", b"three", wait=0.1) == [None] * 3
        assert server.bodies == [b"one", b"two", b"three"]
        assert server.connections == 3


@each_way
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(way: Way, status: int) -> None:
    def elsewhere(wire: Wire, _body: bytes) -> bool:
        wire.answer(b"", status=f"{status} Elsewhere", head="location: /api/other\r\n")
        return True

    with RawServer(elsewhere) as server:
        assert way(server.url, b"one") == [Rejected]
        assert server.bodies == [b"one"]


@each_way
@pytest.mark.parametrize(
    "before", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"]
)
def test_what_comes_before_the_answer_is_passed_over(way: Way, before: bytes) -> None:
    def continues(wire: Wire, _body: bytes) -> bool:
        wire.send(before)
        wire.answer()
        return True

    with RawServer(continues) as server:
        assert way(server.url, b"one", b"two") == [None, None]
        assert server.bodies == [b"one", b"two"]


@each_way
def test_an_answer_in_http_1_0_ends_with_its_connection(way: Way) -> None:
    def old(wire: Wire, _body: bytes) -> bool:
        wire.send(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + ACCEPTED)
        return False

    with RawServer(old) as server:
        assert way(server.url, b"one", b"two") == [None, None]
        assert server.bodies == [b"one", b"two"]


@each_way
@pytest.mark.parametrize(
    ("status", "expected"),
    [("429 Too Many Requests", Deferred), ("422 Unprocessable Entity", Rejected)],
)
def test_a_refusal_is_one_also_where_its_body_breaks_off(
    way: Way, status: str, expected: type[ApiError]
) -> None:
    def breaks_off(wire: Wire, _body: bytes) -> bool:
        wire.send(f"HTTP/1.1 {status}\r\ncontent-length: 400\r\n\r\nhalf".encode())
        return False

    with RawServer(breaks_off) as server:
        assert way(server.url, b"one") == [expected]
        assert server.bodies == [b"one"]


@each_way
def test_an_answer_without_an_end_is_not_read_to_it(way: Way) -> None:
    sent = 0

    def goes_on(wire: Wire, _body: bytes) -> bool:
        nonlocal sent
        wire.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n")
        while True:
            wire.send(b" " * (1 << 20))
            sent += 1

    with RawServer(goes_on) as server:
        assert way(server.url, b"one") == [OutcomeUnknown]
        assert server.bodies == [b"one"]
    assert sent < 64


@each_way
def test_headers_without_an_end_are_not_read_to_it(way: Way) -> None:
    def goes_on(wire: Wire, _body: bytes) -> bool:
        wire.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            wire.send(b"x-more: " + b"x" * 4000 + b"\r\n")

    with RawServer(goes_on) as server:
        assert way(server.url, b"one") == [OutcomeUnknown]
        assert server.bodies == [b"one"]


SLOW = {
    "nothing": (b"", b""),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x-more: " + b"x" * 4000),
    "body": (b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n", b" " * 4000),
}
"""What comes at once, and what comes a byte at a time."""


@each_way
@pytest.mark.parametrize("what", SLOW)
def test_an_answer_that_does_not_come_is_unknown_within_twice_its_time(way: Way, what: str) -> None:
    start, slow = SLOW[what]
    ended = threading.Event()

    def waits(wire: Wire, _body: bytes) -> bool:
        wire.send(start)
        for at in range(len(slow)):
            wire.send(slow[at : at + 1])
            if ended.wait(0.02):
                return False
        ended.wait(PATIENCE)
        return False

    with RawServer(waits) as server:
        began = time.monotonic()
        found = way(server.url, b"one", timeout=0.3)
        took = time.monotonic() - began
        ended.set()
        assert found == [OutcomeUnknown]
        assert server.bodies == [b"one"]
    assert took < 2.0


@each_way
def test_nobody_listening_is_not_sent(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert way(f"http://127.0.0.1:{port}/api", b"one") == [NotSent]


@each_way
def test_a_server_that_takes_connections_and_reads_nothing_is_unknown(way: Way) -> None:
    """The system has taken the bytes: whoever listens may read them yet."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert way(f"http://127.0.0.1:{port}/api", b"one", timeout=0.3) == [OutcomeUnknown]


@each_way
def test_whatever_a_server_does_each_post_comes_once(way: Way) -> None:
    """At random, over kept connections: each body is read at most once, and told rightly."""
    chance = random.Random(5)  # noqa: S311 - the same at each run
    kinds = {str(at).encode(): chance.choice(range(len(SAYS_NOTHING) + 20)) for at in range(150)}

    def any_of_them(wire: Wire, body: bytes) -> bool:
        kind = kinds[body]
        if kind < len(SAYS_NOTHING):
            return SAYS_NOTHING[kind](wire, body)
        wire.answer()
        return kind % 5 != 0  # some close after they have answered

    bodies = list(kinds)
    with RawServer(any_of_them) as server:
        outcomes = dict(zip(bodies, way(server.url, *bodies), strict=True))
        received = Counter(server.bodies)
    assert max(received.values()) == 1
    for body, outcome in outcomes.items():
        if outcome is None:
            assert received[body] == 1
        elif outcome is NotSent:
            assert received[body] == 0
        else:
            assert outcome is OutcomeUnknown
    assert Counter(outcomes.values())[None] > 50


def test_a_campaigns_post_that_is_cancelled_without_a_connection_is_not_sent() -> None:
    """So that nobody counts it as one that may have rung."""

    async def send(url: str) -> None:
        async with FastClient(url, KEY, timeout=PATIENCE, connections=8) as client:
            task = asyncio.ensure_future(client.create(b"one"))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(NotSent):
                await task

    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        asyncio.run(send(f"http://127.0.0.1:{deaf.getsockname()[1]}/api"))
        for one in waiting:
            one.close()


@pytest.mark.parametrize("way", ["httpx", "aiohttp"])
def test_a_post_that_is_cancelled_came_at_most_once(way: str) -> None:
    """And its connection, on which an answer is still to come, serves nobody else."""
    answered = threading.Event()

    def slowly(wire: Wire, body: bytes) -> bool:
        if body == b"one":
            answered.wait(PATIENCE)
        wire.answer(b'{"dialId": "d-%s"}' % body)
        return True

    async def send(url: str) -> str:
        async with (
            Client(url, KEY, timeout=PATIENCE) as client,
            FastClient(url, KEY, timeout=PATIENCE, connections=8) as fast,
        ):
            create = client.acreate_dial if way == "httpx" else fast.create
            task = asyncio.ensure_future(create(b"one"))
            await asyncio.to_thread(server.came.wait, PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            answered.set()
            return (await create(b"two")).dial_id

    with RawServer(slowly) as server:
        assert asyncio.run(send(server.url)) == "d-two"
        assert server.bodies == [b"one", b"two"]
