"""The command line itself: help, wrong usage, interruptions, completion."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import dialform
from dialform.cli import main as entry
from dialform.cli.main import COMMANDS, main

if TYPE_CHECKING:
    import argparse

    from cli_project import Project

    from dialform.cli.parser import Parser


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        (listed,) = [one for one in said.splitlines() if one.startswith(f"    {name} ")]
        assert listed.endswith(f" {line}")
    assert "64 wrong usage" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: dialform {command}")
    if command != "registry":  # has commands of its own
        assert "example" in said
        assert f"\n  dialform {command}" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "say what to do; see `dialform --help`"),
        ("--vresion", "there is no option '--vresion'; did you mean '--version'?"),
        ("dail reminder", "there is no command 'dail'; did you mean 'dial'?"),
        ("frobnicate", "there is no command 'frobnicate'; see `dialform --help`"),
        ("dial -s dev", "PRESET; see `dialform dial --help`"),
        ("dial reminder", "-s/--stack; see `dialform dial --help`"),
        ("dial reminder -s dev --dryrun", "no option '--dryrun'; did you mean '--dry-run'?"),
        ("dial reminder -s dev --dry", "no option '--dry'"),
        ("dial reminder -s dev --onec=5", "no option '--onec=5'; did you mean '--once'?"),
        ("dial reminder extra -s dev", "there is no argument 'extra'"),
        ("dial reminder -s dev --to", "--to: expected one argument"),
        ("dial Reminder -s dev", "preset 'Reminder': a name takes"),
        ("dial reminder@x -s dev", "after the @ stands a version (7) or a digest (sha256:...)"),
        ("dial reminder -s ../dev", "environment '../dev': a name takes"),
        ("hold reminder -s dev", "--reason"),
        ("hold reminder -s dev --reason=", "--reason is empty"),
        ("hold reminder@2 -s dev --reason x", "hold takes the whole preset: reminder"),
        ("yank reminder -s dev --reason x", "say which version to bar: reminder@7"),
        ("show reminder -s dev --json --curl", "not allowed with"),
        ("completion bsh", "'bsh' is not one of bash, zsh, tcsh; did you mean 'bash'?"),
        ("try reminder -s dev", "run it in a project"),
    ],
)
def test_wrong_usage_says_what_is_meant(
    line: str,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    """Outside of any project, with a registry that is named."""
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("DIALFORM_REGISTRY", "registry")
    assert main(line.split()) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert words in captured.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dialform {dialform.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    said = capsys.readouterr().out
    assert "withdraw" in said
    assert "dry-run" in said
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=said.encode(), check=True)


def test_completion_of_a_shell_works() -> None:
    """Bash itself completes a command and an option from the script."""
    script = subprocess.run(
        [sys.executable, "-m", "dialform", "completion", "bash"], capture_output=True, check=True
    ).stdout.decode()
    ask = (
        "COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        "_shtab_dialform; echo ${{COMPREPLY[@]}}\n"
    )
    done = subprocess.run(
        ["bash", "--norc"],
        input=script + ask.format(words="dialform withd") + ask.format(words="dialform dial --dr"),
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.split() == ["withdraw", "--dry-run"]


class _Broken:
    """A command module whose command fails in the given way."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def add_parser(self, subparsers: argparse._SubParsersAction[Parser]) -> None:
        subparsers.add_parser("broken").set_defaults(run=self.run)

    def run(self, _args: argparse.Namespace) -> None:
        raise self._error


def broken(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command that is in no release: it fails with ``error``."""
    monkeypatch.setitem(sys.modules, "broken_command", _Broken(error))
    monkeypatch.setitem(entry.COMMANDS, "broken", ("broken_command", "fails"))
    return main(["broken"])


def test_a_bug_is_one_line_without_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "planted-value")
    assert broken(ValueError("is planted-value\nwrong"), monkeypatch) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("error: ValueError: is [SOME_API_KEY] wrong (this is a bug in dialform")


def test_a_traceback_is_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIALFORM_DEBUG", "1")
    assert broken(ValueError("wrong"), monkeypatch) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert broken(KeyboardInterrupt(), monkeypatch) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_ctrl_c_ends_a_running_command_without_a_traceback(project: Project) -> None:
    """The sandbox's command, which runs until it is told to stop; and a dial that waits."""
    project.sandbox.fail_next("dials", how="delay", after="created", seconds=20)
    call = ("dial", "collections", "-s", "dev", "--to", "+14155550123", "--input", "name=Ann")
    with subprocess.Popen(
        project.command(*call),
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        deadline = time.monotonic() + 20
        while not project.sandbox.received():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=20)
    project.sandbox.clear_faults()
    assert process.returncode == 5
    assert out == b""
    assert b"a phone may be ringing" in said
    assert b"Traceback" not in said


def test_a_reader_that_leaves_is_no_error(project: Project) -> None:
    """``dialform ... | head -0``: no words, and the exit code of a closed pipe."""
    for command in (("--help",), ("show", "collections", "-s", "dev", "--json")):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = subprocess.run(
                project.command(*command),
                cwd=project.root,
                env=project.environment,
                stdout=writing,
                stderr=subprocess.PIPE,
                check=False,
                timeout=30,
            )
        finally:
            os.close(writing)
        assert done.stderr == b""
        assert done.returncode == 141


def test_a_full_stdout_is_an_error_without_a_traceback(project: Project) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            project.command("show", "collections", "-s", "dev", "--json"),
            cwd=project.root,
            env=project.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr
    assert b"bug" not in done.stderr


def test_colour_is_for_terminals_that_want_it(project: Project) -> None:
    """An error is red on a terminal, and plain with NO_COLOR and in a pipe."""

    def said(**more: str) -> bytes:
        master, terminal = pty.openpty()
        try:
            subprocess.run(
                project.command("dail"),
                env={**project.environment, "TERM": "xterm", **more},
                stdout=terminal,
                stderr=terminal,
                check=False,
                timeout=30,
            )
            return os.read(master, 4096)
        finally:
            os.close(master)
            os.close(terminal)

    assert b"\033[31;1merror:" in said()
    assert b"\033" not in said(NO_COLOR="1")
    assert "\033" not in project.run("dail", code=64)[1]


def test_help_loads_no_command() -> None:
    """What makes `dialform --help` quick: nothing is loaded but the parser."""
    code = (
        "import sys; from dialform.cli.main import main\n"
        "main(['--help'])\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert {name for name in loaded if name.startswith("dialform")} == {
        "dialform",
        "dialform.cli",
        "dialform.cli.main",
        "dialform.cli.parser",
    }
    assert loaded.isdisjoint({"json", "pathlib", "hashlib", "importlib.metadata", "tomli"})
