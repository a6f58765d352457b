"""Signers by reference: each form signs, and what is wrong is said without the key."""

from __future__ import annotations

import base64
import sys
import traceback
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dialform.errors import SettingError
from dialform.presets.canonical import digest
from dialform.registry.trust.envelope import opened, type_of
from dialform.registry.trust.keys import public_of
from dialform.registry.trust.signers import Signer, signer_of

if TYPE_CHECKING:
    from pathlib import Path

SEED = bytes(range(7, 39))
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = public_of(PRIVATE)
TEXT = base64.b64encode(SEED).decode()
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
TYPE = type_of("release", "5d2c")


def signs(signer: Signer | None) -> bool:
    assert signer is not None
    message, signature = opened(signer.envelope(TYPE, b"{}"), TYPE, digest(b"{}"))
    return signer.public == PUBLIC and PUBLIC.made(signature, message)


@pytest.mark.parametrize("text", [TEXT, f"{TEXT}\n", PEM, PEM.replace("\n", "\\n")])
def test_key_in_a_variable_or_a_file(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELEASE_KEY", text)
    (tmp_path / "key").write_text(text)
    assert signs(signer_of({"DIALFORM_SIGNER": "env:RELEASE_KEY"}))
    assert signs(signer_of({"DIALFORM_SIGNER": f"file:{tmp_path}/key"}))


@pytest.mark.parametrize("written", ["signature", "base64.b64encode(signature) + b'\\n'"])
def test_a_command_signs_what_it_reads(written: str, tmp_path: Path) -> None:
    script = tmp_path / "sign.py"
    script.write_text(
        "import base64, sys\n"
        "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey\n"
        f"key = Ed25519PrivateKey.from_private_bytes(base64.b64decode({TEXT!r}))\n"
        "signature = key.sign(sys.stdin.buffer.read())\n"
        f"sys.stdout.buffer.write({written})\n"
    )
    command = f"command:{sys.executable} '{script}'"
    assert signs(signer_of({"DIALFORM_SIGNER": command, "DIALFORM_SIGNER_PUBLIC": PUBLIC.line}))


def test_no_reference_is_no_signer() -> None:
    assert signer_of({}) is None
    assert signer_of({"DIALFORM_SIGNER": " "}) is None


ENCRYPTED = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"x"),
).decode()
OTHER_KIND = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (TEXT[:-4], "no ed25519 key"),
        (SEED.hex(), "no ed25519 key"),
        (ENCRYPTED, "without a passphrase"),
        (PEM.replace("MC4C", "MC5C"), "can't be read"),
        (OTHER_KIND, "another kind"),
    ],
)
def test_what_is_no_key_is_said_without_it(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELEASE_KEY", text)
    signer = signer_of({"DIALFORM_SIGNER": "env:RELEASE_KEY"})
    assert signer is not None
    with pytest.raises(SettingError, match=said) as found:
        signer.sign(b"x")
    shown = "".join(traceback.format_exception(found.value)) + repr(signer)
    assert not any(line in shown for line in text.splitlines() if line and "-----" not in line)


def test_a_key_in_the_place_of_its_reference_is_not_repeated() -> None:
    for text in (TEXT, PEM, f"key:{TEXT}", f"env:{TEXT}", "env:", "file: ", "kms:a"):
        with pytest.raises(SettingError, match="of the form") as found:
            signer_of({"DIALFORM_SIGNER": text})
        assert TEXT not in str(found.value)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    signer = signer_of({"DIALFORM_SIGNER": f"file:{tmp_path}/none"})
    assert signer is not None
    with pytest.raises(SettingError, match="No such file"):
        signer.sign(b"x")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/no/such/program", "can't be run"),
        ("'open", "can't be run"),
        ("false", "ended with 1"),
        ("true", "0 bytes"),
        ("echo hello", "6 bytes"),
        ("head -c 64 /dev/zero", "is not"),
    ],
)
def test_a_command_that_does_not_sign(command: str, said: str) -> None:
    signer = Signer("command", command, PUBLIC.line)
    with pytest.raises(SettingError, match=said) as found:
        signer.sign(b"x")
    assert "hello" not in str(found.value)


def test_a_command_s_public_key_must_be_said_and_another_key_s_must_not() -> None:
    with pytest.raises(SettingError, match="DIALFORM_SIGNER_PUBLIC"):
        _ = Signer("command", "true", None).public


def test_another_public_key_than_the_private_one_s_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELEASE_KEY", TEXT)
    other = public_of(Ed25519PrivateKey.generate())
    with pytest.raises(SettingError, match="nothing was signed"):
        Signer("env", "RELEASE_KEY", other.line).sign(b"x")
