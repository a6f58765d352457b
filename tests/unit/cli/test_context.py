"""Where a command works: which project, environment, registry and ledger it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialform.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Project

DRY = ("dial", "collections", "--to", "+14155550123", "--input", "name=Ann", "--dry-run")


def dry(*more: str) -> int:
    """A dry run of the project's preset."""
    return main([*DRY, *more])


def test_the_project_is_found_from_below(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    below = project.root / "src" / "deep"
    below.mkdir(parents=True)
    (below.parent / "Pulumi.yaml").touch()  # not a project: there is no stacks/ beside it
    assert dry("-s", "dev") == 0
    here = capfdbinary.readouterr().out
    monkeypatch.chdir(below)
    assert dry("-s", "dev") == 0
    assert capfdbinary.readouterr().out == here


@pytest.mark.parametrize("how", ["option", "variable", "file"])
def test_outside_of_a_project_the_registry_is_named(
    project: Project,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """As a folder or as file://; without one the error says both ways."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    folder = project.root / ".dialform/registry"
    assert dry("-s", "dev") == 1
    said = capfd.readouterr().err
    assert "--registry URL" in said
    assert "DIALFORM_REGISTRY" in said
    if how == "variable":
        monkeypatch.setenv("DIALFORM_REGISTRY", str(folder))
        assert dry("-s", "dev") == 0
    else:
        given = folder.as_uri() if how == "file" else str(folder)
        assert dry("-s", "dev", "--registry", given) == 0
    assert capfd.readouterr().out.startswith('{"agentOverrides"')


def test_a_named_registry_wins_over_the_projects(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is relative to the working directory."""
    assert project.registry.exists
    assert main(["presets", "-s", "dev", "--registry", "elsewhere", "--json"]) in (0, 1)
    assert "collections" not in capsys.readouterr().out
    assert main(["presets", "-s", "dev", "--registry", ".dialform/registry"]) == 0
    assert "collections" in capsys.readouterr().out


def test_an_environment_takes_the_registry_that_it_inherits(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("stacks/preview.toml", 'extends = "dev"\n')
    assert main(["presets", "-s", "preview"]) == 0
    assert "nothing is released in preview yet" in capsys.readouterr().err
    project.write("stacks/preview.toml", 'extends = "dev"\n[registry]\nurl = "http://bucket"\n')
    assert main(["presets", "-s", "preview"]) == 1
    assert "http:// is not known" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('extends = "dve"\n', "stacks/odd.toml: extends: there is no 'dve' to extend"),
        ('extends = "odd"\n', "stacks/odd.toml: extends: extends itself: odd -> odd"),
        ("extends = 5\n", "stacks/odd.toml: extends: there is no 5 to extend"),
        ("= broken\n", "stacks/odd.toml: is not TOML"),
        ('[workspace]\nurl = "x"\n', "stacks/odd.toml: registry: names no registry"),
    ],
)
def test_a_wrong_stack_file_is_named(
    project: Project, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("stacks/odd.toml", text)
    assert main(["presets", "-s", "odd"]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["dial", "try", "presets", "show", "hold", "resume", "withdraw", "yank"]
)
def test_an_unknown_environment_names_the_nearest(
    project: Project, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = [command, "-s", "dve"]
    if command == "yank":
        line.append("collections@1")
    elif command != "presets":
        line.append("collections")
    if command in ("hold", "resume", "withdraw", "yank"):
        line += ["--reason", "x"]
    assert main(line) == 64
    said = capsys.readouterr().err
    assert "'dve'" in said
    assert "'dev'" in said
    project.write("stacks/prod.toml", 'extends = "dev"\n')
    line[2] = "unlike"
    assert main(line) == 64
    assert "dev, prod" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["dial", "try", "show", "hold", "resume", "withdraw", "yank"])
def test_an_unknown_preset_names_the_nearest(
    project: Project, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.registry.exists
    name = "colections@1" if command == "yank" else "colections"
    more = [] if command in ("dial", "try", "show") else ["--reason", "x"]
    assert main([command, name, "-s", "dev", *more]) in (1, 64)
    captured = capsys.readouterr()
    assert "'collections'" in captured.err
    assert captured.out == ""


def test_ledgers_by_option_variable_and_place(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The option, else the variable, else the project's, else the user's own."""
    call = [*DRY[:-1], "-s", "dev"]
    own = project.root / ".dialform/ledger.db"
    assert main(call) == 0
    assert own.exists()
    (elsewhere, home) = (tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("home"))
    monkeypatch.setenv("DIALFORM_LEDGER", str(elsewhere / "variable.db"))
    assert main(call) == 0
    assert (elsewhere / "variable.db").exists()
    assert main([*call, "--ledger", str(elsewhere / "option.db")]) == 0
    assert (elsewhere / "option.db").exists()
    monkeypatch.delenv("DIALFORM_LEDGER")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setenv("DIALFORM_REGISTRY", str(project.root / ".dialform/registry"))
    monkeypatch.chdir(elsewhere)
    assert main(call) == 0
    assert (home / "dialform/ledger.db").exists()


def test_what_does_not_dial_makes_no_ledger(project: Project) -> None:
    assert dry("-s", "dev") == 0
    assert main(["show", "collections", "-s", "dev"]) == 0
    assert main(["presets", "-s", "dev"]) == 0
    assert not (project.root / ".dialform/ledger.db").exists()


def test_an_unreadable_registry_is_not_an_empty_one(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".dialform/registry/registry.json").unlink()
    assert project.root == tmp_path
    for line in (["presets", "-s", "dev"], ["dial", "collections", "-s", "dev"]):
        assert main(line) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "registry.json" in captured.err
