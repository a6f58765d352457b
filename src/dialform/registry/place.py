"""
A store that is a registry: its marker, and reads that tell *absent* from *unreachable*.

Knows keys and bytes, and of documents only the marker. An object is absent if the store says
so and the marker can be read right then; without the marker nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

from dialform.errors import (
    ObjectAbsent,
    ObjectCorrupt,
    RegistryError,
    RegistryUnreachable,
    UnknownFormat,
)
from dialform.registry import names
from dialform.registry.documents import Damage, Newer, marker, parse_marker
from dialform.registry.store import Keeping, Remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.registry.store import Store

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Place:
    """Where a registry is, or is to be."""

    def __init__(self, store: Store, *, may_create: bool) -> None:
        """``may_create``: the first write into a place that is not there makes the registry."""
        self.store = store
        self._may_create = may_create
        self._id: str | None = None
        self._remote = isinstance(store, Remote)

    @property
    def exists(self) -> bool:
        """Whether it is there; False only where the first write would create it."""
        found = self.marker()
        if found is not None:
            self._id = self._id or found
            return True
        if self._may_create and not self.store.present():
            return False
        raise self._no_registry()

    def marker(self) -> str | None:
        """The id in the marker; None if the store has none."""
        data = self.store.read(names.MARKER)
        return None if data is None else self.checked(names.MARKER, parse_marker, data)

    @property
    def id(self) -> str:
        """The registry's id, as it was when it was read first."""
        return self._id or self.require()

    def require(self) -> str:
        """The registry's id, read now."""
        found = self.marker()
        if found is None:
            raise self._no_registry()
        if self._id is not None and found != self._id:
            raise RegistryUnreachable(
                f"{self.store.url} became another registry while it was open; run it again"
            )
        self._id = found
        return found

    def require_writable(self) -> None:
        """Make sure that the registry is there: what is written elsewhere would be lost."""
        if self._id is not None and self._remote:
            return  # a bucket is not unmounted between two writes, as a disk may be
        if self._may_create and self._id is None and not self.store.present():
            self.create_marker()
        self.require()

    def create_marker(self) -> bool:
        """Make the store a registry; False if it is one."""
        if self.marker() is not None:
            return False
        found = self.store.names("")
        if names.MARKER in found:
            return False  # another process was first
        if found:
            raise RegistryError(
                f"{self.store.url} is not a registry and not empty (it holds {found[0]!r}): if it "
                "should be one, restore its registry.json; else choose another folder"
            )
        from uuid import uuid4  # noqa: PLC0415  # once in a registry's life, and 7 ms

        return self.store.create(names.MARKER, marker(str(uuid4())))

    def read(self, key: str) -> bytes | None:
        """The object's bytes; None if it is absent."""
        if self._id is None:
            self.require()
        data = self.store.read(key)
        if data is None:
            self.require()
        return data

    def demand(self, key: str) -> bytes:
        """
        The bytes of an object of which it is known that it was created.

        Raises:
            ObjectCorrupt: if it is absent.

        """
        data = self.read(key)
        if data is None:
            raise self.damaged(key, "it is missing")
        return data

    def names(self, prefix: str) -> list[str]:
        """The names directly under ``prefix``."""
        if self._id is None:
            self.require()
        found = self.store.names(prefix)
        if not found:
            self.require()
        return found

    def numbers(self, prefix: str) -> range:
        """
        The numbers of the objects under ``prefix``: 1 to the newest.

        Raises:
            ObjectCorrupt: if one is missing.

        """
        found = names.numbers_of(self.names(prefix))
        numbers = range(1, max(found, default=0) + 1)
        if len(found) != len(numbers):
            for number in numbers:
                # A listing made while others write may lack what came before its last name.
                if number not in found:
                    self.demand(names.numbered(prefix, number))
        return numbers

    def folders(self, prefix: str) -> list[str]:
        """The well-named folders under ``prefix`` that hold a numbered object."""
        return [
            name
            for name in self.names(prefix)
            if names.name_fault(name) is None and names.numbers_of(self.names(f"{prefix}/{name}"))
        ]

    def checked(self, key: str, parse: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """
        What ``parse`` makes of the object at ``key``.

        Raises:
            ObjectCorrupt: naming the object, where ``parse`` finds damage.
            UnknownFormat: naming it, where it is newer than this version.

        """
        try:
            return parse(*args, **kwargs)
        except Newer as damage:
            raise UnknownFormat(f"{self.name(key)}: {damage}; upgrade dialform") from None
        except Damage as damage:
            raise self.damaged(key, str(damage)) from None

    def damaged(self, key: str, what: str) -> ObjectCorrupt:
        """The error for a damaged object."""
        if isinstance(self.store, Keeping):
            self.store.forget(key)
        return ObjectCorrupt(
            f"{self.name(key)}: {what}; restore it from a backup: `dialform registry verify` "
            "names all that is damaged"
        )

    def absent(self, key: str, what: str) -> ObjectAbsent:
        """The error for an object that is not there."""
        return ObjectAbsent(f"{self.name(key)}: {what}")

    def name(self, key: str) -> str:
        """What messages call an object."""
        return f"{self.store.url.rstrip('/')}/{key}"

    def _no_registry(self) -> RegistryUnreachable:
        url = self.store.url
        if self._remote:
            there = "answers, and there is" if self.store.present() else "is not there, so there is"
            return RegistryUnreachable(
                f"{url}: the store {there} no registry.json: correct the URL; a new registry is "
                f"created in a bucket that is there with `dialform registry init {url}`"
            )
        if self.store.present():
            return RegistryUnreachable(
                f"{url}: the folder has no registry.json: it looks like an unmounted disk or is "
                "not a registry; mount it or correct the URL (an empty folder is made a registry "
                f"with `dialform registry init {url}`)"
            )
        return RegistryUnreachable(
            f"{url}: there is no such folder: mount its disk or correct the URL; a new registry "
            f"is created with `dialform registry init {url}`"
        )
