"""
The release log's rules: what an entry holds, how it reads, what may follow what.

Pure: no disk, no clock. An entry carries the whole state, so that a log's head alone is enough,
and the digest of the entry before it, so that none can be taken out or put in between.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from dialform.errors import ObjectAbsent, Refused, UsageError
from dialform.presets.canonical import Digest, digest, is_digest
from dialform.registry.documents import RELEASE, corrupt, exact_keys, sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["release", "hold", "resume", "withdraw", "yank"]
State = Literal["live", "held", "withdrawn"]

KINDS: Final[frozenset[str]] = frozenset(("release", "hold", "resume", "withdraw", "yank"))
STATES: Final[frozenset[str]] = frozenset(("live", "held", "withdrawn"))

_MOVES: Final[dict[str, tuple[frozenset[str], State]]] = {
    "release": (frozenset(("live", "withdrawn")), "live"),
    "hold": (frozenset(("live",)), "held"),
    "resume": (frozenset(("held",)), "live"),
    "withdraw": (frozenset(("live", "held")), "withdrawn"),
}
"""By kind: the states that it may follow, and the state that it makes."""

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


class Change(NamedTuple):
    """What an author wants to put at a log's head."""

    kind: Kind
    version: int | None = None
    """``release``: of the preset."""

    preset_digest: Digest | None = None
    """``release``."""

    bound_digest: Digest | None = None
    """``release``."""

    yank_version: int | None = None
    """``yank``: the version to bar for good."""


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
        }

    def render(self) -> bytes:
        """The bytes to store."""
        return sealed({"format": RELEASE, **self.as_json()})


def parse_entry(data: bytes, name: str) -> Entry:
    """
    The entry in stored bytes. ``name`` is the object's, for messages.

    Raises:
        ObjectCorrupt: if they are not an entry; a key more or less counts.
        UnknownFormat: if a newer dialform wrote them.

    """
    value = unsealed(data, name, RELEASE)
    exact_keys(value, name, _KEYS)
    for key, (fits, rule) in _FIELDS.items():
        if not fits(value[key]):
            raise corrupt(name, f"{key} is {value[key]!r}: it takes {rule}")
    del value["format"]
    fields = {_ATTRIBUTES.get(key, key): content for key, content in value.items()}
    fields["yanked"] = tuple(value["yanked"])
    return Entry(**fields, digest=digest(data))


def next_entry(  # noqa: PLR0913  # what decides, all of it
    head: Entry | None,
    change: Change,
    meta: Meta,
    *,
    environment: str,
    preset: str,
    take_over: str | None = None,
) -> Entry:
    """
    The entry that ``change`` puts after ``head``; ``head`` itself if it says the same already.

    ``take_over`` names the writer whose log ``meta.writer`` takes over.

    Raises:
        Refused: by another writer, a hold, a yank, or a state that ``change`` can't follow.
        ObjectAbsent: for anything but a release where there is no log.
        UsageError: for a time or a text that can't be stored.

    """
    _check_meta(meta)
    if head is None:
        if change.kind != "release":
            raise ObjectAbsent(
                f"{preset} was never released in {environment}: nothing to {change.kind}; "
                f"`dialform presets -s {environment}` lists what is"
            )
        return _entry(head, change, meta, environment, preset)
    _check_writer(head, meta, take_over)
    if change.kind == "yank":
        return head if change.yank_version in head.yanked else _entry(head, change, meta)
    if change.kind == "release":
        _check_release(head, change)
    if _says_the_same(head, change, meta):
        return head
    befores, _ = _MOVES[change.kind]
    if head.state not in befores:
        raise Refused(
            f"{preset} is {head.state} in {environment} since {head.describe()}: "
            f"it can't be moved by {change.kind!r}, which needs it {' or '.join(sorted(befores))}"
        )
    return _entry(head, change, meta)


def succession_fault(before: Entry | None, entry: Entry) -> str | None:
    """What is wrong with ``entry`` as the one after ``before``; None if nothing is."""
    if entry.previous != (before.digest if before else None):
        return "its `previous` is not the digest of the entry before it"
    change = Change(entry.kind)
    if entry.kind == "release":
        change = Change("release", entry.version, entry.preset_digest, entry.bound_digest)
    elif entry.kind == "yank":
        change = Change("yank", yank_version=entry.yanked[-1] if entry.yanked else None)
    try:
        expected = next_entry(
            before,
            change,
            entry.meta,
            environment=entry.environment,
            preset=entry.preset,
            take_over=before.writer if before else None,
        )
    except (Refused, ObjectAbsent, UsageError) as error:
        return f"it can't follow the entry before it: {error}"
    if expected is before:
        return "it changes nothing"
    if expected != entry:
        return "its state is not what the entry before it and its kind make"
    return None


def _says_the_same(head: Entry, change: Change, meta: Meta) -> bool:
    if head.state != _MOVES[change.kind][1]:
        return False
    if change.kind != "release":
        return True
    owner = head.writer in (None, meta.writer) or meta.writer is None
    return owner and head.bound_digest == change.bound_digest


def _check_release(head: Entry, change: Change) -> None:
    if head.state == "held":
        reason = f": {head.reason!r}" if head.reason else ""
        raise Refused(
            f"{head.preset} is held in {head.environment} since {head.describe()}{reason}; "
            f"`dialform resume {head.preset} -s {head.environment} --reason ...` lets it move"
        )
    if change.version in head.yanked:
        raise Refused(
            f"version {change.version} of {head.preset} is yanked in {head.environment}: "
            "barred for good; release another version"
        )


def _check_writer(head: Entry, meta: Meta, take_over: str | None) -> None:
    if None in (head.writer, meta.writer) or meta.writer == head.writer:
        return
    if take_over != head.writer:
        raise Refused(
            f"the log of {head.preset} in {head.environment} is written by {head.writer}, "
            f"this is {meta.writer}: two stacks would undo each other; name another "
            "environment, or if this one takes its place, run it once with "
            f"DIALFORM_TAKE_OVER={head.writer}"
        )


def _check_meta(meta: Meta) -> None:
    if not _is_time(meta.time):
        raise UsageError(f"time {meta.time!r}: takes UTC as 2026-11-23T23:00:00Z")
    for name, text in meta._asdict().items():
        if not _is_text(text):
            raise UsageError(f"{name} {text!r}: takes text that UTF-8 can hold")


def _entry(
    head: Entry | None,
    change: Change,
    meta: Meta,
    environment: str | None = None,
    preset: str | None = None,
) -> Entry:
    """The entry after ``head``, or the first of the log that is named."""
    fields: dict[str, Any] = (
        {"environment": environment, "preset": preset, "seq": 1, "yanked": (), "previous": None}
        if head is None
        else {**head._asdict(), "seq": head.seq + 1, "previous": head.digest}
    )
    owner = fields.get("writer")
    fields.update(meta._asdict(), kind=change.kind, digest="")
    if meta.writer is None:
        fields["writer"] = owner
    if change.kind == "yank":
        fields["yanked"] = (*fields["yanked"], change.yank_version)
    else:
        fields["state"] = _MOVES[change.kind][1]
    if change.kind == "release":
        fields["version"] = change.version
        fields["preset_digest"] = change.preset_digest
        fields["bound_digest"] = change.bound_digest
    entry = Entry(**fields)
    return entry._replace(digest=digest(entry.render()))


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return value is None
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_time(value: object) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return type(value) is int and value > 0


_TEXT = (_is_text, "text or null")
_DIGEST = (is_digest, "sha256:<64 hex digits>")
_NUMBER = (_is_number, "a whole number from 1")
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
        lambda value: isinstance(value, list) and all(map(_is_number, value)),
        "a list of versions",
    ),
    "previous": (lambda value: value is None or is_digest(value), "a digest, or null"),
    "time": (_is_time, "UTC as 2026-11-23T23:00:00Z"),
    "reason": _TEXT,
    "by": _TEXT,
    "change": _TEXT,
    "commit": _TEXT,
    "writer": _TEXT,
}
"""By key: whether a value fits, and the rule in words."""

_KEYS: Final = frozenset(("format", *_FIELDS))
_ATTRIBUTES: Final = {"presetDigest": "preset_digest", "boundDigest": "bound_digest"}
