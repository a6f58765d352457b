"""``registry doctor``: what a store keeps to, and what a role may do, tried and not asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from registry_world import MemoryStore, objects, small_registry
from store_wire import Wire

from dialform.cli.main import main
from dialform.registry.doctor import examine

if TYPE_CHECKING:
    from pathlib import Path

    from s3_server import S3Server


class Careless(MemoryStore):
    """A store that ignores "only if absent", as some do that speak S3."""

    def create(self, key: str, data: bytes) -> bool:
        self.objects[key] = data
        return True


class Hasty(MemoryStore):
    """A store that keeps to it until two ask at once."""

    def __init__(self) -> None:
        super().__init__()
        self.objects["registry.json"] = b""

    def create(self, key: str, data: bytes) -> bool:
        if key.endswith("2.json"):
            self.objects[key] = data
            return True
        return super().create(key, data)


def verdicts(text: str) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in text.splitlines()}


def test_a_real_server_keeps_to_it(s3: S3Server, capsys: pytest.CaptureFixture[str]) -> None:
    url = s3.fresh()
    assert main(["registry", "init", url]) == 0
    assert main(["registry", "doctor", "--registry", url]) == 0
    captured = capsys.readouterr()
    assert verdicts(captured.out) == {
        **dict.fromkeys(("reach", "registry", "create", "if-absent", "at-once", "listing"), "yes"),
        "overwrite": "warning",
        "delete": "warning",
    }
    assert "a publisher's role" in captured.err
    assert "owner-secret" not in captured.out + captured.err
    assert main(["registry", "verify", "--registry", url]) == 0
    assert "1 objects read, all sound" in capsys.readouterr().err, "nothing of it is left"


def test_a_folder_keeps_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_registry(tmp_path / "registry")
    before = objects(tmp_path / "registry")
    assert main(["registry", "doctor", "--registry", str(tmp_path / "registry"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "dialform.registry-doctor/1"
    assert document["sound"] is True
    assert {check["check"] for check in document["checks"]} >= {"if-absent", "at-once", "delete"}
    assert objects(tmp_path / "registry") == before
    assert not (tmp_path / "registry" / "doctor").exists()


@pytest.mark.parametrize(("store", "check"), [(Careless, "if-absent"), (Hasty, "at-once")])
def test_a_store_that_overwrites_is_found_out(store: type[MemoryStore], check: str) -> None:
    made = store()
    made.objects["registry.json"] = b""
    found = {one.check: one for one in examine(made, "token")}
    assert found[check].verdict == "failed"
    assert "keep no registry here" in found[check].message


@pytest.mark.parametrize(
    ("method", "code", "expected"),
    [
        ("LIST", 1, {"reach": "failed"}),
        ("GET", 1, {"reach": "failed"}),
        ("PUT", 0, {"reach": "yes", "registry": "no", "create": "no"}),
    ],
)
def test_what_a_role_may_not_do_is_said(
    method: str,
    code: int,
    expected: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A launcher's role is no fault; that nothing can be read is."""
    with Wire("gs") as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        wire.fail(method, "403", code="AccessDenied", times=9)
        assert main(["registry", "doctor", "--registry", wire.url]) == code
    captured = capsys.readouterr()
    found = verdicts(captured.out)
    assert {check: found[check] for check in expected} == expected
    assert ("a launcher's role" in captured.err) == (code == 0)


def test_who_may_not_remove_is_told_what_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Wire("s3") as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        wire.fail("DELETE", "403", code="AccessDenied", times=9)
        assert main(["registry", "init", wire.url]) == 0
        assert main(["registry", "doctor", "--registry", wire.url]) == 0
        assert verdicts(capsys.readouterr().out)["delete"] == "yes"
        assert main(["registry", "verify", "--registry", wire.url]) == 0, "doctor/ is no finding"


def test_a_place_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["registry", "doctor", "--registry", str(tmp_path / "none")]) == 1
    assert verdicts(capsys.readouterr().out) == {"reach": "failed"}
    assert not (tmp_path / "none").exists()
