"""Malformed requests of every kind: never a 5xx, and the server keeps serving."""

from __future__ import annotations

import copy
import json
import random
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_bodies import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.sandbox import Sandbox

HEADERS = {"authorization": "Bearer sandbox-dev", "content-type": "application/json"}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["INBOUND_ONLY", "STANDARD", "+14155550123", "x" * 300, "\ud800", "{{a}}"])
)
names = st.sampled_from(
    [*EVERYTHING, *EVERYTHING["agentOverrides"], "nodes", "id", "phone_number", "a.b"]
) | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def http(running_sandbox: Sandbox) -> Iterator[httpx.Client]:
    running_sandbox.reset()
    running_sandbox.idempotency_keys("ignored")  # the same body comes many times
    base = running_sandbox.url
    with httpx.Client(base_url=base, headers=HEADERS, trust_env=False) as one:
        yield one


quick = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def refused_well(answer: httpx.Response) -> None:
    """A 4xx that says why, in JSON."""
    assert answer.status_code in (400, 413, 422)
    error = answer.json()["error"]
    assert error["message"]
    assert "Traceback" not in answer.text
    assert len(answer.content) < 100_000


@quick
@given(data=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode()))
def test_random_bytes(http: httpx.Client, data: bytes) -> None:
    refused_well(http.post("/dials", content=data))


@quick
@given(value=values)
def test_random_json(http: httpx.Client, value: Any) -> None:
    refused_well(http.post("/dials", content=json.dumps(value).encode()))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@quick
@given(path=st.sampled_from(list(places(EVERYTHING))), value=values, drop=st.booleans())
def test_a_good_body_with_one_thing_changed(
    http: httpx.Client, path: tuple[Any, ...], value: Any, *, drop: bool
) -> None:
    """Accepted or refused well; and what is accepted can be read and shown."""
    body: Any = copy.deepcopy(EVERYTHING)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    answer = http.post("/dials", content=json.dumps(body).encode())
    if answer.status_code != 200:
        refused_well(answer)
        return
    shown = http.get(f"/dials/{answer.json()['dialId']}")
    assert shown.status_code == 200
    assert shown.json()["inputs"] == body.get("callAgentInput", {})
    assert http.get("../").status_code == 200


@quick
@given(
    kind=st.sampled_from(["agents", "functions", "phone_numbers"]),
    value=st.dictionaries(names, values, max_size=3),
)
def test_random_changes_of_objects(
    running_sandbox: Sandbox, http: httpx.Client, kind: str, value: Any
) -> None:
    one = running_sandbox.objects("dev", kind)[0]["id"]
    answer = http.put(f"/{kind}/{one}", content=json.dumps(value).encode())
    assert answer.status_code in (200, 400, 422)


@quick
@given(path=st.text(max_size=20), query=st.text(max_size=20), method=st.sampled_from("GP"))
def test_random_paths(http: httpx.Client, path: str, query: str, method: str) -> None:
    url = httpx.URL(str(http.base_url)).copy_with(
        raw_path=b"/api/voices/" + path.encode("utf-8", "replace").hex("%").encode()
    )
    answer = http.request({"G": "GET", "P": "PUT"}[method], url)
    assert 400 <= answer.status_code < 500
    answer = http.get("/voices", params={"cursor": query.encode("utf-8", "replace")})
    assert answer.status_code in (200, 400)


def test_raw_garbage_on_the_socket(running_sandbox: Sandbox) -> None:
    """Bytes that are no HTTP, cut requests and false lengths, without an answer being read."""
    chance = random.Random(7)  # noqa: S311 - for tests
    openings = [
        b"",
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/dials HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\n{",
        b"POST /api/dials HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/dials HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /api/voices HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \xff\xfe\r\n\r\n",
        b"GET /%ff%fe%00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /sandbox/objects/%00/%2e%2e HTTP/1.1\r\nhost: \xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: " + b"x" * 100_000,
    ]
    for _ in range(4):
        for opening in openings:
            with socket.create_connection(("127.0.0.1", running_sandbox.port), timeout=5) as raw:
                raw.sendall(opening + chance.randbytes(chance.randrange(30)))
                if chance.random() < 0.5:
                    raw.shutdown(socket.SHUT_WR)
                    assert b"HTTP/1.1 5" not in raw.recv(4096)
    assert running_sandbox.about()["format"] == "dialform.sandbox/1"


@quick
@given(value=values, path=st.sampled_from(["/faults", "/clock"]))
def test_random_bodies_at_the_controls(
    running_sandbox: Sandbox, http: httpx.Client, value: Any, path: str
) -> None:
    answer = http.post(f"{running_sandbox.root}/sandbox{path}", content=json.dumps(value).encode())
    assert answer.status_code in (200, 400, 422)


def test_it_still_serves(sandbox: Sandbox, http: httpx.Client) -> None:
    assert http.post("/dials", json=EVERYTHING).status_code == 200
    assert len(sandbox.dials()) == 1
