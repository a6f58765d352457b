"""Snapshots: what was taken away is missed by a machine that never saw it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from registry_world import meta, release

from dialform.errors import RegistryError, Untrusted
from dialform.presets.canonical import parse
from dialform.registry.documents import Damage, sealed
from dialform.registry.trust.statements import Snapshot, parse_snapshot

if TYPE_CHECKING:
    from trust_world import World

    from dialform.registry import Registry

LATER = "2026-12-24T00:00:00Z"
PAST = "2026-11-24T00:00:00Z"


def snapshot(world: World, by: str | None = "ci", expires: str = LATER) -> Snapshot:
    return world.writer(by).issuer.snapshot("prod", meta(), expires=expires)


def look(registry: Registry) -> str:
    try:
        registry.environment("prod")
        registry.head("prod", "collections")
    except Untrusted as refusal:
        return refusal.rule
    return "-"


def test_what_is_as_in_the_snapshot_or_newer_is_believed(world: World) -> None:
    world.released()
    snapshot(world)
    assert look(world.reader("ci", strict=True)) == "-"
    world.released(text="two")
    assert look(world.reader("ci", strict=True)) == "-"


def test_a_newest_entry_that_was_taken_away_is_missed(world: World) -> None:
    world.released()
    world.writer(None).append("prod", "collections", "hold", expected=None, meta=meta(3))
    snapshot(world)
    world.path("releases/prod/collections/2.json").unlink()
    assert look(world.reader("ci")) == "dropped"
    shutil.rmtree(world.path("releases/prod/collections"))
    assert look(world.reader("ci")) == "dropped"
    assert look(world.reader()) == "-", "without keys nothing of it can be verified"


def test_an_environment_or_a_statement_that_was_taken_away_is_missed(world: World) -> None:
    world.released()
    keys = {world.key("ci").line: "ci"}
    world.writer("ci").issuer.state(meta(), keys=keys, threshold=1, previous=None)
    snapshot(world)
    assert look(world.reader("ci")) == "-"
    shutil.rmtree(world.path("trust"))
    assert look(world.reader("ci")) == "dropped"


def test_another_entry_than_the_snapshot_s_is_a_fork(world: World) -> None:
    world.released()
    world.released(text="two")
    snapshot(world)
    world.path("releases/prod/collections/2.json").unlink()
    world.released(text="three")
    assert look(world.reader("ci")) == "forked"
    world.released(text="four")
    assert look(world.reader("ci")) == "forked"


def test_one_that_expired_is_said_and_refused_where_it_is_strict(world: World) -> None:
    world.released()
    assert look(world.reader("ci", strict=True)) == "expired"
    snapshot(world, expires=PAST)
    assert look(world.reader("ci")) == "-"
    assert any("expired at" in text for text in world.said)
    assert look(world.reader("ci", strict=True)) == "expired"
    snapshot(world)
    assert look(world.reader("ci", strict=True)) == "-"


def test_one_that_nobody_signed_binds_nobody(world: World) -> None:
    """Neither hides an older one, nor makes readers refuse what is there."""
    world.released()
    snapshot(world)
    heads = {"collections": (9, world.released().digest)}
    forged = Snapshot("prod", 2, None, heads, None, None, PAST, LATER, None)
    assert world.writer(None).store.create("snapshots/prod/2.json", forged.render())
    assert look(world.reader("ci")) == "-"
    assert any("snapshot 2 of prod is not signed" in text for text in world.said)
    assert world.writer(None).store.create("snapshots/prod/3.json", b"{}")
    assert look(world.reader("ci", strict=True)) == "-"
    for number in range(4, 15):
        assert world.writer(None).store.create(f"snapshots/prod/{number}.json", b"{}")
    assert look(world.reader("ci", strict=True)) == "expired"


def test_a_snapshot_that_was_taken_away_is_remembered(world: World) -> None:
    world.released()
    snapshot(world)
    assert look(world.reader("ci", machine="a")) == "-"
    world.path("snapshots/prod/1.json").unlink()
    assert look(world.reader("ci", machine="a")) == "rolled-back-registry"


def test_snapshots_follow_each_other(world: World) -> None:
    with pytest.raises(RegistryError):
        snapshot(world)
    world.released()
    release(world.writer("ci"), "reminder", "one")
    one, two = snapshot(world), snapshot(world)
    assert (one.seq, two.seq, two.previous) == (1, 2, one.digest)
    assert set(two.heads) == {"collections", "reminder"}
    assert two.document is not None


def test_stored_bytes_that_are_no_snapshot(world: World) -> None:
    world.released()
    made = snapshot(world)
    assert parse_snapshot(made.render(), "prod", 1) == made
    value = parse(made.render())
    del value["checksum"]
    changes: tuple[dict[str, Any], ...] = (
        {"heads": []},
        {"heads": {"A B": {"seq": 1, "digest": made.digest}}},
        {"heads": {"a": {"seq": 0, "digest": made.digest}}},
        {"heads": {"a": {"seq": 1, "digest": "x"}}},
        {"heads": {"a": {"seq": 1}}},
        {"document": 1},
        {"trust": {"seq": True, "digest": made.digest}},
        {"expires": "later"},
        {"seq": 2},
        {"environment": "dev"},
        {"more": 1},
    )
    for changed in changes:
        with pytest.raises(Damage):
            parse_snapshot(sealed({**value, **changed}), "prod", 1)
