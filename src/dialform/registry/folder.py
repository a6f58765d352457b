"""
A registry's objects as files in a folder: local disk, or a share that has hard links.

An object is written to a temporary file beside its place, forced to disk and linked there:
linking fails if the name is taken, and the name never stands for half an object. A killed
writer leaves at most a temporary file, which readers don't see and a later writer removes.

Uses os throughout: directory syncs, links and error numbers are its business, and pathlib is
an import that a launcher can spare.
"""
# ruff: noqa: PTH100, PTH102, PTH103, PTH104, PTH105, PTH106, PTH108, PTH112, PTH114, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time

from dialform.errors import ObjectCorrupt, RegistryError, RegistryUnreachable

_TEMPORARY = ".dialform-tmp-"
_NOT_OURS = frozenset(("lost+found",))
"""What a file system puts at the top of a disk by itself."""

_STALE_SECONDS = 3600.0
"""A temporary file this old is a dead writer's: a live one holds it for milliseconds."""

_REFUSED = {
    errno.ENOSPC: "free some space there, then run it again",
    errno.EDQUOT: "free some of the quota, then run it again",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f), then run it again",
    errno.EROFS: "make it writable, or run this where it is",
    errno.EACCES: "give this user the right to write there",
    errno.EPERM: "give this user the right to write there, on a file system with hard links",
    errno.EOPNOTSUPP: "put the registry on a file system that has hard links",
    errno.EMLINK: "put the registry on a file system that has hard links",
    errno.ENAMETOOLONG: "choose a shorter folder",
}
"""Errors by which a write certainly did not happen, and what to do about them."""

_NO_SYNC = frozenset((errno.EINVAL, errno.EOPNOTSUPP, errno.EROFS))
"""What file systems answer that can't sync a directory, or need not."""

_PART = 1 << 20
"""Bytes to read at once of a file whose size is not what it was."""

_FOUND_ALREADY = frozenset((errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR))
"""What renaming a new registry into place answers where another process was first."""


class FolderStore:
    """A ``Store`` in the folder ``path``, which need not exist yet."""

    def __init__(self, path: str | os.PathLike[str], *, url: str | None = None) -> None:
        """``path`` is absolute or relative to the working directory; nothing is touched yet."""
        self.path = os.path.abspath(path)
        self._base = os.path.join(self.path, "")
        self._url = self.path if url is None else url
        self._durable: set[str] = set()
        self._swept: set[str] = set()

    @property
    def url(self) -> str:
        """Where it is, as its user wrote it."""
        return self._url

    def present(self) -> bool:
        """Whether anything stands at the folder's path."""
        try:
            os.lstat(self.path)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unreachable("look at", self.path, error) from None
        return True

    def read(self, key: str) -> bytes | None:
        """The file's bytes; None if there is no such file."""
        path = self._at(key)
        try:
            # Non-blocking, so that a pipe in a file's place can't hang the reader.
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            if os.path.islink(path):
                raise _in_its_place(path, "a link to nothing") from None
            return None
        except OSError as error:
            raise _unreachable("read", path, error) from None
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise _in_its_place(path, "what is not a file")
            return _whole(handle, found.st_size)
        except OSError as error:
            raise _unreachable("read", path, error) from None
        finally:
            os.close(handle)

    def names(self, prefix: str) -> list[str]:
        """The names in the folder ``prefix``, less temporary files."""
        path = self._at(prefix)
        try:
            found = os.listdir(path)
        except FileNotFoundError:
            if os.path.islink(path):
                raise _in_its_place(path, "a link to nothing") from None
            return []
        except OSError as error:
            raise _unreachable("list", path, error) from None
        found.sort()
        return [name for name in found if not name.startswith(_TEMPORARY) and name not in _NOT_OURS]

    def keys(self, prefix: str) -> list[str]:
        """The keys of all files below the folder ``prefix``, sorted; links are not followed."""
        found: list[str] = []
        for name in self.names(prefix):
            key = f"{prefix}/{name}" if prefix else name
            path = self._at(key)
            if os.path.isdir(path) and not os.path.islink(path):
                found += self.keys(key)
            else:
                found.append(key)
        return sorted(found)

    def create(self, key: str, data: bytes) -> bool:
        """Link a finished file into place."""
        path = self._at(key)
        try:
            if not self.present():
                return self._found(key, data)
            created = not os.path.lexists(path) and self._link(path, data)
            self._settle(os.path.dirname(path))
        except OSError as error:
            raise _not_written(path, error) from None
        return created

    # What `registry doctor` tries

    def overwrite(self, key: str, data: bytes) -> bool:
        """Put ``data`` whatever is there; whether that was allowed."""
        path = self._at(key)
        try:
            os.replace(_written(os.path.dirname(path), data), path)
        except PermissionError:
            return False
        except OSError as error:
            raise _not_written(path, error) from None
        return True

    def remove(self, key: str) -> bool:
        """Remove the file, and its folders below the registry's own that are empty then."""
        path = self._at(key)
        try:
            os.unlink(path)
            while (path := os.path.dirname(path)) != self.path:
                os.rmdir(path)
        except PermissionError:
            return False
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno in _FOUND_ALREADY:
                return True
            raise _unreachable("remove", path, error) from None
        return True

    def _at(self, key: str) -> str:
        return f"{self._base}{key}" if key else self.path

    def _link(self, path: str, data: bytes) -> bool:
        folder = os.path.dirname(path)
        self._make(folder)
        _sweep(folder, self._swept)
        temporary = _written(folder, data)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return True

    def _make(self, folder: str) -> None:
        """Make the folders down to ``folder``, never the registry's own: it may be unmounted."""
        try:
            os.mkdir(folder)
        except FileExistsError:
            return
        except FileNotFoundError:
            if folder == self.path:
                raise
            self._make(os.path.dirname(folder))
            self._make(folder)

    def _found(self, key: str, data: bytes) -> bool:
        """Make the folder with its first object in it, so that no kill leaves it without."""
        parent = os.path.dirname(self.path)
        os.makedirs(parent, exist_ok=True)
        _sweep(parent, self._swept)
        folder = os.path.join(parent, _temporary_name())
        try:
            os.mkdir(folder)
            FolderStore(folder).create(key, data)
            os.rename(folder, self.path)
        except BaseException as error:
            _remove(folder)
            if isinstance(error, OSError) and error.errno in _FOUND_ALREADY:
                return self.create(key, data)
            raise
        self._settle(self.path)
        return True

    def _settle(self, folder: str) -> None:
        """
        Make what is in ``folder``, and the way down to it, durable.

        Also after finding an object: its writer may not have come that far, and what is
        written next may refer to it.
        """
        _sync(folder)
        while folder not in self._durable and folder != self.path:
            above = os.path.dirname(folder)
            _sync(above)
            self._durable.add(folder)
            folder = above
        if folder not in self._durable:
            # Whoever may write in a folder need not have rights on the one above it.
            with contextlib.suppress(PermissionError):
                _sync(os.path.dirname(folder))
            self._durable.add(folder)


def _whole(handle: int, size: int) -> bytes:
    """All that an open file holds: ``size`` bytes, if that is still so."""
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data  # asked for one more, it gave no more: that was the end
    parts = [data]
    while part := os.read(handle, _PART):
        parts.append(part)
    return b"".join(parts)


def _written(folder: str, data: bytes) -> str:
    """A new temporary file in ``folder`` that durably holds ``data``."""
    path = os.path.join(folder, _temporary_name())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    handle = os.open(path, flags, 0o666)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return path


def _temporary_name() -> str:
    return f"{_TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}"


def _sync(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def _sweep(folder: str, swept: set[str]) -> None:
    """Remove what dead writers left in ``folder``, unless it is among the ``swept``."""
    if folder in swept:
        return
    swept.add(folder)
    oldest = time.time() - _STALE_SECONDS
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.startswith(_TEMPORARY) and os.lstat(path).st_mtime < oldest:
                _remove(path)


def _remove(temporary: str) -> None:
    """Remove a temporary file, or the folder of a registry that was not founded."""
    with contextlib.suppress(OSError):
        if os.path.isdir(temporary):
            from shutil import rmtree  # noqa: PLC0415  # rare, and 3 ms

            rmtree(temporary)
        else:
            os.unlink(temporary)


def _in_its_place(path: str, what: str) -> ObjectCorrupt:
    return ObjectCorrupt(f"{path}: {what} stands in its place; restore it from a backup")


def _unreachable(doing: str, path: str, error: OSError) -> RegistryUnreachable:
    words = f"{error.strerror} ({errno.errorcode.get(error.errno or 0, '?')})"
    return RegistryUnreachable(
        f"can't {doing} {path}: {words}; this says nothing about what is in the registry: "
        "make the folder readable (mounted? the right URL?), then run it again"
    )


def _not_written(path: str, error: OSError) -> RegistryError:
    words = f"{error.strerror} ({errno.errorcode.get(error.errno or 0, '?')})"
    way_out = _REFUSED.get(error.errno or 0)
    if way_out is not None:
        return RegistryError(f"can't write {path}: {words}; nothing of it was kept: {way_out}")
    return RegistryUnreachable(
        f"can't write {path}: {words}; whether it was kept is not known: make the folder "
        "reachable, then run it again, which completes it"
    )
