"""What a preview asks of a registry that is far away: the first time, and ever after."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from store_wire import Wire

from dialform.declaration import load_environment
from dialform.planning import Plan
from dialform.presets.canonical import canonical, digest
from dialform.registry import Meta, Registry
from dialform.registry.location import bucket_of
from dialform.registry.objects import BucketStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli_project import Project

COUNT = 1000


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Wire]:
    """A bucket that counts what it is asked, and nothing kept of it yet."""
    with Wire("s3") as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield wire


def pinned(project: Project, url: str, count: int) -> Registry:
    """A project with ``count`` pinned presets, and a registry in memory that has them."""
    from obstore.store import MemoryStore  # noqa: PLC0415

    bucket = bucket_of(url)
    assert bucket is not None
    registry = Registry(BucketStore(bucket, store=MemoryStore()))
    registry.create_marker()
    project.edit("stacks/dev.toml", '".dialform/registry"', f'"{url}"')
    project.edit("stacks/dev.toml", '[presets.collections]\nfollow = "source"\n', "")
    source = load_environment(project.root, "dev").source("collections")
    assert source.document is not None
    assert source.profile is not None
    assert source.profile.data is not None
    registry.publish_blob(source.profile.data)
    tables = []
    for at in range(count):
        content = canonical({**source.document, "call": {**source.document["call"], "n": at}})
        registry.publish_version(f"p{at:04}", registry.publish_blob(content))
        tables.append(f'[presets.p{at:04}]\nversion = 1\ndigest = "{digest(content)}"\n')
    project.write(
        "stacks/dev.toml", (project.root / "stacks/dev.toml").read_text() + "".join(tables)
    )
    return registry


def upload(registry: Registry, wire: Wire) -> None:
    """What is in the registry, put into the bucket without asking it."""
    store = registry.store
    assert isinstance(store, BucketStore)
    for key in store.keys(""):
        wire.objects[f"team/calls/{key}"] = store.read(key) or b""


def release(registry: Registry, plan: Plan) -> None:
    for running in plan.running:
        registry.append(
            "dev",
            running.name,
            "release",
            expected=0,
            version=1,
            preset_digest=running.digest,
            bound_digest=registry.publish_blob(canonical(running.bound)),
            meta=Meta("2026-11-23T23:00:00Z", writer="calls/dev"),
        )


def test_a_second_preview_asks_only_what_is_live(project: Project, wire: Wire) -> None:
    registry = pinned(project, wire.url, COUNT)
    upload(registry, wire)

    def preview() -> tuple[Plan, Counter[str]]:
        wire.requests.clear()
        plan = Plan(load_environment(project.root, "dev"), writer="calls/dev", root=project.root)
        return plan, Counter(request.partition(" ")[0] for request in wire.requests)

    plan, asked = preview()
    assert {effect.kind for effect in plan.effects()} == {"release"}
    assert 2 * COUNT < asked["GET"] < 2 * COUNT + 5, "versions and contents"

    release(registry, plan)
    upload(registry, wire)
    plan, asked = preview()
    assert COUNT <= asked["GET"] <= COUNT + 5, "the new heads, once"

    plan, asked = preview()
    assert {effect.kind for effect in plan.effects()} == {"nothing"}
    assert asked == {"GET": asked["GET"], "LIST": 1}, "a thousand logs are one page"
    assert asked["GET"] <= 4, "the marker"
    assert set(wire.requests) == {"LIST ", "GET team/calls/registry.json"}


def test_a_first_preview_waits_for_many_answers_at_once(project: Project, wire: Wire) -> None:
    registry = pinned(project, wire.url, 200)
    upload(registry, wire)
    wire.delay = 0.02
    began = time.monotonic()
    Plan(load_environment(project.root, "dev"), writer="calls/dev", root=project.root)
    elapsed = time.monotonic() - began
    assert elapsed < 0.5 * len(wire.requests) * wire.delay
