"""
The one small interface between the registry and wherever its objects lie.

A store knows keys and bytes. It knows nothing of formats, digests or logs, so that a folder,
S3, GCS and Azure can each be one.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class Store(Protocol):
    """
    Objects by key, created once, never altered and never removed.

    Keys are ``/``-separated paths of plain names. All methods may be called from any thread
    and from any number of processes at once. What goes wrong is raised as a ``RegistryError``.
    """

    @property
    def url(self) -> str:
        """Where it is, as its user wrote it."""

    def present(self) -> bool:
        """
        Whether the place itself is there: the folder, the bucket.

        Raises:
            RegistryUnreachable: if that can't be told.

        """

    def read(self, key: str) -> bytes | None:
        """
        The object's bytes; None if the store says that there is no such object.

        Raises:
            RegistryUnreachable: in any doubt.
            ObjectCorrupt: if what stands at ``key`` can't be an object.

        """

    def create(self, key: str, data: bytes) -> bool:
        """
        Create the object, whole and durable, unless there is one already.

        Where the place itself is absent, it comes into being with this object in it, at once.

        Returns:
            Whether this call created it. Either way it is durable on return.

        Raises:
            RegistryError: if it was not created: read-only, full.
            RegistryUnreachable: if it may or may not have been; the same call can be repeated.

        """

    def names(self, prefix: str) -> list[str]:
        """
        The sorted names of what stands directly under ``prefix`` ("" is the top).

        Empty if there is nothing. Objects created meanwhile may be among them or not.

        Raises:
            RegistryUnreachable: in any doubt.

        """

    def keys(self, prefix: str) -> list[str]:
        """
        The sorted keys of all objects below ``prefix``, however deep.

        Raises:
            RegistryUnreachable: in any doubt.

        """


@runtime_checkable
class Remote(Store, Protocol):
    """A store at the other end of a network: each call costs a round trip, many at once pay."""

    @property
    def origin(self) -> Remote:
        """The store itself, without what was kept of it on this machine."""


@runtime_checkable
class Keeping(Store, Protocol):
    """A store that keeps what it has read."""

    def forget(self, key: str) -> None:
        """Drop what is kept of ``key``, which proved not to be what it should be."""


def origin(store: Store) -> Store:
    """What to ask for what is stored now, rather than for what was seen once."""
    return store.origin if isinstance(store, Remote) else store


class Passing:
    """A `Remote` that passes on to ``inner`` what is asked of it: for those that add to one."""

    def __init__(self, inner: Remote) -> None:
        """Touches nothing."""
        self._inner = inner

    @property
    def url(self) -> str:
        """Where the store is."""
        return self._inner.url

    @property
    def origin(self) -> Remote:
        """The store itself."""
        return self._inner.origin

    def present(self) -> bool:
        """As the store says."""
        return self._inner.present()

    def read(self, key: str) -> bytes | None:
        """As the store says."""
        return self._inner.read(key)

    def create(self, key: str, data: bytes) -> bool:
        """As the store does."""
        return self._inner.create(key, data)

    def names(self, prefix: str) -> list[str]:
        """As the store says."""
        return self._inner.names(prefix)

    def keys(self, prefix: str) -> list[str]:
        """As the store says."""
        return self._inner.keys(prefix)

    def forget(self, key: str) -> None:
        """Pass it on to what keeps objects."""
        if isinstance(self._inner, Keeping):
            self._inner.forget(key)
