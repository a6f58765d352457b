"""``dialform registry``: data on stdout, everything else on stderr, exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from registry_world import meta, preset, small_registry

from dialform.cli.main import main
from dialform.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, outside of any project, with a registry in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIALFORM_REGISTRY", raising=False)
    small_registry(tmp_path / "registry")
    return tmp_path


def test_init_makes_a_registry_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "init", "new"]) == 0
    registry = Registry.open("new", base=folder)
    assert f"new is a registry now, its id is {registry.id}" in capsys.readouterr().err
    assert main(["registry", "init", (folder / "new").as_uri()]) == 0
    captured = capsys.readouterr()
    assert "is a registry already" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        (".", 1, "is not a registry and not empty"),
        ("s3://a:b@bucket/x", 1, "not s3://BUCKET/PREFIX"),
        ("ftp://bucket", 1, "ftp:// is not known"),
        ("registry/registry.json/x", 1, "Not a directory"),
    ],
)
def test_init_says_why_not(
    url: str, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["registry", "init", url]) == code
    assert words in capsys.readouterr().err


def test_verify_of_a_sound_registry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "verify", "--registry", "registry"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "registry: 28 objects read, all sound\n"


def test_verify_names_what_is_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "registry/presets/collections/2.json"
    path.write_bytes(path.read_bytes() + b"\n")
    (folder / "registry/notes\x1b[31m.txt").touch()
    assert main(["registry", "verify", "--registry", "registry"]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "notes [31m.txt: it is nothing that a registry holds [unexpected]",
        "presets/collections/2.json: the bytes are not in canonical form (RFC 8785) [form]",
    ]
    assert "28 objects read, 2 findings" in captured.err
    assert "restore what is named from a backup" in captured.err


def test_verify_for_programs(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALFORM_REGISTRY", "registry")
    (folder / "registry/releases/prod/collections/2.json").unlink()
    assert main(["registry", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "format": "dialform.registry-verify/1",
        "registry": "registry",
        "objects": 27,
        "findings": [
            {
                "object": "releases/prod/collections/2.json",
                "rule": "absent",
                "message": "it is missing",
            }
        ],
    }


def test_verify_names_what_no_text_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "registry" / os.fsdecode(b"caf\xe9")).touch()
    for extra in ([], ["--json"]):
        assert main(["registry", "verify", "--registry", "registry", *extra]) == 1
        assert "caf\\" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["nowhere", "empty"])
def test_verify_of_no_registry_is_an_error(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert main(["registry", "verify", "--registry", url]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"`dialform registry init {url}`" in captured.err


def test_log_is_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "log", "collections", "-s", "prod", "--registry", "registry"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["seq", "kind", "version", "time", "by", "reason"]
    assert [row.split()[:3] for row in rows] == [
        ["7", "yank", "2"],
        ["6", "withdraw", "3"],
        ["5", "resume", "3"],
        ["4", "hold", "3"],
        ["3", "release", "3"],
        ["2", "release", "2"],
        ["1", "release", "1"],
    ]
    assert rows[1].endswith("wrong amount in the opening line")


def test_log_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["registry", "log", "collections", "-s", "prod", "--registry", "registry", "--json"])
    document = json.loads(capsys.readouterr().out)
    entries = document.pop("entries")
    assert document == {
        "format": "dialform.registry-log/1",
        "registry": "registry",
        "environment": "prod",
        "preset": "collections",
    }
    assert [entry["seq"] for entry in entries] == [7, 6, 5, 4, 3, 2, 1]
    head = Registry.open("registry", base=folder).head("prod", "collections")
    assert head is not None
    assert entries[0] == {**head.as_json(), "digest": head.digest}


def test_log_steers_no_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reason was written by somebody else."""
    because = meta(writer=None, reason="first line\nsecond \x1b[2Jline")
    registry = Registry.open("registry", base=folder)
    registry.append("prod", "reminder", "hold", expected=None, meta=because)
    main(["registry", "log", "reminder", "-s", "prod", "--registry", "registry"])
    shown = capsys.readouterr().out
    assert "first line second" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["log", "nothing", "-s", "prod"], 1, "nothing was never released in prod"),
        (["log", "../x", "-s", "prod"], 64, "preset '../x': a name"),
        (["log", "collections", "-s", "Prod"], 64, "environment 'Prod': a name"),
        (["log", "collections"], 64, "--stack"),
        ([], 64, "COMMAND"),
        (["verfy"], 64, "did you mean 'verify'"),
    ],
)
def test_what_can_not_be_shown_is_said(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "log" in arguments:
        arguments = [*arguments, "--registry", "registry"]
    assert main(["registry", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err


def test_progress_is_for_terminals(folder: Path) -> None:
    """And the line is gone in the end."""
    registry = Registry.open("registry", base=folder)
    for number in range(100):
        registry.publish_blob(preset(str(number)))
    command = [sys.executable, "-m", "dialform", "registry", "verify", "--registry", "registry"]
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, timeout=30, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(4096).decode()
    assert done.stdout == b""
    assert "\r64 objects read\r128 objects read\r\x1b[Kregistry: 128 objects read" in shown
    quiet = subprocess.run(command, capture_output=True, timeout=30, check=True)
    assert quiet.stderr == b"registry: 128 objects read, all sound\n"


def test_reading_a_registry_needs_few_modules() -> None:
    """A launcher pays for each; and what only writers need is loaded when they write."""
    code = "import sys, dialform.registry; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "dialform.registry.registry" in loaded
    for heavy in ("pydantic", "pulumi", "dataclasses", "inspect", "uuid", "tempfile", "shutil",
                  "deepdiff", "httpx", "dialform.registry.verify"):  # fmt: skip
        assert heavy not in loaded, heavy
