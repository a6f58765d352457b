"""The sandbox's webhooks: a call's life as events, signed, sent when asked and to here alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sandbox_bodies import dial

from dialform.sandbox import SandboxControl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.sandbox import Sandbox


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receive)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        self.got: list[tuple[str, bytes]] = []

    def events(self) -> list[tuple[str, str | None]]:
        """The kinds, and the statuses where there are any."""
        read = [json.loads(body) for _, body in self.got]
        return [(one["event"], one["payload"].get("status")) for one in read]


class _Receive(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Receiver)
        self.server.got.append((self.headers["X-Elto-Signature"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def place(sandbox: SandboxControl, **more: Any) -> str:
    headers = {"authorization": "Bearer sandbox-dev"}
    answer = httpx.post(f"{sandbox.url}/dials", json=dial(**more), headers=headers, trust_env=False)
    return str(answer.json()["dialId"])


def test_a_call_is_told_as_it_goes_on_and_each_event_once(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    placed = place(sandbox, webhookUrl=receiver.url)
    assert [one["status"] for one in sandbox.deliver()] == [204]
    assert receiver.events() == [("dial.created", None)]
    assert json.loads(receiver.got[0][1])["payload"]["dial_id"] == placed
    sandbox.advance(2)
    sandbox.deliver()
    sandbox.deliver()
    sandbox.advance(600)
    sandbox.deliver()
    assert receiver.events() == [
        ("dial.created", None),
        ("dial.updated", "ringing"),
        ("dial.updated", "in-progress"),
        ("dial.updated", "completed"),
        ("dial.transcript", None),
        ("dial.recording_created", None),
    ]
    for signature, body in receiver.got:
        mac = hmac.new(b"sandbox-dev-signing", body, hashlib.sha256)
        assert signature == mac.hexdigest()


@pytest.mark.parametrize(
    ("last", "statuses"),
    [
        ("0110", ["ringing", "busy"]),
        ("0111", ["ringing", "no-answer"]),
        ("0113", ["failed"]),
    ],
)
def test_each_end_has_its_events(
    sandbox: Sandbox, receiver: Receiver, last: str, statuses: list[str]
) -> None:
    place(sandbox, webhookUrl=receiver.url, toNumber=f"+1415555{last}")
    sandbox.advance(600)
    sandbox.deliver()
    assert receiver.events() == [
        ("dial.created", None),
        *(("dial.updated", status) for status in statuses),
    ]


def test_order_and_number_can_be_made_wrong(sandbox: Sandbox, receiver: Receiver) -> None:
    place(sandbox, webhookUrl=receiver.url)
    sandbox.advance(600)
    sandbox.deliver(seed=3, repeats=2)
    events = receiver.events()
    assert len(events) == 18
    assert all(events.count(one) == 3 for one in events)
    assert events != sorted(events)


def test_nothing_leaves_this_machine(sandbox: Sandbox) -> None:
    place(sandbox, webhookUrl="https://hooks.example.com/x")
    place(sandbox)
    assert sandbox.deliver() == []


def test_nobody_listening_is_no_answer(sandbox: Sandbox) -> None:
    place(sandbox, webhookUrl="http://127.0.0.1:9/x")
    assert [one["status"] for one in sandbox.deliver()] == [None]


def test_the_command_sends_them_by_itself(receiver: Receiver) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "dialform", "sandbox", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        with SandboxControl(told["root"]) as control:
            place(control, webhookUrl=receiver.url)
            deadline = time.monotonic() + 20
            while not receiver.got and time.monotonic() < deadline:
                time.sleep(0.05)
        process.terminate()
    assert receiver.events()[0] == ("dial.created", None)
