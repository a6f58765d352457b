"""Signatures in a bucket: the same as in a folder, and no round trip for each of many heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry_world import environment, release
from store_wire import Wire

from dialform.errors import Untrusted
from dialform.registry import Registry
from dialform.registry.copying import copy
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from s3_server import S3Server
    from trust_world import World


def signed(world: World, url: str, presets: int) -> Registry:
    """A registry there whose releases anna signed."""
    signer = world.signer("anna")
    registry = Registry.open(url, base=world.root, signer=lambda: signer)
    registry.create_marker()
    registry.publish_environment("prod", environment("prod"))
    for at in range(presets):
        release(registry, f"p{at:02}", "one", expected=0)
    return registry


def test_what_is_signed_in_a_bucket_is_believed_there_and_in_a_copy(
    world: World, s3: S3Server
) -> None:
    url = s3.fresh()
    written = signed(world, url, 2)
    folder = str(world.root / "copy")
    copy(written.store, Registry.open(folder, base="/").store)
    for place in (url, folder):
        reader = Registry.open(place, base="/", trust=world.trust("anna", machine="one"))
        assert reader.head("prod", "p00") == written.head("prod", "p00")
        assert reader.environment("prod") == written.environment("prod")
        assert len(dict(reader.heads("prod"))) == 2
        assert list(verify(reader)) == []
        stranger = Registry.open(place, base="/", trust=world.trust("ben"))
        with pytest.raises(Untrusted):
            stranger.head("prod", "p00")


def test_many_signed_heads_take_few_listings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.root / "cache"))
    with Wire("s3") as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        signed(world, wire.url, 20)
        wire.requests.clear()
        reader = Registry.open(wire.url, base="/", trust=world.trust("anna"))
        assert len(dict(reader.heads("prod"))) == 20
        assert len([one for one in wire.requests if one.startswith("LIST")]) < 6


def test_what_a_dial_asks_takes_few_questions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.root / "cache"))
    with Wire("s3") as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        signed(world, wire.url, 1)
        for _ in range(2):
            wire.requests.clear()
            trust = world.trust("anna", machine="one")
            reader = Registry.open(wire.url, base="/", trust=trust)
            assert reader.exists
            assert reader.environment("prod")
            assert reader.head("prod", "p00")
        asked = [one.split()[0] for one in wire.requests]
        # The marker as it is opened, and for each of the two folders in which nothing is.
        assert (asked.count("GET"), asked.count("LIST")) == (3, 4)
