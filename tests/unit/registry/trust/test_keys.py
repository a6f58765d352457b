"""Keys: how they are written, which are refused, and what they say of a signature."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dialform.errors import SettingError
from dialform.registry.trust.keys import (
    PublicKey,
    key_fault,
    keys_of,
    private_key,
    public_key,
    public_of,
)

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group: a signature's second half is below it."""


def line(raw: bytes) -> str:
    return "ed25519:" + base64.b64encode(raw).decode()


def test_a_line_names_a_key_and_nothing_else_is_one() -> None:
    key = public_of(private_key(bytes(range(32))))
    assert public_key(key.line) == key
    assert len(key.keyid) == 16
    for text in (
        "",
        key.line.removeprefix("ed25519:"),
        key.line.upper(),
        key.line + " ",
        key.line.rstrip("="),
        line(key.raw[:31]),
        line(key.raw + b"x"),
        "ed25519:" + key.raw.hex(),
    ):
        with pytest.raises(SettingError):
            public_key(text)


@pytest.mark.parametrize(
    "y",
    [
        0,
        1,
        2**255 - 20,
        2**255 - 19,
        2**255 - 18,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    ],
)
@pytest.mark.parametrize("sign", [0, 2**255])
def test_a_key_with_which_anybody_could_sign_is_refused(y: int, sign: int) -> None:
    assert "weak" in (key_fault(line((y + sign).to_bytes(32, "little"))) or "")


def test_only_the_holder_of_the_key_signs_and_only_that_message() -> None:
    private, other = (Ed25519PrivateKey.generate() for _ in range(2))
    key = public_of(private)
    signature = private.sign(b"a")
    assert key.made(signature, b"a")
    assert not key.made(signature, b"b")
    assert not key.made(other.sign(b"a"), b"a")
    assert not PublicKey(public_of(other).raw).made(signature, b"a")


def test_a_signature_has_no_second_form() -> None:
    """Adding the group's order to its second half gives other bytes, which are refused."""
    private = Ed25519PrivateKey.generate()
    signature = private.sign(b"a")
    second = int.from_bytes(signature[32:], "little") + ORDER
    assert not public_of(private).made(signature[:32] + second.to_bytes(32, "little"), b"a")


def test_settings_list_keys_with_spaces_or_commas() -> None:
    assert keys_of(" a,b\nc , d ") == ("a", "b", "c", "d")


def test_cryptography_is_loaded_where_a_signature_is_looked_at() -> None:
    code = (
        "import sys; from dialform.registry.trust.keys import public_key;"
        f"key = public_key({public_of(private_key(bytes(32))).line!r});"
        "print('cryptography' in sys.modules); key.made(bytes(64), b'');"
        "print('cryptography' in sys.modules)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.split() == ["False", "True"]
