"""What is kept of a remote registry: objects for ever, checked each time, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry_world import filled, meta, profile, publish, release
from store_wire import Wire

from dialform.errors import LostRace, ObjectAbsent, ObjectCorrupt, RegistryUnreachable
from dialform.presets.canonical import digest
from dialform.registry import Registry
from dialform.registry.cache import CachedStore
from dialform.registry.clouds import Patience
from dialform.registry.location import bucket_of
from dialform.registry.objects import BucketStore
from dialform.registry.verify import verify
from dialform.verifying import verified

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOP = "team/calls/"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A bucket that counts what it is asked."""
    with Wire("s3") as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        yield wire


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where it is kept."""
    return tmp_path / "kept"


def opened(wire: Wire, kept: Path) -> Registry:
    bucket = bucket_of(wire.url)
    assert bucket is not None
    patience = Patience(connect=1, request=1, attempts=2, pause=0.01)
    return Registry(CachedStore(BucketStore(bucket, patience=patience), str(kept)))


@pytest.fixture
def known(wire: Wire, kept: Path, tmp_path: Path) -> Registry:
    """A registry of which one reader on this machine has seen all that is live."""
    writer = opened(wire, tmp_path / "writers")
    writer.create_marker()
    filled(writer)
    everything(opened(wire, kept))
    wire.requests.clear()
    return opened(wire, kept)


def everything(registry: Registry) -> list[object]:
    return [
        registry.versions("collections"),
        registry.entries("prod", "collections"),
        registry.environment("prod"),
        registry.read_blob(digest(profile("one"))),
    ]


def files(kept: Path, name: str) -> list[Path]:
    return [path for path in kept.rglob(name) if path.is_file()]


def test_an_object_is_asked_for_once(known: Registry, wire: Wire) -> None:
    everything(known)
    assert {request for request in wire.requests if not request.startswith("LIST")} == {
        "GET team/calls/registry.json"
    }


def test_what_is_live_is_asked_for_each_time(known: Registry, wire: Wire, tmp_path: Path) -> None:
    before = known.head("prod", "reminder")
    release(opened(wire, tmp_path / "writers"), "reminder", "two")
    after = known.head("prod", "reminder")
    assert before is not None
    assert after is not None
    assert (before.seq, after.seq) == (1, 2)


def test_a_damaged_file_is_read_again_from_the_store(
    known: Registry, wire: Wire, kept: Path
) -> None:
    for path in files(kept, "*.json"):
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    assert everything(known) == everything(opened(wire, kept))
    assert [request for request in wire.requests if "blobs" in request]


def test_a_forged_file_is_refused_and_dropped(known: Registry, wire: Wire, kept: Path) -> None:
    """Its sum fits, its bytes do not: they are hashed like any other."""
    name = digest(profile("one")).removeprefix("sha256:")
    (path,) = files(kept, f"{name}.json")
    (other,) = files(kept, "1.json")[:1]
    path.write_bytes(other.read_bytes())
    with pytest.raises(ObjectCorrupt, match="hash to"):
        known.read_blob(digest(profile("one")))
    assert known.read_blob(digest(profile("one"))) == profile("one")
    del wire


def test_what_is_kept_is_its_users_own(known: Registry, kept: Path) -> None:
    """A registry says how a company speaks to people."""
    assert everything(known)
    assert kept.stat().st_mode & 0o077 == 0


def test_absence_is_never_kept(known: Registry, wire: Wire, tmp_path: Path) -> None:
    with pytest.raises(ObjectAbsent):
        known.read_blob(digest(profile("new")))
    opened(wire, tmp_path / "writers").publish_blob(profile("new"))
    assert known.read_blob(digest(profile("new"))) == profile("new")


def test_damage_in_the_store_is_not_kept_beyond_its_repair(wire: Wire, kept: Path) -> None:
    writer = opened(wire, kept)
    writer.create_marker()
    publish(writer, "collections", "one")
    key = f"{TOP}presets/collections/1.json"
    sound = wire.objects[key]
    wire.objects[key] = sound.replace(b'"version":1', b'"version":2')
    reader = opened(wire, kept / "other")
    with pytest.raises(ObjectCorrupt):
        reader.preset_digest("collections", 1)
    wire.objects[key] = sound
    assert reader.preset_digest("collections", 1) == writer.preset_digest("collections", 1)


def test_without_an_answer_from_the_registry_nothing_is_read_from_here(
    known: Registry, wire: Wire
) -> None:
    wire.buckets.clear()
    with pytest.raises(RegistryUnreachable):
        known.read_blob(digest(profile("one")))


def test_another_registry_at_the_same_url_has_nothing_of_the_first(
    known: Registry, wire: Wire, kept: Path
) -> None:
    _ = known.id
    wire.objects.clear()
    other = opened(wire, kept)
    other.create_marker()
    with pytest.raises(ObjectAbsent):
        other.read_blob(digest(profile("one")))


def test_what_can_not_be_kept_is_read_each_time(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    registry = opened(wire, tmp_path / "file" / "below")
    registry.create_marker()
    filled(registry)
    assert everything(registry) == everything(registry)


def test_verify_reads_the_store_and_nothing_else(known: Registry, wire: Wire) -> None:
    key = next(key for key in wire.objects if "blobs" in key)
    wire.objects[key] += b" "
    assert [finding.rule for finding in verify(known)] == ["digest"]


def test_verify_reads_each_object_once_and_many_at_once(known: Registry, wire: Wire) -> None:
    objects = len(wire.objects)
    assert list(verify(known)) == []
    read = [request for request in wire.requests if request.startswith("GET")]
    assert len([one for one in read if not one.endswith("registry.json")]) == objects - 1
    assert len([one for one in wire.requests if one.startswith("LIST")]) < 20


def test_heads_of_many_logs_are_one_listing(known: Registry, wire: Wire, tmp_path: Path) -> None:
    writer = opened(wire, tmp_path / "writers")
    for at in range(30):
        release(writer, f"p{at:02}", "one")
    wire.requests.clear()
    assert len(dict(known.heads("prod"))) == 32
    assert [one for one in wire.requests if one.startswith("LIST")] == ["LIST "]
    wire.requests.clear()
    glance = known.glance()
    assert len(glance.presets("prod")) == 32
    assert glance.head("prod", "nothing") is None
    assert [one for one in wire.requests if one.startswith("LIST")] == ["LIST "]


def test_names_of_environments_and_presets_read_no_log(
    known: Registry, wire: Wire, tmp_path: Path
) -> None:
    writer = opened(wire, tmp_path / "writers")
    for at in range(30):
        release(writer, f"p{at:02}", "one")
    wire.requests.clear()
    assert len(known.presets("prod")) == 32
    assert known.environments() == ["prod", "staging"]
    assert len(known.presets()) == 32
    assert len([one for one in wire.requests if one.startswith("LIST")]) < 12
    assert {one for one in wire.requests if one.startswith("GET")} == {
        "GET team/calls/registry.json"
    }


def test_a_hold_follows_a_head_that_moved_after_the_listing(
    known: Registry, wire: Wire, tmp_path: Path
) -> None:
    """`stop --all` lists once; what was released since is stopped all the same."""
    glance = known.glance()
    seen = glance.head("prod", "reminder")
    assert seen is not None
    release(opened(wire, tmp_path / "writers"), "reminder", "two")
    held = glance.append(
        "prod", "reminder", "hold", expected=None, meta=meta(9, writer=None, reason="stop")
    )
    assert (held.seq, held.state, held.version) == (3, "held", 2)
    with pytest.raises(LostRace):
        release(glance, "collections", "one", expected=1)


def test_a_glance_says_absent_only_if_the_marker_was_there_after_its_listing(
    known: Registry, wire: Wire
) -> None:
    glance = known.glance()
    _ = glance.id
    del wire.objects[f"{TOP}registry.json"]
    with pytest.raises(RegistryUnreachable):
        glance.head("prod", "nothing")


def test_verify_asks_the_store_and_not_what_was_kept(known: Registry, wire: Wire) -> None:
    """The words of a release that this machine knows were changed there since."""
    sound = verified(known, "prod", "collections").claims
    assert {claim.name for claim in sound if claim.status == "failed"} == {"derivation"}
    key = next(key for key in wire.objects if digest(profile("three"))[7:] in key)
    wire.objects[key] = b"{}"
    damaged = verified(known, "prod", "collections").claims
    assert "profile" in {claim.name for claim in damaged if claim.status == "failed"}
