"""
The one small interface between the registry and wherever its objects lie.

A store knows keys and bytes. It knows nothing of formats, digests or logs, so that a folder,
S3, GCS and Azure can each be one.
"""

from __future__ import annotations

from typing import Protocol


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
