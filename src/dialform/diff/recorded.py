"""
What releases recorded of a workspace's objects, for what the documents do not say of them.

A voice's tier and a model's defaults stand in no declaration: rules of risk find them beside
the releases that lean on the same objects. Nothing is read before it is asked for, and what
can't be read is as if it were not recorded: `dialform registry verify` names damage.
"""

from __future__ import annotations

from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from dialform.errors import RegistryError
from dialform.registry.documents import OBJECT, REFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.diff.model import LookUp
    from dialform.presets.canonical import Digest
    from dialform.registry import Entry, Registry

    Listed = Mapping[tuple[str, str], Digest]


class Recorded:
    """The records of one registry."""

    def __init__(self, registry: Registry) -> None:
        """Touches nothing yet."""
        self._registry = registry
        self._lists: dict[Digest, Listed] = {}

    def beside(self, entry: Entry) -> LookUp:
        """What a release itself recorded."""
        return partial(self._of, entry)

    def anywhere(self, environment: str, preset: str) -> LookUp:
        """
        What the newest release that leans on an object recorded of it.

        The preset's own releases in the environment are asked first, then what is released now
        anywhere.
        """
        return partial(self._found, (environment, preset))

    def _of(self, entry: Entry, kind: str, key: str) -> Mapping[str, Any] | None:
        return None if entry.references is None else self._read(entry.references, kind, key)

    def _found(self, log: tuple[str, str], kind: str, key: str) -> Mapping[str, Any] | None:
        for entry in chain(self._own(*log), self._newest_first):
            found = self._of(entry, kind, key)
            if found is not None:
                return found
        return None

    def _own(self, environment: str, preset: str) -> list[Entry]:
        try:
            if not self._registry.exists or self._registry.head(environment, preset) is None:
                return []
            return self._registry.entries(environment, preset)[::-1]
        except RegistryError:
            return []

    @cached_property
    def _newest_first(self) -> list[Entry]:
        """A release for each list of references that there is."""
        try:
            found = {entry.references: entry for entry in sorted(self._heads(), key=_time)}
        except RegistryError:
            return []
        return sorted(found.values(), key=_time, reverse=True)

    def _heads(self) -> Iterator[Entry]:
        if self._registry.exists:
            for environment in self._registry.environments():
                for _, head in self._registry.heads(environment):
                    if not isinstance(head, RegistryError) and head.references is not None:
                        yield head

    def _read(self, references: Digest, kind: str, key: str) -> Mapping[str, Any] | None:
        try:
            listed = self._lists.get(references)
            if listed is None:
                document = self._registry.read_document(references, REFERENCES)
                listed = {(row["kind"], row["id"]): row["digest"] for row in document["objects"]}
                self._lists[references] = listed
            wanted = listed.get((kind, key))
            if wanted is None:
                return None
            fields: Mapping[str, Any] = self._registry.read_document(wanted, OBJECT)["fields"]
        except RegistryError:
            return None
        return fields


def _time(entry: Entry) -> str:
    return entry.time
