"""
What was read of a remote registry once, kept on this machine: an object never changes.

Only objects are kept, never that something is absent and never a listing, so that what is live
is always asked for. What lies here is held to its own sum when it is read, and then to its name,
place and form like bytes that came from the store; what fails is dropped. A cache that can't be
written, or that is removed, costs time and nothing else.

Uses os throughout, like the folder.
"""
# ruff: noqa: PTH103, PTH105, PTH108, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from dialform.registry import names
from dialform.registry.documents import Damage, parse_marker
from dialform.registry.store import Passing

if TYPE_CHECKING:
    from dialform.registry.store import Remote

_SUM = 32


class CachedStore(Passing):
    """``inner``, less what is known already. The folder is the registry's, by its id."""

    def __init__(self, inner: Remote, folder: str) -> None:
        """``folder`` holds all registries' caches; nothing is touched yet."""
        super().__init__(inner)
        self._top = folder
        self._folder: str | None = None

    def create(self, key: str, data: bytes) -> bool:
        """As the store does; what it took is kept."""
        created = self._inner.create(key, data)
        if created and key != names.MARKER:
            self._keep(key, data)
        return created

    def read(self, key: str) -> bytes | None:
        """The object's bytes, from here if they were read before."""
        if key == names.MARKER:
            return self._marker()
        found = self._kept(key)
        if found is None:
            found = self._inner.read(key)
            if found is not None:
                self._keep(key, found)
        return found

    def forget(self, key: str) -> None:
        """Drop what is kept of ``key``: it proved not to be what it should be."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path(self._folder, key))

    def _marker(self) -> bytes | None:
        """Never from here: that it can be read is what tells absent from unreachable."""
        data = self._inner.read(names.MARKER)
        folder = None
        if data is not None:
            with contextlib.suppress(Damage):
                # An id is what somebody wrote into a file: a digest of it is a safe name.
                found = hashlib.sha256(parse_marker(data).encode(errors="replace")).hexdigest()
                folder = os.path.join(self._top, found[:32])
        self._folder = folder  # at once: others read meanwhile
        return data

    def _path(self, folder: str, key: str) -> str:
        return os.path.join(folder, *key.split("/"))

    def _kept(self, key: str) -> bytes | None:
        if self._folder is None:
            return None
        path = self._path(self._folder, key)
        try:
            with open(path, "rb") as file:
                found = file.read()
        except OSError:
            return None
        data = found[:-_SUM]
        if hashlib.sha256(data).digest() != found[-_SUM:]:
            self.forget(key)
            return None
        return data

    def _keep(self, key: str, data: bytes) -> None:
        if self._folder is None:
            return
        path = self._path(self._folder, key)
        temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
        try:
            os.makedirs(self._top, mode=0o700, exist_ok=True)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(temporary, "xb") as file:
                file.write(data + hashlib.sha256(data).digest())
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def cache_folder() -> str:
    """Where this user's caches of registries lie."""
    import platformdirs  # noqa: PLC0415 - remote registries only

    return os.path.join(platformdirs.user_cache_dir("dialform"), "registries")
