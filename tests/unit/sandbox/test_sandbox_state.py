"""The state file: it survives, is never half written, and belongs to one sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from sandbox_bodies import dev, dial

from dialform.errors import SettingError
from dialform.sandbox import Sandbox
from dialform.sandbox.statefile import StateFile

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = {"time": 1, "workspaces": {}, "dials": [], "requests": []}
HEADERS = {"authorization": "Bearer sandbox-dev"}


def place(sandbox: Sandbox) -> str:
    """Place a dial; its id."""
    answer = httpx.post(f"{sandbox.url}/dials", json=dial(), headers=HEADERS, trust_env=False)
    return str(answer.json()["dialId"])


def test_a_state_survives(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "state.json"
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


def test_an_answered_dial_is_in_the_file(tmp_path: Path) -> None:
    """Even when the sandbox is killed right after."""
    file = tmp_path / "state.json"
    with Sandbox(state=file) as sandbox:
        created = place(sandbox)
        stored = json.loads(file.read_bytes())
        assert [one["id"] for one in stored["dials"]] == [created]
        sandbox.fail_next(how="close", after="created")
        with pytest.raises(httpx.RemoteProtocolError):
            place(sandbox)
        assert len(json.loads(file.read_bytes())["dials"]) == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["state.json", "state.json.lock"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "format"),
        (b'{"format": "dialform.sandbox-state/9"}', "format"),
        (b'{"format": "dialform.sandbox-state/1"}', "time"),
        (
            json.dumps({**EMPTY, "format": "dialform.sandbox-state/1"}).encode(),
            "a workspace is missing",
        ),
        (
            json.dumps({**EMPTY, "format": "dialform.sandbox-state/1", "dials": [7]}).encode(),
            "TypeError",
        ),
    ],
)
def test_a_file_that_is_no_state_is_a_clear_error(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(content)
    with pytest.raises(SettingError, match=why) as caught:
        Sandbox(state=file)
    assert str(file) in str(caught.value)
    assert "move it away" in str(caught.value)
    assert file.read_bytes() == content
    file.unlink()
    with Sandbox(state=file) as sandbox:
        assert sandbox.dials() == []


def test_two_sandboxes_do_not_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with Sandbox(state=file), pytest.raises(SettingError, match="another sandbox is using it"):
        Sandbox(state=file)
    with Sandbox(state=file):
        pass


def test_a_folder_that_can_not_be_written_is_a_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingError, match="can't write beside it"):
        Sandbox(state=blocked / "state.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(SettingError, match="Is a directory"):
        Sandbox(state=folder)


def test_a_state_that_can_not_be_saved_is_a_500_that_says_so(tmp_path: Path) -> None:
    """And the file stays as it was."""
    file = tmp_path / "state.json"
    with Sandbox(state=file) as sandbox:
        before = file.read_bytes()
        (tmp_path / "state.json.new").mkdir()
        answer = httpx.post(f"{sandbox.url}/dials", json=dial(), headers=HEADERS, trust_env=False)
        assert answer.status_code == 500
        assert "can't be written" in answer.json()["error"]["message"]
        assert file.read_bytes() == before


def test_a_cut_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    held = StateFile(file)
    held.save({"a": 1})
    file.with_name("state.json.new").write_text('{"half": ')
    assert held.load() == {"format": "dialform.sandbox-state/1", "a": 1}
    held.save({"a": 2})
    assert sorted(one.name for one in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
    held.release()


def test_a_port_in_use_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with Sandbox() as first, pytest.raises(SettingError, match=r"in use.*another --port"):
        Sandbox(port=first.port, state=file)
    with pytest.raises(SettingError, match="no such port"):
        Sandbox(port=70_000)
    with pytest.raises(SettingError, match=r"can't listen on 192\.0\.2\.1"):
        Sandbox(host="192.0.2.1")
    with Sandbox(state=file):
        pass
