"""
What a reader demands of a registry before it believes what is live there.

Reads the registry and this machine's memory. Stopping needs no key: a hold, a withdrawal and a
bar count as they stand, for who may write could as well take everything away. What starts or
moves calls counts where the threshold signed it. An entry that a key which counts signed, and
too few of them, is a proposal: what was live before it goes on. Anything else is refused.

Without pinned keys nothing is verified; an older registry than this machine saw is refused then
as well.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from dialform.errors import ObjectCorrupt, UnknownFormat, Untrusted
from dialform.presets.canonical import Digest
from dialform.presets.canonical import digest as digest_of
from dialform.registry import names
from dialform.registry.transitions import succession_fault
from dialform.registry.trust.memory import NOBODY, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.registry.entries import Entry
    from dialform.registry.logs import Log
    from dialform.registry.place import Place
    from dialform.registry.trust.keys import PublicKey
    from dialform.registry.trust.memory import Memory
    from dialform.registry.trust.statements import Keys, Snapshot
    from dialform.registry.trust.verifying import Standing, Verifier

STOPPED: Final = frozenset(("held", "withdrawn"))
"""The states in which nothing is called."""

_LOOK_BACK = 8
"""Newest snapshots that are looked at for one that is signed."""


class Trust(NamedTuple):
    """What a reader believes, and how it is told of what it may want to know."""

    keys: Keys | None = None
    """The pinned keys; None: whoever may write to the registry decides what is said."""

    strict: bool = False
    """Whether a fresh snapshot is demanded."""

    memory: Memory | None = None
    """What this machine saw; None: nothing is remembered."""

    warn: Callable[[str], None] | None = None
    """Is told what is not as it should be and stops nothing."""

    clock: Callable[[], float] = time.time
    """Seconds since 1970."""


class Guard:
    """One reader's demands on one registry. Thread-safe."""

    def __init__(self, place: Place, trust: Trust) -> None:
        """Touches nothing."""
        self.trust = trust
        self._place = place
        self._lock = threading.RLock()
        self._standing: Standing | None = None
        self._snapshots: dict[str, Snapshot | None] = {}
        self._verifier: Verifier | None = None
        self._told: set[str] = set()

    def refresh(self) -> None:
        """Forget which keys count, and the snapshots: they are read again where needed."""
        with self._lock:
            self._standing = None
            self._snapshots.clear()

    @property
    def verifier(self) -> Verifier:
        """Counts signatures."""
        with self._lock:
            if self._verifier is None:
                from dialform.registry.trust.verifying import Verifier  # noqa: PLC0415 - late

                self._verifier = Verifier(self._place)
            return self._verifier

    @property
    def keys(self) -> Keys | None:
        """
        Whose signatures count today; None without pinned keys.

        Raises:
            Untrusted: the pinned keys verify no trust statement, or a newer one was seen.

        """
        pins = self.trust.keys
        if pins is None:
            return None
        with self._lock:
            if self._standing is None:
                standing = self.verifier.standing(pins)
                self._check_trust(standing)
                self._standing = standing
            return self._standing.keys

    @property
    def standing(self) -> Standing | None:
        """Whose signatures count, and by which statement; None without pinned keys."""
        return None if self.keys is None else self._standing

    def document(self, environment: str, number: int, digest: Digest | None) -> None:
        """
        Believe the environment's newest document, number 0 for none, or refuse it.

        Raises:
            Untrusted: it is not signed by the threshold, or older than one that was seen.

        """
        self.refresh()
        if self.trust.strict and self.trust.keys is None:
            raise Untrusted(
                f"no keys are pinned for {environment}, and this is strict: set [registry] keys "
                "in its stack file, or DIALFORM_KEYS",
                rule="unsigned",
            )
        log = names.environment_prefix(environment)
        what = f"the document of environment {environment} (number {number})"
        keys = self.keys
        signers: frozenset[str] = frozenset()
        if keys is not None and digest is not None:
            signers = self.verifier.signers("environment", digest, keys.keys)
            if len(signers) < keys.threshold:
                raise self._unsigned(environment, digest, keys, signers, what)
        snapshot = self.snapshot(environment)
        at = self._stored(log)
        if snapshot is not None and snapshot.document is not None:
            self._compare(Seen(*snapshot.document), number, at, what, _told_by(snapshot))
        self._check_strict(environment, snapshot)
        self._recall(log, number, at, what)
        if digest is not None:
            self._remember(log, dict.fromkeys(signers or {NOBODY}, Seen(number, digest)))

    def head(self, log: Log, head: Entry | None) -> Entry | None:
        """
        The entry that says what is live, where the log's newest is ``head``.

        It is ``head`` itself, or the one before what is only proposed.

        Raises:
            Untrusted: it is not signed as it must be, or older than one that was seen.

        """
        preset, environment = log.preset, log.environment
        prefix = names.log_prefix(environment, preset)
        seq = 0 if head is None else head.seq
        what = f"the log of {preset} in {environment} (entry {seq})"
        known = {} if head is None else {head.seq: head.digest}

        def at(number: int) -> Digest:
            """The digest of an entry of the log, by what each says of the one before it."""
            if number not in known:
                known.update(_chain(log, number))
            return known[number]

        keys = self.keys
        shown, seen = head, dict[str, Seen]()
        if head is not None:
            if keys is not None:
                shown, seen = self._believed(log, head, keys)
            brakes = head.state in STOPPED or head.kind == "yank"
            if not seen or (brakes and head.seq not in {one.seq for one in seen.values()}):
                seen = {**seen, NOBODY: Seen(head.seq, head.digest)}
        snapshot = self.snapshot(environment)
        if snapshot is not None and preset in snapshot.heads:
            self._compare(Seen(*snapshot.heads[preset]), seq, at, what, _told_by(snapshot))
        self._check_strict(environment, snapshot)
        self._recall(prefix, seq, at, what)
        self._remember(prefix, seen)
        return shown

    def entry(self, entry: Entry) -> None:
        """
        Believe an older release, which somebody names, or refuse it.

        Raises:
            Untrusted: it is not signed by the threshold of the keys that count today.

        """
        keys = self.keys
        if keys is not None:
            self.verifier.require("release", entry.digest, keys, _what(entry))

    def counts(self, entry: Entry) -> bool:
        """Whether the threshold signed an entry; True without pinned keys."""
        keys = self.keys
        if keys is None:
            return True
        return len(self.verifier.signers("release", entry.digest, keys.keys)) >= keys.threshold

    def signer_fault(self, public: PublicKey) -> str | None:
        """Why a signature of that key would count for nothing; None where it counts."""
        keys = self.keys
        if keys is None or public.keyid in keys.ids:
            return None
        return f"DIALFORM_SIGNER's key {public.keyid} is none that counts: {_ids(keys)}"

    def signers(self, kind: str, digest: Digest) -> frozenset[str] | None:
        """The names of the keys that count and signed an object; None without pinned keys."""
        keys = self.keys
        return None if keys is None else self.verifier.signers(kind, digest, keys.keys)

    def say(self, message: str) -> None:
        """Tell once what stops nothing."""
        with self._lock:
            if self.trust.warn is None or message in self._told:
                return
            self._told.add(message)
        self.trust.warn(message)

    def snapshot(self, environment: str) -> Snapshot | None:
        """The newest snapshot of an environment that a key which counts signed; None: none."""
        keys = self.keys
        if keys is None:
            return None
        with self._lock:
            if environment not in self._snapshots:
                self._snapshots[environment] = self._newest_snapshot(environment, keys)
            return self._snapshots[environment]

    # What is live

    def _believed(self, log: Log, head: Entry, keys: Keys) -> tuple[Entry, dict[str, Seen]]:
        """The entry that says what is live, and what each key signed."""
        entry, proposals = head, 0
        while True:
            found = self.verifier.signers("release", entry.digest, keys.keys)
            if len(found) >= keys.threshold:
                if proposals:
                    self.say(
                        f"{proposals} of the newest entries of {log.preset} in {log.environment} "
                        f"wait for signatures; {entry.describe()} is what counts: "
                        f"`dialform registry sign -s {log.environment}` adds one"
                    )
                return entry, dict.fromkeys(found, Seen(entry.seq, entry.digest))
            if entry.state in STOPPED:
                return entry, {}
            if entry.kind == "yank":
                return entry, self._below(log, entry, keys)
            if not found or entry.seq == 1:
                raise self._unsigned_entry(entry, keys, found)
            proposals += 1
            entry = log.at(entry.seq - 1)

    def _below(self, log: Log, yank: Entry, keys: Keys) -> dict[str, Seen]:
        """What was signed below a bar that is not: it may bar a version, and alter nothing else."""
        entry = yank
        while entry.kind == "yank" and entry.seq > 1:
            before = log.at(entry.seq - 1)
            fault = succession_fault(before, entry)
            if fault is not None:
                raise Untrusted(f"{_what(entry)} is not signed, and {fault}", rule="unsigned")
            entry = before
            found = self.verifier.signers("release", entry.digest, keys.keys)
            if len(found) >= keys.threshold:
                return dict.fromkeys(found, Seen(entry.seq, entry.digest))
        raise self._unsigned_entry(entry, keys, found if entry is not yank else frozenset())

    def _unsigned_entry(self, entry: Entry, keys: Keys, found: frozenset[str]) -> Untrusted:
        return self._unsigned(entry.environment, entry.digest, keys, found, _what(entry))

    def _unsigned(
        self, environment: str, digest: Digest, keys: Keys, found: frozenset[str], what: str
    ) -> Untrusted:
        refusal = self.verifier.refusal(digest, keys, found, what)
        text = str(refusal).rpartition(" [")[0]
        return Untrusted(
            f"{text}. Nothing of it is called; if it is as it should be, "
            f"`dialform registry sign -s {environment}` signs it",
            rule=refusal.rule,
        )

    # Snapshots and memory

    def _newest_snapshot(self, environment: str, keys: Keys) -> Snapshot | None:
        from dialform.registry.trust.statements import parse_snapshot  # noqa: PLC0415 - late

        log = names.snapshots_prefix(environment)
        numbers = self._place.numbers(log)
        found: Snapshot | None = None
        signers: frozenset[str] = frozenset()
        for number in numbers[: -_LOOK_BACK - 1 : -1]:
            key = names.numbered(log, number)
            try:
                one = self._place.checked(
                    key, parse_snapshot, self._place.demand(key), environment, number
                )
            except (ObjectCorrupt, UnknownFormat) as error:
                self.say(f"{error}; an older snapshot counts")
                continue
            signers = self.verifier.signers("snapshot", one.digest, keys.keys)
            if signers:
                found = one
                break
            self.say(f"snapshot {number} of {environment} is not signed by a key that counts")
        what = f"the newest signed snapshot of {environment}"
        self._recall(log, 0 if found is None else found.seq, self._stored(log), what)
        if found is not None:
            self._remember(log, dict.fromkeys(signers, Seen(found.seq, found.digest)))
            if found.trust is not None and self._standing is not None:
                mine = self._standing.statement
                seen = Seen(*found.trust)
                at = self._stored(names.TRUST)
                number = 0 if mine is None else mine.seq
                self._compare(seen, number, at, "the newest trust statement", _told_by(found))
        return found

    def _check_strict(self, environment: str, snapshot: Snapshot | None) -> None:
        if self.trust.keys is None:
            return
        if snapshot is None:
            fault = f"{environment} has no signed snapshot, so what is newest can't be told"
        elif snapshot.is_expired(self.trust.clock()):
            fault = (
                f"the newest snapshot of {environment} expired at {snapshot.expires}, so what is "
                "newest can't be told"
            )
        else:
            return
        way_out = f"`dialform registry snapshot -s {environment}` makes one"
        if self.trust.strict:
            raise Untrusted(f"{fault}; {way_out}", rule="expired")
        if snapshot is not None:
            self.say(f"{fault}; {way_out}")

    def _check_trust(self, standing: Standing) -> None:
        newest = standing.statement
        number = 0 if newest is None else newest.seq
        at = self._stored(names.TRUST)
        self._recall(names.TRUST, number, at, "the newest trust statement that counts")
        if newest is not None:
            self._remember(names.TRUST, {NOBODY: Seen(newest.seq, newest.digest)})
        if standing.pending is not None:
            self.say(f"{self._place.store.url}: {standing.pending}")

    def _stored(self, prefix: str) -> Callable[[int], Digest]:
        def at(number: int) -> Digest:
            """The digest of what is stored under a number."""
            return digest_of(self._place.demand(names.numbered(prefix, number)))

        return at

    def _compare(
        self, seen: Seen, number: int, at: Callable[[int], Digest], what: str, told: str
    ) -> None:
        if number < seen.seq:
            raise Untrusted(
                f"{what} is the newest there is, and {told} has number {seen.seq} "
                f"({seen.digest}): what came after {number} was taken away; find out by whom, and "
                "restore it",
                rule="dropped",
            )
        if at(seen.seq) != seen.digest:
            raise Untrusted(
                f"{what}: number {seen.seq} is {at(seen.seq)}, and {told} has {seen.digest}: it "
                "was changed; find out by whom, and restore it",
                rule="forked",
            )

    def _recall(self, log: str, number: int, at: Callable[[int], Digest], what: str) -> None:
        """
        Hold a log to what this machine saw.

        By each key that counts, and by what anybody wrote: what a key that counts no more signed
        binds nobody, so that a leaked one's high numbers do not lock out what puts them right.
        """
        memory = self.trust.memory
        if memory is None:
            return
        registry_id = self._place.id
        known = memory.recall(registry_id, log)
        if not known:
            return
        keys = self._standing.keys if self._standing is not None else None
        counting = {NOBODY, *(() if keys is None else keys.ids)}
        for key in sorted(known.keys() & counting):
            seen = known[key]
            if number >= seen.seq and at(seen.seq) == seen.digest:
                continue
            older = number < seen.seq
            how = (
                "the registry is older than it was"
                if older
                else f"its number {seen.seq} is {at(seen.seq)} now"
            )
            raise Untrusted(
                f"{what}: this machine saw number {seen.seq} ({seen.digest}) before, and {how}. "
                "Find out who restored or changed it; if that is as it should be, remove "
                f"{memory.path(registry_id, log)}",
                rule="rolled-back-registry" if older else "forked",
            )

    def _remember(self, log: str, seen: dict[str, Seen]) -> None:
        if self.trust.memory is not None and seen:
            self.trust.memory.remember(self._place.id, log, seen)


def unsigned_message(url: str, *environments: str) -> str:
    """What is said of environments with real calls and without pinned keys."""
    return (
        f"no keys are pinned for {', '.join(environments)}: whoever may write to the registry "
        f"{url} decides what calls from there say"
    )


def _chain(log: Log, number: int) -> dict[int, Digest]:
    """Number -> digest from the newest down to ``number``, each as the one above it says."""
    found: dict[int, Digest] = {}
    for entry in log.newest_first():
        found[entry.seq] = entry.digest
        if entry.seq <= number:
            break
    return found


def _what(entry: Entry) -> str:
    return f"{entry.describe()} of {entry.preset} in {entry.environment}"


def _ids(keys: Keys) -> str:
    return ", ".join(sorted(keys.ids))


def _told_by(snapshot: Snapshot) -> str:
    return f"snapshot {snapshot.seq} of {snapshot.time}"
