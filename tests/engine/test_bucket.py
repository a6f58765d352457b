"""The reference project with its registry in a bucket: one story on a real S3 server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialform.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Project
    from s3_server import S3Server

CHECKOUT = Path(__file__).parents[2]
REFERENCE_URL = "http://127.0.0.1:8421/api"

INPUTS = (
    *("name=Sam Rivera", "accountEnding=0042", "postalCode=94952", "amountDue=$184.20"),
    *("dueDate=November first", "daysPastDue:=22", "customerId=C-004217"),
)
DIAL = (
    *("dial", "collections", "-s", "dev", "--to", "+14155550123"),
    *(word for one in INPUTS for word in ("--input", one)),
)


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a registry in it, and the credentials in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.environ.items():
            patch.setenv(name, value)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield s3_server.fresh()


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project], bucket: str, s3_server: S3Server) -> Project:
    """The reference project, released once."""
    made = make_project()
    made.also = {**s3_server.environ, "XDG_CACHE_HOME": str(made.root / "cache")}
    shutil.copytree(CHECKOUT / "stacks", made.root / "stacks")
    for name in ("dev", "prod"):
        made.edit(f"stacks/{name}.toml", REFERENCE_URL, made.sandbox.url)
        made.edit(f"stacks/{name}.toml", 'url = ".dialform/registry"', f'url = "{bucket}"')
    made.dialform("registry", "init", bucket)
    made.init("dev", "prod")
    made.up("dev")
    return made


def test_what_is_up_is_in_the_bucket_and_sound(project: Project, bucket: str) -> None:
    said = project.dialform("registry", "verify", "-s", "dev")
    assert "all sound" in said
    assert not (project.root / ".dialform" / "registry").exists()
    assert Registry.open(bucket, base="/").presets("dev") == [
        "collections",
        "lead",
        "reminder",
    ]


def test_a_second_up_and_preview_change_nothing(project: Project) -> None:
    project.pulumi("preview", "-s", "dev", "--expect-no-changes")
    project.up("dev", "--expect-no-changes")


def test_another_environment_takes_its_pinned_versions_from_there(project: Project) -> None:
    project.up("prod")
    assert "collections" in project.dialform("status", "-s", "prod")


def test_a_launcher_without_a_checkout_dials_from_there(
    project: Project, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = project.sandbox.rings("+14155550123")
    elsewhere = tmp_path_factory.mktemp("launcher")
    root, project.root = project.root, elsewhere
    try:
        project.dialform(*DIAL, "--registry", bucket)
    finally:
        project.root = root
    assert project.sandbox.rings("+14155550123") == before + 1


def test_an_edit_is_released_and_rolled_back(project: Project) -> None:
    first = project.dialform(*DIAL, "--dry-run")
    project.edit("stacks/prompts/collections.md", "You are calm", "You are kind")
    project.up("dev")
    second = project.dialform(*DIAL, "--dry-run")
    assert second != first
    project.dialform(
        *("rollback", "collections", "-s", "dev", "--to", "1", "--now"), "--reason", "unkind"
    )
    assert project.dialform(*DIAL, "--dry-run") == first
    log = project.dialform("registry", "log", "collections", "-s", "dev").splitlines()
    assert [line.split()[1:3] for line in log[1:]] == [
        ["rollback", "1"],
        ["release", "2"],
        ["release", "1"],
    ]


def test_no_credential_is_kept_anywhere(project: Project, bucket: str, s3_server: S3Server) -> None:
    state = project.pulumi("stack", "export", "-s", "dev")
    stored = s3_server.files(bucket)
    kept = [path.read_bytes() for path in [*stored.rglob("*"), *project.root.rglob("*")]
            if path.is_file()]  # fmt: skip
    assert "owner-secret" not in state
    assert not [data for data in kept if b"owner-secret" in data]


def test_without_credentials_nothing_is_said_to_be_absent(project: Project) -> None:
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong"}
    said = project.pulumi("preview", "-s", "dev", ok=False, **wrong)
    assert "status 403" in said
    assert "Traceback" not in said
    said = project.dialform(*DIAL, ok=False, **wrong)
    assert "this says nothing about what is in the registry" in said
