"""
Reads a whole registry and names each object that is not what it should be.

Each object is held to its name, place and form, each log and each preset's versions to their
order, each reference to what it refers to. What one object says of another is compared only
where both are sound, so that one damage is one finding. A log's or a preset's newest objects
can't be missed by anything but what refers to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from dialform.errors import RegistryError, RegistryUnreachable
from dialform.presets.canonical import digest as digest_of
from dialform.registry import documents, names
from dialform.registry.approvals import parse_approval
from dialform.registry.claims import parse_campaign_claim, parse_claim
from dialform.registry.documents import Damage
from dialform.registry.entries import MOVING, Entry, parse_entry
from dialform.registry.evidence import parse_evidence
from dialform.registry.store import Remote, origin
from dialform.registry.transitions import succession_fault
from dialform.registry.trust.reviewing import Signed, parse_signature
from dialform.registry.trust.statements import Snapshot, parse_snapshot, parse_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.presets.canonical import Digest
    from dialform.registry.approvals import Approval
    from dialform.registry.evidence import Evidence
    from dialform.registry.registry import Registry
    from dialform.registry.store import Store
    from dialform.registry.trust.keys import PublicKey

_T = TypeVar("_T")
_P = ParamSpec("_P")

_TOP = frozenset(
    (
        *(names.MARKER, "blobs", names.PRESETS, names.ENVIRONMENTS, names.RELEASES),
        *(names.APPROVALS, names.EVIDENCE, names.LEDGERS, names.CAMPAIGNS, names.DOCTOR),
        *(names.SIGNATURES, names.TRUST, names.SNAPSHOTS),
    )
)


_SIGNABLE = frozenset(
    (
        *(names.RELEASES, names.ENVIRONMENTS, names.EVIDENCE, names.APPROVALS),
        *(names.TRUST, names.SNAPSHOTS),
    )
)
"""Where the objects stand that signatures are of."""


class Finding(NamedTuple):
    """An object that is not what it should be."""

    object: str
    """Its key in the registry."""

    rule: str
    """
    What it breaks, in a word: ``absent``, ``checksum``, ``content``, ``digest``, ``double``,
    ``form``, ``format``, ``name``, ``place``, ``reference``, ``signature``, ``transition``,
    ``unexpected`` or ``unreadable``.
    """

    message: str
    """A sentence that goes on from the object's name."""


def verify(registry: Registry, progress: Callable[[], None] | None = None) -> Iterator[Finding]:
    """
    All findings. ``progress`` is called after each object read.

    Raises:
        RegistryUnreachable: if the registry is not there, or goes away meanwhile.

    """
    store = origin(registry.store)
    if store.read(names.MARKER) is None:
        _ = registry.id  # raises, and says what to do
    if isinstance(store, Remote):
        from dialform.registry.listed import ListedStore  # noqa: PLC0415  # remote only

        with ListedStore(store, names.in_order) as listed:
            yield from _Reading(listed, progress or (lambda: None)).findings()
    else:
        yield from _Reading(store, progress or (lambda: None)).findings()


class _Reading:
    """One pass over a store. References come before what they refer to, as writers write."""

    def __init__(self, store: Store, progress: Callable[[], None]) -> None:
        self.store = store
        self.progress = progress
        self.found: list[Finding] = []
        self._id: str | None = None
        """The registry's own; None where its marker is damaged."""
        self.entries: list[tuple[str, Entry, bool]] = []
        """And whether what an entry says is live is to be looked at."""
        self.approved: list[tuple[str, Approval | Evidence]] = []
        """What says which content a version is: approvals and evidence."""
        self.versions: dict[str, dict[int, Digest | None]] = {}
        self.blobs: dict[Digest, dict[str, Any] | None] = {}
        """By digest: the document less its content; None for a damaged one."""
        self.signed: list[Signed] = []
        self.snapshots: list[tuple[str, Snapshot]] = []
        self.keys: dict[str, PublicKey] = {}
        """By name: the keys that trust statements name."""
        self.digests: dict[str, Digest | None] = {}
        """By key: the numbered objects, where there are signatures; None for a damaged one."""
        self.newest: dict[str, int] = {}
        """By prefix: the highest number."""
        self.missing: dict[str, list[str]] = {}
        """By the key of an object that isn't there: the objects that refer to it."""

    def findings(self) -> Iterator[Finding]:
        """Read, and drain what was found after each step."""
        self._marker()
        for step in (
            self._top,
            self._signatures,
            self._snapshots,
            self._trust,
            self._logs,
            self._approvals,
            self._evidence,
            self._environments,
            self._claims,
            self._versions,
            self._blobs,
            self._references,
            self._hold_signed,
        ):
            step()
            if origin(self.store).read(names.MARKER) is None:
                raise RegistryUnreachable(f"{self.store.url} went away while it was read")
            yield from self.found
            self.found.clear()

    # Steps

    def _marker(self) -> None:
        data = self.store.read(names.MARKER)
        if data is not None:
            self.progress()
            self._id = self._parsed(names.MARKER, documents.parse_marker, data)

    def _top(self) -> None:
        self._only("", _TOP)
        self._only("blobs", frozenset(("sha256",)))

    def _signatures(self) -> None:
        folders = self._names(names.SIGNATURES)
        registry_id = self._id if folders else ""
        for folder in folders if registry_id is not None else ():
            digest = names.digest_of_folder(folder)
            for file in self._names(f"{names.SIGNATURES}/{folder}"):
                key = f"{names.SIGNATURES}/{folder}/{file}"
                name = file.removesuffix(".json")
                if digest is None or key != names.signature_key(digest, name):
                    self._add(key, "unexpected", "it is nothing that a registry holds")
                    continue
                one = self._read(key, parse_signature, digest, name, registry_id)
                if one is not None:
                    self.signed.append(one)

    def _snapshots(self) -> None:
        for environment in self._folders(names.SNAPSHOTS):
            before: Digest | None = None
            for key, number in self._numbered(names.snapshots_prefix(environment)):
                one = self._read(key, parse_snapshot, environment, number)
                if one is not None:
                    self._chained(key, number, one.previous, before)
                    self.snapshots.append((key, one))
                before = None if one is None else one.digest

    def _trust(self) -> None:
        before: Digest | None = None
        for key, number in self._numbered(names.TRUST):
            one = self._read(key, parse_statement, number)
            if one is not None:
                self._chained(key, number, one.previous, before)
                self.keys |= {public.keyid: public for public in one.trusted.keys}
            before = None if one is None else one.digest

    def _chained(
        self, key: str, number: int, previous: Digest | None, before: Digest | None
    ) -> None:
        """Hold a snapshot or a statement to the one before it, where that is known and sound."""
        if previous != before and (number == 1 or before is not None):
            self._add(key, "transition", "its `previous` is not the digest of the one before it")

    def _logs(self) -> None:
        for environment in self._folders(names.RELEASES):
            for preset in self._folders(f"{names.RELEASES}/{environment}"):
                before: Entry | None = None
                for key, number in self._numbered(names.log_prefix(environment, preset)):
                    entry = self._read(key, parse_entry, environment, preset, number)
                    if entry is not None:
                        self._follows(key, before, entry)
                    before = entry

    def _follows(self, key: str, before: Entry | None, entry: Entry) -> None:
        """Hold an entry to the one before it, where that is known and sound."""
        known = entry.seq == 1 or (before is not None and before.seq == entry.seq - 1)
        fault = succession_fault(before, entry) if known else None
        if fault is not None:
            self._add(key, "transition", fault)
        else:
            # But for a release, an entry says again what a sound one before it says.
            self.entries.append((key, entry, entry.kind in MOVING or not known))

    def _environments(self) -> None:
        for environment in self._folders(names.ENVIRONMENTS):
            for key, number in self._numbered(names.environment_prefix(environment)):
                self._read(key, documents.parse_environment, environment, number)

    def _claims(self) -> None:
        for ledger in self._folders(names.LEDGERS):
            for key, number in self._numbered(names.claims_prefix(ledger)):
                self._read(key, parse_claim, ledger, number)
        for environment in self._folders(names.CAMPAIGNS):
            for file in self._names(f"{names.CAMPAIGNS}/{environment}"):
                key = f"{names.CAMPAIGNS}/{environment}/{file}"
                name = file.removesuffix(".json")
                if name == file or names.name_fault(name) is not None:
                    self._add(key, "unexpected", "it is nothing that a registry holds")
                else:
                    self._read(key, parse_campaign_claim, environment, name)

    def _approvals(self) -> None:
        for environment in self._folders(names.APPROVALS):
            for name in self._names(f"{names.APPROVALS}/{environment}"):
                digest = names.digest_of_folder(name)
                if digest is None:
                    key = f"{names.APPROVALS}/{environment}/{name}"
                    self._add(key, "unexpected", "it is nothing that a registry holds")
                    continue
                people: dict[tuple[str, str], int] = {}
                for key, number in self._numbered(names.approvals_prefix(environment, digest)):
                    one = self._read(key, parse_approval, environment, digest, number)
                    if one is None:
                        continue
                    first = people.setdefault((one.by, one.preset), number)
                    if first != number:
                        self._add(key, "double", f"approval {first} is by the same person")
                    self.approved.append((key, one))

    def _evidence(self) -> None:
        for environment in self._folders(names.EVIDENCE):
            for preset in self._folders(f"{names.EVIDENCE}/{environment}"):
                at = f"{names.EVIDENCE}/{environment}/{preset}"
                for name in self._names(at):
                    version = names.number_of(f"{name}.json")
                    if version is None:
                        self._add(
                            f"{at}/{name}", "unexpected", "it is nothing that a registry holds"
                        )
                        continue
                    for key, number in self._numbered(f"{at}/{version}"):
                        one = self._read(key, parse_evidence, environment, preset, version, number)
                        if one is not None:
                            self.approved.append((key, one))

    def _versions(self) -> None:
        for preset in self._folders(names.PRESETS):
            numbers: dict[Digest, int] = {}
            versions: dict[int, Digest | None] = {}
            self.versions[preset] = versions
            for key, number in self._numbered(names.versions_prefix(preset)):
                digest = self._read(key, documents.parse_version, preset, number)
                versions[number] = digest
                if digest is not None:
                    first = numbers.setdefault(digest, number)
                    if first != number:
                        self._add(key, "double", f"its content is version {first}'s")

    def _blobs(self) -> None:
        for name in self._names(names.BLOBS):
            key = f"{names.BLOBS}/{name}"
            digest = names.digest_of(name)
            if digest is None:
                self._add(key, "unexpected", "it is nothing that a registry holds")
            else:
                self.blobs[digest] = self._read(key, _outline, digest)

    def _references(self) -> None:
        for digest, blob in self.blobs.items():
            for reference in () if blob is None else blob["refers"]:
                self._refers(names.blob_key(digest), *reference)
        for preset, versions in self.versions.items():
            for number, content in versions.items():
                if content is not None:
                    key = names.numbered(names.versions_prefix(preset), number)
                    self._refers(key, content, documents.PRESET)
        for key, entry, whole in self.entries:
            self._knows_versions(key, entry)
            if whole:
                self._entry_refers(key, entry)
        self._approval_references()
        self._tell_missing()

    def _tell_missing(self) -> None:
        for key, referrers in self.missing.items():
            others = f" and {len(referrers) - 1} more" if len(referrers) > 1 else ""
            self._add(key, "absent", f"it is missing; needed by {referrers[0]}{others}")
        self.missing.clear()

    def _hold_signed(self) -> None:
        """Hold signatures and snapshots to what they are of."""
        for one in self.signed:
            if self._stands(one.key, one.of, one.digest):
                fault = one.fault(self.keys)
                if fault is not None:
                    self._add(one.key, "signature", fault)
        for key, snapshot in self.snapshots:
            for preset, (seq, digest) in snapshot.heads.items():
                prefix = names.log_prefix(snapshot.environment, preset)
                self._stands(key, names.numbered(prefix, seq), digest)
            for prefix, head in (
                (names.environment_prefix(snapshot.environment), snapshot.document),
                (names.TRUST, snapshot.trust),
            ):
                if head is not None:
                    self._stands(key, names.numbered(prefix, head[0]), head[1])
        self._tell_missing()

    def _stands(self, key: str, of: str, digest: Digest) -> bool:
        """Whether what ``key`` names stands there as it was; what is damaged is named already."""
        found = self.digests.get(of)
        if found is None and of not in self.digests:
            prefix, _, name = of.rpartition("/")
            if (names.number_of(name) or 0) > self.newest.get(prefix, 0):  # else it is a gap
                self.missing.setdefault(of, []).append(key)
        elif found is not None and found != digest:
            self._add(of, "reference", f"it is {found}, and {key} names {digest}")
        return found == digest

    def _approval_references(self) -> None:
        for key, one in self.approved:
            versions = self.versions.get(one.preset, {})
            known = versions.get(one.version)
            if known is not None and known != one.digest:
                what = f"version {one.version} of {one.preset} is {known}"
                self._add(key, "reference", f"{what}, and it says {one.digest}")
            elif one.version > max(versions, default=0):
                version_key = names.numbered(names.versions_prefix(one.preset), one.version)
                self.missing.setdefault(version_key, []).append(key)

    def _knows_versions(self, key: str, entry: Entry) -> None:
        versions = self.versions.get(entry.preset, {})
        for number in {entry.version, *entry.yanked}:
            if number > max(versions, default=0):  # a gap below is a finding already
                version_key = names.numbered(names.versions_prefix(entry.preset), number)
                self.missing.setdefault(version_key, []).append(key)

    def _entry_refers(self, key: str, entry: Entry) -> None:
        digest = self.versions.get(entry.preset, {}).get(entry.version)
        if digest is not None and digest != entry.preset_digest:
            what = f"version {entry.version} of {entry.preset} is {digest}"
            self._add(key, "reference", f"{what}, and it says {entry.preset_digest}")
            return
        if entry.references is not None:
            self._refers(key, entry.references, documents.REFERENCES)
        bound = self._refers(key, entry.bound_digest, documents.BOUND_PRESET)
        if bound is not None:
            fault = documents.bound_fault(
                bound, entry.environment, entry.preset, entry.preset_digest
            )
            if fault is not None:
                self._add(key, "reference", f"of its bound preset {entry.bound_digest}: {fault}")

    def _refers(self, key: str, digest: Digest, form: str) -> dict[str, Any] | None:
        """The outline of the document that ``key`` refers to, if it is there and sound."""
        if digest not in self.blobs:
            self.missing.setdefault(names.blob_key(digest), []).append(key)
            return None
        blob = self.blobs[digest]
        if blob is not None and blob["format"] != form:
            self._add(key, "reference", f"{digest} is a {blob['format']}, not a {form}")
            return None
        return blob

    # Reading

    def _read(self, key: str, parse: Callable[..., _T], *args: Any) -> _T | None:
        """What ``parse`` makes of the object; None with a finding if it can't."""
        try:
            data = self.store.read(key)
        except RegistryError as error:
            self._add(key, "unreadable", str(error))
            return None
        self.progress()
        if data is None:
            self._add(key, "absent", "it is listed, and there is no such object")
            return None
        found = self._parsed(key, parse, data, *args)
        if key.partition("/")[0] in _SIGNABLE:
            self.digests[key] = None if found is None else digest_of(data)
        return found

    def _parsed(
        self, key: str, parse: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T | None:
        try:
            return parse(*args, **kwargs)
        except Damage as damage:
            self._add(key, damage.rule, str(damage))
            return None

    def _names(self, prefix: str, store: Store | None = None) -> list[str]:
        try:
            return (store or self.store).names(prefix)
        except RegistryError as error:
            self._add(prefix, "unreadable", str(error))
            return []

    def _only(self, prefix: str, expected: frozenset[str]) -> None:
        # Not by way of a listing: what refers to blobs has to be listed before they are.
        for name in self._names(prefix, origin(self.store)):
            if name not in expected:
                key = f"{prefix}/{name}" if prefix else name
                self._add(key, "unexpected", "it is nothing that a registry holds")

    def _folders(self, prefix: str) -> Iterator[str]:
        for name in self._names(prefix):
            fault = names.name_fault(name)
            if fault is None:
                yield name
            else:
                self._add(f"{prefix}/{name}", "name", f"a name {fault}")

    def _numbered(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The numbered objects under ``prefix`` in order; each gap is a finding."""
        there = self._names(prefix)
        for name in there:
            if names.number_of(name) is None:
                self._add(f"{prefix}/{name}", "unexpected", "it is nothing that a registry holds")
        expected = 1
        numbers = sorted(names.numbers_of(there))
        self.newest[prefix] = numbers[-1] if numbers else 0
        for number in numbers:
            if number > expected:
                self._gap(prefix, expected, number - 1)
            yield names.numbered(prefix, number), number
            expected = number + 1

    def _gap(self, prefix: str, first: int, last: int) -> None:
        key = names.numbered(prefix, first)
        if self.store.read(key) is not None:
            return  # a listing made while others write may lack what came before its last name
        what = "it is missing" if first == last else f"it and those to {last}.json are missing"
        self._add(key, "absent", what)

    def _add(self, key: str, rule: str, message: str) -> None:
        # A name on a disk may be bytes that no text holds.
        key, message = (text.encode(errors="backslashreplace").decode() for text in (key, message))
        self.found.append(Finding(key, rule, message))


def _outline(data: bytes, digest: Digest) -> dict[str, Any]:
    """What references need of a blob: hashed, canonical, of a known format."""
    value = documents.document(documents.hashed(data, digest), *documents.BLOB_FORMATS)
    return {
        "format": value["format"],
        "refers": documents.references(value),
        "environment": value.get("environment"),
        "preset": value.get("preset"),
    }
