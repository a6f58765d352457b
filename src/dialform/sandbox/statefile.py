"""
The file that a sandbox keeps its state in: one JSON document, replaced as a whole.

A second file, ``FILE.lock``, is locked while a sandbox runs, so that two never share one;
the next state is written to ``FILE.new`` first.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from dialform.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "dialform.sandbox-state/1"


class StateFile:
    """A state file, held by this process until `release`."""

    def __init__(self, path: Path) -> None:
        """Locks it. Raises SettingError where another sandbox holds it or it can't be written."""
        self.path = path
        lock = path.with_name(path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingError(
                f"sandbox state {path}: can't write beside it: {error.strerror}; "
                "give --state a file in a folder that you can write to"
            ) from None
        if not _locked(self._lock):
            os.close(self._lock)
            raise SettingError(
                f"sandbox state {path}: another sandbox is using it; stop that one or give "
                "this one its own --state file"
            )

    def load(self) -> dict[str, Any] | None:
        """What is stored; None: nothing yet. Raises SettingError for what it can't read."""
        try:
            stored = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.corrupt(error.strerror or str(error)) from None
        except (ValueError, RecursionError) as error:
            raise self.corrupt(f"not JSON: {error}") from None
        if not isinstance(stored, dict) or stored.get("format") != _FORMAT:
            raise self.corrupt(f"its format is not {_FORMAT}")
        return stored

    def save(self, value: dict[str, Any]) -> None:
        """Replace the file: a reader sees the old or the new one. Raises SettingError."""
        text = json.dumps({"format": _FORMAT, **value}, ensure_ascii=False)
        new = self.path.with_name(self.path.name + ".new")
        try:
            with new.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            raise SettingError(
                f"sandbox state {self.path}: can't be written: {error.strerror}"
            ) from None

    def release(self) -> None:
        """Let another sandbox have it."""
        os.close(self._lock)

    def corrupt(self, why: str) -> SettingError:
        """The error for a file that can't be used."""
        return SettingError(
            f"sandbox state {self.path}: can't be read: {why}; move it away to begin anew"
        )


def _locked(handle: int) -> bool:
    """Lock an open file for this process alone; False: somebody else has it."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
