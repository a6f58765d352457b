"""
The registry: blobs, versions, environments and release logs in a store.

Every write creates an object, after all that it refers to, so that any prefix of the writes is
valid and a killed writer's work is completed by the next run of the same. How bytes become
durable is the store's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.errors import (
    LostRace,
    ObjectAbsent,
    ObjectCorrupt,
    RegistryError,
    UnknownFormat,
    Untrusted,
    UsageError,
)
from dialform.presets.canonical import Digest, is_digest
from dialform.presets.canonical import digest as digest_of
from dialform.registry import documents, names
from dialform.registry.approvals import Approval, parse_approval
from dialform.registry.claims import CampaignClaim, Claim, parse_campaign_claim, parse_claim
from dialform.registry.documents import Damage
from dialform.registry.entries import MOVING, is_text, is_time
from dialform.registry.evidence import Evidence, Tally, parse_evidence
from dialform.registry.folder import FolderStore
from dialform.registry.location import bucket_of, folder_of, is_inside
from dialform.registry.logs import BRAKES, Log
from dialform.registry.place import Place
from dialform.registry.plain import parse_plain
from dialform.registry.store import Remote, origin
from dialform.registry.transitions import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

    from dialform.registry.entries import Entry, Kind, Meta
    from dialform.registry.store import Store
    from dialform.registry.trust.guard import Guard, Trust
    from dialform.registry.trust.issuing import Issuer
    from dialform.registry.trust.signers import Signer

_GIVEN = "the document to publish"


class Registry:
    """
    What was published and what is live. Thread-safe; opening it touches nothing.

    Every method but ``create_marker`` and the ``publish_`` ones needs a registry that is
    there, see ``exists``, and raises

    * `RegistryUnreachable` in any doubt whether what it looks for is there;
    * `ObjectCorrupt` for an object that is not what its name, place or form says;
    * `UnknownFormat` for an object that a newer dialform wrote;
    * `UsageError` for a name that can't be an environment's or a preset's;
    * `Untrusted`, where it was given a ``trust``, for what that does not believe.
    """

    def __init__(
        self,
        store: Store,
        *,
        may_create: bool = False,
        trust: Trust | None = None,
        signer: Callable[[], Signer | None] | None = None,
    ) -> None:
        """
        Touch nothing.

        Args:
            store: where it is.
            may_create: publishing into a place that is not there yet creates it.
            trust: what is demanded of environments, releases, approvals and evidence before
                they are returned; None: what they are by themselves.
            signer: gives who signs what is written, asked when something is; None: nobody.

        """
        self.store = store
        self._place = Place(store, may_create=may_create)
        self._signer = signer
        self.guard: Guard | None = None
        """Holds what is read to what a reader believes; None where it was opened without."""
        if trust is not None:
            from dialform.registry.trust.guard import Guard  # noqa: PLC0415 - where it is asked for

            self.guard = Guard(self._place, trust)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        base: str | PathLike[str],
        trust: Trust | None = None,
        signer: Callable[[], Signer | None] | None = None,
    ) -> Registry:
        """
        The registry at ``url``.

        That is a folder, relative to ``base`` or absolute, or ``file://``; or a place in a
        bucket: ``s3://bucket/prefix``, ``gs://bucket/prefix``, ``az://container/prefix``.
        A registry that lies inside ``base``, the project, is created by its first publication;
        any other is created with ``create_marker``. ``trust`` and ``signer`` are as for the class.

        Raises:
            SettingError: for a URL that means neither.

        """
        bucket = bucket_of(url)
        if bucket is not None:
            from dialform.registry.cache import CachedStore, cache_folder  # noqa: PLC0415  # remote
            from dialform.registry.objects import BucketStore  # noqa: PLC0415

            store = CachedStore(BucketStore(bucket), cache_folder())
            return cls(store, trust=trust, signer=signer)
        path = folder_of(url, base)
        return cls(
            FolderStore(path, url=url),
            may_create=is_inside(path, base),
            trust=trust,
            signer=signer,
        )

    @property
    def url(self) -> str:
        """Where it is, as its user wrote it."""
        return self.store.url

    def glance(self) -> Registry:
        """
        The registry as it is now, for what reads many of its logs.

        It asks little where each question costs a round trip, see `listed`; elsewhere it is
        the registry itself.
        """
        if not isinstance(self.store, Remote):
            return self
        from dialform.registry.listed import ListedStore, newest  # noqa: PLC0415  # remote only

        trust = None if self.guard is None else self.guard.trust
        store = ListedStore(self.store, newest, signed=trust is not None)
        return Registry(store, trust=trust, signer=self._signer)

    def warm(self, pins: Iterable[tuple[str, int, Digest]]) -> None:
        """
        Read, many at once, what is kept for ever of presets: name, version and digest of each.

        Only where reading costs a round trip; what can't be read is left to who needs it.
        """
        if isinstance(self.store, Remote):
            from dialform.registry.listed import warm  # noqa: PLC0415  # remote only

            _ = self.id
            warm(self.store, pins)

    @property
    def origin(self) -> Store:
        """Its store, without what this machine kept of it: for who verifies what is there."""
        return origin(self.store)

    @property
    def _is_far(self) -> bool:
        """Whether each listing costs a round trip: what makes many takes a `glance`."""
        if not isinstance(self.store, Remote):
            return False
        from dialform.registry.listed import ListedStore  # noqa: PLC0415  # remote only

        return not isinstance(self.store, ListedStore)

    @property
    def exists(self) -> bool:
        """
        Whether it is there; False only where its first publication would create it.

        Raises:
            RegistryUnreachable: for a place without a readable marker, and for a place that
                is absent but lies outside the project: it may be a disk that is not mounted.

        """
        return self._place.exists

    @property
    def id(self) -> str:
        """The registry's own id, a UUID."""
        return self._place.require()

    def create_marker(self) -> bool:
        """
        Make the store a registry, unless it is one. Returns whether this call did.

        Raises:
            RegistryError: if the place holds other things.

        """
        return self._place.create_marker()

    # Blobs

    def read_blob(self, digest: Digest) -> bytes:
        """
        The bytes of that digest, hashed.

        Raises:
            ObjectAbsent: if there are none.

        """
        key = _blob_key(digest)
        data = self._place.read(key)
        if data is None:
            raise self._place.absent(key, "the registry has no such document")
        return self._place.checked(key, documents.hashed, data, digest)

    def read_document(self, digest: Digest, format: str) -> dict[str, Any]:  # noqa: A002  # its key
        """
        The document of that digest and format: hashed, and in canonical form.

        Raises:
            ObjectAbsent: if there is none.

        """
        data = self.read_blob(digest)
        return self._place.checked(_blob_key(digest), documents.document, data, format)

    def publish_blob(self, data: bytes) -> Digest:
        """
        Keep a profile, a preset, a bound preset or what it leans on; again is no change.

        Raises:
            RegistryError: if ``data`` is not a canonical document of such a format.
            ObjectAbsent: if the document that it refers to was not published before it.

        """
        try:
            value = documents.document(data, *documents.BLOB_FORMATS)
            references = documents.references(value)
        except Damage as damage:
            raise RegistryError(f"{_GIVEN} is refused: {damage}") from None
        self._place.require_writable()
        for reference in references:
            self.read_document(*reference)
        digest = digest_of(data)
        if not self.store.create(names.blob_key(digest), data):
            self.read_blob(digest)
        return digest

    # Versions

    def presets(self, environment: str | None = None) -> list[str]:
        """The presets that have versions; with ``environment``, those with a log there."""
        if self._is_far:
            return self.glance().presets(environment)
        if environment is None:
            return self._place.folders(names.PRESETS)
        names.check_name(environment, "environment")
        return self._place.folders(f"{names.RELEASES}/{environment}")

    def versions(self, preset: str) -> list[tuple[int, Digest]]:
        """All versions of a preset, oldest first; none if there is no such preset."""
        numbers = self._place.numbers(names.versions_prefix(preset))
        return [(number, self._version(preset, number)) for number in numbers]

    def version_of(self, preset: str, digest: Digest) -> int | None:
        """The number of that content; None if it was never published under this name."""
        numbers = self._place.numbers(names.versions_prefix(preset))
        return next((n for n in reversed(numbers) if self._version(preset, n) == digest), None)

    def preset_digest(self, preset: str, version: int) -> Digest:
        """
        The content of a version.

        Raises:
            ObjectAbsent: if there is no such version.

        """
        prefix = names.versions_prefix(preset)
        key = names.numbered(prefix, version)
        data = self._place.read(key)
        if data is None:
            newest = len(self._place.numbers(prefix))
            there = f"the newest is {newest}" if newest else "it has none"
            raise self._place.absent(key, f"{preset} has no version {version}; {there}")
        return self._place.checked(key, documents.parse_version, data, preset, version)

    def publish_version(self, preset: str, digest: Digest) -> int:
        """
        The version of that content under that name: its own, or else the next.

        Raises:
            ObjectAbsent: if the content's document was not published before it.

        """
        prefix = names.versions_prefix(preset)
        self._place.require_writable()
        self.read_document(digest, documents.PRESET)
        numbers = self._place.numbers(prefix)
        for number in numbers:
            if self._version(preset, number) == digest:
                return number
        number = len(numbers) + 1
        # Number n is only tried once all before it are known to be of other content.
        while not self.store.create(
            names.numbered(prefix, number), documents.version(preset, number, digest)
        ):
            if self._version(preset, number) == digest:
                break
            number += 1
        return number

    # Environments

    def environments(self) -> list[str]:
        """The environments that have a document or a log."""
        if self._is_far:
            return self.glance().environments()
        logged = [
            name
            for name in self._place.names(names.RELEASES)
            if names.name_fault(name) is None and self.presets(name)
        ]
        return sorted({*self._place.folders(names.ENVIRONMENTS), *logged})

    def environment(self, environment: str) -> dict[str, Any] | None:
        """What launchers need besides: the newest document; None if there is none."""
        numbers = self._place.numbers(names.environment_prefix(environment))
        if not numbers:
            if self.guard is not None:
                self.guard.document(environment, 0, None)
            return None
        data, value = self._environment(environment, numbers[-1])
        if self.guard is not None:
            self.guard.document(environment, numbers[-1], digest_of(data))
        return value

    def publish_environment(self, environment: str, doc: bytes) -> int:
        """
        Put ``doc`` at the head of the environment's documents, unless it is the head.

        Returns:
            The head's number.

        Raises:
            RegistryError: if ``doc`` is not that environment's canonical document.
            LostRace: if another one was published at this moment.

        """
        prefix = names.environment_prefix(environment)
        try:
            value = documents.document(doc, documents.ENVIRONMENT)
        except Damage as damage:
            raise RegistryError(f"{_GIVEN} is refused: {damage}") from None
        if value.get("environment") != environment or value.keys() & _PLACED:
            raise RegistryError(f"{_GIVEN} is not one of environment {environment}")
        self._place.require_writable()
        number = len(self._place.numbers(prefix))
        if number:
            data, there = self._environment(environment, number)
            if there == value:
                self.sign("environment", data)
                return number
        number += 1
        key = names.numbered(prefix, number)
        data = documents.environment(value, number)
        created = self.store.create(key, data)
        if not created and self._environment(environment, number)[1] != value:
            raise LostRace(
                f"environment {environment} was published by somebody else at this moment, with "
                "other settings: find out who, then run it again"
            )
        self.sign("environment", data)
        return number

    # Release logs

    def head(self, environment: str, preset: str) -> Entry | None:
        """The newest entry of a log; None if there is no log. What is only proposed is none."""
        return self._believed(Log(self._place, environment, preset))

    def _believed(self, log: Log) -> Entry | None:
        return log.head() if self.guard is None else self.guard.head(log, log.head())

    def entries(self, environment: str, preset: str) -> list[Entry]:
        """All entries up to the `head`, newest last, each checked against the one after it."""
        log = Log(self._place, environment, preset)
        found = list(log.newest_first())[::-1]
        if self.guard is None:
            return found
        head = self.guard.head(log, found[-1] if found else None)
        return found[: 0 if head is None else head.seq]

    def find_release(
        self,
        environment: str,
        preset: str,
        *,
        version: int | None = None,
        digest: Digest | None = None,
    ) -> Entry:
        """
        The newest release, in that environment, of a version or of a digest.

        ``digest`` is a bound preset's, or else a preset's.

        Raises:
            ObjectAbsent: if it was never released there.

        """
        log = Log(self._place, environment, preset)
        if self.guard is None:
            return log.find(version=version, digest=digest)
        try:
            return log.find(version=version, digest=digest, counts=self.guard.counts)
        except ObjectAbsent:
            entry = log.find(version=version, digest=digest)
            self.guard.entry(entry)
            return entry

    def append(  # noqa: PLR0913  # an entry has that many sides
        self,
        environment: str,
        preset: str,
        kind: Kind,
        *,
        expected: int | None,
        meta: Meta,
        version: int | None = None,
        preset_digest: Digest | None = None,
        bound_digest: Digest | None = None,
        references: Digest | None = None,
        yank_version: int | None = None,
        take_over: str | None = None,
    ) -> Entry:
        """
        Put an entry at a log's head, or find that the head says the same already.

        ``expected`` is the ``seq`` that the author saw at the head, 0 for no log. None means
        the head as it is now: then ``hold``, ``withdraw`` and ``yank`` follow a head that
        moves at this very moment, while ``release``, ``rollback`` and ``resume`` lose the race.
        ``take_over`` names the writer whose log ``meta.writer`` takes over.

        Raises:
            LostRace: if the head is not the one that the author saw.
            Refused: by a hold, a yank, another writer, or the log's state.
            ObjectAbsent: if what is released was not published before, or there is no log.

        """
        log = Log(self._place, environment, preset)
        change = Change(kind, version, preset_digest, bound_digest, yank_version, references)
        self._place.require_writable()

        def check(entry: Entry) -> None:
            self._check_references(entry)
            self._check_signable(log, entry)

        entry = log.append(change, meta, expected=expected, take_over=take_over, check=check)
        self.sign_entry(entry)
        self._say_proposed(entry)
        return entry

    def heads(self, environment: str) -> Iterator[tuple[str, Entry | RegistryError]]:
        """
        The head of each log in an environment, by preset; the error of one that can't be read.

        Lists each folder once, where ``presets`` and ``head`` for each list them twice.
        """
        names.check_name(environment, "environment")
        if self._is_far:
            yield from self.glance().heads(environment)
            return
        for preset in self._place.names(f"{names.RELEASES}/{environment}"):
            if names.name_fault(preset) is not None:
                continue
            try:
                head = self._believed(Log(self._place, environment, preset, parse_plain))
            except (ObjectCorrupt, UnknownFormat, Untrusted) as error:
                yield preset, error
            else:
                if head is not None:
                    yield preset, head

    # Signatures

    @property
    def signer(self) -> Signer | None:
        """
        Who signs what is written; None: nobody.

        Raises:
            SettingError: it is said in a form that names none.

        """
        return None if self._signer is None else self._signer()

    @property
    def issuer(self) -> Issuer:
        """Writes trust statements and snapshots, under this process's signer."""
        from dialform.registry.trust.issuing import Issuer  # noqa: PLC0415 - where keys are used

        return Issuer(self._place, self._signer)

    def sign_environment(self, environment: str) -> bool:
        """
        Put the signer's signature beside the environment's newest document.

        Returns:
            Whether there is a new one.

        Raises:
            ObjectAbsent: there is no such document.
            SettingError: the signer can't sign.

        """
        numbers = self._place.numbers(names.environment_prefix(environment))
        if not numbers:
            raise ObjectAbsent(f"{self.url}: the registry has no environment {environment!r}")
        return self.sign("environment", self._environment(environment, numbers[-1])[0])

    def sign(self, kind: str, data: bytes) -> bool:
        """
        Put the signature of this process's signer beside an object, by its stored bytes.

        Returns:
            Whether there is a new one: there is no signer, or it has signed already.

        Raises:
            SettingError: the signer can't sign.

        """
        signer = self.signer
        if signer is None:
            return False
        from dialform.registry.trust.signing import sign  # noqa: PLC0415 - where keys are used

        return sign(self._place, kind, data, signer)

    def sign_entry(self, entry: Entry) -> bool:
        """
        The same for an entry of a log.

        Where what it takes over is not signed, a brake is left as it is: it counts without.

        Raises:
            Untrusted: it is no brake, and what it takes over is not signed.
            SettingError: the signer can't sign.

        """
        signer = self.signer
        if signer is None:
            return False
        from dialform.registry.trust.signing import (  # noqa: PLC0415 - where keys are used
            check_startable,
            sign,
            signature_fault,
        )

        log = Log(self._place, entry.environment, entry.preset)
        fault = signature_fault(self._place, log, entry, signer.public, self.guard)
        check_startable(log, entry, fault)
        return fault is None and sign(self._place, "release", entry.render(), signer)

    # Approvals

    def approved(self, environment: str) -> set[Digest]:
        """The preset digests that somebody approved for an environment."""
        names.check_name(environment, "environment")
        found = self._place.names(f"{names.APPROVALS}/{environment}")
        return {digest for name in found if (digest := names.digest_of_folder(name)) is not None}

    def approvals(self, environment: str, digest: Digest) -> list[Approval]:
        """
        All approvals of a preset's digest for an environment, oldest first.

        With pinned keys those that a key which counts signed, and no two by the same key.
        """
        found = self._approvals(environment, digest)
        if self.guard is None or self.guard.trust.keys is None:
            return found
        used: set[str] = set()
        counted: list[Approval] = []
        for one in found:
            by = (self.guard.signers("approval", digest_of(one.render())) or frozenset()) - used
            if by:
                used.add(min(by))
                counted.append(one)
        self._say_uncounted(len(found) - len(counted), f"approvals of {digest} for {environment}")
        return counted

    def approve(self, environment: str, preset: str, digest: Digest, meta: Meta) -> Approval:
        """
        Record that ``meta.by`` approves a preset's content for an environment.

        Again by the same person is no change: the first is returned.

        Raises:
            ObjectAbsent: if that content was never published under that name.
            UsageError: for a ``meta`` without ``by``, or what can't be stored.

        """
        prefix = names.approvals_prefix(environment, digest)
        self._place.require_writable()
        version = self.version_of(preset, digest)
        if version is None:
            raise ObjectAbsent(f"{preset} has no version of the content {digest}")
        if not meta.by or not (is_time(meta.time) and is_text(meta.by) and is_text(meta.reason)):
            raise UsageError(f"{meta} is no approval: it takes who, when in UTC, and text")
        self.read_document(digest, documents.PRESET)
        found = self._approvals(environment, digest)
        while True:
            for one in found:
                if (one.by, one.preset) == (meta.by, preset):
                    self.sign("approval", one.render())
                    return one
            number = found[-1].seq + 1 if found else 1
            made = Approval(
                environment, preset, version, digest, number, meta.by, meta.time, meta.reason,
                meta.commit,
            )  # fmt: skip
            if self.store.create(names.numbered(prefix, number), made.render()):
                self.sign("approval", made.render())
                return made
            found = [self._approval(environment, digest, number)]

    # Evidence

    def evidence(self, environment: str, preset: str, version: int) -> list[Evidence]:
        """
        All that was published of the dials of a version in an environment, oldest first.

        With pinned keys that which a key that counts signed.
        """
        found = self._all_evidence(environment, preset, version)
        if self.guard is None or self.guard.trust.keys is None:
            return found
        counted = [one for one in found if self.guard.signers("evidence", digest_of(one.render()))]
        what = f"publications of dials of version {version} of {preset} in {environment}"
        self._say_uncounted(len(found) - len(counted), what)
        return counted

    def publish_evidence(  # noqa: PLR0913, PLR0917  # it has that many sides
        self, environment: str, preset: str, digest: Digest, ledger: str, tally: Tally, meta: Meta
    ) -> Evidence:
        """
        Record what came of a ledger's dials with that content.

        The same counts again are no change: the first are returned.

        Raises:
            ObjectAbsent: if that content was never published under that name.
            UsageError: for a ``meta`` that can't be stored.

        """
        self._place.require_writable()
        version = self.version_of(preset, digest)
        if version is None:
            raise ObjectAbsent(f"{preset} has no version of the content {digest}")
        if not (is_time(meta.time) and is_text(meta.by) and ledger):
            raise UsageError(f"{meta} is of no evidence: it takes when in UTC, and text")
        prefix = names.evidence_prefix(environment, preset, version)
        found = self._all_evidence(environment, preset, version)
        while True:
            last = next((one for one in reversed(found) if one.ledger == ledger), None)
            if last is not None and last.tally == tally:
                self.sign("evidence", last.render())
                return last
            number = found[-1].seq + 1 if found else 1
            made = Evidence(
                environment, preset, version, digest, number, ledger, meta.time, meta.by, tally
            )
            if self.store.create(names.numbered(prefix, number), made.render()):
                self.sign("evidence", made.render())
                return made
            found.append(self._evidence(environment, preset, version, number))

    def _all_evidence(self, environment: str, preset: str, version: int) -> list[Evidence]:
        prefix = names.evidence_prefix(environment, preset, version)
        return [
            self._evidence(environment, preset, version, number)
            for number in self._place.numbers(prefix)
        ]

    def _evidence(self, environment: str, preset: str, version: int, number: int) -> Evidence:
        key = names.numbered(names.evidence_prefix(environment, preset, version), number)
        data = self._place.demand(key)
        return self._place.checked(key, parse_evidence, data, environment, preset, version, number)

    # Ledgers

    def newest_claim(self, ledger: str) -> Claim | None:
        """The newest claim of the ledger with that id; None if it never claimed a place."""
        prefix = names.claims_prefix(ledger)
        numbers = self._place.numbers(prefix)
        if not numbers:
            return None
        return self._claim(ledger, numbers[-1])

    def claim(self, claim: Claim) -> Claim:
        """Write a ledger's claim; the one that has its number now: itself, if none had it."""
        key = names.numbered(names.claims_prefix(claim.ledger), claim.seq)
        self._place.require_writable()
        if self.store.create(key, claim.render()):
            return claim
        return self._claim(claim.ledger, claim.seq)

    def claim_campaign(self, claim: CampaignClaim) -> CampaignClaim:
        """Claim a campaign's name; the claim that stands: itself, if nobody had it."""
        key = names.campaign_key(claim.environment, claim.name)
        self._place.require_writable()
        if self.store.create(key, claim.render()):
            return claim
        data = self._place.demand(key)
        return self._place.checked(key, parse_campaign_claim, data, claim.environment, claim.name)

    def _claim(self, ledger: str, number: int) -> Claim:
        key = names.numbered(names.claims_prefix(ledger), number)
        data = self._place.demand(key)
        return self._place.checked(key, parse_claim, data, ledger, number)

    def _approvals(self, environment: str, digest: Digest) -> list[Approval]:
        prefix = names.approvals_prefix(environment, digest)
        return [
            self._approval(environment, digest, number) for number in self._place.numbers(prefix)
        ]

    def _approval(self, environment: str, digest: Digest, number: int) -> Approval:
        key = names.numbered(names.approvals_prefix(environment, digest), number)
        data = self._place.demand(key)
        return self._place.checked(key, parse_approval, data, environment, digest, number)

    def _check_references(self, entry: Entry) -> None:
        """All that a new entry refers to is there, and fits."""
        if entry.kind == "yank":
            self.preset_digest(entry.preset, entry.subject)
        if entry.kind not in MOVING:
            return
        if self.preset_digest(entry.preset, entry.version) != entry.preset_digest:
            raise RegistryError(
                f"version {entry.version} of {entry.preset} is not {entry.preset_digest}"
            )
        if entry.references is not None:
            self.read_document(entry.references, documents.REFERENCES)
        bound = self.read_document(entry.bound_digest, documents.BOUND_PRESET)
        fault = documents.bound_fault(bound, entry.environment, entry.preset, entry.preset_digest)
        if fault is not None:
            raise RegistryError(f"bound preset {entry.bound_digest}: {fault}")

    def _say_uncounted(self, count: int, what: str) -> None:
        if count and self.guard is not None:
            self.guard.say(f"{count} {what} count for nothing: no key that counts signed them")

    def _check_signable(self, log: Log, entry: Entry) -> None:
        """What starts calls is not written where it could not be signed."""
        signer = self.signer
        pinned = self.guard is not None and self.guard.trust.keys is not None
        if signer is None and not pinned:
            return
        from dialform.registry.trust.signing import (  # noqa: PLC0415 - where keys are used
            STARTING,
            check_startable,
            signature_fault,
        )

        if signer is None:
            check_startable(log, entry, "keys are pinned and DIALFORM_SIGNER names none to sign it")
        else:
            if self.guard is not None and entry.kind in STARTING:
                check_startable(log, entry, self.guard.signer_fault(signer.public))
            fault = signature_fault(self._place, log, entry, signer.public, self.guard)
            check_startable(log, entry, fault)

    def _say_proposed(self, entry: Entry) -> None:
        """What too few signed starts nothing yet, whatever its author is told of it."""
        if self.guard is None or self.guard.trust.keys is None or entry.kind in BRAKES:
            return
        if not self.guard.counts(entry):
            where = f"{entry.preset} in {entry.environment}"
            self.guard.say(
                f"{entry.describe()} of {where} waits for signatures, and what was live before it "
                f"goes on until then: `dialform registry sign -s {entry.environment}` adds one"
            )

    def _version(self, preset: str, number: int) -> Digest:
        key = names.numbered(names.versions_prefix(preset), number)
        data = self._place.demand(key)
        return self._place.checked(key, documents.parse_version, data, preset, number)

    def _environment(self, environment: str, number: int) -> tuple[bytes, dict[str, Any]]:
        key = names.numbered(names.environment_prefix(environment), number)
        data = self._place.demand(key)
        value = self._place.checked(key, documents.parse_environment, data, environment, number)
        return data, value


_PLACED = frozenset((documents.CHECKSUM, documents.SEQ))
"""The keys that the registry adds to an environment's document."""


def _blob_key(digest: Digest) -> str:
    if not is_digest(digest):
        raise RegistryError(f"{digest!r} is not a digest: it takes sha256:<64 hex digits>")
    return names.blob_key(digest)
