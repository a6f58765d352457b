"""
An entry of a release log: what it holds, how it is stored and read.

Pure. What may follow what is in ``transitions``. An entry carries the whole state, so that a
log's head alone is enough, and the digest of the entry before it, so that none can be taken out
or put in between.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from dialform.presets.canonical import Digest, digest, is_digest
from dialform.registry.documents import RELEASE, Damage, exact_keys, sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["release", "rollback", "hold", "resume", "withdraw", "yank"]
State = Literal["live", "rolled-back", "held", "withdrawn"]
"""``rolled-back``: dialled as a live one, and not moved by `up` to other content."""

KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))
STATES: Final[frozenset[str]] = frozenset(get_args(State))
MOVING: Final[frozenset[str]] = frozenset(("release", "rollback"))
"""The kinds that say which bound preset is called with."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


class Meta(NamedTuple):
    """Who writes an entry, when and why. Never part of what is compared."""

    time: str
    """UTC, as ``2026-11-23T23:00:00Z``."""

    reason: str | None = None
    by: str | None = None
    """The person or the robot."""

    change: str | None = None
    """The pull request or ticket."""

    commit: str | None = None
    writer: str | None = None
    """The ``project/stack`` that owns the log; None for an operator, who leaves it as it is."""


class Entry(NamedTuple):
    """An entry of the log of ``preset`` in ``environment``."""

    environment: str
    preset: str
    seq: int
    """1, 2, 3, ... without gaps."""

    kind: Kind
    state: State
    version: int
    """What is live, or was when it was held or withdrawn."""

    preset_digest: Digest
    bound_digest: Digest
    yanked: tuple[int, ...]
    """All versions barred in this environment so far, in the order of barring."""

    previous: Digest | None
    """The digest of entry ``seq - 1``'s bytes; None for the first."""

    time: str
    reason: str | None
    by: str | None
    change: str | None
    commit: str | None
    writer: str | None
    """The ``project/stack`` that owns the log from here on."""

    digest: Digest
    """Of this entry's own bytes."""

    references: Digest | None = None
    """What the bound preset leans on in the workspace, as it was at the release; None: unknown."""

    held_from: State | None = None
    """``rolled-back``: the state that the hold is on, and that its end gives back; None: live."""

    @property
    def subject(self) -> int:
        """The version that this entry is about: for a ``yank`` the one it bars."""
        return self.yanked[-1] if self.kind == "yank" else self.version

    @property
    def meta(self) -> Meta:
        """Who wrote it, when and why."""
        return Meta(self.time, self.reason, self.by, self.change, self.commit, self.writer)

    def describe(self) -> str:
        """``entry 5 (release of version 7 by anna at 2026-11-23T23:00:00Z)``."""
        by = f" by {self.by}" if self.by else ""
        return f"entry {self.seq} ({self.kind} of version {self.subject}{by} at {self.time})"

    def as_json(self) -> dict[str, Any]:
        """The stored fields, under their stored names, less ``format`` and ``checksum``."""
        return {
            "environment": self.environment,
            "preset": self.preset,
            "seq": self.seq,
            "kind": self.kind,
            "state": self.state,
            "version": self.version,
            "presetDigest": self.preset_digest,
            "boundDigest": self.bound_digest,
            "yanked": list(self.yanked),
            "previous": self.previous,
            "time": self.time,
            "reason": self.reason,
            "by": self.by,
            "change": self.change,
            "commit": self.commit,
            "writer": self.writer,
            # Entries from before these were recorded are stored without them, to the byte.
            **({} if self.references is None else {"references": self.references}),
            **({} if self.held_from is None else {"heldFrom": self.held_from}),
        }

    def render(self) -> bytes:
        """The bytes to store."""
        return sealed({"format": RELEASE, **self.as_json()})


def parse_entry(data: bytes, environment: str, preset: str, seq: int) -> Entry:
    """
    The entry of that log and number in stored bytes.

    Raises:
        Damage: if they are not that entry.

    """
    value = unsealed(data, RELEASE)
    exact_keys(value, _KEYS | (value.keys() & _OPTIONAL.keys()))
    for key, (fits, rule) in _RULES.items():
        if key in value and not fits(value[key]):
            raise Damage("content", f"its {key} is {value[key]!r}: it takes {rule}")
    if value["kind"] == "yank" and not value["yanked"]:
        raise Damage("content", "it is a yank of no version")
    del value["format"]
    fields = {_ATTRIBUTES.get(key, key): content for key, content in value.items()}
    fields["yanked"] = tuple(value["yanked"])
    entry = Entry(**fields, digest=digest(data))
    if (entry.environment, entry.preset, entry.seq) != (environment, preset, seq):
        where = f"entry {entry.seq} of {entry.preset} in {entry.environment}"
        raise Damage("place", f"it is {where}")
    return entry


def is_text(value: object) -> bool:
    """Whether ``value`` is None or text that UTF-8 can hold."""
    if not isinstance(value, str):
        return value is None
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_time(value: object) -> bool:
    """Whether ``value`` is a time as entries hold it: UTC, ``2026-11-23T23:00:00Z``."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    from datetime import datetime  # noqa: PLC0415  # where an entry is read

    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False  # the 30th of February
    return True


def is_number(value: object) -> bool:
    """Whether ``value`` can number an object: 1 to 999,999,999."""
    return type(value) is int and 0 < value < 10**9


_TEXT = (is_text, "text or null")
_DIGEST = (is_digest, "sha256:<64 hex digits>")
_NUMBER = (is_number, "a whole number from 1")
_FIELDS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "environment": (lambda value: isinstance(value, str), "a name"),
    "preset": (lambda value: isinstance(value, str), "a name"),
    "seq": _NUMBER,
    "kind": (lambda value: isinstance(value, str) and value in KINDS, "/".join(sorted(KINDS))),
    "state": (lambda value: isinstance(value, str) and value in STATES, "/".join(sorted(STATES))),
    "version": _NUMBER,
    "presetDigest": _DIGEST,
    "boundDigest": _DIGEST,
    "yanked": (
        lambda value: isinstance(value, list) and all(map(is_number, value)),
        "a list of versions",
    ),
    "previous": (lambda value: value is None or is_digest(value), "a digest, or null"),
    "time": (is_time, "UTC as 2026-11-23T23:00:00Z"),
    "reason": _TEXT,
    "by": _TEXT,
    "change": _TEXT,
    "commit": _TEXT,
    "writer": _TEXT,
}
"""By key: whether a value fits, and the rule in words."""

_OPTIONAL: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "references": (is_digest, "a digest"),
    "heldFrom": (lambda value: value == "rolled-back", "rolled-back"),
}
"""The same of keys that need not be there."""

_RULES: Final = {**_FIELDS, **_OPTIONAL}
_KEYS: Final = frozenset(("format", *_FIELDS))
_ATTRIBUTES: Final = {
    "presetDigest": "preset_digest",
    "boundDigest": "bound_digest",
    "heldFrom": "held_from",
}
