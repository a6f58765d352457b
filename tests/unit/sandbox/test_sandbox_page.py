"""The page for people, and the command that runs the sandbox."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sandbox_bodies import EVERYTHING, dial, flow, node

from dialform.sandbox import SandboxControl

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox

HEADERS = {"authorization": "Bearer sandbox-dev"}


def page(sandbox: Sandbox, *bodies: dict[str, Any]) -> str:
    """The page after some dials."""
    for body in bodies:
        answer = httpx.post(f"{sandbox.url}/dials", json=body, headers=HEADERS, trust_env=False)
        assert answer.status_code == 200
    return httpx.get(f"{sandbox.root}/", trust_env=False).text


def test_the_page_says_what_the_agent_was_told(sandbox: Sandbox) -> None:
    shown = page(sandbox, EVERYTHING)
    assert "+14155550123" in shown
    assert "from +14155550150" in shown
    assert "Hello, I am calling about your account" not in shown
    assert '<mark title="name">Ann</mark>' in shown
    assert "Flow of 2 steps" not in shown, "the prompt by id has no flow"
    assert "&#34;callAgentId&#34;" in shown
    shown = page(sandbox, dial(**flow(node("start", question="Ready, {{who}}?"))))
    assert "Flow of 1 steps" in shown
    assert "{{who}}</mark>" in shown
    assert "queued" in shown


def test_an_empty_page_says_how_to_place_a_dial(sandbox: Sandbox) -> None:
    assert page(sandbox).count("No dials yet") == 3


def test_what_is_said_can_not_become_markup(sandbox: Sandbox) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    body = dial(
        callAgentInput={evil: evil, "name": evil},
        agentOverrides={"openingLine": {"lineType": "INBOUND_OUTBOUND", "content": "{{name}}"}},
    )
    sandbox.edit("dev", "voices", sandbox.objects("dev", "voices")[0]["id"], name=evil)
    shown = page(sandbox, body)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown


def test_the_page_loads_nothing(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.root}/", trust_env=False)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.search(r"<(script|link|img|iframe)|url\(|@import", answer.text)
    assert "prefers-color-scheme: dark" in answer.text
    assert 'name="viewport"' in answer.text


def test_refused_requests_are_counted(sandbox: Sandbox) -> None:
    httpx.post(f"{sandbox.url}/dials", json={}, headers=HEADERS, trust_env=False)
    assert "created no dial: 422" in page(sandbox)


def command(*arguments: str) -> subprocess.Popen[str]:
    """``dialform sandbox`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "dialform", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_runs_until_it_is_stopped(tmp_path: Path, stop: signal.Signals) -> None:
    file = tmp_path / "state.json"
    running = command("--port", "0", "--state", str(file), "--speed", "60", "--json")
    assert running.stdout is not None
    about = json.loads(running.stdout.readline())
    assert about["format"] == "dialform.sandbox/1"
    assert about["keys"]["prod"] == "sandbox-prod"
    with SandboxControl(about["root"]) as control:
        assert control.about()["speed"] == 60
    taken = command("--port", str(about["port"]))
    _, words = taken.communicate(timeout=20)
    assert taken.returncode == 1
    assert f"port {about['port']}" in words
    assert "Traceback" not in words

    running.send_signal(stop)
    out, words = running.communicate(timeout=20)
    assert running.returncode == 0
    assert out == ""
    assert about["url"] in words
    assert "sandbox-staging" in words
    assert "Traceback" not in words
    assert file.exists()


@pytest.mark.parametrize(
    "arguments", [("--port", "x"), ("--port", "65536"), ("--speed", "-1"), ("--speed", "nan")]
)
def test_a_wrong_argument_is_wrong_usage(arguments: tuple[str, str]) -> None:
    running = command(*arguments)
    _, words = running.communicate(timeout=20)
    assert running.returncode == 64
    assert f"{arguments[0]} {arguments[1]}: give a number" in words


def test_without_the_extra_it_says_what_to_install() -> None:
    """Driving a sandbox elsewhere needs nothing; running one needs the extra."""
    code = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *rest):
        if name.partition(".")[0] in ("starlette", "uvicorn", "jinja2"):
            return None
        return self.finder.find_spec(name, *rest)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
from dialform.errors import SettingError
from dialform.sandbox import Sandbox, SandboxControl
SandboxControl("http://127.0.0.1:8421").close()
try:
    Sandbox()
except SettingError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "starlette, uvicorn, jinja2: pip install 'dialform[sandbox]'" in ran.stdout
