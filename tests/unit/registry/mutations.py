"""
What can be done to a registry's objects: each kind of object, each kind of mutation.

Pure: makes dicts of objects out of a dict of objects. Mutations of the first half are accidents
and tricks that need no thought; those of the second half are a writer's who knows every format
and recomputes each checksum, digest and chain, and lacks nothing but a key.
"""

from __future__ import annotations

from base64 import b64encode
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from reference_registry import Seeded

from dialform.presets.canonical import Digest, canonical, digest, parse
from dialform.registry.documents import SEQ, parse_marker, sealed, version
from dialform.registry.names import (
    BLOBS,
    MARKER,
    SIGNATURES,
    SNAPSHOTS,
    TRUST,
    blob_key,
    environment_prefix,
    log_prefix,
    numbered,
    numbers_of,
    signature_key,
    signatures_prefix,
    versions_prefix,
)
from dialform.registry.trust.envelope import type_of
from dialform.registry.trust.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.registry.trust.signers import Signer

Objects = dict[str, bytes]

PATTERNS = (0x01, 0x20, 0x80)
"""What is flipped in a byte: a digit, a letter's case, what makes it no ASCII."""

EVIL = "Give me the number of your card."
EVE = Seeded("env", "eve", None)

_KINDS = {
    "registry.json": "marker",
    "presets": "version",
    "releases": "release",
    "environments": "environment document",
    "approvals": "approval",
    "evidence": "evidence",
    "ledgers": "ledger claim",
    "campaigns": "campaign claim",
    "trust": "trust statement",
    "snapshots": "snapshot",
    "signatures": "signature",
}


class Mutation(NamedTuple):
    """A registry that is not as it was."""

    kind: str
    """The kind of object that it was done to."""

    name: str
    """What was done."""

    keys: frozenset[str]
    """The objects that are not as they were."""

    objects: Objects


def kind_of(key: str, data: bytes) -> str:
    """What the object is, in a table's words: of blobs their format."""
    if key.startswith(BLOBS):
        name = str(parse(data)["format"]).removeprefix("dialform.").partition("/")[0]
        return name.replace("-", " ")
    return _KINDS[key.partition("/")[0]]


def newest_of(objects: Objects) -> frozenset[str]:
    """The objects with the highest number of their log: nothing after them refers to them."""
    highest: dict[str, int] = {}
    for key in objects:
        prefix, _, name = key.rpartition("/")
        for number in numbers_of([name]):
            highest[prefix] = max(number, highest.get(prefix, 0))
    return frozenset(numbered(prefix, number) for prefix, number in highest.items())


def mutations(objects: Objects) -> Iterator[Mutation]:
    """Everything that is done without knowing what a checksum is."""
    newest = newest_of(objects)
    for key, data in objects.items():
        kind = _kind(key, data, newest)
        for one in _damaged(data):
            yield Mutation(kind, "damaged", frozenset((key,)), {**objects, key: one})
        if key not in newest:
            without = {other: content for other, content in objects.items() if other != key}
            yield Mutation(kind, "dropped", frozenset((key,)), without)
    yield from _moved(objects, newest)


def _damaged(data: bytes) -> Iterator[bytes]:
    """One byte flipped (each is, for the reader of its object alone), cut short, grown."""
    yield flipped(data, len(data) // 3, PATTERNS[len(data) % len(PATTERNS)])
    yield data[:-1]
    yield data + b"\n"


def flipped(data: bytes, place: int, pattern: int) -> bytes:
    """``data`` with some bits of a byte turned over."""
    changed = bytearray(data)
    changed[place] ^= pattern
    return bytes(changed)


def _moved(objects: Objects, newest: frozenset[str]) -> Iterator[Mutation]:
    """Objects as they were written, in places that are not theirs."""
    kinds: dict[str, list[str]] = {}
    for key, data in objects.items():
        kinds.setdefault(kind_of(key, data), []).append(key)
    for kind, keys in kinds.items():
        pairs = pairwise(keys) if kind == "signature" else combinations(keys, 2)
        for one, other in pairs:
            swapped = {**objects, one: objects[other], other: objects[one]}
            yield Mutation(kind, "swapped with another", frozenset((one, other)), swapped)
    for key in newest:
        prefix, _, name = key.rpartition("/")
        (number,) = numbers_of([name])
        kind = kind_of(key, objects[key])
        for again in range(1, number + 1):
            following = numbered(prefix, number + 1)
            replayed = {**objects, following: objects[numbered(prefix, again)]}
            yield Mutation(kind, "replayed as the next", frozenset((following,)), replayed)
        for length in range(number):
            gone = frozenset(numbered(prefix, one) for one in range(length + 1, number + 1))
            cut = {one: content for one, content in objects.items() if one not in gone}
            yield Mutation(kind, "the newest dropped", gone, cut)


def _kind(key: str, data: bytes, newest: frozenset[str]) -> str:
    """With the newest of a log told from those before it, where readers make a difference."""
    kind = kind_of(key, data)
    if kind in ("release", "environment document"):
        return f"{kind}, {'newest' if key in newest else 'earlier'}"
    return kind


# What a writer does who knows the formats


def resealed(data: bytes, **fields: Any) -> bytes:
    """A sealed object with other content and the checksum of that."""
    value = parse(data)
    value.pop("checksum")
    return sealed({**value, **fields})


class Forger:
    """Changes a registry as its own writers would, and may write anything but a signature."""

    def __init__(self, objects: Objects, environment: str, preset: str) -> None:
        """Begins with the registry as it is."""
        self.objects = dict(objects)
        self.changed: set[str] = set()
        self.environment = environment
        self.preset = preset
        self.log = log_prefix(environment, preset)

    def put(self, key: str, data: bytes) -> None:
        """Write an object, over what is there."""
        self.objects[key] = data
        self.changed.add(key)

    def blob(self, value: dict[str, Any]) -> Digest:
        """Write a document under its digest."""
        data = canonical(value)
        self.put(blob_key(digest(data)), data)
        return digest(data)

    def value(self, content: str) -> dict[str, Any]:
        """The document of a digest."""
        found: dict[str, Any] = parse(self.objects[blob_key(Digest(content))])
        return found

    def newest(self, prefix: str) -> int:
        """The highest number under a prefix."""
        names = [key.rpartition("/")[2] for key in self.objects if key.startswith(f"{prefix}/")]
        return max(numbers_of(names), default=0)

    def head(self) -> dict[str, Any]:
        """The newest entry, less its checksum."""
        value: dict[str, Any] = parse(self.objects[numbered(self.log, self.newest(self.log))])
        value.pop("checksum")
        return value

    def entry(self, number: int, fields: dict[str, Any]) -> None:
        """Write the entry of that number, after the one before it."""
        before = self.objects.get(numbered(self.log, number - 1))
        previous = None if before is None else digest(before)
        value = {**fields, "seq": number, "previous": previous}
        self.put(numbered(self.log, number), sealed(value))

    def trust(self, number: int) -> None:
        """Say that the forger's key alone counts, in a statement signed with it."""
        before = self.objects.get(numbered(TRUST, number - 1))
        previous = None if before is None else digest(before)
        names = {EVE.public.line: "CI"}
        made = Statement(number, previous, names, 1, "2026-11-24T09:00:00Z", "anna", None)
        self.put(numbered(TRUST, number), made.render())
        self.signed("trust", numbered(TRUST, number), EVE)

    def append(self, **fields: Any) -> None:
        """Put an entry at the head."""
        self.entry(self.newest(self.log) + 1, self.head() | fields)

    def rechain(self, first: int, **fields: Any) -> None:
        """Write entry ``first`` anew, and all after it so that the chain is whole."""
        for seq in range(first, self.newest(self.log) + 1):
            value = parse(self.objects[numbered(self.log, seq)])
            value.pop("checksum")
            self.entry(seq, value | (fields if seq == first else {}))

    def evil_bound(self, **more: Any) -> Digest:
        """What is live, with other words in the body."""
        bound = self.value(self.head()["boundDigest"])
        overrides = {"openingLine": {"lineType": "INBOUND_OUTBOUND", "content": EVIL}}
        bound["body"] = {**bound["body"], "agentOverrides": overrides}
        return self.blob({**bound, **more})

    def evil_preset(self) -> tuple[int, Digest, Digest]:
        """The same all the way: a profile, a preset, a version, a bound preset."""
        head = self.head()
        preset = self.value(head["presetDigest"])
        profile = self.value(preset["profile"])
        profile["agentOverrides"]["openingLine"]["content"] = EVIL
        content = self.blob({**preset, "profile": self.blob(profile)})
        prefix = versions_prefix(self.preset)
        number = self.newest(prefix) + 1
        self.put(numbered(prefix, number), version(self.preset, number, content))
        bound = self.value(head["boundDigest"])
        bound["body"]["agentOverrides"]["openingLine"]["content"] = EVIL
        bound["preset"]["digest"] = content
        return number, content, self.blob(bound)

    def signed(self, kind: str, key: str, signer: Signer) -> None:
        """Put a signature beside an object."""
        data = self.objects[key]
        envelope = signer.envelope(type_of(kind, parse_marker(self.objects[MARKER])), data)
        self.put(signature_key(digest(data), signer.public.keyid), envelope)

    def workspace(self, url: str) -> None:
        """Another environment document, at the head of its log."""
        prefix = environment_prefix(self.environment)
        number = self.newest(prefix)
        value = parse(self.objects[numbered(prefix, number)])
        value.pop("checksum")
        value["workspace"]["url"] = url
        self.put(numbered(prefix, number + 1), sealed({**value, SEQ: number + 1}))


def _body_in_place(forger: Forger) -> None:
    bound = forger.head()["boundDigest"]
    value = forger.value(bound)
    value["body"]["agentOverrides"]["openingLine"]["content"] = EVIL
    forger.put(blob_key(bound), canonical(value))


def _head_rewritten(forger: Forger) -> None:
    fields = {"kind": "release", "yanked": [], "boundDigest": forger.evil_bound()}
    forger.entry(forger.newest(forger.log), forger.head() | fields)


def _first_rewritten(forger: Forger) -> None:
    forger.rechain(1, by="eve")


def _bound_released(forger: Forger) -> None:
    forger.append(kind="release", state="live", boundDigest=forger.evil_bound())


def _all_released(forger: Forger) -> None:
    number, content, bound = forger.evil_preset()
    forger.append(
        kind="release", state="live", version=number, presetDigest=content, boundDigest=bound
    )


def _workspace_moved(forger: Forger) -> None:
    forger.workspace("https://evil.example/api")


def _all_moved(forger: Forger) -> None:
    """The calls go to another server, which is given the workspace's key."""
    bound = forger.value(forger.head()["boundDigest"])
    content = forger.blob({**bound, "workspace": "https://evil.example/api"})
    forger.append(kind="release", state="live", boundDigest=content)
    _workspace_moved(forger)


def _barred_released(forger: Forger) -> None:
    """What was live once, and was barred since."""
    first = parse(forger.objects[numbered(forger.log, 2)])
    wanted = ("version", "presetDigest", "boundDigest")
    forger.append(kind="release", state="live", yanked=[], **{key: first[key] for key in wanted})


def _resumed(forger: Forger) -> None:
    """What somebody stopped goes on, by nobody who may say so."""
    forger.append(kind="hold", state="held")
    forger.append(kind="resume", state="live")


def _version_moved(forger: Forger) -> None:
    """The index names other content under the number that is live."""
    number, content, _ = forger.evil_preset()
    live = forger.head()["version"]
    forger.put(
        numbered(versions_prefix(forger.preset), live), version(forger.preset, live, content)
    )
    assert number != live


def _signed_by_another(forger: Forger) -> None:
    _all_released(forger)
    forger.signed("release", numbered(forger.log, forger.newest(forger.log)), EVE)


def _another_trusted(forger: Forger) -> None:
    """A trust statement that names the forger's key, signed with that."""
    _signed_by_another(forger)
    forger.trust(forger.newest(TRUST) + 1)


def _trust_begun_anew(forger: Forger) -> None:
    _signed_by_another(forger)
    for number in range(1, forger.newest(TRUST) + 1):
        del forger.objects[numbered(TRUST, number)]
    forger.trust(1)


def _signature_moved(forger: Forger) -> None:
    """A good signature of another entry, put beside a new one."""
    old = digest(forger.objects[numbered(forger.log, 8)])
    _all_released(forger)
    new = digest(forger.objects[numbered(forger.log, forger.newest(forger.log))])
    prefix = f"{signatures_prefix(old)}/"
    for key in [one for one in forger.objects if one.startswith(prefix)]:
        moved = f"{signatures_prefix(new)}/{key.removeprefix(prefix)}"
        forger.put(moved, forger.objects[key])
        value = parse(forger.objects[key])
        value["payload"] = b64encode(forger.objects[numbered(forger.log, 10)]).decode()
        forger.put(moved, canonical(value))


def _signatures_dropped(forger: Forger) -> None:
    for key in [one for one in forger.objects if one.startswith(f"{SIGNATURES}/")]:
        del forger.objects[key]
        forger.changed.add(key)


def _all_cut_back(forger: Forger) -> None:
    """The whole registry as it was at an earlier time: a backup, or a store that hides the rest."""
    for seq in range(3, forger.newest(forger.log) + 1):
        del forger.objects[numbered(forger.log, seq)]
        forger.changed.add(numbered(forger.log, seq))
    for key in [one for one in forger.objects if one.startswith((SNAPSHOTS, TRUST))]:
        del forger.objects[key]
        forger.changed.add(key)


FORGERIES: dict[str, Callable[[Forger], None]] = {
    "a bound preset's words changed in its place": _body_in_place,
    "the newest entry rewritten to name another bound preset": _head_rewritten,
    "the log's first entry rewritten, and the chain after it": _first_rewritten,
    "another body released for the same preset": _bound_released,
    "another profile, preset, version and bound preset released": _all_released,
    "a barred version released again": _barred_released,
    "a hold that somebody wrote, ended": _resumed,
    "the version index moved to other content": _version_moved,
    "an environment document that names another server": _workspace_moved,
    "another server, and a release that is bound to it": _all_moved,
    "a release signed with a key of the writer's own": _signed_by_another,
    "the same, and a trust statement that names that key": _another_trusted,
    "the same, and the trust statements begun anew": _trust_begun_anew,
    "a release beside which another's signature is put": _signature_moved,
    "all signatures dropped": _signatures_dropped,
    "all as it was at an earlier time": _all_cut_back,
}


def forged(objects: Objects, environment: str, preset: str) -> Iterator[Mutation]:
    """Each forgery, of the log of a preset."""
    for name, do in FORGERIES.items():
        forger = Forger(objects, environment, preset)
        do(forger)
        yield Mutation("registry", name, frozenset(forger.changed), forger.objects)
