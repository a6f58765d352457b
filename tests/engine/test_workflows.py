"""The workflow files, step by step, in a copy of the checkout: only GitHub's side is played."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BIN, CHECKOUT, REFERENCE_URL, Project
from workflows import FOLDER, Runner, load

from dialform.cli.main import COMMANDS
from dialform.sandbox import Sandbox
from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
NOT_FORK = "github.event.pull_request.head.repo.full_name == github.repository"


def git(root: Path, *args: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.check_output(["git", *who, *args], cwd=root, text=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox, pulumi_home: Path) -> Runner:
    """A repository with an origin, nothing released yet; the soak is left out, to save the time."""
    root = tmp_path_factory.mktemp("workflows") / "checkout"
    for name in ("stacks", "tools", "Pulumi.yaml", "__main__.py", ".gitignore"):
        source = CHECKOUT / name
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    project = Project(root, sandbox, pulumi_home)
    for name in ("dev", "staging", "prod"):
        project.edit(f"stacks/{name}.toml", REFERENCE_URL, sandbox.url)
    text = (root / "stacks/prod.toml").read_text(encoding="utf-8")
    project.write("stacks/prod.toml", re.sub(r"(?m)^soak = .*\n", "", text))
    (root / ".venv").symlink_to(BIN.parent)
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", root.parent / "origin"], check=True
    )
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", str(root.parent / "origin"))
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    git(root, "push", "-q", "origin", "main")
    project.init("dev", "staging", "prod")
    git(root, "commit", "-qam", "settings", "--allow-empty")
    return Runner(
        project,
        root.parent / "tools",
        **{
            "github.token": "t",
            "github.base_ref": "main",
            "github.event.pull_request.number": "7",
            "github.run_id": "99",
            "github.actor": "anna",
            "inputs.presets": "--all",
            "vars.PULUMI_BACKEND_URL": f"file://{root}/.dialform/state?metadata=skip",
            "secrets.PULUMI_CONFIG_PASSPHRASE": "",
            # This project pins no keys; what a signer does is tried in test_signed.py.
            "vars.DIALFORM_SIGNER": "",
            "vars.DIALFORM_SIGNER_PUBLIC": "",
            "secrets.DIALFORM_SIGNING_KEY": "",
            "secrets.PROMOTION_TOKEN || github.token": "t",
            **{
                f"secrets.VOGENT_API_KEY_{name.upper()}": f"sandbox-{name}"
                for name in ("dev", "staging", "prod")
            },
        },
    )


def live(runner: Runner, environment: str) -> dict[str, str]:
    found = {}
    for preset in ("collections", "lead", "reminder"):
        log = runner.project.log(preset, environment)
        if log:
            found[preset] = log[-1]["presetDigest"]
    return found


def release(runner: Runner) -> None:
    (job,) = load("release")["jobs"].values()
    for one in job["strategy"]["matrix"]["include"]:
        runner.job(
            job,
            {
                "matrix.environment": one["environment"],
                "matrix.key": one["key"],
                "secrets[matrix.key]": runner.context[f"secrets.{one['key']}"],
            },
        )


def prod(runner: Runner, **more: str) -> dict[str, str]:
    jobs = load("prod")["jobs"]
    outputs = runner.job(jobs["plan"])
    plan = {
        "needs.plan.outputs.digest": outputs["plan.digest"],
        "needs.plan.outputs.changes": outputs["plan.changes"],
        **more,
    }
    if outputs["plan.changes"] == "true":
        runner.job(jobs["up"], plan)
    return outputs


def test_a_merge_releases_dev_and_staging(runner: Runner) -> None:
    release(runner)
    assert live(runner, "dev") == live(runner, "staging") != {}


def test_prod_carries_out_exactly_the_plan_that_was_shown(runner: Runner) -> None:
    outputs = prod(runner)
    assert outputs["plan.changes"] == "true"
    assert live(runner, "prod") == live(runner, "staging")
    assert prod(runner)["plan.changes"] == "false"


def test_prod_refuses_another_plan(runner: Runner) -> None:
    jobs = load("prod")["jobs"]
    plan = {"needs.plan.outputs.digest": f"sha256:{'0' * 64}"}
    runner.job(jobs["up"], plan, ok=False)
    assert "was approved, and this is sha256:" in runner.said
    assert "Traceback" not in runner.said


def test_a_pull_request_gets_one_comment_that_is_updated(runner: Runner) -> None:
    root = runner.project.root
    git(root, "switch", "-qc", "change")
    runner.project.edit("stacks/prompts/reminder.md", "Never argue.", "Never ever argue.")
    git(root, "commit", "-qam", "words")
    jobs = load("pull-request")["jobs"]
    runner.answer("")
    runner.job(jobs["review"])
    first = runner.asked()
    assert any("issues/7/comments" in line and "POST" in line for line in first)
    assert runner.body().startswith("<!-- dialform:review -->")
    assert "+Never ever argue." in runner.body().replace("+- ", "+")
    assert (root / "review.html").exists()
    runner.answer("4711\n")
    runner.job(jobs["review"])
    assert any("issues/comments/4711" in line and "PATCH" in line for line in runner.asked())
    runner.job(jobs["preview"], {"matrix.environment": "dev"})
    assert "Never ever argue." in runner.said
    git(root, "switch", "-q", "main")
    git(root, "merge", "-q", "change")


def test_a_promotion_is_a_pull_request_with_the_diff_as_its_body(runner: Runner) -> None:
    release(runner)
    assert live(runner, "staging")["reminder"] != live(runner, "prod")["reminder"]
    (job,) = load("promote")["jobs"].values()
    runner.job(job)
    (asked,) = [line for line in runner.asked() if line.startswith("pr create")]
    assert "--base main --head promote-99" in asked
    assert "Never ever argue." in runner.body()
    root = runner.project.root
    assert "promote-99" in git(root, "ls-remote", "origin")
    changed = git(root, "show", "--stat", "--format=", "HEAD")
    assert "stacks/prod.toml" in changed
    assert "1 file changed" in changed
    git(root, "switch", "-q", "main")
    git(root, "merge", "-q", "promote-99")
    prod(runner)
    assert live(runner, "prod") == live(runner, "staging")


def test_drift_opens_updates_and_closes_one_issue(runner: Runner) -> None:
    (job,) = load("drift")["jobs"].values()
    file = runner.project.root / "drift.md"
    runner.answer("")
    runner.job(job)
    assert [line.split()[1] for line in runner.asked()] == ["list"]
    agent = seed_id("prod", "agents", "Reminder")
    runner.project.sandbox.edit("prod", "agents", agent, language="es")
    file.unlink()
    runner.job(job)
    assert [line.split()[1] for line in runner.asked()] == ["list", "create"]
    assert "## prod" in runner.body()
    assert "language" in runner.body()
    runner.answer("12\n")
    file.unlink()
    runner.job(job)
    assert "issue edit 12" in runner.asked()[1]
    runner.project.sandbox.edit("prod", "agents", agent, language="en")
    file.unlink()
    runner.job(job)
    assert "issue close 12" in runner.asked()[1]


def test_what_can_not_be_looked_at_is_not_clean(runner: Runner) -> None:
    (job,) = load("drift")["jobs"].values()
    context = {f"secrets.VOGENT_API_KEY_{name}": "" for name in ("DEV", "STAGING", "PROD")}
    runner.job(job, context, ok=False)
    assert "issue close" not in " ".join(runner.asked())


# What needs no run


def steps(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for job in load(name)["jobs"].values():
        for step in job["steps"]:
            yield job, step


@pytest.mark.parametrize("name", NAMES)
def test_each_command_that_a_workflow_runs_exists(name: str) -> None:
    texts = [step.get("run", "") for _, step in steps(name)]
    named = set(re.findall(r"bin/dialform ([a-z]+)", "\n".join(texts)))
    named |= set(re.findall(r"bin/dialform ([a-z]+)", (CHECKOUT / "tools/drift.sh").read_text()))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", NAMES)
def test_no_input_is_pasted_into_a_script(name: str) -> None:
    """What others can write reaches a shell as the value of a variable."""
    assert [step["run"] for _, step in steps(name) if "${{" in step.get("run", "")] == []


def test_a_forks_pull_request_meets_no_secret_and_no_token() -> None:
    assert load("pull-request")[True] == "pull_request"  # YAML reads `on` as true
    for job, step in steps("pull-request"):
        words = f"{job.get('env')} {step.get('env')}"
        if "secrets." in words or "github.token" in words:
            assert NOT_FORK in f"{job.get('if')} {step.get('if')}"


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_may_do_no_more_than_it_needs(name: str) -> None:
    assert load(name)["permissions"] == {"contents": "read"}
    for job in load(name)["jobs"].values():
        writes = {key for key, value in job.get("permissions", {}).items() if value == "write"}
        assert writes <= {"pull-requests", "issues"} or name == "promote"


def test_one_up_at_a_time_for_each_environment() -> None:
    (job,) = load("release")["jobs"].values()
    assert job["concurrency"] == {
        "group": "up-${{ matrix.environment }}",
        "cancel-in-progress": False,
    }
    assert load("prod")["concurrency"] == {"group": "up-prod", "cancel-in-progress": False}
