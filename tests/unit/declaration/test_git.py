"""Declarations at a commit, from real repositories."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from git_world import Repository as World

from dialform.declaration import Project
from dialform.declaration.git import Repository, project_at
from dialform.declaration.history import Pins
from dialform.errors import DeclarationError, DialformError, SettingError, UsageError
from dialform.presets.canonical import Digest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A repository with a committed project."""
    made = World(tmp_path / "repository")
    made.declare("reminder")
    made.commit("first")
    return made


def digest_of(project: Project, preset: str = "reminder") -> Digest:
    found = project.presets[preset].digest
    assert found is not None
    return found


def message(world: World, ref: str, kind: type[DialformError]) -> str:
    """The one line that is said about a ref."""
    with pytest.raises(kind) as caught, project_at(world.root, ref):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("ref", ["main", "HEAD~1", "v1", "v1^{commit}"])
def test_a_commit_declares_what_it_declared_then(world: World, ref: str) -> None:
    first = digest_of(Project(world.root))
    world.git("tag", "-a", "v1", "-m", "one")
    world.git("checkout", "-q", "-b", "work")
    world.edit("stacks/prompts/reminder.md", "polite", "brief")
    world.commit()
    world.edit("stacks/prompts/reminder.md", "brief", "kind")

    with project_at(world.root, ref) as project:
        assert digest_of(project) == first
        assert project.problems() == []
    assert digest_of(Project(world.root)) != first


def test_a_project_may_lie_further_down(tmp_path: Path) -> None:
    world = World(tmp_path / "repository", "calls/outbound")
    world.declare("reminder")
    commit = world.commit()

    with project_at(world.root, commit[:10]) as project:
        assert digest_of(project) == digest_of(Project(world.root))


def test_nothing_of_the_repository_is_touched_and_no_filter_runs(world: World) -> None:
    """A smudge filter or a hook would write its mark."""
    mark = world.folder.parent / "mark"
    world.git("config", "filter.spy.smudge", f"touch {mark}; cat")
    world.git("config", "filter.spy.clean", f"touch {mark}; cat")
    world.write(".gitattributes", "*.md filter=spy export-subst\n*.toml export-ignore\n")
    world.git("add", ".gitattributes")
    world.git("commit", "-q", "-m", "attributes")
    world.write("stacks/new.md", "not added")
    mark.unlink(missing_ok=True)
    index = world.folder / ".git" / "index"
    before = (index.stat().st_mtime_ns, sorted(os.listdir(world.folder / ".git")))  # noqa: PTH208 - names

    with project_at(world.root, "HEAD") as project:
        assert project.problems() == []
        folder = project.root
        assert not (folder / "stacks" / "new.md").exists()

    assert (index.stat().st_mtime_ns, sorted(os.listdir(world.folder / ".git"))) == before  # noqa: PTH208 - names
    assert not mark.exists()
    assert not folder.exists()


def test_findings_name_the_ref(world: World) -> None:
    world.edit("stacks/dev.toml", 'follow = "source"', 'folow = "source"')
    world.commit()

    with project_at(world.root, "main") as project, pytest.raises(DeclarationError) as caught:
        project.environment("dev").require()
    assert str(caught.value).startswith("main:stacks/dev.toml:13: presets.reminder.folow: ")


def test_a_conflicted_file_of_a_ref_is_named(world: World) -> None:
    world.edit(
        "stacks/presets/reminder.toml",
        "timeoutMinutes = 10",
        "<<<<<<< a\ntimeoutMinutes = 10\n=======\ntimeoutMinutes = 9\n>>>>>>> b",
    )
    world.commit()

    with project_at(world.root, "main") as project, pytest.raises(DeclarationError) as caught:
        project.environment("dev").require()
    said = "main:stacks/presets/reminder.toml:4: holds an unresolved merge conflict; resolve it"
    assert str(caught.value) == f"{said} [merge-conflict]"


def test_an_unknown_ref_is_answered_with_the_nearest(world: World) -> None:
    world.git("branch", "release-2026")

    found = message(world, "relaese-2026", UsageError)

    assert found == "git has no commit 'relaese-2026' here; did you mean 'release-2026'?"


@pytest.mark.parametrize("ref", ["--output=/tmp/x", "-h", "", "a\nb"])
def test_what_can_be_no_ref_is_refused(world: World, ref: str) -> None:
    assert "can't be a git ref" in message(world, ref, UsageError)


def test_a_shallow_clone_says_how_to_get_the_rest(world: World, tmp_path: Path) -> None:
    first = world.git("rev-parse", "HEAD")
    world.edit("stacks/prompts/reminder.md", "polite", "brief")
    world.commit()
    command = ["git", "clone", "-q", "--depth", "1", f"file://{world.folder}", "clone"]
    subprocess.run(command, cwd=tmp_path, check=True)

    with pytest.raises(UsageError, match=r"shallow clone.*fetch-depth: 0"):
        Repository(tmp_path / "clone").commit(first)


def test_a_commit_without_declarations_is_said(world: World) -> None:
    world.git("checkout", "-q", "--orphan", "docs")
    world.git("rm", "-rqf", "--cached", ".")
    world.git("commit", "-q", "--allow-empty", "-m", "none")

    assert message(world, "docs", SettingError).startswith("docs: there is no stacks/ at that")


def test_a_folder_outside_of_git_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is not in a git repository"):
        Repository(tmp_path)


def test_without_git_that_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SettingError, match="git is not on PATH"):
        Repository(world.root)


def test_a_hooks_settings_do_not_lead_astray(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git starts hooks with the place of its repository in the environment."""
    other = World(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))

    assert Repository(world.root).commit("main")


def test_a_link_that_leads_outside_is_not_followed(world: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret", encoding="utf-8")
    prompt = world.root / "stacks/prompts/reminder.md"
    prompt.unlink()
    prompt.symlink_to(secret)
    world.commit()

    with project_at(world.root, "main") as project:
        found = [str(problem) for problem in project.problems()]
    assert [one for one in found if "leads out of the project" in one]


def test_a_prompt_beside_stacks_is_there_as_well(world: World) -> None:
    world.write("texts/reminder.md", "Another prompt.\n")
    world.edit("stacks/profiles/reminder.toml", "prompts/reminder.md", "../texts/reminder.md")
    world.commit()

    with project_at(world.root, "main") as project:
        assert digest_of(project) == digest_of(Project(world.root))


class TestPins:
    """Pinned versions, rebuilt from history."""

    def pins(self, world: World, most: int = 200) -> Pins:
        repository = Repository(world.root)
        return Pins(repository, [Project(world.root)], ["HEAD"], most=most)

    def test_what_an_old_commit_declared_is_found(self, world: World) -> None:
        first = digest_of(Project(world.root))
        for word in ("brief", "kind", "calm"):
            world.write("stacks/prompts/reminder.md", f"Be {word}.\n")
            world.commit()
            world.write("elsewhere.txt", word)
            world.commit()

        with self.pins(world) as pins:
            found = pins.find("reminder", first)
            assert pins.find("reminder", digest_of(Project(world.root))) is not None
            assert pins.find("reminder", Digest(f"sha256:{'0' * 64}")) is None
            assert not pins.bound_hit
        assert found is not None
        assert found[1] is not None
        prompt = found[1]["agentOverrides"]["defaultVersionedPrompt"]["prompt"]
        assert "Be polite." in prompt

    def test_a_file_that_became_a_folder_is_no_obstacle(self, world: World) -> None:
        first = digest_of(Project(world.root))
        world.write("stacks/notes", "a file")
        world.commit()
        (world.root / "stacks/notes").unlink()
        world.write("stacks/notes/one.txt", "a folder")
        world.write("stacks/prompts/reminder.md", "Be brief.\n")
        world.commit()

        with self.pins(world) as pins:
            assert pins.find("reminder", first) is not None

    def test_all_that_a_preset_is_made_of_is_read(self, world: World) -> None:
        """Parents of presets and profiles, prompts and flows."""
        world.write("stacks/presets/base.toml", 'agent = "collector"\nnumbers = "us"\n')
        world.write("stacks/presets/reminder.toml", "extends = 'base'\nprofile = \"reminder\"\n")
        world.write("stacks/profiles/house.toml", 'language = "en"\n[prompt]\nmodel = "fast"\n')
        world.write(
            "stacks/profiles/reminder.toml",
            'extends = "house"\n[prompt]\nname = "reminder"\nflow = "lead"\n',
        )
        world.write("stacks/flows/lead.toml", '[node.goodbye]\nprompt = "End the call."\n')
        world.commit()
        wanted = digest_of(Project(world.root))
        world.write("stacks/flows/lead.toml", '[node.goodbye]\nprompt = "End it."\n')
        world.write("stacks/profiles/house.toml", "what = is this")
        world.commit()

        with self.pins(world) as pins:
            found = pins.find("reminder", wanted)
        assert found is not None
        assert "End the call." in str(found[1])

    def test_a_broken_commit_is_passed_by(self, world: World) -> None:
        first = digest_of(Project(world.root))
        world.write("stacks/presets/reminder.toml", "what = is this")
        world.commit()

        with self.pins(world) as pins:
            assert pins.find("reminder", first) is not None

    def test_the_bound_is_said_where_it_was_hit(self, world: World) -> None:
        first = digest_of(Project(world.root))
        for word in ("brief", "kind", "calm"):
            world.write("stacks/prompts/reminder.md", f"Be {word}.\n")
            world.commit()

        with self.pins(world, most=2) as pins:
            assert pins.find("reminder", first) is None
            assert pins.bound_hit
