"""``verify`` finds and names every kind of damage, and readers refuse what it names."""

from __future__ import annotations

import os
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from registry_world import bound, objects, preset, profile, small_registry

from dialform.errors import (
    ObjectCorrupt,
    RegistryError,
    RegistryUnreachable,
    UnknownFormat,
)
from dialform.presets.canonical import canonical, digest, parse
from dialform.registry import Registry
from dialform.registry.documents import sealed
from dialform.registry.names import blob_key
from dialform.registry.verify import Finding, verify

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = "releases/prod/collections"
VERSIONS = "presets/collections"
REMINDER = "releases/prod/reminder/1.json"


def findings(folder: Path) -> list[Finding]:
    return list(verify(Registry.open(str(folder), base="/")))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine") / "registry"
    small_registry(folder)
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the reference registry, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "registry"))


def test_a_sound_registry_has_no_finding(folder: Path) -> None:
    read = []
    assert list(verify(Registry.open(str(folder), base="/"), lambda: read.append(1))) == []
    assert len(read) == len(objects(folder)), "every object is counted"


def test_a_changed_bit_anywhere_is_found_and_named(folder: Path) -> None:
    """In each object, in each byte; the finding names that object and no other."""
    for key, data in objects(folder).items():
        path = folder / key
        for place in range(0, len(data), 11):
            changed = bytearray(data)
            changed[place] ^= 1 << (place % 8)
            path.write_bytes(changed)
            assert {found.object for found in findings(folder)} == {key}, (key, place)
        path.write_bytes(data)


def test_a_cut_or_grown_object_is_found_and_named(folder: Path) -> None:
    for key, data in objects(folder).items():
        for changed in (b"", data[:-1], data[: len(data) // 2], data + b"\n", data + data):
            (folder / key).write_bytes(changed)
            assert {found.object for found in findings(folder)} == {key}
        (folder / key).write_bytes(data)


def test_a_dropped_object_is_found_and_named(folder: Path) -> None:
    """But for the newest of a list that nothing refers to, which none can know of."""
    newest = {"environments/prod/2.json", "environments/staging/1.json",
              f"{LOG}/7.json", "releases/prod/reminder/1.json",
              "releases/staging/collections/1.json"}  # fmt: skip
    for key, data in objects(folder).items():
        if key == "registry.json":
            continue
        (folder / key).unlink()
        expected = set() if key in newest else {(key, "absent")}
        assert {(found.object, found.rule) for found in findings(folder)} == expected
        (folder / key).write_bytes(data)


def test_swapped_objects_are_found_and_named(folder: Path) -> None:
    stored = objects(folder)
    keys = list(stored)
    for one, other in pairwise(keys):
        (folder / one).write_bytes(stored[other])
        (folder / other).write_bytes(stored[one])
        assert {found.object for found in findings(folder)} == {one, other}
        (folder / one).write_bytes(stored[one])
        (folder / other).write_bytes(stored[other])


def rename(old: str, new: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / old).rename(folder / new)


def add(key: str, data: bytes = b"{}") -> Callable[[Path], Any]:
    def damage(folder: Path) -> None:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)

    return damage


def resealed(key: str, **fields: Any) -> Callable[[Path], Any]:
    """What only a writer with a fault of its own could store: sealed, and wrong."""

    def damage(folder: Path) -> None:
        value = parse((folder / key).read_bytes())
        del value["checksum"]
        (folder / key).write_bytes(sealed({**value, **fields}))

    return damage


def blob(data: bytes) -> tuple[str, bytes]:
    return blob_key(digest(data)), data


ONE = digest(preset("one", digest(profile("one"))))
NOWHERE = "sha256:" + "0" * 64
UNCANONICAL = b'{"format":"dialform.profile/1","agentOverrides":{}}'
TWICE = b'{"agentOverrides":{},"format":"dialform.profile/1","format":"dialform.profile/1"}'
NEWER = b'{"format":"dialform.profile/2"}'
STRANGE = b'{"format":"other"}'
NO_FORMAT = b"[]"
VERSION_BLOB = sealed({"format": "dialform.version/1"})
ORPHAN = preset("one", digest(profile("nowhere")))
LOST_BOUND = bound("prod", "collections", digest(b"nowhere"))
NO_REFERENCE = b'{"format":"dialform.preset/1","profile":"one"}'
STAGING = digest(bound("staging", "collections", ONE, "one"))

DAMAGES: list[tuple[Callable[[Path], Any], str, str, str]] = [
    (add("notes.txt"), "notes.txt", "unexpected", "nothing that a registry holds"),
    (add("blobs/md5/1.json"), "blobs/md5", "unexpected", "nothing that"),
    (add("blobs/sha256/readme"), "blobs/sha256/readme", "unexpected", "nothing that"),
    (add(f"blobs/sha256/{'A' * 64}.json"), f"blobs/sha256/{'A' * 64}.json", "unexpected", ""),
    (add(f"{LOG}/07.json"), f"{LOG}/07.json", "unexpected", "nothing that"),
    (add(f"{VERSIONS}/1.json~"), f"{VERSIONS}/1.json~", "unexpected", "nothing that"),
    (add("environments/prod/head"), "environments/prod/head", "unexpected", "nothing that"),
    (add("presets/Big/1.json"), "presets/Big", "name", "takes 1 to 63"),
    (add("releases/prod/a b/1.json"), "releases/prod/a b", "name", "takes 1 to 63"),
    (add("releases/PROD/a/1.json"), "releases/PROD", "name", "takes 1 to 63"),
    (add("presets/stray"), "presets/stray", "unreadable", "Not a directory"),
    (add("releases/stray"), "releases/stray", "unreadable", "Not a directory"),
    (rename(f"{LOG}/7.json", f"{LOG}/9.json"), f"{LOG}/9.json", "place", "it is entry 7"),
    (rename(f"{LOG}/7.json", f"{LOG}/99.json"), f"{LOG}/7.json", "absent", "those to 98.json"),
    (rename(f"{LOG}/7.json", f"{LOG}/999999999.json"), f"{LOG}/7.json", "absent", "those to 99"),
    (rename("releases/staging", "releases/qa"), "releases/qa/collections/1.json", "place", "st"),
    (rename("environments/staging", "environments/qa"), "environments/qa/1.json", "place", "stag"),
    (rename("presets/reminder", "presets/other"), "presets/other/1.json", "place", "of reminder"),
    (rename("presets/reminder", "presets/other"), "presets/reminder/1.json", "absent", "needed"),
    (add(*blob(UNCANONICAL)), blob(UNCANONICAL)[0], "form", "canonical"),
    (add(*blob(TWICE)), blob(TWICE)[0], "form", "'format' stands twice"),
    (add(*blob(b"\xff")), blob(b"\xff")[0], "form", "not JSON"),
    (add(*blob(b'{"format":NaN}')), blob(b'{"format":NaN}')[0], "form", "NaN"),
    (add(*blob(NO_FORMAT)), blob(NO_FORMAT)[0], "format", "no `format`"),
    (add(*blob(NEWER)), blob(NEWER)[0], "format", "needs a newer dialform"),
    (add(*blob(STRANGE)), blob(STRANGE)[0], "format", "'other' is unknown here"),
    (add(*blob(VERSION_BLOB)), blob(VERSION_BLOB)[0], "format", "dialform.version/1 stands"),
    (add(*blob(ORPHAN)), blob_key(digest(profile("nowhere"))), "absent", "needed by blobs/"),
    (add(*blob(LOST_BOUND)), blob_key(digest(b"nowhere")), "absent", "needed by blobs/"),
    (add(*blob(NO_REFERENCE)), blob(NO_REFERENCE)[0], "content", "'one', which is no digest"),
    (resealed("registry.json", id=""), "registry.json", "content", "its id is ''"),
    (resealed("registry.json", id="../../up"), "registry.json", "content", "its id is '../../up'"),
    (resealed("registry.json", more=1), "registry.json", "content", "'more'"),
    (resealed("registry.json", format="dialform.registry/2"), "registry.json", "format", "newer"),
    (resealed(f"{VERSIONS}/3.json", digest="x"), f"{VERSIONS}/3.json", "content", "'x'"),
    (resealed(f"{VERSIONS}/3.json", digest=ONE), f"{VERSIONS}/3.json", "double", "version 1's"),
    (resealed(f"{VERSIONS}/3.json", digest=ONE), f"{LOG}/3.json", "reference", "and it says"),
    (resealed(f"{VERSIONS}/3.json", digest=NOWHERE), f"blobs/sha256/{'0' * 64}.json", "absent",
     "needed by presets/collections/3.json"),
    (resealed(f"{VERSIONS}/3.json", digest=digest(profile("one"))), f"{VERSIONS}/3.json",
     "reference", "a dialform.profile/1, not a dialform.preset/1"),
    (resealed(f"{VERSIONS}/3.json", version=4), f"{VERSIONS}/3.json", "place", "it is version 4"),
    (resealed(REMINDER, boundDigest=STAGING), REMINDER, "reference", "'staging'"),
    (resealed(REMINDER, boundDigest=NOWHERE), f"blobs/sha256/{'0' * 64}.json", "absent",
     f"needed by {REMINDER}"),
    (resealed(REMINDER, boundDigest=ONE), REMINDER, "reference", "not a dialform.bound-preset"),
    (resealed(REMINDER, presetDigest=NOWHERE), REMINDER, "reference", "and it says"),
    (resealed(REMINDER, version=8), "presets/reminder/8.json", "absent", f"needed by {REMINDER}"),
    (resealed(f"{LOG}/7.json", yanked=[8]), "presets/collections/8.json", "absent", "needed by"),
    (resealed(f"{LOG}/7.json", boundDigest=NOWHERE), f"{LOG}/7.json", "transition", "its state"),
    (resealed(f"{LOG}/7.json", presetDigest=ONE), f"{LOG}/7.json", "transition", "its state"),
    (resealed(f"{LOG}/7.json", previous=None), f"{LOG}/7.json", "transition", "`previous`"),
    (resealed(f"{LOG}/7.json", previous=NOWHERE), f"{LOG}/7.json", "transition", "`previous`"),
    (resealed(f"{LOG}/1.json", previous=NOWHERE), f"{LOG}/1.json", "transition", "`previous`"),
    (resealed(f"{LOG}/1.json", by="eve"), f"{LOG}/2.json", "transition", "`previous`"),
    (resealed(f"{LOG}/7.json", kind="resume", yanked=[]), f"{LOG}/7.json", "transition",
     "is withdrawn in prod"),
    (resealed(f"{LOG}/7.json", kind="hold", state="held", yanked=[]), f"{LOG}/7.json",
     "transition", "can't follow"),
    (resealed(f"{LOG}/7.json", kind="withdraw", yanked=[]), f"{LOG}/7.json", "transition",
     "changes nothing"),
    (resealed("environments/prod/2.json", seq=3), "environments/prod/2.json", "place", "3 of"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "key", "rule", "words"), DAMAGES)
def test_every_kind_of_damage_is_named(
    folder: Path, damage: Callable[[Path], Any], key: str, rule: str, words: str
) -> None:
    damage(folder)
    found = findings(folder)
    assert [(one.object, one.rule) for one in found].count((key, rule)) == 1, found
    assert any(words in one.message for one in found if one.object == key)
    assert len(found) <= 2, "one damage is no flood"


@pytest.mark.parametrize("how", ["folder", "dangling", "loop", "pipe"])
def test_what_is_no_file_is_named(folder: Path, how: str) -> None:
    """And a pipe in an object's place hangs nobody."""
    path = folder / LOG / "7.json"
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("nowhere" if how == "dangling" else path.name)
    found = findings(folder)
    assert [(one.object, one.rule) for one in found] == [(f"{LOG}/7.json", "unreadable")]
    with pytest.raises(RegistryError, match=r"7\.json"):
        Registry.open(str(folder), base="/").head("prod", "collections")


def test_without_its_marker_nothing_is_said_about_what_is_in_it(folder: Path) -> None:
    (folder / "registry.json").unlink()
    registry = Registry.open(str(folder), base=folder.parent)
    with pytest.raises(RegistryUnreachable, match="looks like an unmounted disk"):
        list(verify(registry))
    for call in (
        lambda: registry.exists,
        lambda: registry.head("prod", "nothing"),
        lambda: registry.head("prod", "collections"),
        lambda: registry.publish_blob(profile("new")),
    ):
        with pytest.raises(RegistryUnreachable, match="looks like an unmounted disk"):
            call()
    with pytest.raises(RegistryError, match=r"restore its registry\.json"):
        registry.create_marker()


def test_readers_refuse_every_changed_object(folder: Path) -> None:
    """What a launcher reads: the head, the bound preset, the environment."""
    registry = Registry.open(str(folder), base="/")
    head = registry.head("prod", "collections")
    assert head is not None
    reads: dict[str, Callable[[Registry], object]] = {
        f"{LOG}/7.json": lambda fresh: fresh.head("prod", "collections"),
        f"{LOG}/2.json": lambda fresh: fresh.entries("prod", "collections"),
        blob_key(head.bound_digest): lambda fresh: fresh.read_blob(head.bound_digest),
        "environments/prod/2.json": lambda fresh: fresh.environment("prod"),
        f"{VERSIONS}/2.json": lambda fresh: fresh.preset_digest("collections", 2),
        "registry.json": lambda fresh: fresh.head("prod", "collections"),
    }
    for key, read in reads.items():
        data = (folder / key).read_bytes()
        for place in range(0, len(data), 17):
            changed = bytearray(data)
            changed[place] ^= 1
            (folder / key).write_bytes(changed)
            with pytest.raises((ObjectCorrupt, UnknownFormat)) as caught:
                read(Registry.open(str(folder), base="/"))
            assert key in str(caught.value)
        (folder / key).write_bytes(data)
        read(Registry.open(str(folder), base="/"))


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (f"{LOG}/3.json", {"by": "eve"}),
        (f"{LOG}/1.json", {"previous": NOWHERE}),
        (f"{LOG}/7.json", {"previous": None}),
    ],
)
def test_a_whole_log_is_read_with_its_chain(
    folder: Path, key: str, fields: dict[str, object]
) -> None:
    """Entry by entry it is sound; one of them was written anew."""
    resealed(key, **fields)(folder)
    registry = Registry.open(str(folder), base="/")
    with pytest.raises(ObjectCorrupt, match="`previous` is not the digest of the entry before"):
        registry.entries("prod", "collections")


def test_a_newer_format_asks_for_a_newer_dialform(folder: Path) -> None:
    resealed(f"{LOG}/7.json", format="dialform.release/2")(folder)
    with pytest.raises(UnknownFormat, match=r"7\.json: .*needs a newer dialform; upgrade"):
        Registry.open(str(folder), base="/").head("prod", "collections")
    resealed("registry.json", format="dialform.registry/2")(folder)
    with pytest.raises(UnknownFormat, match=r"registry\.json: .*needs a newer dialform"):
        Registry.open(str(folder), base="/").versions("collections")


def test_a_gap_stops_readers_and_writers(folder: Path) -> None:
    """What is lost could have been a hold, and its number is never given again."""
    (folder / LOG / "5.json").unlink()
    (folder / VERSIONS / "2.json").unlink()
    registry = Registry.open(str(folder), base="/")
    for call in (
        lambda: registry.head("prod", "collections"),
        lambda: registry.entries("prod", "collections"),
        lambda: registry.versions("collections"),
        lambda: registry.publish_version("collections", ONE),
        lambda: registry.preset_digest("collections", 2),
    ):
        with pytest.raises(ObjectCorrupt, match="it is missing; restore it from a backup"):
            call()


def test_a_damaged_blob_is_not_taken_for_published(folder: Path) -> None:
    path = folder / blob_key(digest(profile("one")))
    path.write_bytes(b"{}")
    registry = Registry.open(str(folder), base="/")
    with pytest.raises(ObjectCorrupt, match="its bytes hash to"):
        registry.publish_blob(profile("one"))


def test_a_registry_that_goes_away_while_it_is_read_is_an_error(folder: Path) -> None:
    """Not a list of findings: nothing is known of what is in it."""
    count = 0

    def unmount() -> None:
        nonlocal count
        count += 1
        if count == 5:
            folder.rename(folder.with_name("gone"))
            folder.mkdir()

    with pytest.raises(RegistryUnreachable, match="went away"):
        list(verify(Registry.open(str(folder), base="/"), unmount))


def test_another_registry_in_its_place_is_noticed(folder: Path) -> None:
    registry = Registry.open(str(folder), base="/")
    assert registry.head("prod", "nothing") is None
    (folder / "registry.json").write_bytes(
        canonical(parse(sealed({"format": "dialform.registry/1", "id": "another"})))
    )
    with pytest.raises(RegistryUnreachable, match="became another registry"):
        registry.head("prod", "nothing")
