"""
A high-water mark: how many dials a ledger had, kept outside of the ledger on the same machine.

A ledger that has fewer is older than it was: it was restored from a backup. Written after the
ledger is on disk and never forced there itself, so it is never ahead of the ledger, not even
after a power cut. Where it can't be written there is none: it is the second line, after claims.
"""
# ruff: noqa: PTH103, PTH118 - no pathlib here

from __future__ import annotations

import contextlib
import os

_WIDTH = 20


class Mark:
    """The mark of the ledger ``ledger``, by its id, in this user's state folder."""

    def __init__(self, ledger: str, *, folder: str | None = None) -> None:
        """Open it, made if it is new. ``folder``: None is the user's own."""
        self._handle: int | None = None
        with contextlib.suppress(OSError):
            where = folder or _state()
            os.makedirs(where, mode=0o700, exist_ok=True)
            path = os.path.join(where, f"{ledger}.dials")
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @property
    def dials(self) -> int:
        """The most dials that the ledger is known to have had; 0 where nothing is known."""
        if self._handle is None:
            return 0
        try:
            return int(os.pread(self._handle, _WIDTH, 0) or b"0")
        except (OSError, ValueError):
            return 0

    def raise_to(self, dials: int) -> None:
        """Say that the ledger has at least ``dials``, if that is more than is known."""
        if dials > self.dials:
            self.set(dials)

    def set(self, dials: int) -> None:
        """Say that the ledger has ``dials``, whatever was known."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._handle, b"%020d" % dials, 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _state() -> str:
    import platformdirs  # noqa: PLC0415 - where a ledger is opened to dial

    return os.path.join(platformdirs.user_state_dir("dialform"), "ledgers")
