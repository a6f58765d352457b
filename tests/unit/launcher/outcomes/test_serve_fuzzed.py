"""Webhook bodies of every kind: no 500, no traceback, nothing kept that is not signed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_world import TOKEN, Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher_world import World

    from dialform.sandbox import Sandbox

STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(["dial.created", "dial.updated", "dial.transcript", "dial.inbound"])
STATUSES = st.sampled_from(["queued", "ringing", "in-progress", "completed", "failed", "parked"])
ALMOST = st.fixed_dictionaries(
    {"event": KINDS | STRANGE},
    optional={
        "payload": STRANGE
        | st.fixed_dictionaries(
            {}, optional={"dial_id": STRANGE | st.just("d1"), "status": STATUSES | STRANGE}
        )
    },
)
BODIES = (
    st.binary(max_size=400)
    | STRANGE.map(lambda value: json.dumps(value).encode())
    | ALMOST.map(lambda value: json.dumps(value).encode())
)
ONE_SERVER = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def serving(world: World) -> Iterator[Served]:
    with Served(world, "--no-poll") as one:
        yield one
        one.stop()  # which looks for a traceback


def kept(serving: Served) -> int:
    with serving.ledger._reading() as connection:
        ((count,),) = connection.rows("SELECT COUNT(*) FROM event")
    return int(count)


def test_signed_bodies_are_kept_whatever_they_are(serving: Served) -> None:
    seen: set[bytes] = set()

    @ONE_SERVER
    @given(BODIES)
    def attempt(raw: bytes) -> None:
        seen.add(raw)
        assert serving.webhook(raw).status_code == 204
        assert kept(serving) == len(seen)

    attempt()
    assert serving.ledger.find() == []
    assert serving.http.get("/health").status_code == 200


def test_unsigned_bodies_leave_no_trace(serving: Served) -> None:
    @ONE_SERVER
    @given(BODIES, st.text(alphabet="0123456789abcdefXYZ", max_size=70))
    def attempt(raw: bytes, signature: str) -> None:
        assert serving.webhook(raw, signature).status_code == 401

    attempt()
    assert kept(serving) == 0


def test_calls_of_any_form_are_answered_and_never_with_500(
    serving: Served, sandbox: Sandbox
) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    almost: Any = st.fixed_dictionaries(
        {},
        optional={
            "preset": st.just("reminder") | STRANGE,
            "to": st.just("+1415555") | STRANGE,
            "inputs": STRANGE,
            "once": STRANGE,
        },
    ).map(lambda value: json.dumps(value).encode())

    @ONE_SERVER
    @given(st.binary(max_size=200) | almost)
    def attempt(raw: bytes) -> None:
        answer = serving.http.post("/dials", content=raw, headers=headers)
        assert answer.status_code in (400, 404, 422)
        assert answer.json()["type"].startswith("urn:dialform:")

    attempt()
    assert sandbox.received() == []
