"""
Who signs here: a private key by reference, in a variable, in a file, or behind a command.

`DIALFORM_SIGNER` says where it is: ``env:NAME`` and ``file:PATH`` hold a PEM or the base64 of the
32 bytes, ``command:...`` signs by itself (a KMS, an agent, a card). It is read when something is
signed, and kept nowhere; what is raised here names the reference and never what it led to.
"""
# ruff: noqa: PTH111, PTH123 - no pathlib here

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from dialform.errors import SettingError
from dialform.registry.trust.envelope import SIGNATURE_BYTES, Envelope, decoded, pae, rendered
from dialform.registry.trust.keys import PublicKey, private_key, public_key, public_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNER: Final = "DIALFORM_SIGNER"
SIGNER_PUBLIC: Final = "DIALFORM_SIGNER_PUBLIC"
_FORMS = "env:NAME, file:PATH or command:PROGRAM ARGUMENTS"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SEED_BYTES = 32
_SECONDS = 60
_LARGEST = 64 * 1024
"""Bytes that a key's file, or a command's answer, has at most."""


class Signer(NamedTuple):
    """A private key by reference. Holds no key; ``repr`` shows the reference's kind alone."""

    kind: str
    """``env``, ``file`` or ``command``."""

    target: str
    """The variable, the path, or the command line."""

    public_line: str | None
    """What the environment says its public key is; a command's must be said."""

    def __repr__(self) -> str:
        """Without what a command line may hold."""
        return f"Signer({self.kind}:...)"

    @property
    def public(self) -> PublicKey:
        """
        The public key.

        Raises:
            SettingError: the key can't be read; or it is not the one that the environment says.

        """
        said = None if self.public_line is None else public_key(self.public_line)
        if self.kind == "command":
            if said is None:
                raise SettingError(
                    f"{SIGNER} is a command: set {SIGNER_PUBLIC} to its public key, ed25519:..."
                )
            return said
        found = public_of(self._private())
        if said is not None and said != found:
            raise self._other_key(said)
        return found

    def sign(self, message: bytes) -> bytes:
        """
        The signature of ``message``, verified with the public key.

        Raises:
            SettingError: there is none, or it is not by the key that it should be by.

        """
        public = self.public
        signature = (
            self._commanded(message) if self.kind == "command" else self._private().sign(message)
        )
        if not public.made(signature, message):
            raise self._other_key(public)
        return signature

    def envelope(self, payload_type: str, stored: bytes) -> bytes:
        """The bytes of an envelope of an object's stored bytes."""
        signature = self.sign(pae(payload_type, stored))
        return rendered(Envelope(payload_type, stored, self.public.keyid, signature))

    def _private(self) -> Ed25519PrivateKey:
        if self.kind == "env":
            data = os.environ.get(self.target, "").encode(errors="replace")
            where = f"the variable {self.target}"
        else:
            where = f"the file {self.target}"
            try:
                with open(os.path.expanduser(self.target), "rb") as file:
                    data = file.read(_LARGEST)
            except OSError as error:
                raise SettingError(
                    f"{SIGNER} names {where}, which can't be read: {error.strerror}"
                ) from None
        if not data.strip():
            raise SettingError(f"{SIGNER} names {where}, which is empty or not set")
        return _loaded(data, where)

    def _commanded(self, message: bytes) -> bytes:
        try:
            words = shlex.split(self.target)
            done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
                words,
                input=message,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SettingError(f"the {SIGNER} command took over {_SECONDS} seconds") from None
        except (OSError, ValueError) as error:
            raise SettingError(
                f"the {SIGNER} command can't be run: {type(error).__name__}"
            ) from None
        if done.returncode:
            raise SettingError(
                f"the {SIGNER} command ended with {done.returncode}; run it by hand: it gets what "
                "is to be signed on its stdin, and prints the signature"
            )
        if len(done.stdout) == SIGNATURE_BYTES:
            return done.stdout
        text = done.stdout[:_LARGEST].decode("ascii", errors="replace")
        signature = decoded("".join(text.split()))
        if signature is None or len(signature) != SIGNATURE_BYTES:
            raise SettingError(
                f"the {SIGNER} command printed {len(done.stdout)} bytes, which are no signature: "
                f"it prints {SIGNATURE_BYTES} bytes, or their base64"
            )
        return signature

    def _other_key(self, public: PublicKey) -> SettingError:
        return SettingError(
            f"the key that {SIGNER} ({self.kind}:...) leads to is not {public.line}, which "
            f"{SIGNER_PUBLIC} says; nothing was signed"
        )


def signer_of(environment: Mapping[str, str]) -> Signer | None:
    """
    The signer that the environment names; None where it names none. Reads no key yet.

    Raises:
        SettingError: it names one in another form.

    """
    reference = environment.get(SIGNER, "").strip()
    if not reference:
        return None
    kind, _, target = reference.partition(":")
    target = target.strip()
    if not target or not (
        kind in ("file", "command") or (kind == "env" and _NAME.fullmatch(target))
    ):
        # What stands there may be the key itself, by mistake: it is not repeated.
        raise SettingError(f"{SIGNER} is not of the form {_FORMS}")
    return Signer(kind, target, environment.get(SIGNER_PUBLIC) or None)


def _loaded(data: bytes, where: str) -> Ed25519PrivateKey:
    """The key in PEM or base64. What is raised never holds any of it."""
    if b"-----BEGIN" not in data:
        seed = decoded(data.decode("ascii", errors="replace").strip())
        if seed is None or len(seed) != _SEED_BYTES:
            raise SettingError(
                f"{where} holds no ed25519 key: it takes a PEM (PKCS8), or the base64 of its "
                f"{_SEED_BYTES} bytes"
            )
        return private_key(seed)
    private_key(bytes(_SEED_BYTES))  # says what to install, where it is not
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - where one signs
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    try:
        # A PEM in one line, as some secret stores keep it, has its line ends written out.
        found = serialization.load_pem_private_key(data.replace(b"\\n", b"\n"), password=None)
    except Exception as error:  # noqa: BLE001 - its words might show the key
        raise SettingError(
            f"{where} holds a PEM that can't be read ({type(error).__name__}): it takes an "
            "ed25519 key without a passphrase"
        ) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise SettingError(f"{where} holds a key of another kind; it takes ed25519")
    return found
