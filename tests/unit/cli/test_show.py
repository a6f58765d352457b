"""``presets`` and ``show``: what is released, as a person and as a program reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_project import ANN, KEY

from dialform.cli.main import main

if TYPE_CHECKING:
    from cli_project import Project

SHOW = ("show", "collections", "-s", "dev")


def test_presets_are_listed_with_their_state(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["presets", "-s", "dev"]) == 0
    heads, row = capsys.readouterr().out.splitlines()
    assert heads.split() == ["preset", "version", "state", "since", "by", "reason"]
    assert row.split()[:3] == ["collections", "1", "live"]
    main(["hold", "collections", "-s", "dev", "--reason", "wrong\x1b[2J\namount"])
    capsys.readouterr()
    assert main(["presets", "-s", "dev"]) == 0
    _, row = capsys.readouterr().out.splitlines()
    assert "held" in row
    assert "\x1b" not in row
    assert main(["presets", "-s", "dev", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "dialform.presets/1"
    (one,) = told["presets"]
    head = project.registry.head("dev", "collections")
    assert head is not None
    assert (one["preset"], one["state"], one["version"]) == ("collections", "held", 1)
    assert (one["seq"], one["boundDigest"]) == (2, head.bound_digest)


def test_a_summary_names_what_is_bound_and_taken(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    head = project.registry.head("dev", "collections")
    assert head is not None
    assert main(list(SHOW)) == 0
    captured = capsys.readouterr()
    rows = dict(line.split(None, 1) for line in captured.out.splitlines() if len(line.split()) > 1)
    assert "Ava" in rows["voices.warm"]
    assert "+14155550150" in rows["numbers.us"]
    assert "version 1" in captured.out
    assert head.bound_digest in captured.out
    assert "VOGENT_API_KEY_DEV" in captured.out
    assert "number, optional, example 12.5" in captured.out
    assert "string, required" in captured.out
    assert KEY not in captured.out


def test_a_script_is_what_the_agent_says(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.registry.exists
    assert main([*SHOW, "--script", "--input", "name=Zoë", "--input", "amount:=12.5"]) == 0
    captured = capsys.readouterr()
    assert "You are calling Zoë about 12.5 €." in captured.out
    assert captured.err == ""
    assert main([*SHOW, "--script"]) == 0
    captured = capsys.readouterr()
    assert "[name?]" in captured.out
    assert "name" in captured.err


def test_a_request_is_what_is_sent(
    project: Project, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    call = ("--to", ANN, "--input", "name=Ann")
    assert main([*SHOW, "--request", *call]) == 0
    shown = json.loads(capsysbinary.readouterr().out)
    assert main(["dial", *SHOW[1:], *call]) == 0
    capsysbinary.readouterr()
    assert shown == json.loads(project.sandbox.received()[-1].body)
    assert main([*SHOW, "--request"]) == 0
    captured = capsysbinary.readouterr()
    assert "toNumber" not in json.loads(captured.out)
    assert b"--to --input name=..." in captured.err


def test_json_is_the_release_and_the_bound_preset(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    head = project.registry.head("dev", "collections")
    assert head is not None
    assert main([*SHOW, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "dialform.show/1"
    assert told["state"] == "live"
    assert told["release"] == head.as_json()
    assert told["boundPreset"]["environment"] == "dev"
    assert told["keyvar"] == "VOGENT_API_KEY_DEV"


def test_an_older_version_is_shown_also_when_it_is_stopped(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.edit("stacks/prompts/collector.md", "polite", "kind")
    assert project.release().version == 2
    main(["hold", "collections", "-s", "dev", "--reason", "x"])
    capsys.readouterr()
    assert main(["show", "collections@1", "-s", "dev", "--script"]) == 0
    assert "Be polite." in capsys.readouterr().out
    assert main([*SHOW, "--script"]) == 0
    assert "Be kind." in capsys.readouterr().out
    assert main(["show", "collections@3", "-s", "dev"]) == 1
    assert "version 3 of collections was never released in dev" in capsys.readouterr().err


@pytest.mark.parametrize("more", [("--request",), ("--script",), ()])
def test_wrong_inputs_are_told_here_too(
    project: Project, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.registry.exists
    assert main([*SHOW, *more, "--input", "nmae=Ann"]) == 1
    assert "did you mean 'name'?" in capsys.readouterr().err
