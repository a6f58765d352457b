"""`registry verify` on a registry with signatures: each damage of them is one finding."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from registry_world import meta, objects

from dialform.registry.verify import Finding, verify

if TYPE_CHECKING:
    from pathlib import Path

    from trust_world import World


def findings(world: World) -> list[Finding]:
    return list(verify(world.reader()))


@pytest.fixture
def whole(world: World) -> World:
    """Signed releases, two trust statements, two snapshots."""
    world.released()
    world.released(text="two")
    issuer = world.writer("ci").issuer
    keys = {world.key("ci").line: "ci"}
    first = issuer.state(meta(), keys=keys, threshold=1, previous=None)
    keys = {**keys, world.key("anna").line: "anna"}
    issuer.state(meta(), keys=keys, threshold=1, previous=first)
    for _ in range(2):
        issuer.snapshot("prod", meta(), expires="2027-01-01T00:00:00Z")
    return world


def new_kinds(folder: Path) -> list[str]:
    return [
        key for key in objects(folder) if key.startswith(("signatures/", "trust/", "snapshots/"))
    ]


def test_a_whole_one_has_no_finding(whole: World) -> None:
    assert findings(whole) == []
    assert len(new_kinds(whole.folder)) == 3 + 2 + 2 + 2 + 2


def test_each_flipped_byte_is_a_finding(whole: World) -> None:
    """In every object of the new kinds, at places all over it."""
    for key in new_kinds(whole.folder):
        path = whole.path(key)
        data = path.read_bytes()
        for at in range(0, len(data), 97):
            changed = bytearray(data)
            changed[at] ^= 1
            path.write_bytes(bytes(changed))
            found = {one.object for one in findings(whole)}
            assert key in found, (key, at)
        path.write_bytes(data)


def test_what_was_taken_away_is_a_finding(whole: World) -> None:
    """But for signatures and newest objects, which nothing says were there."""
    for key in ("trust/1.json", "snapshots/prod/1.json"):
        data = whole.path(key).read_bytes()
        whole.path(key).unlink()
        assert [one.rule for one in findings(whole)][:1] == ["absent"]
        whole.path(key).write_bytes(data)


def test_a_signature_without_its_object_tells_of_a_newest_that_is_gone(whole: World) -> None:
    gone = "releases/prod/collections/2.json"
    whole.path(gone).unlink()
    (found,) = findings(whole)
    assert (found.rule, found.object) == ("absent", gone)
    assert "needed by signatures/" in found.message


def test_what_does_not_belong_there(whole: World) -> None:
    there = whole.path("signatures")
    some = next(there.iterdir())
    shutil.copytree(some, there / ("0" * 64))
    (there / "x").mkdir()
    (there / "x" / "y.json").write_bytes(b"{}")
    name = next(some.iterdir())
    shutil.copy(name, some / "0000000000000000.json")
    rules = sorted(one.rule for one in findings(whole))
    assert rules == ["digest", "place", "unexpected"]
