"""The folder: whole objects or none, and honest about what it can't tell."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from registry_world import meta, objects, profile, small_registry

from dialform.errors import ObjectCorrupt, RegistryError, RegistryUnreachable
from dialform.presets.canonical import digest
from dialform.registry import FolderStore, Registry

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A folder that is there."""
    (tmp_path / "registry").mkdir()
    return FolderStore(tmp_path / "registry")


def test_an_object_is_created_once(store: FolderStore) -> None:
    assert store.read("a/b/1.json") is None
    assert store.create("a/b/1.json", b"first") is True
    assert store.create("a/b/1.json", b"second") is False
    assert store.read("a/b/1.json") == b"first"


def test_names_are_sorted_children(store: FolderStore) -> None:
    for key in ("b/2.json", "a/x/1.json", "b/1.json", "c.json"):
        store.create(key, b"{}")
    assert store.names("") == ["a", "b", "c.json"]
    assert store.names("b") == ["1.json", "2.json"]
    assert store.names("nothing/here") == []


def test_a_folder_appears_with_its_first_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "deep" / "registry", url="deep/registry")
    assert store.present() is False
    assert store.read("x.json") is None
    assert store.names("") == []
    assert store.create("a/x.json", b"{}") is True
    assert store.present()
    assert store.url == "deep/registry"
    assert list(objects(tmp_path)) == ["deep/registry/a/x.json"]


def test_what_dead_writers_left_is_not_seen_and_goes(tmp_path: Path) -> None:
    registry = small_registry(tmp_path / "registry")
    before = objects(tmp_path / "registry")
    old, young = "blobs/sha256/.dialform-tmp-1-a", "blobs/sha256/.dialform-tmp-2-b"
    for key in (old, young):
        (tmp_path / "registry" / key).write_bytes(b"half")
    os.utime(tmp_path / "registry" / old, (time.time() - 7200,) * 2)
    unborn = tmp_path / ".dialform-tmp-3-c"
    unborn.mkdir()
    (unborn / "registry.json").touch()
    os.utime(unborn, (time.time() - 7200,) * 2)
    assert registry.store.names("blobs/sha256") == [
        key.removeprefix("blobs/sha256/") for key in before if key.startswith("blobs")
    ]
    added = Registry.open("registry", base=tmp_path).publish_blob(profile("new"))
    Registry.open("other", base=tmp_path).publish_blob(profile("new"))
    after = objects(tmp_path / "registry").keys()
    assert after - before.keys() == {young, f"blobs/sha256/{added.removeprefix('sha256:')}.json"}
    assert not unborn.exists()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in (".tmp-mine", "tmp", ".dialform"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    Registry.open("registry", base=tmp_path).publish_blob(profile("new"))
    assert {path.name for path in tmp_path.iterdir()} == {
        ".tmp-mine",
        "tmp",
        ".dialform",
        "registry",
    }


def test_objects_can_be_read_by_the_team(store: FolderStore, tmp_path: Path) -> None:
    """The temporary file's rights are the object's: those that the umask leaves."""
    mask = os.umask(0o022)
    try:
        store.create("a.json", b"{}")
    finally:
        os.umask(mask)
    assert (tmp_path / "registry" / "a.json").stat().st_mode & 0o777 == 0o644


def file_above(path: Path) -> None:
    path.parent.mkdir()
    path.parent.joinpath("up").write_bytes(b"")


def a_file(path: Path) -> None:
    path.write_bytes(b"")


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


BROKEN: list[tuple[str, Callable[[Path], object], str]] = [
    ("registry", a_file, "Not a directory"),
    ("file/registry", lambda path: path.parent.write_bytes(b""), "Not a directory"),
    ("registry", a_loop, "symbolic links"),
    ("registry", a_link_to_nothing, "unmounted disk"),
    ("x" * 300, lambda _: None, "File name too long"),
]


@pytest.mark.parametrize(("name", "damage", "words"), BROKEN)
def test_an_unreachable_folder_is_an_error_and_never_gone(
    tmp_path: Path, name: str, damage: Callable[[Path], object], words: str
) -> None:
    damage(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    registry = Registry.open(name, base=tmp_path)
    for call in (
        lambda: registry.exists,
        lambda: registry.head("prod", "collections"),
        lambda: registry.versions("collections"),
        lambda: registry.read_blob(digest(profile("new"))),
        lambda: registry.environment("prod"),
        lambda: registry.publish_blob(profile("new")),
        registry.create_marker,
    ):
        with pytest.raises(RegistryError) as caught:
            call()
        assert "gone" not in str(caught.value)
    with pytest.raises(RegistryUnreachable, match=words):
        registry.head("prod", "collections")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("key", "damage"),
    [
        ("releases", a_file),
        ("releases/prod", a_loop),
        ("releases/prod/collections", a_file),
        ("releases/prod/collections", a_link_to_nothing),
        ("releases/prod/collections/8.json", a_loop),
        ("releases/prod/collections/8.json", a_link_to_nothing),
        ("releases/prod/collections/8.json", os.mkfifo),
        ("releases/prod/collections/8.json", os.mkdir),
    ],
)
def test_what_stands_in_the_way_is_an_error_and_not_absence(
    tmp_path: Path, key: str, damage: Callable[[Path], None]
) -> None:
    registry = small_registry(tmp_path / "registry")
    path = tmp_path / "registry" / key
    if path.exists():
        path.rename(tmp_path / "aside")
    damage(path)
    with pytest.raises((RegistryUnreachable, ObjectCorrupt), match=key):
        registry.head("prod", "collections")


def test_an_unmounted_disk_takes_no_write(tmp_path: Path) -> None:
    """Its mount point is an empty folder: what was written there would be lost below."""
    registry = small_registry(tmp_path / "registry")
    known = registry.publish_blob(profile("one"))
    (tmp_path / "registry").rename(tmp_path / "elsewhere")
    for recreate in (False, True):
        if recreate:
            (tmp_path / "registry").mkdir()
        for call in (
            lambda: registry.publish_blob(profile("new")),
            lambda: registry.head("prod", "collections"),
            lambda: registry.head("prod", "nothing"),
            lambda: registry.read_blob(known),
            lambda: registry.preset_digest("collections", 1),
        ):
            with pytest.raises(RegistryUnreachable):
                call()
    assert list((tmp_path / "registry").iterdir()) == []


def test_without_its_marker_a_registry_takes_no_write(tmp_path: Path) -> None:
    """Not even from who had it open."""
    registry = small_registry(tmp_path / "registry")
    (tmp_path / "registry" / "registry.json").unlink()
    before = objects(tmp_path / "registry")
    with pytest.raises(RegistryUnreachable):
        registry.append("prod", "reminder", "hold", expected=None, meta=meta())
    assert objects(tmp_path / "registry") == before


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs Linux's /proc")
def test_a_file_that_holds_more_than_its_size_says_is_read_to_its_end() -> None:
    assert FolderStore("/proc").read("version") == Path("/proc/version").read_bytes() != b""
