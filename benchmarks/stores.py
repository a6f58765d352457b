"""
Publishing and reading presets on each kind of store, against obstore's bare calls.

A preset is what `up` writes for it: profile, preset, version, bound preset, release. The floor puts
the same bytes under the same keys with obstore's own create, or gets them, and checks nothing. Both
have eight at once under way, as `up` has. S3 is the server that the tests use, on loopback: there
the work of two processes counts; "far" speaks S3, Google's or Azure's dialect and answers each
request after 20 ms, so that round trips do.
Usage: ``stores.py [PRESETS]``.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from harness import report
from obstore.store import LocalStore, MemoryStore

from dialform.presets.canonical import canonical
from dialform.registry import Meta, Registry
from dialform.registry.clouds import Patience, opened
from dialform.registry.location import Bucket, bucket_of
from dialform.registry.objects import BucketStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obstore.store import ObjectStore

    from dialform.presets.canonical import Digest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import s3_server  # the tests' own
import store_wire

THREADS = 8
RUNS = 3
FAR_SECONDS = 0.02
AIMS = {"far": (2.5, 1.5)}
"""
By the first word of a kind: of publishing and of reading; others are only shown. A bare folder
doesn't sync to disk.
"""
TEXT = "You are calling about a payment that is late. " * 60


class Documents:
    """What there is to publish of a preset."""

    def __init__(self, at: int) -> None:
        """The preset number ``at``."""
        self.name = f"p{at:04}"
        self.profile = canonical(
            {"format": "dialform.profile/1", "agentOverrides": {"prompt": TEXT, "n": at}}
        )

    def publish(self, registry: Registry) -> None:
        """As `up` does."""
        profile = registry.publish_blob(self.profile)
        preset = registry.publish_blob(
            canonical({"format": "dialform.preset/1", "call": {}, "inputs": {}, "profile": profile})
        )
        registry.append(
            "prod",
            self.name,
            "release",
            expected=0,
            version=registry.publish_version(self.name, preset),
            preset_digest=preset,
            bound_digest=registry.publish_blob(self.bound(preset)),
            meta=Meta("2026-11-23T23:00:00Z", writer="calls/prod"),
        )

    def bound(self, preset: Digest) -> bytes:
        """The body that is sent."""
        return canonical(
            {
                "format": "dialform.bound-preset/1",
                "environment": "prod",
                "preset": {"name": self.name, "digest": preset},
                "body": {"agentOverrides": {"prompt": TEXT}},
            }
        )

    def read(self, registry: Registry) -> None:
        """As a launcher does."""
        head = registry.head("prod", self.name)
        assert head is not None  # noqa: S101  # or it measured nothing
        registry.read_document(head.bound_digest, "dialform.bound-preset/1")


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def side_by_side(work: Callable[[Documents], object], documents: list[Documents]) -> None:
    """Eight at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(work, documents):
            pass


def bare(store: ObjectStore, objects: dict[str, bytes]) -> Callable[[], None]:
    """The floor of publishing."""

    def put(one: tuple[str, bytes]) -> None:
        obstore.put(store, one[0], one[1], mode="create", use_multipart=False)

    def run() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(put, objects.items()):
                pass

    return run


def bare_read(store: ObjectStore, keys: list[str]) -> Callable[[], None]:
    """The floor of reading: head and bound preset, known beforehand."""

    def run() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(lambda key: bytes(obstore.get(store, key).bytes()), keys):
                pass

    return run


def places(
    kind: str, folder: Path, fresh: Callable[[], str]
) -> Iterator[tuple[Registry, ObjectStore]]:
    """Ours and the floor's place, new ones each time."""
    number = 0
    while True:
        number += 1
        top = folder / f"{kind}-{number}"
        if kind == "folder":
            (top / "bare").mkdir(parents=True)
            yield Registry.open(str(top / "ours"), base="/"), LocalStore(top / "bare")
        elif kind == "memory":
            store = BucketStore(Bucket("s3", "memory", ""), store=MemoryStore())
            yield Registry(store), MemoryStore()
        else:
            other = bucket_of(fresh())
            assert other is not None  # noqa: S101
            floor = opened(other, Patience(), os.environ)
            yield Registry.open(fresh(), base="/"), floor


def measure(kind: str, documents: list[Documents], fresh: Callable[[], str]) -> None:
    """Publish and read, ours and the floor in turn."""
    publishing, reading, again = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _, (registry, floor) in zip(
            range(RUNS), places(kind, Path(folder), fresh), strict=False
        ):
            registry.create_marker()
            _ = registry.id
            ours = seconds(partial(publish_all, registry, documents))
            objects = contents(registry)
            publishing.append((ours, seconds(bare(floor, objects))))
            heads = [f"releases/prod/{one.name}/1.json" for one in documents]
            bounds = [f"blobs/sha256/{digest[7:]}.json" for digest in bound(registry, documents)]
            os.environ["XDG_CACHE_HOME"] = str(Path(folder) / f"cache-{time.monotonic_ns()}")
            cold = opened_again(registry)
            floor_read = seconds(bare_read(floor, [*heads, *bounds]))
            reading.append((seconds(partial(read_all, cold, documents)), floor_read))
            warm = opened_again(registry)
            again.append((seconds(partial(read_all, warm, documents)), floor_read))
    aims = AIMS.get(kind.partition(" ")[0], (None, None))
    report(f"{kind}: publish {len(documents)} presets", publishing, aim=aims[0])
    report(f"{kind}: read what is live", reading, aim=aims[1])
    if kind not in ("folder", "memory"):
        report(f"{kind}: read it again", again, aim=1.0)


def opened_again(registry: Registry) -> Registry:
    """As a new process has it."""
    if registry.url.startswith("s3://memory"):
        return registry
    return Registry.open(registry.url, base="/")


def publish_all(registry: Registry, documents: list[Documents]) -> None:
    """A first `up`."""
    side_by_side(lambda one: one.publish(registry), documents)


def read_all(registry: Registry, documents: list[Documents]) -> None:
    """What is live, for a review or a check."""
    glance = registry.glance()
    side_by_side(lambda one: one.read(glance), documents)


def bound(registry: Registry, documents: list[Documents]) -> list[str]:
    """The digests of what is live."""
    heads = [registry.head("prod", one.name) for one in documents]
    return [head.bound_digest for head in heads if head is not None]


def contents(registry: Registry) -> dict[str, bytes]:
    """Every object's bytes, in the order of writing as far as a floor cares."""
    store = registry.store
    return {key: store.read(key) or b"" for key in store.keys("") if key != "registry.json"}


def main(presets: int = 1000) -> None:
    """Measure each kind."""
    documents = [Documents(at) for at in range(presets)]
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        measure("folder", documents, str)
        measure("memory", documents, str)
        with s3_server.running() as server:
            os.environ.update(server.environ)
            measure("s3", documents, server.fresh)
        dialects: tuple[store_wire.Dialect, ...] = ("s3", "gs", "az")
        for dialect in dialects:
            with store_wire.Wire(dialect) as wire:
                os.environ.update(wire.environ)
                wire.delay = FAR_SECONDS
                fresh = partial(_below, wire.url, itertools.count())
                measure(f"far {dialect}", documents[: presets // 5], fresh)


def _below(url: str, numbers: Iterator[int]) -> str:
    return f"{url}/{next(numbers)}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
