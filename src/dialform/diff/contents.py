"""
The content of pinned presets: from the registry where it can be read, else rebuilt from git.

Either way the digest is what is asked for, so it makes no difference where content came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.diff.model import nothing_known
from dialform.diff.recorded import Recorded
from dialform.errors import ObjectAbsent, RegistryError, SettingError
from dialform.presets.documents import PRESET_FORMAT, PROFILE_FORMAT
from dialform.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.declaration.history import Found, Pins
    from dialform.diff.model import LookUp
    from dialform.presets.canonical import Digest


class Contents:
    """Finds presets by digest. What could not be asked is noted in ``remarks``."""

    def __init__(self, pins: Pins, root: Path, *, offline: bool) -> None:
        """``root``: where relative registries start from. ``offline``: none is asked."""
        self._pins = pins
        self._root = root
        self._offline = offline
        self._registries: dict[str, Registry | None] = {}
        self._recorded: dict[str, Recorded] = {}
        self.remarks: list[str] = []

    def find(self, url: str, name: str, digest: Digest) -> Found | None:
        """
        A pinned preset's documents; None where they are out of reach.

        Args:
            url: the registry of the environment that pins it.
            name: what it is called there.
            digest: what it is pinned to.

        """
        registry = None if self._offline else self._registry(url)
        if registry is not None:
            try:
                return self._read(registry, digest)
            except ObjectAbsent:
                pass
            except RegistryError as error:
                self._remark(f"{error}; rebuilt from git where that is possible")
        found = self._pins.find(name, digest)
        if found is None and self._pins.bound_hit:
            self._remark(f"looked through the last {self._pins.most} commits that touch stacks/")
        return found

    def recorded(self, url: str, environment: str, preset: str) -> LookUp:
        """What releases of a registry recorded of a workspace's objects, as far as it is asked."""
        registry = None if self._offline else self._registry(url)
        if registry is None:
            return nothing_known
        if url not in self._recorded:
            self._recorded[url] = Recorded(registry)
        return self._recorded[url].anywhere(environment, preset)

    def _registry(self, url: str) -> Registry | None:
        if url not in self._registries:
            self._registries[url] = None
            try:
                registry = Registry.open(url, base=self._root)
                if registry.exists:
                    self._registries[url] = registry
                else:
                    self._remark(f"the registry {url} has nothing: pins are rebuilt from git")
            except (RegistryError, SettingError) as error:
                self._remark(f"{error}; pins are rebuilt from git")
        return self._registries[url]

    @staticmethod
    def _read(registry: Registry, digest: Digest) -> Found:
        preset = registry.read_document(digest, PRESET_FORMAT)
        if "profile" not in preset:
            return preset, None
        return preset, registry.read_document(preset["profile"], PROFILE_FORMAT)

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)
