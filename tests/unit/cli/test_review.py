"""``dialform review`` on real repositories: what a change does, what is out of reach, errors."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Project

    from dialform.presets.canonical import Digest


def git(project: Project, *arguments: str, cwd: Path | None = None) -> str:
    who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.com")
    done = subprocess.run(
        ["git", *who, *arguments],
        cwd=cwd or project.root,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout.strip()


def commit(project: Project) -> str:
    git(project, "add", "-A")
    git(project, "commit", "-q", "--allow-empty", "-m", "change")
    return git(project, "rev-parse", "HEAD")


@pytest.fixture
def repository(project: Project) -> Project:
    """The project with an environment more, committed on main."""
    project.write(".gitignore", ".dialform/\n")
    project.write("stacks/staging.toml", 'extends = "dev"\n')
    git(project, "init", "-q", "-b", "main")
    commit(project)
    return project


def review(project: Project, *options: str, code: int = 0) -> str:
    return project.run("review", "--base", "main", "--offline", *options, code=code)[0]


def pin(project: Project, environment: str, digest: Digest, version: int = 1) -> None:
    """An environment of its own that pins the preset."""
    text = f'extends = "dev"\nunset = ["presets"]\n[presets.collections]\nversion = {version}\n'
    project.write(f"stacks/{environment}.toml", f'{text}digest = "{digest}"\n')


def declared(project: Project) -> Digest:
    """The digest of the preset as the files are now."""
    from dialform.declaration import Project as Declared  # noqa: PLC0415

    found = Declared(project.root).presets["collections"].digest
    assert found is not None
    return found


def test_a_change_is_told_for_all_environments_at_once(repository: Project) -> None:
    repository.edit("stacks/prompts/collector.md", "polite", "brief")

    body = review(repository)

    assert body.startswith("<!-- dialform:review -->\n\n<p><b>Against <code>main</code>:</b> ")
    assert "<code>dev</code>, <code>staging</code>: 1 changed." in body
    assert body.count("-Be polite.\n+Be brief.") == 1


def test_only_what_was_asked_for_is_compared(repository: Project) -> None:
    repository.edit("stacks/prompts/collector.md", "polite", "brief")

    body = review(repository, "-s", "staging")

    assert "<code>staging</code>: 1 changed" in body
    assert "<code>dev</code>" not in body


def test_nothing_that_runs_is_one_line_and_exit_code_0(repository: Project) -> None:
    repository.edit("stacks/prompts/collector.md", "Be polite.\n", "Be polite.")
    repository.edit("stacks/profiles/collector.toml", 'name = "collector"\n', "")
    repository.write("stacks/profiles/house.toml", '[prompt]\nname = "collector"\n')
    repository.write(
        "stacks/profiles/collector.toml",
        'extends = "house"\n'
        + (repository.root / "stacks/profiles/collector.toml").read_text(encoding="utf-8"),
    )

    body = review(repository, "--exit-code")

    assert body.split("\n\n")[1:] == [
        "<p>No call changes: every environment runs what it runs at <code>main</code>.</p>\n"
    ]


def test_differences_are_exit_code_2_where_asked_for(repository: Project) -> None:
    repository.edit("stacks/presets/collections.toml", "= 10", "= 12")

    review(repository, "--exit-code", code=2)
    review(repository, code=0)


def test_a_preset_that_runs_nowhere_is_said_in_a_line(repository: Project) -> None:
    repository.write("stacks/presets/draft.toml", 'agent = "collector"\nnumbers = "us"\n')

    body = review(repository)

    assert "No call changes" in body
    assert "taken by no environment: <code>draft</code>" in body


def test_an_environment_that_comes_or_goes_is_said(repository: Project) -> None:
    (repository.root / "stacks/staging.toml").unlink()
    repository.write("stacks/eu.toml", 'extends = "dev"\n')

    body = review(repository)

    assert "<code>eu</code>: a new environment, 1 added" in body
    assert "<code>staging</code>: no environment any more, 1 withdrawn" in body


def test_a_renamed_preset_is_told_as_renamed(repository: Project) -> None:
    old = repository.root / "stacks/presets/collections.toml"
    old.rename(old.with_name("dunning.toml"))
    repository.edit("stacks/dev.toml", "[presets.collections]", "[presets.dunning]")

    assert "renamed from <code>collections</code>, same content" in review(repository)


def test_a_binding_is_told_as_such(repository: Project) -> None:
    repository.edit("stacks/dev.toml", 'voices]\nwarm = { id = "', 'voices]\nwarm = { id = "x')

    body = review(repository)

    assert "1 with other bindings or deviations" in body
    assert "<h4>Bindings and deviations</h4>" in body
    assert "<details>" not in body


def test_a_pin_that_moves_is_rebuilt_from_git(repository: Project) -> None:
    """What was pinned and what will be are both found in the history of stacks/."""
    first = declared(repository)
    pin(repository, "prod", first)
    repository.edit("stacks/prompts/collector.md", "polite", "brief")
    second = declared(repository)
    commit(repository)
    repository.edit("stacks/prompts/collector.md", "brief", "kind")
    commit(repository)
    pin(repository, "prod", second, 2)

    body = review(repository)

    assert "<code>prod</code>: 1 changed" in body
    assert "-Be polite.\n+Be brief." in body
    assert "version 1 -&gt; version 2 in <code>prod</code>" in body


def test_a_pin_that_the_registry_alone_has_is_out_of_reach_offline(repository: Project) -> None:
    repository.edit("stacks/prompts/collector.md", "polite", "brief")
    entry = repository.release()
    repository.edit("stacks/prompts/collector.md", "brief", "polite")
    pin(repository, "prod", entry.preset_digest)

    offline = review(repository)
    online, remarks = repository.run("review", "--base", "main")

    assert "<h4>Pinned content that is out of reach</h4>" in offline
    assert f"<code>version 1, {entry.preset_digest}</code></td><td>not shown</td>" in offline
    assert "<code>prod</code>: a new environment, 1 not shown" in offline
    assert "Be brief." in online
    assert "out of reach" not in online
    assert remarks == ""


def test_a_registry_that_is_not_there_is_said_and_git_is_used(repository: Project) -> None:
    pin(repository, "prod", declared(repository))
    shutil.rmtree(repository.root / ".dialform/registry")

    body, remarks = repository.run("review", "--base", "main")

    assert "<code>prod</code>: a new environment, 1 added" in body
    assert "registry .dialform/registry has nothing: pins are rebuilt from git" in remarks


def test_a_damaged_registry_is_named_and_git_is_used(repository: Project) -> None:
    digest = declared(repository)
    pin(repository, "prod", digest)
    blob = (
        repository.root / f".dialform/registry/blobs/sha256/{digest.removeprefix('sha256:')}.json"
    )
    blob.chmod(0o644)
    blob.write_text("{}", encoding="utf-8")

    body, remarks = repository.run("review", "--base", "main")

    assert "<code>prod</code>: a new environment, 1 added" in body
    assert digest.removeprefix("sha256:") in remarks
    assert "rebuilt from git" in remarks


def test_an_unchanged_pin_out_of_reach_is_no_difference(repository: Project) -> None:
    repository.edit("stacks/prompts/collector.md", "polite", "brief")
    pin(repository, "prod", declared(repository))
    repository.edit("stacks/prompts/collector.md", "brief", "polite")
    commit(repository)
    repository.write("stacks/prompts/notes.txt", "nothing")

    assert "No call changes" in review(repository)


def test_a_broken_environment_is_a_finding_and_the_rest_is_told(repository: Project) -> None:
    repository.write("stacks/prod.toml", 'extends = "dev"\n[budget]\nday = 1\n[new]\na = 1\n')
    repository.edit("stacks/prompts/collector.md", "polite", "brief")

    body = review(repository, code=1)

    assert "<h4>Not comparable until this is fixed</h4>" in body
    assert "stacks/prod.toml:2: budget: " in body
    assert "1 more unknown key in this file" in body
    assert body.count("stacks/prod.toml:") == 1
    assert "<code>dev</code>, <code>staging</code>: 1 changed" in body


def test_a_file_of_a_newer_format_is_one_line(repository: Project) -> None:
    text = (repository.root / "stacks/staging.toml").read_text(encoding="utf-8")
    repository.write("stacks/staging.toml", text + '[escalation]\nafter = "24h"\n')
    commit(repository)
    repository.write("stacks/staging.toml", text)

    _, said = repository.run("review", "--base", "main", "--offline", code=1)

    assert said.startswith("main:stacks/staging.toml:2: escalation: ")
    assert "(where it is meant, a newer dialform wrote this file)\n" in said
    assert said.count("\n") == 2


def test_a_broken_base_is_named_with_its_ref(repository: Project) -> None:
    repository.edit("stacks/staging.toml", 'extends = "dev"', 'extends = "dve"')
    commit(repository)
    repository.edit("stacks/staging.toml", "dve", "dev")

    body = review(repository, code=1)

    assert "main:stacks/staging.toml:1: extends: there is no &#x27;dve&#x27; to extend" in body


def test_a_broken_preset_leaves_the_others(repository: Project) -> None:
    repository.write("stacks/presets/other.toml", 'agent = "collector"\nnumbers = "us"\n')
    repository.edit("stacks/dev.toml", "[presets", '[presets.other]\nfollow = "source"\n[presets')
    commit(repository)
    repository.edit("stacks/presets/other.toml", '"collector"', '"colector"')
    repository.edit("stacks/prompts/collector.md", "polite", "brief")

    body = review(repository, code=1)

    assert "stacks/presets/other.toml:1: agent: " in body
    assert "-Be polite.\n+Be brief." in body


def test_files_are_written_whole(repository: Project) -> None:
    repository.edit("stacks/prompts/collector.md", "polite", "brief & <b>kind</b>")

    printed, _ = repository.run(
        *("review", "--base", "main", "--offline", "-o", "review.md", "--html", "review.html")
    )

    assert printed == ""
    assert review(repository) == (repository.root / "review.md").read_text(encoding="utf-8")
    page = (repository.root / "review.html").read_text(encoding="utf-8")
    assert "<ins>+Be brief &amp; &lt;b&gt;kind&lt;/b&gt;.</ins>" in page
    assert "```" not in page
    repository.run("review", "--base", "main", "-o", "no/such/review.md", code=1)


def test_json_is_for_programs(repository: Project) -> None:
    repository.edit("stacks/presets/collections.toml", "= 10", "= 12")

    document = json.loads(review(repository, "--json"))

    assert document["format"] == "dialform.review/1"
    assert document["base"] == "main"
    assert [one["name"] for one in document["environments"]] == ["dev", "staging"]
    change = document["environments"][0]["difference"]["presets"][0]["changes"][0]
    assert (change["before"], change["after"]) == (10, 12)


def test_a_fresh_clone_compares_with_the_remote_branch(repository: Project, tmp_path: Path) -> None:
    git(repository, "clone", "-q", str(repository.root), str(tmp_path / "clone"))
    clone = tmp_path / "clone"
    git(repository, "checkout", "-q", "-b", "work", cwd=clone)
    git(repository, "branch", "-q", "-D", "main", cwd=clone)

    body, remarks = repository.run("review", "--base", "main", "--offline", cwd=clone)

    assert "at <code>origin/main</code>" in body
    assert remarks == "there is no main here: compared with origin/main\n"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--base", "mian"), 64, "git has no commit 'mian' here; did you mean 'main'?"),
        (("--base=-x",), 64, "'-x' can't be a git ref"),
        (("--base", "main", "-s", "prdo"), 64, "there is no environment 'prdo' on either side"),
        ((), 64, "--base"),
    ],
)
def test_a_wrong_word_is_answered_in_a_line(
    repository: Project, options: tuple[str, ...], code: int, said: str
) -> None:
    _, error = repository.run("review", *options, code=code)

    assert said in error
    assert error.count("\n") == 1


def test_it_needs_neither_key_nor_passphrase_nor_network(repository: Project) -> None:
    """With an empty environment, and a workspace that nobody answers at."""
    repository.edit("stacks/dev.toml", repository.sandbox.url, "http://127.0.0.1:9/api")
    done = subprocess.run(
        repository.command("review", "--base", "main", "--offline"),
        cwd=repository.root,
        env={"PATH": repository.environment["PATH"]},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert "1 with other bindings or deviations" in done.stdout
