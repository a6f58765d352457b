"""What a registry promises when nothing goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry_world import (
    bound,
    environment,
    meta,
    objects,
    preset,
    profile,
    publish,
    release,
    small_registry,
)

from dialform.errors import (
    LostRace,
    ObjectAbsent,
    Refused,
    RegistryError,
    RegistryUnreachable,
    UsageError,
)
from dialform.presets.canonical import Digest, canonical, digest, parse
from dialform.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = Digest("sha256:" + "0" * 64)


def test_opening_touches_nothing(project: Path) -> None:
    registry = Registry.open("a/b/registry", base=project)
    assert registry.exists is False
    assert list(project.iterdir()) == []


def test_the_first_publication_in_a_project_makes_the_registry(project: Path) -> None:
    registry = Registry.open("deep/registry", base=project)
    registry.publish_blob(profile("en"))
    assert registry.exists
    assert parse((project / "deep/registry/registry.json").read_bytes())["id"] == registry.id


def test_outside_the_project_a_registry_is_made_on_purpose(project: Path) -> None:
    url = str(project / "elsewhere" / "registry")
    (inner := project / "project").mkdir()
    registry = Registry.open(url, base=inner)
    with pytest.raises(RegistryUnreachable, match="dialform registry init"):
        registry.publish_blob(profile("en"))
    with pytest.raises(RegistryUnreachable, match="mount its disk or correct the URL"):
        _ = registry.exists
    assert not (project / "elsewhere").exists()
    assert registry.create_marker() is True
    assert registry.create_marker() is False
    assert registry.exists
    registry.publish_blob(profile("en"))


def test_an_empty_folder_becomes_a_registry_only_on_purpose(project: Path) -> None:
    """It may be where a disk is to be mounted."""
    (project / "registry").mkdir()
    registry = Registry.open("registry", base=project)
    with pytest.raises(RegistryUnreachable, match="looks like an unmounted disk"):
        registry.publish_blob(profile("en"))
    assert list((project / "registry").iterdir()) == []
    assert registry.create_marker()


def test_a_folder_that_holds_other_things_is_not_made_a_registry(project: Path) -> None:
    (project / "registry").mkdir()
    (project / "registry" / "holiday.jpg").touch()
    with pytest.raises(RegistryError, match=r"holds 'holiday.jpg'"):
        Registry.open("registry", base=project).create_marker()


def test_the_same_content_has_the_same_version(registry: Registry) -> None:
    assert publish(registry, "collections", "one")[0] == 1
    assert publish(registry, "collections", "two")[0] == 2
    assert publish(registry, "collections", "one")[0] == 1
    assert publish(registry, "collections", "three")[0] == 3
    assert publish(registry, "reminder", "two")[0] == 1
    assert [number for number, _ in registry.versions("collections")] == [1, 2, 3]
    assert registry.version_of("collections", NOWHERE) is None
    assert registry.presets() == ["collections", "reminder"]


def test_publishing_again_writes_nothing(project: Path) -> None:
    registry = small_registry(project / "registry")
    before = objects(project / "registry")
    small = Registry.open("registry", base=project)
    publish(small, "collections", "two")
    release(small, "reminder", "one", as_meta=meta(59))
    release(small, "collections", "one", env="staging", expected=0)
    small.publish_environment("prod", environment("prod", "OTHER_KEY"))
    assert objects(project / "registry") == before
    assert small.id == registry.id


def test_blobs_come_back_as_they_were(registry: Registry) -> None:
    data = profile("en")
    found = registry.publish_blob(data)
    assert found == digest(data)
    assert registry.read_blob(found) == data
    assert registry.read_document(found, "dialform.profile/1") == parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"format":"dialform.profile/1" }',
        b'{"agentOverrides":{},"format":"dialform.other/1"}',
        b'{"digest":"x","format":"dialform.version/1"}',
        b'{"format":"dialform.preset/1","profile":"one"}',
        b'{"format":"dialform.bound-preset/1","preset":"x"}',
        b"\xff",
    ],
)
def test_only_documents_that_can_be_read_again_are_kept(registry: Registry, data: bytes) -> None:
    with pytest.raises(RegistryError, match="the document to publish is refused"):
        registry.publish_blob(data)
    assert not registry.exists


def test_what_refers_comes_after_what_it_refers_to(registry: Registry) -> None:
    """So any prefix of the writes is a sound registry."""
    profile_digest = digest(profile("en"))
    orphan = preset("one", profile_digest)
    with pytest.raises(ObjectAbsent):
        registry.publish_blob(orphan)
    with pytest.raises(ObjectAbsent):
        registry.publish_version("collections", digest(orphan))
    with pytest.raises(ObjectAbsent):
        registry.publish_blob(bound("prod", "collections", digest(orphan)))
    registry.publish_blob(profile("en"))
    with pytest.raises(RegistryError, match=r"a dialform.profile/1 stands where"):
        registry.publish_version("collections", profile_digest)
    assert registry.versions("collections") == []


def test_absent_things_are_named(registry: Registry) -> None:
    publish(registry, "collections", "one")
    with pytest.raises(ObjectAbsent, match="has no such document"):
        registry.read_blob(NOWHERE)
    with pytest.raises(ObjectAbsent, match=r"has no version 2; the newest is 1"):
        registry.preset_digest("collections", 2)
    with pytest.raises(ObjectAbsent, match=r"has no version 1; it has none"):
        registry.preset_digest("reminder", 1)
    assert registry.head("prod", "collections") is None
    assert registry.entries("prod", "collections") == []
    assert registry.environment("prod") is None
    assert registry.environments() == []
    assert registry.presets("prod") == []


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "g" * 64, "sha256:../../x", "7"])
def test_what_is_no_digest_is_not_looked_up(registry: Registry, text: str) -> None:
    publish(registry, "collections", "one")
    with pytest.raises(RegistryError, match="is not a digest"):
        registry.read_blob(Digest(text))


def test_environments_keep_their_newest_document(registry: Registry) -> None:
    assert registry.publish_environment("prod", environment("prod", "A")) == 1
    assert registry.publish_environment("prod", environment("prod", "A")) == 1
    assert registry.publish_environment("prod", environment("prod", "B")) == 2
    assert registry.publish_environment("prod", environment("prod", "A")) == 3
    assert registry.environment("prod") == parse(environment("prod", "A"))
    assert registry.environments() == ["prod"]


@pytest.mark.parametrize(
    "doc",
    [
        environment("staging"),
        profile("en"),
        b"{}",
        canonical({"format": "dialform.environment/1", "environment": "prod", "seq": 1}),
        canonical({"format": "dialform.environment/1", "environment": "prod", "checksum": "x"}),
    ],
)
def test_an_environment_takes_only_its_own_document(registry: Registry, doc: bytes) -> None:
    with pytest.raises(RegistryError, match="the document to publish is"):
        registry.publish_environment("prod", doc)


def test_an_environment_is_known_by_its_log_or_its_document(project: Path) -> None:
    registry = small_registry(project / "registry")
    release(registry, "reminder", "one", env="dev")
    registry.publish_environment("qa", environment("qa"))
    assert registry.environments() == ["dev", "prod", "qa", "staging"]
    assert registry.presets("prod") == ["collections", "reminder"]


def test_a_release_is_found_by_version_and_digests(project: Path) -> None:
    registry = small_registry(project / "registry")
    newest = release(registry, "collections", "one", as_meta=meta(8))
    assert newest.seq == 8
    assert registry.find_release("prod", "collections", version=1) == newest
    assert registry.find_release("prod", "collections", digest=newest.bound_digest) == newest
    assert registry.find_release("prod", "collections", digest=newest.preset_digest) == newest
    assert registry.find_release("prod", "collections", version=3).seq == 3


@pytest.mark.parametrize("what", [{"version": 3}, {"digest": NOWHERE}])
def test_what_was_never_released_there_is_not_found(project: Path, what: dict[str, int]) -> None:
    """Staging's versions are the registry's, and still not staging's releases."""
    registry = small_registry(project / "registry")
    with pytest.raises(ObjectAbsent, match="never released in staging; released there: 1"):
        registry.find_release("staging", "collections", **what)  # type: ignore[arg-type]


def test_a_release_is_refused_where_the_head_is_not_the_one_seen(registry: Registry) -> None:
    release(registry, "collections", "one", expected=0)
    with pytest.raises(LostRace, match=r"has entry 1 \(release of version 1 by anna"):
        release(registry, "collections", "two", expected=0)
    with pytest.raises(LostRace, match="where entry 7 was seen"):
        release(registry, "collections", "two", expected=7)
    assert release(registry, "collections", "one", expected=0).seq == 1, "it says the same"
    assert release(registry, "collections", "two", expected=1).seq == 2


def test_a_held_log_is_not_moved(registry: Registry) -> None:
    release(registry, "collections", "one")
    held = registry.append(
        "prod", "collections", "hold", expected=None, meta=meta(1, writer=None, reason="wrong sum")
    )
    with pytest.raises(Refused, match=r"held in prod .*'wrong sum'.*dialform resume collections"):
        release(registry, "collections", "two", expected=2)
    assert registry.head("prod", "collections") == held


def test_another_stack_is_refused_and_told_the_way_out(registry: Registry) -> None:
    release(registry, "collections", "one")
    other = meta(1, writer="calls-2/prod")
    for take_over in (None, "calls-3/prod"):
        with pytest.raises(Refused, match=r"calls/prod, this is calls-2/prod.*TAKE_OVER=calls/p"):
            release(registry, "collections", "one", as_meta=other, take_over=take_over)
    taken = release(registry, "collections", "one", as_meta=other, take_over="calls/prod")
    assert (taken.seq, taken.writer) == (2, "calls-2/prod")
    assert release(registry, "collections", "one", as_meta=other).seq == 2
    with pytest.raises(Refused):
        release(registry, "collections", "one")


def test_what_a_release_names_must_be_there_and_fit(registry: Registry) -> None:
    version, first = publish(registry, "collections", "one")
    _, second = publish(registry, "collections", "two")
    good = registry.publish_blob(bound("prod", "collections", first))
    elsewhere = registry.publish_blob(bound("staging", "collections", first))
    of_second = registry.publish_blob(bound("prod", "collections", second))

    def attempt(number: int, preset_digest: Digest, bound_digest: Digest) -> None:
        registry.append(
            "prod",
            "collections",
            "release",
            expected=0,
            version=number,
            preset_digest=preset_digest,
            bound_digest=bound_digest,
            meta=meta(),
        )

    with pytest.raises(ObjectAbsent, match="no version 9"):
        attempt(9, first, good)
    with pytest.raises(RegistryError, match="version 1 of collections is not"):
        attempt(version, second, of_second)
    with pytest.raises(ObjectAbsent, match="no such document"):
        attempt(version, first, NOWHERE)
    with pytest.raises(RegistryError, match="of environment 'staging'"):
        attempt(version, first, elsewhere)
    with pytest.raises(RegistryError, match="it is of preset"):
        attempt(version, first, of_second)
    with pytest.raises(RegistryError, match=r"a dialform.preset/1 stands where"):
        attempt(version, first, first)
    assert registry.head("prod", "collections") is None


def test_only_a_version_that_there_is_can_be_yanked(registry: Registry) -> None:
    release(registry, "collections", "one")
    with pytest.raises(ObjectAbsent, match="no version 2"):
        registry.append(
            "prod", "collections", "yank", expected=None, yank_version=2, meta=meta(writer=None)
        )
    yanked = registry.append(
        "prod", "collections", "yank", expected=None, yank_version=1, meta=meta(writer=None)
    )
    assert (yanked.state, yanked.yanked, yanked.subject) == ("live", (1,), 1)
    with pytest.raises(Refused, match="barred for good"):
        release(registry, "collections", "one")


def test_two_handles_on_one_registry_see_each_others_writes(project: Path) -> None:
    first = Registry.open("registry", base=project)
    second = Registry.open((project / "registry").as_uri(), base="/")
    assert publish(first, "collections", "one")[0] == 1
    assert publish(second, "collections", "two")[0] == 2
    assert release(second, "collections", "two").seq == 1
    head = first.head("prod", "collections")
    assert head is not None
    assert head.version == 2


@pytest.mark.parametrize("name", ["../x", "A", ""])
def test_bad_names_reach_no_store(registry: Registry, name: str) -> None:
    data = preset("one")
    registry.publish_blob(data)
    for call in (
        lambda: registry.head("prod", name),
        lambda: registry.head(name, "collections"),
        lambda: registry.versions(name),
        lambda: registry.publish_version(name, digest(data)),
        lambda: registry.environment(name),
        lambda: registry.presets(name),
        lambda: registry.publish_environment(name, environment(name)),
        lambda: registry.append(name, "x", "hold", expected=None, meta=meta()),
    ):
        with pytest.raises(UsageError):
            call()
