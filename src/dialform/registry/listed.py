"""
A remote store as one listing shows it, for what reads much and writes nothing.

A folder of thousands of logs is thousands of listings, one round trip each. Here the first look
below a folder lists all of it, a thousand keys a request, and further looks are answered from
that; what a reader will ask for next is read ahead, many objects at once. What others write
after the listing is not seen, like in a plain reader that was a moment earlier.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from dialform.errors import RegistryError
from dialform.registry import documents, names
from dialform.registry.documents import Damage
from dialform.registry.store import Passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from dialform.presets.canonical import Digest
    from dialform.registry.store import Remote, Store

THREADS = 24
"""Requests under way at once: what a round trip of tens of milliseconds pays for."""

_WINDOW = 4 * THREADS
"""Objects that are read and not yet asked for, at most."""

_DEEP = frozenset((names.RELEASES, names.APPROVALS, names.EVIDENCE))
"""What is divided by environments: one of them is listed at a time."""


class ListedStore(Passing):
    """A `Remote` store for reading, see above. Close it, or use it as a context."""

    def __init__(
        self,
        inner: Remote,
        ahead: Callable[[list[str]], Iterable[str]],
        *,
        signed: bool = False,
    ) -> None:
        """
        Touch nothing.

        Args:
            inner: the store itself.
            ahead: says which of a folder's keys will be read, in order.
            signed: whether of what is read ahead the signatures will be read as well.

        """
        super().__init__(inner)
        self._signed = signed
        self._ahead = ahead
        self._children: dict[str, dict[str, list[str]]] = {}
        """By folder listed: by prefix, the names directly under it."""
        self._marker: bytes | None = None
        """As it was after all that was found absent so far; None where that is yet to be read."""
        self._lock = threading.RLock()
        self._pool: ThreadPoolExecutor | None = None
        self._queue: Iterator[str] = iter(())
        self._foretold: frozenset[str] = frozenset()
        self._running: dict[str, Future[bytes | None]] = {}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let nothing be read ahead any more."""
        with self._lock:
            self._queue = iter(())
            running, self._running = self._running, {}
            pool, self._pool = self._pool, None
        for future in running.values():
            future.cancel()
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def names(self, prefix: str) -> list[str]:
        """The names directly under ``prefix`` when its folder was listed."""
        folder = _folder(prefix)
        if folder is None:
            return self._inner.names(prefix)
        with self._lock:
            if self._signed:
                self._list(names.SIGNATURES)
            return self._list(folder).get(prefix, [])

    def read(self, key: str) -> bytes | None:
        """The object's bytes, which may be on their way already."""
        if key == names.MARKER:
            with self._lock:
                if self._marker is None:
                    self._marker = self._inner.read(key)
                return self._marker
        with self._lock:
            if key in self._foretold:
                self._fill()
            future = self._running.get(key)
            if future is not None:
                # A reader goes on in the order that was foretold: it won't come back for these.
                for before in list(self._running):
                    del self._running[before]
                    if before == key:
                        break
                self._fill()
        found = self._inner.read(key) if future is None else future.result()
        if found is None:
            self._marker = None
        return found

    def _list(self, folder: str) -> dict[str, list[str]]:
        """What is below ``folder``, listed now if it was not yet."""
        if folder not in self._children:
            found = self._inner.keys(folder)
            self._marker = None
            self._children[folder] = _tree(found)
            self._expect(self._ahead(found))
        return self._children[folder]

    def _fetch(self, key: str) -> bytes | None:
        """Read an object, and its signatures for those who keep what was read."""
        data = self._inner.read(key)
        if data is not None and self._signed:
            prefix = f"{names.SIGNATURES}/{hashlib.sha256(data).hexdigest()}"
            for name in self._children[names.SIGNATURES].get(prefix, []):
                with contextlib.suppress(RegistryError):  # whoever asks for it is told
                    self._inner.read(f"{prefix}/{name}")
        return data

    def _expect(self, keys: Iterable[str]) -> None:
        """Read ``keys`` ahead once the first of them is asked for, after those before."""
        foretold = list(keys)
        self._queue = itertools.chain(self._queue, foretold)
        self._foretold |= frozenset(foretold)

    def _fill(self) -> None:
        while len(self._running) < _WINDOW:
            key = next(self._queue, None)
            if key is None:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="registry")
            self._running[key] = self._pool.submit(self._fetch, key)


def warm(store: Store, pins: Iterable[tuple[str, int, Digest]]) -> None:
    """Read the versions, presets and profiles of ``pins``, many at once; errors are left alone."""

    def read(key: str) -> bytes | None:
        try:
            return store.read(key)
        except RegistryError:
            return None

    with ThreadPoolExecutor(THREADS, thread_name_prefix="registry") as pool:
        wanted = list(pins)
        versions = [names.numbered(names.versions_prefix(name), at) for name, at, _ in wanted]
        for version in versions:
            pool.submit(read, version)
        blobs = {names.blob_key(digest) for _, _, digest in wanted}
        profiles = set()
        for data in pool.map(read, sorted(blobs)):
            with contextlib.suppress(Damage):
                preset = documents.document(data or b"", documents.PRESET)
                profiles |= {names.blob_key(one) for one, _ in documents.references(preset)}
        list(pool.map(read, sorted(profiles - blobs)))


def newest(keys: list[str]) -> list[str]:
    """Of each folder the newest numbered object: a log's head."""
    found: dict[str, int] = {}
    for key in keys:
        folder, _, name = key.rpartition("/")
        number = names.number_of(name)
        if number is not None:
            found[folder] = max(number, found.get(folder, 0))
    return [names.numbered(folder, number) for folder, number in sorted(found.items())]


def nothing(_keys: list[str]) -> list[str]:
    """Nothing is read ahead."""
    return []


def _folder(prefix: str) -> str | None:
    """The folder to list for what is under ``prefix``; None where only that itself will do."""
    if not prefix:
        return None
    top, _, rest = prefix.partition("/")
    if top not in _DEEP:
        return top
    return f"{top}/{rest.partition('/')[0]}" if rest else None


def _tree(keys: list[str]) -> dict[str, list[str]]:
    """By prefix the sorted names directly under it."""
    children: dict[str, set[str]] = {}
    for key in keys:
        above, _, name = key.rpartition("/")
        while name not in children.setdefault(above, set()):
            children[above].add(name)
            above, _, name = above.rpartition("/")
            if not name:
                break
    return {prefix: sorted(found) for prefix, found in children.items()}
