"""
What this machine saw of a registry: the newest of each log, so that an older one is noticed.

Touches this user's state folder and nothing else. A file for each log, written as a whole after
all else was found good. Where it can't be written, or what is there can't be read, that is said
once and nothing is refused for it: who can damage it owns the machine that dials.
"""
# ruff: noqa: PTH103, PTH105, PTH108, PTH111, PTH118, PTH120, PTH123 - no pathlib on a launcher's way

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dialform.presets.canonical import Digest, is_digest
from dialform.registry.entries import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE: Final = "DIALFORM_STATE"
"""The folder that takes the place of the user's own state folder."""

FORMAT: Final = "dialform.memory/1"
_APP = "dialform"
NOBODY: Final = "-"
"""In the place of a key: what was seen, whoever signed it."""


class Seen(NamedTuple):
    """How far a log was: the newest object of a log that was seen, or that a key signed."""

    seq: int
    digest: Digest


class Memory:
    """The memory of this machine. Thread-safe in so far as the newest writer wins."""

    def __init__(self, folder: str, warn: Callable[[str], None] | None = None) -> None:
        """``folder``: where it is kept; ``warn`` is told once if it can't be read or written."""
        self.folder = folder
        self._warn = warn
        self._known: dict[str, dict[str, Seen]] = {}

    def path(self, registry_id: str, log: str) -> str:
        """The file of a log, by the key of its folder: ``releases/prod/collections``."""
        return os.path.join(self.folder, "registries", registry_id, f"{log.replace('/', '+')}.json")

    def recall(self, registry_id: str, log: str) -> dict[str, Seen]:
        """Key's name (or `NOBODY`) -> what was seen; nothing where nothing is known."""
        path = self.path(registry_id, log)
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def remember(self, registry_id: str, log: str, seen: Mapping[str, Seen]) -> None:
        """Keep what was seen. Called after all checks, and writes where it is news."""
        path = self.path(registry_id, log)
        if self.recall(registry_id, log).items() >= seen.items():
            return
        known = self._read(path)  # another process may have seen more meanwhile
        merged = {**known, **{key: max(one, known.get(key, one)) for key, one in seen.items()}}
        self._known[path] = merged
        rows = {key: one._asdict() for key, one in sorted(merged.items())}
        text = json.dumps({"format": FORMAT, "seen": rows}, indent=1) + "\n"
        temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(temporary, "x", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            self._say(f"can't be written: {error.strerror}")

    def _read(self, path: str) -> dict[str, Seen]:
        try:
            with open(path, encoding="utf-8") as file:
                value = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            self._say(f"{path} can't be read ({type(error).__name__})")
            return {}
        found = _parsed(value)
        if found is None:
            self._say(f"{path} is damaged")
            return {}
        return found

    def _say(self, what: str) -> None:
        if self._warn is not None:
            self._warn(
                f"what this machine saw of the registry {what}: an older registry would not be "
                f"noticed this time (${VARIABLE} names another folder)"
            )
            self._warn = None


def state_folder(environment: Mapping[str, str]) -> str:
    """The folder that memory is kept in: ``$DIALFORM_STATE``, else among the user's own files."""
    given = environment.get(VARIABLE)
    if given:
        return given
    if sys.platform == "linux":  # as platformdirs has it, which is 10 ms of each dial to load
        state = environment.get("XDG_STATE_HOME", "")
        return os.path.join(state if state.strip() else os.path.expanduser("~/.local/state"), _APP)
    import platformdirs  # noqa: PLC0415 - where none is named

    return platformdirs.user_state_dir(_APP)


def _parsed(value: Any) -> dict[str, Seen] | None:
    rows = value.get("seen") if isinstance(value, dict) and value.get("format") == FORMAT else None
    if not isinstance(rows, dict):
        return None
    found: dict[str, Seen] = {}
    for key, row in rows.items():
        sound = isinstance(row, dict) and is_number(row.get("seq")) and is_digest(row.get("digest"))
        if not sound:
            return None
        found[key] = Seen(row["seq"], Digest(row["digest"]))
    return found
