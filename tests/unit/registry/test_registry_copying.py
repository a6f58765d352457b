"""``registry copy``: byte by byte, from any store to any, in an order that can be broken off."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore
from registry_world import filled, objects, release, small_registry

from dialform.cli.main import main
from dialform.errors import ObjectCorrupt, RegistryError, RegistryUnreachable
from dialform.registry import FolderStore, Registry
from dialform.registry.copying import copy
from dialform.registry.location import Bucket
from dialform.registry.objects import BucketStore
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from s3_server import S3Server

    from dialform.registry import Store


def memory() -> BucketStore:
    return BucketStore(Bucket("s3", "memory", ""), store=MemoryStore())


def contents(store: BucketStore) -> dict[str, bytes | None]:
    return {key: store.read(key) for key in store.keys("")}


class Breaking:
    """A store whose writer is cut off after so many objects."""

    def __init__(self, inner: BucketStore, left: int) -> None:
        self.inner = inner
        self.left = left
        self.lock = threading.Lock()
        self.url = inner.url
        self.present = inner.present
        self.read = inner.read
        self.names = inner.names
        self.keys = inner.keys

    def create(self, key: str, data: bytes) -> bool:
        with self.lock:
            if self.left <= 0:
                raise RegistryUnreachable("cut off")
            self.left -= 1
        return self.inner.create(key, data)


@pytest.fixture
def source(tmp_path: Path) -> Registry:
    """A registry in a folder with every kind of object."""
    return small_registry(tmp_path / "registry")


def test_a_copy_broken_off_anywhere_is_a_registry_and_goes_on(
    source: Registry, tmp_path: Path
) -> None:
    whole = objects(tmp_path / "registry")
    for left in range(len(whole)):
        target = memory()
        breaking: Store = Breaking(target, left)
        with pytest.raises(RegistryUnreachable):
            copy(source.store, breaking)
        if left:
            assert list(verify(Registry(target))) == [], left
        done = copy(source.store, target)
        assert (done.there, done.created) == (left, len(whole) - left)
        assert contents(target) == whole


def test_copies_between_folder_and_s3_are_the_same_to_the_byte(
    source: Registry, tmp_path: Path, s3: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    url, other = s3.fresh(), s3.fresh()
    for here, there in ((source.url, url), (url, other), (other, str(tmp_path / "back"))):
        assert main(["registry", "copy", here, there]) == 0
        assert "28 objects copied from" in capsys.readouterr().err
        assert main(["registry", "verify", "--registry", there]) == 0
    assert objects(tmp_path / "back") == objects(tmp_path / "registry")

    release(source, "reminder", "two")
    capsys.readouterr()
    assert main(["registry", "copy", source.url, url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "format": "dialform.registry-copy/1",
        "from": source.url,
        "to": url,
        "created": 3,
        "there": 28,
    }
    assert main(["registry", "log", "reminder", "-s", "prod", "--registry", url]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["2", "release", "2"]


def test_other_bytes_under_a_name_stop_it_and_stay(source: Registry) -> None:
    target = memory()
    copy(source.store, target)
    forked = Registry(target)
    release(forked, "reminder", "elsewhere")
    release(source, "reminder", "here")
    before = contents(target)
    with pytest.raises(RegistryError, match=r"2\.json has other bytes than"):
        copy(source.store, target)
    assert {key: contents(target)[key] for key in before} == before


def test_another_registry_is_not_copied_into(source: Registry) -> None:
    target = filled(_made(memory()))
    with pytest.raises(RegistryError, match="is another registry than"):
        copy(source.store, target.store)


def _made(store: BucketStore) -> Registry:
    registry = Registry(store)
    registry.create_marker()
    return registry


def test_a_place_with_other_things_is_not_copied_into(source: Registry, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "holiday.jpg").touch()
    with pytest.raises(RegistryError, match=r"holiday\.jpg"):
        copy(source.store, FolderStore(tmp_path / "home"))


def test_what_is_no_registry_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    target = memory()
    with pytest.raises(RegistryUnreachable, match=r"no registry\.json"):
        copy(FolderStore(tmp_path / "empty"), target)
    assert target.keys("") == []


def test_a_damaged_document_is_not_copied(source: Registry, tmp_path: Path) -> None:
    path = next((tmp_path / "registry" / "blobs" / "sha256").iterdir())
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ObjectCorrupt, match="damage is not copied"):
        copy(source.store, memory())
