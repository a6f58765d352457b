"""Approvals: one object for each person and content, sealed, and verified with the rest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from registry_world import meta, publish

from dialform.errors import ObjectAbsent, ObjectCorrupt, UsageError
from dialform.presets.canonical import digest
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.registry import Approval, Registry


def test_an_approval_is_kept_once_for_each_person(registry: Registry) -> None:
    _, content = publish(registry, "visit", "one")
    first = registry.approve("prod", "visit", content, meta(reason="heard it"))
    assert registry.approve("prod", "visit", content, meta(5)) == first
    second = registry.approve("prod", "visit", content, meta(6)._replace(by="ben"))
    assert [one.seq for one in (first, second)] == [1, 2]
    assert registry.approvals("prod", content) == [first, second]
    assert registry.approved("prod") == {content}
    assert registry.approved("dev") == set()
    assert list(verify(registry)) == []


def test_what_was_never_published_can_not_be_approved(registry: Registry) -> None:
    publish(registry, "visit", "one")
    with pytest.raises(ObjectAbsent, match="no version of the content"):
        registry.approve("prod", "visit", digest(b"other"), meta())
    _, content = publish(registry, "visit", "two")
    with pytest.raises(UsageError, match="who"):
        registry.approve("prod", "visit", content, meta()._replace(by=None))


def test_many_at_once_are_all_kept(registry: Registry) -> None:
    """Numbered without gaps, nobody lost, nobody twice."""
    _, content = publish(registry, "visit", "one")
    made: list[Approval] = []

    def approve(by: str) -> None:
        made.append(registry.approve("prod", "visit", content, meta()._replace(by=by)))

    threads = [threading.Thread(target=approve, args=(f"p{at % 8}",)) for at in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = registry.approvals("prod", content)
    assert len(made) == 16
    assert sorted(one.by for one in kept) == [f"p{at}" for at in range(8)]
    assert {one.digest for one in made} == {content}
    assert list(verify(registry)) == []


def test_damage_is_named(registry: Registry, project: Path) -> None:
    version, content = publish(registry, "visit", "one")
    registry.approve("prod", "visit", content, meta())
    key = f"approvals/prod/{content.removeprefix('sha256:')}"
    path = project / "registry" / key / "1.json"
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b"anna", b"carl"))
    with pytest.raises(ObjectCorrupt, match=f"{key}/1.json"):
        registry.approvals("prod", content)
    assert [(one.object, one.rule) for one in verify(registry)] == [(f"{key}/1.json", "checksum")]
    path.write_bytes(sound)
    path.rename(path.with_name("2.json"))
    found = {(one.object, one.rule) for one in verify(registry)}
    assert found == {(f"{key}/1.json", "absent"), (f"{key}/2.json", "place")}
    path.with_name("2.json").rename(path)
    (project / f"registry/presets/visit/{version}.json").unlink()
    assert "absent" in {one.rule for one in verify(registry)}
