"""Releases that are signed at `up`: the private key is kept nowhere, and launchers believe them."""

from __future__ import annotations

import base64
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dialform.registry.trust.keys import PublicKey, new_key, private_key, public_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Project

CALL = ("dial", "collections", "-s", "dev", "--to", "+14155550131", "--input", "name=A", "--json")
SEED = bytes(range(65, 97))
"""The private key, which in any form stands nowhere else."""

SIGN = """\
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(Path(sys.argv[1]).read_bytes())
sys.stdout.buffer.write(key.sign(sys.stdin.buffer.read()))
"""


def forms(seed: bytes) -> list[bytes]:
    """A private key as it might be written down."""
    return [seed, seed.hex().encode(), *(encode(seed) for encode in _ENCODERS)]


def _pem_line(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415 - once

    pem = private_key(seed).private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    return pem.splitlines()[1]


_ENCODERS = (base64.b64encode, base64.urlsafe_b64encode, _pem_line)


def assert_nowhere(project: Project, *said: str) -> None:
    """In no output, and in no file of the project or of Pulumi's own folder."""
    for form in forms(SEED):
        assert all(form not in text.encode() for text in said)
        for folder in (project.root, project.home):
            for path in folder.rglob("*"):
                if path.is_file():
                    assert form not in path.read_bytes(), path


def version_of(said: str) -> int:
    """The version that a call was made with, as `dial --json` says it."""
    found = re.search(r'"version": (\d+)', said)
    assert found is not None, said
    return int(found[1])


def pin(project: Project, key: PublicKey, **more: str) -> None:
    """Pin a key in dev's stack file."""
    lines = "".join(f"{name} = {value}\n" for name, value in more.items())
    project.edit("stacks/dev.toml", "[registry]\n", f'[registry]\nkeys = ["{key.line}"]\n{lines}')


@pytest.fixture
def signed(make_project: Callable[[], Project]) -> Project:
    """A project that pins the key of SEED in dev."""
    made = make_project()
    made.declare("dev")
    pin(made, public_of(private_key(SEED)))
    made.init("dev")
    return made


def signer(form: str, elsewhere: Path) -> dict[str, Any]:
    """The variables of a signer; its files are outside of what is searched."""
    text = base64.b64encode(SEED).decode()
    if form == "env":
        return {"DIALFORM_SIGNER": "env:RELEASE_KEY", "RELEASE_KEY": text}
    if form == "file":
        (elsewhere / "key").write_text(text)
        return {"DIALFORM_SIGNER": f"file:{elsewhere}/key"}
    (elsewhere / "key").write_bytes(SEED)
    (elsewhere / "sign.py").write_text(SIGN)
    return {
        "DIALFORM_SIGNER": f"command:{sys.executable} {elsewhere}/sign.py {elsewhere}/key",
        "DIALFORM_SIGNER_PUBLIC": public_of(private_key(SEED)).line,
    }


@pytest.mark.parametrize("form", ["env", "file", "command"])
def test_the_private_key_is_kept_nowhere_and_launchers_believe_what_it_signed(
    form: str, signed: Project, tmp_path: Path
) -> None:
    """An `up`, an edit, a refresh, a failing `up`, and calls with the keys pinned."""
    using = signer(form, tmp_path)
    said = [signed.up(**using)]
    assert len([key for key in signed.objects() if key.startswith("signatures/")]) == 2
    said.append(signed.dialform(*CALL))
    signed.edit("stacks/prompts/collector.md", "polite", "brief")
    said += [signed.up(**using), signed.dialform(*CALL)]
    assert [version_of(text) for text in said[1::2]] == [1, 2]
    said.append(signed.pulumi("refresh", "-s", "dev", "--yes", **using))
    signed.edit("stacks/prompts/collector.md", "brief", "short")
    wrong = using | {"DIALFORM_SIGNER_PUBLIC": new_key()[0].line}
    said += [signed.up(ok=False, **wrong), signed.pulumi("stack", "export", "-s", "dev")]
    said += [signed.up(**using), signed.dialform("status", "-s", "dev")]
    said.append(signed.dialform("hold", "collections", "-s", "dev", "--reason", "x", **using))
    said.append(signed.dialform("resume", "collections", "-s", "dev", "--reason", "x", **using))
    said.append(signed.dialform(*CALL))
    assert_nowhere(signed, *said)


def test_where_keys_are_pinned_nothing_is_written_unsigned(signed: Project) -> None:
    """An `up` without a signer, and one whose key counts nowhere, write nothing at all."""
    said = signed.up(ok=False)
    assert "set DIALFORM_SIGNER" in said
    assert signed.objects() == {}
    other = base64.b64encode(bytes(range(32))).decode()
    said = signed.up(ok=False, DIALFORM_SIGNER="env:OTHER", OTHER=other)
    assert "[unknown-key]" in said
    assert signed.objects() == {}
    assert "collections" in signed.pulumi("preview", "-s", "dev"), "a preview needs no key"


def test_an_up_that_was_killed_before_its_signature_is_completed_by_the_next(
    signed: Project, tmp_path: Path
) -> None:
    """The signer's command ends the provider's process: the entry is there, and no signature."""
    using = signer("command", tmp_path)
    signed.up(**using)
    signed.edit("stacks/prompts/collector.md", "polite", "brief")
    (tmp_path / "sign.py").write_text("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n")
    signed.up(ok=False, **using)
    assert [entry["seq"] for entry in signed.log()] == [1, 2]
    said = signed.dialform(*CALL, ok=False)
    assert "entry 2" in said
    assert "[unsigned]" in said

    signer("command", tmp_path)
    signed.pulumi("cancel", "-s", "dev", "--yes", ok=None)
    signed.up(**using)
    assert [entry["seq"] for entry in signed.log()] == [1, 2], "the same entry, signed now"
    assert version_of(signed.dialform(*CALL)) == 2
