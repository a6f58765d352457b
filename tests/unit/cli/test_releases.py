"""``hold``, ``resume``, ``withdraw`` and ``yank``: they work at once and say the way out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli_project import ANN

from dialform.cli.main import main
from dialform.registry import Entry

if TYPE_CHECKING:
    import pytest
    from cli_project import Project

CALL = ("dial", "collections", "-s", "dev", "--to", ANN, "--input", "name=Ann")


def test_a_hold_pauses_and_a_resume_goes_on(project: Project) -> None:
    """As processes: the refusal says who, why and how it ends; exit code 3; nothing rings."""
    out, _ = project.run("hold", "collections", "-s", "dev", "--reason", "wrong amount")
    assert out == (
        "collections in dev: version 1 is held: no calls, no releases until it is resumed "
        "(entry 2)\n"
    )
    for more in ((), ("--dry-run",), ("--json",)):
        out, said = project.run(*CALL, *more, code=3)
        assert out == ""
        assert "collections is held in dev since" in said
        assert "by anna: wrong amount" in said
        assert "`dialform resume collections -s dev --reason ...`" in said
    assert project.sandbox.received() == []
    out, _ = project.run("resume", "collections", "-s", "dev", "--reason", "mended")
    assert "version 1 is live again (entry 3)" in out
    project.run(*CALL)
    assert project.sandbox.rings(ANN) == 1


def with_another(project: Project) -> None:
    """A second preset, released as well."""
    preset = (project.root / "stacks/presets/collections.toml").read_text()
    project.write("stacks/presets/visit.toml", preset)
    project.edit(
        "stacks/dev.toml",
        "[presets.collections]",
        '[presets.visit]\nfollow = "source"\n[presets.collections]',
    )
    project.release("visit")


def states(project: Project) -> dict[str, str]:
    return {
        name: head.state for name, head in project.registry.heads("dev") if isinstance(head, Entry)
    }


def test_resume_all_ends_what_stop_all_began(project: Project) -> None:
    """What is live or withdrawn is left as it is."""
    with_another(project)
    where = ("-s", "dev", "--reason", "numbers are blocked")
    _, notes = project.run("stop", "--all", *where)
    assert "2 of 2 held in dev; to go on: dialform resume --all -s dev --reason ..." in notes
    said, notes = project.run("resume", "--all", *where)
    assert said.count("version 1 is live again (entry 3)") == 2
    assert "2 of 2 resumed in dev" in notes
    assert states(project) == {"collections": "live", "visit": "live"}
    _, notes = project.run("resume", "--all", *where)
    assert "nothing is held in dev: there was nothing to resume" in notes
    project.run("withdraw", "visit", *where)
    project.run("hold", "collections", *where)
    said, _ = project.run("resume", "--all", *where, "--json")
    assert json.loads(said) == {
        "format": "dialform.resume/1",
        "environment": "dev",
        "presets": [{"preset": "collections", "resumed": True, "changed": True, "seq": 5}],
    }
    assert states(project) == {"collections": "live", "visit": "withdrawn"}


def test_resume_goes_on_where_one_of_several_fails(project: Project) -> None:
    with_another(project)
    where = ("-s", "dev", "--reason", "mended")
    project.run("hold", "collections", *where)
    project.run("withdraw", "visit", *where)
    said, notes = project.run("resume", "visit", "nothere", "collections", *where, code=3)
    assert "collections in dev: version 1 is live again" in said
    assert "visit is withdrawn in dev" in notes
    assert "nothere was never released in dev" in notes
    assert "1 of 3 resumed in dev" in notes
    assert "say which presets, or --all" in project.run("resume", *where, code=64)[1]
    project.run("resume", "visit", "--all", *where, code=64)


def test_each_entry_says_who_when_and_why(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALFORM_BY", "ben")
    monkeypatch.setenv("DIALFORM_CHANGE", "https://example.com/changes/7")
    monkeypatch.setenv("DIALFORM_COMMIT", "0123abc")
    monkeypatch.setenv("DIALFORM_REASON", "of another command")
    assert main(["hold", "collections", "-s", "dev", "--reason", " stop ", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    head = project.registry.head("dev", "collections")
    assert head is not None
    assert told == {**head.as_json(), "format": told["format"], "changed": True}
    assert (head.by, head.reason, head.commit) == ("ben", "stop", "0123abc")
    assert head.change == "https://example.com/changes/7"
    assert head.time.endswith("Z")


def test_again_is_no_change(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (
        ["hold", "collections"],
        ["yank", "collections@1"],
        ["withdraw", "collections"],
    ):
        assert main([*line, "-s", "dev", "--reason", "x"]) == 0
        capsys.readouterr()
        head = project.registry.head("dev", "collections")
        assert main([*line, "-s", "dev", "--reason", "x"]) == 0
        assert "was so already" in capsys.readouterr().out
        assert main([*line, "-s", "dev", "--reason", "x", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["changed"] is False
        assert project.registry.head("dev", "collections") == head


def test_a_withdrawal_stops_calls_and_warns_of_the_declaration(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["withdraw", "collections", "-s", "dev", "--reason", "campaign over"]) == 0
    captured = capsys.readouterr()
    assert "version 1 is withdrawn: no calls" in captured.out
    assert "still declared in stacks/dev.toml" in captured.err
    assert main(list(CALL)) == 3
    said = capsys.readouterr().err
    assert "campaign over" in said
    assert "`pulumi up`" in said
    project.edit("stacks/dev.toml", '[presets.collections]\nfollow = "source"\n', "")
    assert main(["withdraw", "collections", "-s", "dev", "--reason", "campaign over"]) == 0
    assert capsys.readouterr().err == ""
    assert project.sandbox.received() == []


def test_a_yanked_version_is_barred_for_good(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["yank", "collections@1", "-s", "dev", "--reason", "old price"]) == 0
    captured = capsys.readouterr()
    assert "version 1 is barred for good" in captured.out
    assert "who heard it: dialform results -s dev --heard collections@1" in captured.err
    assert "version 1 is what dev has live" in captured.err
    assert main(list(CALL)) == 3
    said = capsys.readouterr().err
    assert "version 1 of collections is yanked in dev" in said
    assert "by anna: old price" in said
    assert main(["presets", "-s", "dev", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["presets"]
    assert (one["state"], one["yanked"]) == ("yanked", [1])

    project.edit("stacks/prompts/collector.md", "polite", "kind")
    assert project.release().version == 2
    assert main(list(CALL)) == 0
    assert main([*CALL[:1], "collections@1", *CALL[2:]]) == 3
    assert project.sandbox.rings(ANN) == 1


def test_what_does_not_fit_the_state_is_refused(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["yank", "collections@9", "-s", "dev", "--reason", "x"]) in (1, 3)
    assert "9" in capsys.readouterr().err
    assert main(["withdraw", "collections", "-s", "dev", "--reason", "x"]) == 0
    capsys.readouterr()
    for kind in ("hold", "resume"):
        assert main([kind, "collections", "-s", "dev", "--reason", "x"]) == 3
        assert "withdrawn" in capsys.readouterr().err
    entries = project.registry.entries("dev", "collections")
    assert [entry.kind for entry in entries] == ["release", "withdraw"]
