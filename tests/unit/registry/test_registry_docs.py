"""docs/registry.md says what is so: its commands run, its grants are enough and no more."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from registry_world import filled, publish, small_registry
from s3_server import BUCKET

import dialform.registry.objects
import dialform.registry.place
import dialform.registry.refusals
from dialform.cli.main import main
from dialform.errors import RegistryError, RegistryUnreachable
from dialform.registry import Registry
from dialform.registry.location import SCHEMES
from dialform.registry.verify import _TOP

if TYPE_CHECKING:
    from s3_server import S3Server

TEXT = (Path(__file__).parents[3] / "docs" / "registry.md").read_text(encoding="utf-8")


def block(kind: str, containing: str) -> str:
    """The fenced block of that kind with that text in it."""
    (found,) = [
        text
        for text in re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
        if containing in text
    ]
    return str(found)


def policy(name: str) -> dict[str, Any]:
    """The JSON that stands after that file's name."""
    after = TEXT.split(f"`{name}`", 1)[1]
    found = re.search(r"^```json\n(.*?)^```$", after, re.MULTILINE | re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


@pytest.mark.parametrize("containing", ["registry init", "registry copy"])
def test_the_commands_run(
    containing: str, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small_registry(tmp_path / ".dialform" / "registry")
    place = s3.fresh()
    for line in block("sh", containing).splitlines():
        real = line.replace("s3://acme-calls", place).replace("/mnt", str(tmp_path))
        program, *words = shlex.split(real)
        assert program == "dialform"
        assert main(words) == 0, line


def test_the_layout_is_whole() -> None:
    tops = {re.split("[/ ]", line)[0] for line in block("text", "registry.json").splitlines()}
    assert tops == _TOP


def test_every_place_is_told_of() -> None:
    rows = re.findall(r"^\| `(\w+)://", TEXT, re.MULTILINE)
    assert rows == list(SCHEMES)


def test_the_errors_are_the_ones_that_are_raised() -> None:
    """Each text of the table is in the sources, but for what is put in when it is raised."""
    modules = (dialform.registry.objects, dialform.registry.place, dialform.registry.refusals)
    source = "".join(inspect.getsource(module) for module in modules)
    said = re.sub(r'"\s*\n\s*f?"', "", source)
    table = TEXT.split("## What an error means", 1)[1].split("##", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    texts = [text for cell in cells for text in re.findall("`([^`]+)`", cell)]
    assert len(texts) > 10
    for text in texts:
        word = re.sub("(bucket|container)$", "", re.sub(r"\d{3}", "", text)).strip()
        assert word in said, text


class Roles:
    """A bucket with the page's policies, and a user for each role."""

    def __init__(self, s3: S3Server) -> None:
        self.s3 = s3
        self.url = f"s3://{BUCKET}/registry"
        statements = []
        for role in ("launcher", "publisher"):
            key, secret = f"KEY{role.upper()}", f"{role}-secret"
            s3.admin("create-user", "--access", key, "--secret", secret, "--role", "user")
            statements += [
                {**one, "Principal": {"AWS": [key]}} for one in policy(f"{role}.json")["Statement"]
            ]
        # The server knows no condition on If-None-Match: that statement is S3's alone.
        statements += [
            one for one in policy("bucket.json")["Statement"] if one["Sid"] == "NoRemoval"
        ]
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        text = text.replace("arn:aws:s3:::acme-calls", f"arn:aws:s3:::{BUCKET}")
        os.setxattr(s3.files(f"s3://{BUCKET}"), "user.policy", text.encode())

    def become(self, role: str, monkeypatch: pytest.MonkeyPatch) -> Registry:
        for name, value in self.s3.environ_of(f"KEY{role.upper()}", f"{role}-secret").items():
            monkeypatch.setenv(name, value)
        return Registry.open(self.url, base="/")


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="the server keeps a policy so on Linux")
def test_the_grants_are_enough_and_no_more(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = Registry.open(f"s3://{BUCKET}/registry", base="/")
    owner.create_marker()
    roles = Roles(s3)

    publisher = filled(roles.become("publisher", monkeypatch))
    assert main(["registry", "doctor", "--registry", roles.url]) == 0
    captured = capsys.readouterr()
    found = {line.split()[0]: line.split()[1] for line in captured.out.splitlines()}
    assert found["if-absent"] == found["at-once"] == "yes"
    assert (found["delete"], found["overwrite"]) == ("yes", "warning"), "it may not, and it may"
    assert "a publisher's role" in captured.err

    launcher = roles.become("launcher", monkeypatch)
    assert launcher.entries("prod", "collections") == publisher.entries("prod", "collections")
    assert launcher.head("prod", "nothing") is None, "absent, and not forbidden"
    with pytest.raises(RegistryError, match="may not create objects there") as caught:
        publish(launcher, "collections", "new")
    assert not isinstance(caught.value, RegistryUnreachable)
    assert main(["registry", "doctor", "--registry", roles.url]) == 0
    assert "a launcher's role" in capsys.readouterr().err


def test_the_other_clouds_grants_read_and_add() -> None:
    assert policy("publisher.gcp.json")["includedPermissions"] == [
        f"storage.objects.{what}" for what in ("create", "get", "list")
    ]
    actions = policy("publisher.azure.json")["DataActions"]
    assert [action.rpartition("/blobs/")[2] for action in actions] == ["read", "add/action"]
