"""
What a release is made of: its entry and log, and all that they refer to, each held to its name.

Reads the registry's store and nothing else, each object anew and each by itself, so that one that
is damaged does not hide what else is.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

from dialform.errors import ObjectAbsent, ObjectCorrupt
from dialform.launcher.resolve import near
from dialform.presets.canonical import NotCanonical, canonical, digest
from dialform.presets.documents import Unbound, bound_preset
from dialform.registry import documents, names
from dialform.registry.documents import Damage
from dialform.registry.entries import Entry, parse_entry
from dialform.registry.transitions import succession_fault
from dialform.verifying.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.launcher.resolve import Reference
    from dialform.presets.canonical import Digest
    from dialform.registry import Registry
    from dialform.verifying.claims import Group

_BOUND: Final = documents.BOUND_PRESET
_PRESET: Final = documents.PRESET


class _Fault(Exception):
    """Why a claim does not hold."""


class Content:
    """One pass over what a release is made of."""

    def __init__(self, registry: Registry, environment: str, reference: Reference) -> None:
        """Reads nothing yet."""
        self.reference = reference
        self.claims: list[Claim] = []
        self.entry: Entry | None = None
        self.head: Entry | None = None
        self.bound: dict[str, Any] | None = None
        self._registry = registry
        self._store = registry.origin
        self._environment = environment
        self._log = names.log_prefix(environment, reference.name)
        self._entries: dict[int, Entry] = {}
        self._faults: dict[int, str] = {}
        """By number: what is wrong with entries that can't be read."""
        self._newest = 0
        self._blobs: dict[Digest, bytes] = {}
        """What hashes to its name."""
        self._forms: dict[Digest, str] = {}
        """The format that it should have."""

    def read_log(self) -> None:
        """
        Read the log, and find what the reference means by itself.

        Raises:
            ObjectAbsent: it was never released there.

        """
        there = names.numbers_of(self._store.names(self._log))
        if not there:
            raise self._never_released()
        self._newest = max(there)
        self._faults = self._read_entries(there)
        self.head = self._entries.get(self._newest)
        self.entry = self._named()

    def look(self) -> None:
        """Go through all that `entry` is made of."""
        self._hold("marker", "content", self._marker)
        self._hold("entry", "content", self._entry)
        self._hold("order of the log", "order", self._order)
        if self.entry is None:
            return
        entry = self.entry
        self._hold("bound preset", "content", lambda: self._hashed(entry.bound_digest, _BOUND))
        self._hold("preset", "content", lambda: self._hashed(entry.preset_digest, _PRESET))
        self._profile(entry)
        self._references(entry)
        self._hold("canonical form", "content", self._form)
        self._hold("derivation", "content", lambda: self._derivation(entry))
        self._hold("version", "content", lambda: self._version(entry))
        self._hold("workspace", "content", self._workspace)

    # The log

    def _marker(self) -> str:
        found = self._read(names.MARKER, documents.parse_marker)
        return f"{names.MARKER} names registry {found}; its checksum holds"

    def _read_entries(self, there: set[int]) -> dict[int, str]:
        """Read all entries, and the first that is missing; what is wrong with them, by number."""
        faults: dict[int, str] = {}
        missing = next(number for number in count(1) if number not in there)
        for number in sorted({*there, min(missing, max(there))}):
            key = names.numbered(self._log, number)
            try:
                self._entries[number] = self._read(
                    key, parse_entry, self._environment, self.reference.name, number
                )
            except _Fault as fault:
                faults[number] = str(fault)
        return faults

    def _named(self) -> Entry | None:
        """The entry that the reference means: the newest, or the newest such release."""
        reference = self.reference
        if reference.version is None and reference.digest is None:
            return self._entries.get(self._newest)
        newest_first = sorted(self._entries.values(), key=lambda one: one.seq, reverse=True)
        released = [entry for entry in newest_first if entry.kind == "release"]
        wanted = (reference.version, reference.digest)
        for side in ("bound_digest", "preset_digest"):  # as `Log.find`
            for entry in released:
                if entry.version == wanted[0] or getattr(entry, side) == wanted[1]:
                    return entry
        there = ", ".join(str(one) for one in sorted({entry.version for entry in released}))
        raise ObjectAbsent(
            f"{reference} was never released in {self._environment}; "
            f"released there: {there or 'nothing that can be read'}"
        )

    def _entry(self) -> str:
        if self.entry is None:
            raise _Fault(self._faults[self._newest])
        key = names.numbered(self._log, self.entry.seq)
        return f"{key} is {self.entry.digest}; checksum and place hold"

    def _order(self) -> str:
        newest = self._newest
        for number in range(1, newest + 1):
            key, entry = names.numbered(self._log, number), self._entries.get(number)
            if entry is None:
                raise _Fault(self._faults.get(number, f"{key} is missing"))
            fault = succession_fault(self._entries.get(number - 1), entry)
            if fault is not None:
                raise _Fault(f"{key}: {fault}")
        what = "entry follows" if newest == 1 else "entries follow"
        return f"{newest} {what} from the first, each with the digest of the one before it"

    # What it refers to

    def _profile(self, entry: Entry) -> None:
        preset = self._value(entry.preset_digest)
        named = None if preset is None else preset.get("profile")
        if named is not None:
            self._hold("profile", "content", lambda: self._hashed(named, documents.PROFILE))
        elif preset is not None:
            self._none("profile", "content", "the preset has none")

    def _references(self, entry: Entry) -> None:
        listed = entry.references
        if listed is None:
            self._none("references", "content", "the release recorded nothing of the workspace")
            return

        def look() -> str:
            said = self._hashed(listed, documents.REFERENCES)
            value = self._value(listed) or {}
            try:
                found = documents.references({"format": documents.REFERENCES, **value})
            except Damage as damage:
                raise _Fault(f"{names.blob_key(listed)}: {damage}") from None
            for one, form in found:
                self._hashed(one, form)
            return f"{said}; so do the {len(found)} objects that it lists"

        self._hold("references", "content", look)

    def _hashed(self, one: Digest, form: str) -> str:
        key = names.blob_key(one)
        self._blobs[one] = self._read(key, documents.hashed, one)
        self._forms[one] = form
        return f"{key} hashes to its name"

    def _form(self) -> str:
        for one, form in self._forms.items():
            try:
                documents.document(self._blobs[one], form)
            except Damage as damage:
                raise _Fault(f"{names.blob_key(one)}: {damage}") from None
        objects = len(self._forms) + len(self._entries) + 1
        return (
            f"{objects} objects are in the one form of their content (RFC 8785), of known formats"
        )

    def _derivation(self, entry: Entry) -> str:
        bound, preset = self._value(entry.bound_digest), self._value(entry.preset_digest)
        profile = None if preset is None else self._value(preset.get("profile"))
        if bound is None or preset is None or (profile is None and "profile" in preset):
            raise _Fault("what the bound preset is made of can't be read")
        fault = documents.bound_fault(bound, entry.environment, entry.preset, entry.preset_digest)
        if fault is not None:
            raise _Fault(f"{names.blob_key(entry.bound_digest)}: {fault}")
        self.bound = bound
        try:
            again = bound_preset(
                environment=entry.environment,
                workspace=bound["workspace"],
                name=entry.preset,
                preset=preset,
                preset_digest=entry.preset_digest,
                profile=profile,
                bindings=bound["bindings"],
                deviation=bound["deviation"],
            )
            made = digest(canonical(again))
        except (Unbound, NotCanonical, KeyError, TypeError, AttributeError) as error:
            raise _Fault(f"preset and bindings give no bound preset: {error!r}") from None
        if made != entry.bound_digest:
            raise _Fault(f"preset, profile, bindings and deviation give {made}")
        return "preset, profile, bindings and deviation give the bound preset's bytes"

    def _version(self, entry: Entry) -> str:
        key = names.numbered(names.versions_prefix(entry.preset), entry.version)
        found = self._read(key, documents.parse_version, entry.preset, entry.version)
        if found != entry.preset_digest:
            raise _Fault(f"{key} is of {found}, and entry {entry.seq} says {entry.preset_digest}")
        return f"{key} names the preset that the entry names"

    def _workspace(self) -> str:
        prefix = names.environment_prefix(self._environment)
        there = names.numbers_of(self._store.names(prefix))
        newest = max(there, default=1)
        missing = next(number for number in count(1) if number not in there)
        if missing < newest:
            raise _Fault(f"{names.numbered(prefix, missing)} is missing")
        key = names.numbered(prefix, newest)
        document = self._read(key, documents.parse_environment, self._environment, newest)
        workspace = document.get("workspace")
        url = workspace.get("url") if isinstance(workspace, dict) else None
        if self.bound is None or self.bound["workspace"] != url:
            bound = None if self.bound is None else self.bound["workspace"]
            raise _Fault(f"{key} names {url}, and the bound preset {bound}")
        return f"{key} and the bound preset name {url}"

    # Reading

    def _value(self, one: Any) -> dict[str, Any] | None:
        """The document of that digest, if it was read, hashed and is in its form."""
        data = self._blobs.get(one)
        try:
            return None if data is None else documents.document(data, self._forms[one])
        except Damage:
            return None

    def _read(self, key: str, parse: Callable[..., Any], *args: Any) -> Any:
        try:
            data = self._store.read(key)
            if data is None:
                raise _Fault(f"{key} is missing")
            return parse(data, *args)
        except Damage as damage:
            raise _Fault(f"{key}: {damage}") from None
        except ObjectCorrupt as error:
            raise _Fault(str(error)) from None

    def _hold(self, name: str, group: Group, look: Callable[[], str]) -> None:
        try:
            self.claims.append(Claim(name, group, "ok", look()))
        except _Fault as fault:
            self.claims.append(Claim(name, group, "failed", str(fault)))

    def _none(self, name: str, group: Group, why: str) -> None:
        self.claims.append(Claim(name, group, "none", why))

    def _never_released(self) -> ObjectAbsent:
        _ = self._registry.id
        name, environment = self.reference.name, self._environment
        if environment not in (there := self._registry.environments()):
            url = self._registry.url
            return ObjectAbsent(
                f"the registry {url} has no environment {environment!r}{near(environment, there)}"
            )
        return ObjectAbsent(
            f"{name} was never released in {environment} ({self._registry.url})"
            f"{near(name, self._registry.presets(environment))}"
        )
