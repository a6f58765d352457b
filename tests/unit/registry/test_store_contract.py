"""
What the registry asks of a store, asked of each: the folder, memory, a real S3 server, the wires.

The rules of the registry itself are the folder's tests, collected here again for every store.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from registry_world import filled, publish, release
from store_wire import Wire
from test_approvals import (
    test_an_approval_is_kept_once_for_each_person,
    test_many_at_once_are_all_kept,
    test_what_was_never_published_can_not_be_approved,
)
from test_evidence import (
    test_evidence_is_kept_once_for_the_same_counts,
    test_ledgers_at_once_are_all_kept,
    test_there_is_none_of_what_was_never_published,
)
from test_registry import (
    test_a_held_log_is_not_moved,
    test_a_release_is_refused_where_the_head_is_not_the_one_seen,
    test_absent_things_are_named,
    test_an_environment_takes_only_its_own_document,
    test_another_stack_is_refused_and_told_the_way_out,
    test_bad_names_reach_no_store,
    test_blobs_come_back_as_they_were,
    test_environments_keep_their_newest_document,
    test_only_a_version_that_there_is_can_be_yanked,
    test_the_same_content_has_the_same_version,
    test_what_a_release_names_must_be_there_and_fit,
    test_what_is_no_digest_is_not_looked_up,
    test_what_refers_comes_after_what_it_refers_to,
)

from dialform.errors import LostRace
from dialform.registry import Entry, FolderStore, Registry
from dialform.registry.cache import CachedStore
from dialform.registry.clouds import Patience
from dialform.registry.location import Bucket, bucket_of
from dialform.registry.objects import BucketStore
from dialform.registry.store import Remote
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialform.registry.store import Store

__all__ = [  # collected from where they are written
    "test_a_held_log_is_not_moved",
    "test_a_release_is_refused_where_the_head_is_not_the_one_seen",
    "test_absent_things_are_named",
    "test_an_approval_is_kept_once_for_each_person",
    "test_an_environment_takes_only_its_own_document",
    "test_another_stack_is_refused_and_told_the_way_out",
    "test_bad_names_reach_no_store",
    "test_blobs_come_back_as_they_were",
    "test_environments_keep_their_newest_document",
    "test_evidence_is_kept_once_for_the_same_counts",
    "test_ledgers_at_once_are_all_kept",
    "test_many_at_once_are_all_kept",
    "test_only_a_version_that_there_is_can_be_yanked",
    "test_the_same_content_has_the_same_version",
    "test_there_is_none_of_what_was_never_published",
    "test_what_a_release_names_must_be_there_and_fit",
    "test_what_is_no_digest_is_not_looked_up",
    "test_what_refers_comes_after_what_it_refers_to",
    "test_what_was_never_published_can_not_be_approved",
]

QUICK = Patience(connect=2, request=5, attempts=4, pause=0.01)


@pytest.fixture(params=["folder", "memory", "s3", "cached s3", "s3 wire", "gs wire", "az wire"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """A place that is there and where nothing is."""
    kind: str = request.param
    with contextlib.ExitStack() as stack:
        if kind == "folder":
            (tmp_path / "registry").mkdir()
            yield FolderStore(tmp_path / "registry")
        elif kind == "memory":
            from obstore.store import MemoryStore  # noqa: PLC0415

            yield BucketStore(Bucket("s3", "memory", ""), store=MemoryStore())
        elif kind.endswith("wire"):
            wire = stack.enter_context(Wire(kind[:2]))  # type: ignore[arg-type]
            for name, value in wire.environ.items():
                monkeypatch.setenv(name, value)
            yield BucketStore(_bucket(wire.url), patience=QUICK)
        else:
            s3 = request.getfixturevalue("s3")
            plain = BucketStore(_bucket(s3.fresh()), patience=QUICK)
            yield CachedStore(plain, str(tmp_path / "kept")) if "cached" in kind else plain


def _bucket(url: str) -> Bucket:
    bucket = bucket_of(url)
    assert bucket is not None
    return bucket


@pytest.fixture
def registry(store: Store) -> Registry:
    """A registry without anything in it."""
    made = Registry(store)
    assert made.create_marker()
    return made


def test_a_key_is_created_once(store: Store) -> None:
    assert store.read("a/b/1.json") is None
    assert store.create("a/b/1.json", b"first") is True
    assert store.create("a/b/1.json", b"second") is False
    assert store.create("a/b/1.json", b"first") is False, "whoever wrote it, it was not this call"
    assert store.read("a/b/1.json") == b"first"
    assert store.present()


def test_of_fifty_at_once_one_creates_it(store: Store) -> None:
    def attempt(number: int) -> bool:
        return store.create("a/1.json", b"writer %d" % number)

    with ThreadPoolExecutor(50) as pool:
        created = list(pool.map(attempt, range(50)))

    assert created.count(True) == 1
    assert store.read("a/1.json") == b"writer %d" % created.index(True)


def test_names_are_children_whatever_else_begins_like_them(store: Store) -> None:
    for key in ("b/2.json", "a/x/1.json", "b/1.json", "c.json", "bb/1.json", "b.json/1.json"):
        store.create(key, b"{}")
    assert store.names("") == ["a", "b", "b.json", "bb", "c.json"]
    assert store.names("b") == ["1.json", "2.json"]
    assert store.names("a") == ["x"]
    assert store.names("nothing/here") == []
    if isinstance(store, Remote):
        assert store.keys("b") == ["b/1.json", "b/2.json"]
        assert store.keys("nothing") == []
        assert len(store.keys("")) == 6


def test_a_listing_longer_than_a_page_is_whole(store: Store) -> None:
    names = [f"{number}.json" for number in range(1, 1206)]
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda name: store.create(f"many/{name}", b"{}"), names))
    assert store.names("many") == sorted(names)


@pytest.mark.parametrize("size", [0, 1, 8 * 1024 * 1024 + 1])
def test_bytes_come_back_as_they_were(store: Store, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert store.create("big/1.json", data)
    assert store.read("big/1.json") == data


def test_publishers_at_once_leave_no_gap(registry: Registry) -> None:
    with ThreadPoolExecutor(50) as pool:
        made = pool.map(lambda n: publish(registry, "collections", f"own {n}")[0], range(50))

    assert sorted(made) == list(range(1, 51))
    assert [number for number, _ in registry.versions("collections")] == list(range(1, 51))
    assert list(verify(registry)) == []


def test_of_releases_at_once_one_wins(registry: Registry) -> None:
    def attempt(number: int) -> int | None:
        try:
            return release(registry, "collections", f"own {number}", expected=0).version
        except LostRace:
            return None

    with ThreadPoolExecutor(20) as pool:
        made = [version for version in pool.map(attempt, range(20)) if version is not None]

    assert len(made) == 1
    (entry,) = registry.entries("prod", "collections")
    assert entry.version == made[0]


def test_every_kind_of_object_is_kept_and_sound(registry: Registry) -> None:
    filled(registry)
    assert list(verify(registry)) == []
    assert registry.environments() == ["prod", "staging"]
    assert {preset: head.seq for preset, head in _heads(registry, "prod").items()} == {
        "collections": 7,
        "reminder": 1,
    }


def _heads(registry: Registry, environment: str) -> dict[str, Entry]:
    found = dict(registry.heads(environment))
    return {name: head for name, head in found.items() if isinstance(head, Entry)}


def test_a_registry_is_made_in_an_empty_place_only(store: Store) -> None:
    registry = Registry(store)
    assert registry.create_marker() is True
    assert registry.create_marker() is False
    assert registry.exists
