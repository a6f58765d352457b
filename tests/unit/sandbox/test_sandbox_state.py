"""The state file: it survives, is never half written, and belongs to one sandbox."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sandbox_bodies import dev, dial

from dialform.errors import SettingError
from dialform.sandbox import Sandbox, SandboxControl

if TYPE_CHECKING:
    from pathlib import Path

HEADERS = {"authorization": "Bearer sandbox-dev"}


def place(sandbox: SandboxControl, **fields: Any) -> str:
    """Place a dial; its id."""
    body = dial(**fields)
    answer = httpx.post(f"{sandbox.url}/dials", json=body, headers=HEADERS, trust_env=False)
    return str(answer.json()["dialId"])


def test_a_state_survives(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "state.db"
    with Sandbox(state=file, speed=0) as first:
        created = place(first)
        first.edit("dev", "voices", dev("voices", "Ava"), name="Eva")
        first.advance(1_000_000)
        before = (first.dials(), first.received(), first.objects("dev", "voices"))
    with Sandbox(state=file, speed=0) as second:
        assert (second.dials(), second.received(), second.objects("dev", "voices")) == before
        assert second.dials()[0]["id"] == created
        assert second.dials()[0]["status"] == "completed"
        second.reset()
    with Sandbox(state=file) as third:
        assert third.dials() == []


def test_used_keys_survive(tmp_path: Path) -> None:
    """A key is used up for good, and what becomes of such keys stays as it was said."""
    with Sandbox(state=tmp_path / "state.db") as first:
        created = place(first, idempotencyKey="df1:1")
        first.idempotency_keys("same")
    with Sandbox(state=tmp_path / "state.db") as second:
        assert place(second, idempotencyKey="df1:1") == created
        second.reset()
        assert second.about()["idempotencyKeys"] == "conflict"
        assert place(second, idempotencyKey="df1:1") != created


def test_an_answered_dial_survives_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    code = (
        "import sys, pathlib, time; from dialform.sandbox import Sandbox; "
        "print(Sandbox(state=pathlib.Path(sys.argv[1])).root, flush=True); time.sleep(60)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    with SandboxControl(running.stdout.readline().strip()) as control:
        created = [place(control), place(control)]
        control.fail_next(how="close", after="created")
        with pytest.raises(httpx.RemoteProtocolError):
            place(control)
    running.kill()
    running.communicate()
    with Sandbox(state=file) as sandbox:
        assert [one["id"] for one in sandbox.dials()][:2] == created
        assert sandbox.rings("+14155550123") == 3
        assert [one.status for one in sandbox.received()] == [200, 200, None]


def stored(file: Path, change: str) -> None:
    """Change a state file behind the sandbox's back."""
    with Sandbox(state=file) as sandbox:
        place(sandbox)
    with contextlib.closing(sqlite3.connect(file)) as rows:
        rows.execute(change)
        rows.commit()


@pytest.mark.parametrize("content", [b"{}", b"x" * 5000, b"SQLite format 3\x00" + b"y" * 5000])
def test_a_file_that_is_no_state_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(content)
    with pytest.raises(SettingError, match="can't be used") as caught:
        Sandbox(state=file)
    assert str(file) in str(caught.value)
    assert "move this one away" in str(caught.value)
    assert file.read_bytes() == content
    file.unlink()
    with Sandbox(state=file) as sandbox:
        assert sandbox.dials() == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("PRAGMA application_id = 7", "something else's"),
        ("PRAGMA user_version = 9", "format 9"),
        ("UPDATE kept SET value = '{' WHERE kind = 'dial'", "line 1"),
        ("UPDATE kept SET value = '7' WHERE kind = 'dial'", "TypeError"),
        ("UPDATE kept SET value = '{}' WHERE kind = 'request'", "KeyError"),
        ("UPDATE kept SET key = '7' WHERE kind = 'object' AND place = 1", "TypeError"),
    ],
)
def test_a_changed_state_is_a_clear_error(tmp_path: Path, change: str, why: str) -> None:
    file = tmp_path / "state.db"
    stored(file, change)
    with pytest.raises(SettingError, match=why):
        Sandbox(state=file)


def test_a_damaged_state_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    stored(file, "PRAGMA user_version")
    data = bytearray(file.read_bytes())
    for place_ in range(4096, len(data), 7):
        data[place_] ^= 0x5A
    file.write_bytes(data)
    with pytest.raises(SettingError, match="can't be used"):
        Sandbox(state=file)


def test_two_sandboxes_do_not_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with Sandbox(state=file), pytest.raises(SettingError, match="another sandbox is using it"):
        Sandbox(state=file)
    with Sandbox(state=file):
        pass


def test_a_folder_that_can_not_be_written_is_a_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingError, match=r"can't be used: (File exists|Not a directory)"):
        Sandbox(state=blocked / "state.db")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SettingError, match="unable to open"):
        Sandbox(state=folder)


def test_a_state_that_can_not_be_saved_is_a_500_that_says_so(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with Sandbox(state=file) as sandbox:
        assert sandbox._file is not None
        sandbox._file._held.execute("PRAGMA max_page_count = 1")  # as on a full disk
        large = dial(callAgentInput={"x": "y" * 500_000})
        answer = httpx.post(f"{sandbox.url}/dials", json=large, headers=HEADERS, trust_env=False)
        assert answer.status_code == 500
        assert "full" in answer.json()["error"]["message"]
        assert str(file) in answer.json()["error"]["message"]


def test_a_port_in_use_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with Sandbox() as first, pytest.raises(SettingError, match=r"in use.*another --port"):
        Sandbox(port=first.port, state=file)
    with pytest.raises(SettingError, match="no such port"):
        Sandbox(port=70_000)
    with pytest.raises(SettingError, match=r"can't listen on 192\.0\.2\.1"):
        Sandbox(host="192.0.2.1")
    with Sandbox(state=file):
        pass
