"""
The registry: blobs, versions, environments and release logs in a store.

Every write creates an object, after all that it refers to, so that any prefix of the writes is
valid and a killed writer's work is completed by the next run of the same. What formats and logs
allow is decided in ``documents`` and ``entries``; how bytes become durable, by the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.errors import (
    LostRace,
    ObjectAbsent,
    ObjectCorrupt,
    RegistryError,
    RegistryUnreachable,
)
from dialform.presets.canonical import Digest, canonical, digest, is_digest
from dialform.registry import documents, names
from dialform.registry.documents import corrupt, document, exact_keys, sealed, unsealed
from dialform.registry.entries import Change, Entry, Kind, Meta, next_entry, parse_entry
from dialform.registry.folder import FolderStore
from dialform.registry.location import folder_of, is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from dialform.registry.store import Store

_BRAKES = frozenset(("hold", "withdraw", "yank"))
"""What stops calls is decided anew on a head that just moved; what starts them is not."""


class Registry:
    """
    What was published and what is live. Thread-safe; opening it touches nothing.

    Reads need a registry that is there: see ``exists``.
    """

    def __init__(self, store: Store, *, may_create: bool = False) -> None:
        """``may_create``: publishing into a place that is not there yet creates it."""
        self.store = store
        self._may_create = may_create
        self._id: str | None = None

    @classmethod
    def open(cls, url: str, *, base: str | PathLike[str]) -> Registry:
        """
        The registry at ``url``: a folder, relative to ``base`` or absolute, or ``file://``.

        A registry that lies inside ``base``, the project, is created by its first publication;
        any other is created with ``create_marker``.

        Raises:
            SettingError: for a URL that this version can't open.

        """
        path = folder_of(url, base)
        return cls(FolderStore(path, url=url), may_create=is_inside(path, base))

    @property
    def url(self) -> str:
        """Where it is, as its user wrote it."""
        return self.store.url

    @property
    def exists(self) -> bool:
        """
        Whether it is there; False only where its first publication would create it.

        Raises:
            RegistryUnreachable: for a place without a readable marker, and for a place that
                is absent but lies outside the project: it may be a disk that is not mounted.

        """
        if self._marker() is not None:
            return True
        if self._may_create and not self.store.present():
            return False
        raise self._no_registry()

    @property
    def id(self) -> str:
        """The registry's own id, a UUID."""
        return self._require()

    def create_marker(self) -> bool:
        """
        Make the store a registry, unless it is one.

        Returns:
            Whether this call did.

        Raises:
            RegistryError: if the place holds other things.

        """
        if self._marker() is not None:
            return False
        if found := self.store.names(""):
            if names.MARKER in found:
                return self.create_marker()  # another process was first
            raise RegistryError(
                f"{self.url} is not a registry and not empty (it holds {found[0]!r}): if it "
                "should be one, restore its registry.json; else choose another folder"
            )
        from uuid import uuid4  # noqa: PLC0415  # once in a registry's life, and 7 ms

        marker = sealed({"format": documents.REGISTRY, "id": str(uuid4())})
        return self.store.create(names.MARKER, marker)

    # Blobs

    def read_blob(self, digest: Digest) -> bytes:
        """
        The bytes of that digest, hashed.

        Raises:
            ObjectAbsent: if there are none.
            ObjectCorrupt: if they are others.

        """
        key = _blob_key(digest)
        data = self._read(key)
        if data is None:
            raise ObjectAbsent(f"{self._name(key)}: the registry has no document {digest}")
        return self._hashed(key, data, digest)

    def read_document(self, digest: Digest, format: str) -> dict[str, Any]:  # noqa: A002  # its key
        """
        The document of that digest and format: hashed, and in canonical form.

        Raises:
            ObjectAbsent: if there is none.
            ObjectCorrupt: if it is another.
            UnknownFormat: if a newer dialform wrote it.

        """
        return document(self.read_blob(digest), self._name(_blob_key(digest)), format)

    def publish_blob(self, data: bytes) -> Digest:
        """
        Keep a profile, a preset or a bound preset; again is no change.

        Raises:
            ObjectCorrupt: if ``data`` is not a canonical document of such a format.
            ObjectAbsent: if the document that it refers to was not published before it.

        """
        value = document(data, "the document to publish", *documents.BLOB_FORMATS)
        reference = documents.reference(value, "the document to publish")
        self._require_writable()
        if reference is not None:
            self.read_document(*reference)
        found = digest(data)
        key = names.blob_key(found)
        if not self.store.create(key, data):
            self.read_blob(found)
        return found

    # Versions

    def presets(self, environment: str | None = None) -> list[str]:
        """The presets that have versions; with ``environment``, those with a log there."""
        if environment is None:
            top = names.PRESETS
        else:
            top = f"{names.RELEASES}/{names.check_name(environment, 'environment')}"
        return self._filled(top)

    def versions(self, preset: str) -> list[tuple[int, Digest]]:
        """All versions of a preset, oldest first; none if there is no such preset."""
        prefix = names.versions_prefix(preset)
        return [(number, self._version(prefix, number)) for number in self._numbers(prefix)]

    def version_of(self, preset: str, digest: Digest) -> int | None:
        """The number of that content; None if it was never published under this name."""
        prefix = names.versions_prefix(preset)
        for number in reversed(self._numbers(prefix)):
            if self._version(prefix, number) == digest:
                return number
        return None

    def preset_digest(self, preset: str, version: int) -> Digest:
        """
        The content of a version.

        Raises:
            ObjectAbsent: if there is no such version.

        """
        prefix = names.versions_prefix(preset)
        data = self._read(names.numbered(prefix, version))
        if data is None:
            newest = max(self._numbers(prefix), default=None)
            there = f"the newest is {newest}" if newest else "it has none"
            raise ObjectAbsent(f"{self.url}: {preset} has no version {version}; {there}")
        return self._parse_version(names.numbered(prefix, version), data)

    def publish_version(self, preset: str, digest: Digest) -> int:
        """
        The version of that content under that name: its own, or else the next.

        Raises:
            ObjectAbsent: if the content's blob was not published before it.

        """
        prefix = names.versions_prefix(preset)
        self._require_writable()
        self.read_document(digest, documents.PRESET)
        data = canonical({"format": documents.VERSION, "digest": digest})
        for number in self._numbers(prefix):
            if self._version(prefix, number) == digest:
                return number
        number = len(self._numbers(prefix)) + 1
        while not self.store.create(names.numbered(prefix, number), data):
            if self._version(prefix, number) == digest:
                return number
            number += 1
        return number

    # Environments

    def environments(self) -> list[str]:
        """The environments that were published or released to."""
        known = {*self._filled(names.ENVIRONMENTS), *self._read_names(names.RELEASES)}
        return sorted(name for name in known if names.name_fault(name) is None)

    def environment(self, environment: str) -> dict[str, Any] | None:
        """What launchers need besides: the newest document; None if there is none."""
        prefix = names.environment_prefix(environment)
        numbers = self._numbers(prefix)
        return self._environment(prefix, environment, numbers[-1]) if numbers else None

    def publish_environment(self, environment: str, doc: bytes) -> int:
        """
        Put ``doc`` at the head of the environment's documents, unless it is the head.

        Returns:
            The head's number.

        Raises:
            ObjectCorrupt: if ``doc`` is not that environment's canonical document.
            LostRace: if another one was published meanwhile.

        """
        prefix = names.environment_prefix(environment)
        value = document(doc, "the document to publish", documents.ENVIRONMENT)
        if value.get("environment") != environment or documents.CHECKSUM in value:
            raise ObjectCorrupt(f"the document to publish is not one of environment {environment}")
        self._require_writable()
        numbers = self._numbers(prefix)
        if numbers and self._environment(prefix, environment, numbers[-1]) == value:
            return numbers[-1]
        number = len(numbers) + 1
        if not self.store.create(names.numbered(prefix, number), sealed(value)):
            if self._environment(prefix, environment, number) == value:
                return number
            raise LostRace(
                f"environment {environment} was published by somebody else at this moment, "
                "with other settings: find out who, then run it again"
            )
        return number

    # Release logs

    def head(self, environment: str, preset: str) -> Entry | None:
        """The newest entry of a log; None if there is no log."""
        prefix = names.log_prefix(environment, preset)
        numbers = self._numbers(prefix)
        return self._entry(environment, preset, numbers[-1]) if numbers else None

    def entries(self, environment: str, preset: str) -> list[Entry]:
        """All entries of a log, newest last, each checked against the one after it."""
        return list(self._newest_first(environment, preset))[::-1]

    def find_release(
        self,
        environment: str,
        preset: str,
        *,
        version: int | None = None,
        digest: Digest | None = None,
    ) -> Entry:
        """
        The newest release, in that environment, of a version or of a digest.

        ``digest`` is a bound preset's, or else a preset's.

        Raises:
            ObjectAbsent: if it was never released there.

        """
        of_preset: Entry | None = None
        released: set[int] = set()
        for entry in self._newest_first(environment, preset):
            if entry.kind != "release":
                continue
            if entry.version == version or entry.bound_digest == digest:
                return entry
            if of_preset is None and entry.preset_digest == digest:
                of_preset = entry
            released.add(entry.version)
        if of_preset is not None:
            return of_preset
        what = f"version {version}" if version is not None else str(digest)
        there = ", ".join(str(number) for number in sorted(released)) or "nothing"
        raise ObjectAbsent(
            f"{what} of {preset} was never released in {environment}; released there: {there}"
        )

    def append(  # noqa: PLR0913  # an entry has that many sides
        self,
        environment: str,
        preset: str,
        kind: Kind,
        *,
        expected: int | None,
        meta: Meta,
        version: int | None = None,
        preset_digest: Digest | None = None,
        bound_digest: Digest | None = None,
        yank_version: int | None = None,
        take_over: str | None = None,
    ) -> Entry:
        """
        Put an entry at a log's head, or find that the head says the same already.

        ``expected`` is the ``seq`` that the author saw at the head, 0 for no log. None means
        the head as it is now: then ``hold``, ``withdraw`` and ``yank`` follow a head that
        moves at this very moment, while ``release`` and ``resume`` lose the race.

        Raises:
            LostRace: if the head is not the one that the author saw.
            Refused: by a hold, a yank, another writer, or the log's state.
            ObjectAbsent: if what is released was not published before.

        """
        names.log_prefix(environment, preset)
        change = Change(kind, version, preset_digest, bound_digest, yank_version)
        self._require_writable()
        while True:
            head = self.head(environment, preset)
            entry = next_entry(
                head, change, meta, environment=environment, preset=preset, take_over=take_over
            )
            if entry is head:
                return head
            seen = 0 if head is None else head.seq
            if expected is not None and seen != expected:
                raise _lost_race(environment, preset, head, expected)
            self._check_references(entry, change)
            if self.store.create(self._entry_key(entry), entry.render()):
                return entry
            if kind not in _BRAKES:
                expected = seen

    # Reading, checked

    def _newest_first(self, environment: str, preset: str) -> Iterator[Entry]:
        after: Entry | None = None
        for number in reversed(self._numbers(names.log_prefix(environment, preset))):
            entry = self._entry(environment, preset, number)
            if after is not None and after.previous != entry.digest:
                raise corrupt(
                    self._name(self._entry_key(after)),
                    "its `previous` is not the digest of the entry before it",
                )
            yield entry
            after = entry
        if after is not None and after.previous is not None:
            raise corrupt(self._name(self._entry_key(after)), "the first entry has a `previous`")

    def _entry(self, environment: str, preset: str, number: int) -> Entry:
        key = names.numbered(names.log_prefix(environment, preset), number)
        entry = parse_entry(self._demand(key), self._name(key))
        if (entry.environment, entry.preset, entry.seq) != (environment, preset, number):
            where = f"entry {entry.seq} of {entry.preset} in {entry.environment}"
            raise corrupt(self._name(key), f"it is {where}")
        return entry

    def _environment(self, prefix: str, environment: str, number: int) -> dict[str, Any]:
        key = names.numbered(prefix, number)
        value = unsealed(self._demand(key), self._name(key), documents.ENVIRONMENT)
        if value.get("environment") != environment:
            raise corrupt(self._name(key), f"it is of environment {value.get('environment')!r}")
        return value

    def _version(self, prefix: str, number: int) -> Digest:
        key = names.numbered(prefix, number)
        return self._parse_version(key, self._demand(key))

    def _parse_version(self, key: str, data: bytes) -> Digest:
        value = document(data, self._name(key), documents.VERSION)
        exact_keys(value, self._name(key), frozenset(("format", "digest")))
        if not is_digest(value["digest"]):
            raise corrupt(self._name(key), f"digest is {value['digest']!r}")
        return Digest(value["digest"])

    def _hashed(self, key: str, data: bytes, expected: Digest) -> bytes:
        if digest(data) != expected:
            raise corrupt(self._name(key), f"its bytes hash to {digest(data)}")
        return data

    def _check_references(self, entry: Entry, change: Change) -> None:
        """All that a new entry refers to is there, and fits."""
        if change.kind == "yank":
            self.preset_digest(entry.preset, entry.yanked[-1])
        if change.kind != "release":
            return
        if self.preset_digest(entry.preset, entry.version) != entry.preset_digest:
            raise RegistryError(
                f"version {entry.version} of {entry.preset} is not {entry.preset_digest}"
            )
        bound = self.read_document(entry.bound_digest, documents.BOUND_PRESET)
        fault = documents.bound_fault(bound, entry.environment, entry.preset, entry.preset_digest)
        if fault is not None:
            raise RegistryError(f"bound preset {entry.bound_digest}: {fault}")

    def _filled(self, prefix: str) -> list[str]:
        """The well-named folders under ``prefix`` that hold a numbered object."""
        return [
            name
            for name in self._read_names(prefix)
            if names.name_fault(name) is None
            and names.numbers_of(self._read_names(f"{prefix}/{name}"))
        ]

    def _numbers(self, prefix: str) -> range:
        """
        The numbers of the objects under ``prefix``: 1 to the newest.

        Raises:
            ObjectCorrupt: if one is missing.

        """
        found = names.numbers_of(self._read_names(prefix))
        newest = max(found, default=0)
        for number in sorted(set(range(1, newest + 1)) - found):
            # A listing made while others write may lack what was created before its last name.
            self._demand(names.numbered(prefix, number))
        return range(1, newest + 1)

    def _read_names(self, prefix: str) -> list[str]:
        if self._id is None:
            self._require()
        found = self.store.names(prefix)
        if not found:
            self._require()
        return found

    def _read(self, key: str) -> bytes | None:
        if self._id is None:
            self._require()
        data = self.store.read(key)
        if data is None:
            self._require()
        return data

    def _demand(self, key: str) -> bytes:
        """The bytes of an object of which it is known that it was created."""
        data = self._read(key)
        if data is None:
            raise corrupt(self._name(key), "it is missing")
        return data

    # The marker

    def _marker(self) -> str | None:
        """The id in the marker; None if the store has no marker."""
        data = self.store.read(names.MARKER)
        if data is None:
            return None
        name = self._name(names.MARKER)
        value = unsealed(data, name, documents.REGISTRY)
        exact_keys(value, name, frozenset(("format", "id")))
        if not isinstance(value["id"], str):
            raise corrupt(name, f"id is {value['id']!r}")
        return value["id"]

    def _require(self) -> str:
        """The registry's id, now: what makes an absent object absent and not unreachable."""
        found = self._marker()
        if found is None:
            raise self._no_registry()
        if self._id is not None and found != self._id:
            raise RegistryUnreachable(
                f"{self.url} became another registry while it was open; run it again"
            )
        self._id = found
        return found

    def _require_writable(self) -> None:
        if self._marker() is None and self._may_create and not self.store.present():
            self.create_marker()
        self._require()

    def _no_registry(self) -> RegistryUnreachable:
        if self.store.present():
            return RegistryUnreachable(
                f"{self.url}: the folder has no registry.json: it looks like an unmounted disk "
                "or is not a registry; mount it or correct the URL (an empty folder is made a "
                f"registry with `dialform registry init {self.url}`)"
            )
        return RegistryUnreachable(
            f"{self.url}: there is no such folder: mount its disk or correct the URL; a new "
            f"registry is created with `dialform registry init {self.url}`"
        )

    def _entry_key(self, entry: Entry) -> str:
        return names.numbered(names.log_prefix(entry.environment, entry.preset), entry.seq)

    def _name(self, key: str) -> str:
        """What messages call an object."""
        return f"{self.url.rstrip('/')}/{key}"


def _blob_key(digest: Digest) -> str:
    if not is_digest(digest):
        raise RegistryError(f"{digest!r} is not a digest: it takes sha256:<64 hex digits>")
    return names.blob_key(digest)


def _lost_race(environment: str, preset: str, head: Entry | None, expected: int) -> LostRace:
    now = head.describe() if head else "no entry at all"
    saw = f"entry {expected}" if expected else "no entry"
    return LostRace(
        f"the log of {preset} in {environment} has {now} at its head where {saw} was seen; look "
        f"at `dialform registry log {preset} -s {environment}`, then decide and run it again"
    )
