"""
Copies a registry to another place, byte by byte, in an order in which any prefix is a registry.

What is referred to goes before what refers to it, a log's entries one after the other, and all of
it with create-if-absent: a copy that was broken off is completed by the next, and one that meets
other bytes under a name stops. What others publish meanwhile may be in the copy or not.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from dialform.errors import ObjectCorrupt, RegistryError, RegistryUnreachable, UnknownFormat
from dialform.registry import documents, names
from dialform.registry.documents import Damage, Newer
from dialform.registry.store import Remote, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dialform.registry.store import Store

_ORDER = (
    *(names.BLOBS.partition("/")[0], names.PRESETS, names.APPROVALS, names.EVIDENCE),
    *(names.ENVIRONMENTS, names.RELEASES, names.LEDGERS, names.CAMPAIGNS),
    *(names.TRUST, names.SNAPSHOTS, names.SIGNATURES),  # a signature comes after what it is of
)
"""The folders in the order of writing; what is not named goes after them, in its own order."""

_LEVELS = {documents.PRESET: 1, documents.REFERENCES: 1, documents.BOUND_PRESET: 2}
"""How many blobs may stand one upon the other: 0 refers to none."""

_THREADS = {True: 24, False: 4}
"""Objects under way at once: where one of the two is remote, and where both are folders."""


class Copied(NamedTuple):
    """What a copy came to."""

    created: int
    """Objects that it created."""

    there: int
    """Objects that were there already, with the same bytes."""


def copy(source: Store, target: Store, progress: Callable[[], None] | None = None) -> Copied:
    """
    Make ``target`` hold what ``source`` holds. ``progress`` is called after each object.

    Raises:
        RegistryError: ``target`` holds something else, or other bytes under a name.
        RegistryUnreachable: ``source`` is no registry, or one of them does not answer: what
            was copied stays, and the next copy goes on from there.
        ObjectCorrupt: a document of ``source`` is damaged.

    """
    made = _Copy(origin(source), origin(target), progress or (lambda: None))
    made.run()
    return Copied(made.created, made.there)


class _Copy:
    def __init__(self, source: Store, target: Store, progress: Callable[[], None]) -> None:
        self.source = source
        self.target = target
        self.created = 0
        self.there = 0
        self._progress = progress
        self._lock = threading.Lock()
        remote = isinstance(source, Remote) or isinstance(target, Remote)
        self._pool = ThreadPoolExecutor(_THREADS[remote], thread_name_prefix="copy")

    def run(self) -> None:
        try:
            self._marker()
            # Listed in the reverse order, so that what a listed object refers to is listed too.
            tops = [name for name in self.source.names("") if name not in _NOT_COPIED]
            order = sorted(tops, key=lambda top: (_rank(top), top))
            listed = {top: self.source.keys(top) for top in reversed(order)}
            for top in order:
                if top == _ORDER[0]:
                    self._blobs(listed[top])
                else:
                    self._in_order(listed[top])
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _marker(self) -> None:
        marker = self.source.read(names.MARKER)
        if marker is None:
            raise RegistryUnreachable(
                f"{self.source.url}: there is no registry.json: nothing was copied; correct the "
                "URL, mount the disk"
            )
        found = self.target.read(names.MARKER) if self.target.present() else None
        if found is None and self.target.present():
            others = [name for name in self.target.names("") if name not in _NOT_COPIED]
            if others:
                raise RegistryError(
                    f"{self.target.url} is not empty (it holds {others[0]!r}) and has no "
                    "registry.json: nothing was copied; choose another place"
                )
        if found is not None and found != marker:
            raise RegistryError(
                f"{self.target.url} is another registry than {self.source.url}: nothing was "
                "copied; choose another place"
            )
        self._put(names.MARKER, marker)

    def _blobs(self, keys: list[str]) -> None:
        """First those that refer to none, then those that refer to them, and so on."""
        later: dict[int, list[str]] = {}

        def first(key: str) -> tuple[str, int]:
            data = self._get(key)
            level = self._level(key, data)
            if not level:
                self._put(key, data)
            return key, level

        for key, level in self._pool.map(first, keys):
            if level:
                later.setdefault(level, []).append(key)
        for _, waiting in sorted(later.items()):
            self._all(self._pool.map(self._one, waiting))

    def _level(self, key: str, data: bytes) -> int:
        digest = names.digest_of(key.rpartition("/")[2])
        if digest is None:
            return 0  # nothing that a registry holds: `verify` will name it here and there
        try:
            value = documents.document(documents.hashed(data, digest), *documents.BLOB_FORMATS)
        except Newer as damage:
            at = f"{self.source.url}/{key}"
            raise UnknownFormat(f"{at}: {damage}; upgrade dialform") from None
        except Damage as damage:
            raise ObjectCorrupt(
                f"{self.source.url}/{key}: {damage}; damage is not copied: restore it from a "
                "backup, then copy again, which goes on from here"
            ) from None
        return _LEVELS.get(value["format"], 0)

    def _in_order(self, keys: list[str]) -> None:
        """Each folder's objects one after the other, folders side by side."""
        ordered = names.in_order(keys)
        folders = [
            list(found) for _, found in groupby(ordered, key=lambda key: key.rpartition("/")[0])
        ]
        self._all(self._pool.map(self._folder, folders))

    def _folder(self, keys: list[str]) -> None:
        for key in keys:
            self._one(key)

    def _one(self, key: str) -> None:
        self._put(key, self._get(key))

    def _get(self, key: str) -> bytes:
        data = self.source.read(key)
        if data is None:
            raise RegistryUnreachable(
                f"{self.source.url}/{key} was listed, and is gone: is somebody removing it? "
                "copy again, which goes on from here"
            )
        return data

    def _put(self, key: str, data: bytes) -> None:
        created = self.target.create(key, data)
        if not created and self.target.read(key) != data:
            raise RegistryError(
                f"{self.target.url}/{key} has other bytes than {self.source.url}/{key}: it was "
                "left as it is; `dialform registry verify` says which of the two is damaged"
            )
        with self._lock:
            if created:
                self.created += 1
            else:
                self.there += 1
        self._progress()

    def _all(self, results: Iterable[None]) -> None:
        for _ in results:
            pass


_NOT_COPIED = frozenset((names.MARKER, names.DOCTOR))


def _rank(top: str) -> int:
    return _ORDER.index(top) if top in _ORDER else len(_ORDER)
