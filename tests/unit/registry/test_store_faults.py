"""What becomes of answers that say too little: wires that break, conflicts, refusals."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, get_args

import pytest
from registry_world import environment, meta, preset, publish, release
from store_wire import Dialect, Wire

from dialform.errors import (
    LostRace,
    ObjectAbsent,
    RegistryError,
    RegistryUnreachable,
    SettingError,
)
from dialform.presets.canonical import digest
from dialform.registry import CampaignClaim, Claim, Registry
from dialform.registry.clouds import Patience
from dialform.registry.location import bucket_of
from dialform.registry.objects import BucketStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUICK = Patience(connect=1, request=0.5, attempts=3, pause=0.01)
KEY = "a/1.json"


@pytest.fixture(params=get_args(Dialect))
def wire(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A bucket that does as told, in each cloud's dialect."""
    with Wire(request.param) as wire:
        for name, value in wire.environ.items():
            monkeypatch.setenv(name, value)
        yield wire


@pytest.fixture
def store(wire: Wire) -> BucketStore:
    """The bucket, waited for briefly."""
    return at(wire.url)


def at(url: str) -> BucketStore:
    bucket = bucket_of(url)
    assert bucket is not None
    return BucketStore(bucket, patience=QUICK)


@pytest.fixture
def registry(store: BucketStore) -> Registry:
    """A registry in it."""
    made = Registry(store)
    made.create_marker()
    return made


def stored(wire: Wire, key: str = KEY) -> bytes | None:
    return wire.objects.get(f"team/calls/{key}")


# Creating


@pytest.mark.parametrize("how", ["drop", "500", "503", "stall"])
def test_an_own_create_whose_answer_was_lost_is_no_lost_race(
    wire: Wire, store: BucketStore, how: str
) -> None:
    wire.fail("PUT", how, done=True)
    assert store.create(KEY, b"mine") is True
    assert stored(wire) == b"mine"


@pytest.mark.parametrize("how", ["drop", "500", "503", "429"])
def test_a_create_that_was_not_done_is_made_again(wire: Wire, store: BucketStore, how: str) -> None:
    wire.fail("PUT", how)
    assert store.create(KEY, b"mine") is True
    assert wire.requests.count("PUT team/calls/a/1.json") == 2


def test_a_create_after_doubt_that_meets_anothers_object_is_a_lost_race(
    wire: Wire, store: BucketStore
) -> None:
    wire.fail("PUT", "drop")
    wire.objects["team/calls/a/1.json"] = b"theirs"
    assert store.create(KEY, b"mine") is False


def test_a_conflict_that_did_nothing_is_not_taken_for_a_taken_name(
    wire: Wire, store: BucketStore
) -> None:
    """S3 answers 409 to a request that met another one, whichever of them came through."""
    wire.fail("PUT", "409", code="ConditionalRequestConflict", times=2)
    assert store.create(KEY, b"mine") is True
    assert stored(wire) == b"mine"


def test_a_conflict_with_one_that_came_through_is_a_lost_race(
    wire: Wire, store: BucketStore
) -> None:
    wire.objects["team/calls/a/1.json"] = b"theirs"
    wire.fail("PUT", "409", code="ConditionalRequestConflict")
    assert store.create(KEY, b"theirs") is False


@pytest.mark.parametrize("how", ["500", "drop", "409"])
def test_a_create_that_is_never_answered_says_that_it_is_not_known(
    wire: Wire, store: BucketStore, how: str
) -> None:
    wire.fail("PUT", how, times=9)
    with pytest.raises(RegistryUnreachable, match=r"a/1\.json: .*not known.*run it again"):
        store.create(KEY, b"mine")


def test_a_create_that_is_never_answered_and_done_is_done(wire: Wire, store: BucketStore) -> None:
    """Each answer is lost; what is read back counts."""
    wire.fail("PUT", "drop", times=9, done=True)
    assert store.create(KEY, b"mine") is True


def test_a_create_is_not_known_where_it_can_not_be_read_back(
    wire: Wire, store: BucketStore
) -> None:
    wire.fail("PUT", "drop", done=True)
    wire.fail("GET", "500", times=9)
    with pytest.raises(RegistryUnreachable):
        store.create(KEY, b"mine")


def test_who_may_not_create_is_told_so_at_once(wire: Wire, store: BucketStore) -> None:
    wire.fail("PUT", "403", code="AccessDenied")
    with pytest.raises(RegistryError, match=r"nothing of it was kept.*may not create") as caught:
        store.create(KEY, b"mine")
    assert not isinstance(caught.value, RegistryUnreachable)
    assert wire.requests.count("PUT team/calls/a/1.json") == 1


def test_forbidden_by_a_taken_name_is_a_lost_race(wire: Wire, store: BucketStore) -> None:
    """Some stores ask for the right to overwrite before they look at the condition."""
    wire.objects["team/calls/a/1.json"] = b"theirs"
    wire.fail("PUT", "403", code="AccessDenied")
    assert store.create(KEY, b"mine") is False


def test_a_store_that_can_not_create_if_absent_is_an_error(wire: Wire, store: BucketStore) -> None:
    wire.fail("PUT", "400", code="NotImplemented")
    with pytest.raises(RegistryError, match="dialform registry doctor"):
        store.create(KEY, b"mine")


# Reading


@pytest.mark.parametrize("how", ["500", "503", "drop", "cut", "stall", "429"])
def test_one_bad_answer_to_a_read_is_asked_again(wire: Wire, store: BucketStore, how: str) -> None:
    wire.objects["team/calls/a/1.json"] = b"all of it"
    wire.fail("GET", how)
    assert store.read(KEY) == b"all of it"


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("500", "InternalError", "status 500 InternalError"),
        ("503", "SlowDown", "status 503 SlowDown"),
        ("drop", "", "no connection"),
        ("cut", "", "broke off"),
        ("stall", "", "did not answer in time"),
        ("403", "AccessDenied", "status 403 AccessDenied.*credentials that may"),
        ("401", "ExpiredToken", "status 401 ExpiredToken.*credentials"),
        ("400", "Strange", "status 400 Strange.*correct the URL or the store's settings"),
        ("301", "", "AWS_REGION|status 301|redirect"),
    ],
)
def test_no_answer_is_never_absence(
    wire: Wire, store: BucketStore, how: str, code: str, words: str
) -> None:
    wire.objects["team/calls/a/1.json"] = b"all of it"
    for method in ("GET", "LIST"):
        wire.fail(method, how, code=code, times=9)
    for call in (lambda: store.read(KEY), lambda: store.names("a"), lambda: store.keys("a")):
        with pytest.raises(RegistryUnreachable, match=f"calls/a.*(?:{words})") as caught:
            call()
        for secret in wire.environ.values():
            assert secret not in str(caught.value) or secret in (wire.endpoint, "us-east-1", "team")
        assert "AKIDEXAMPLE" not in str(caught.value)


def test_without_its_bucket_nothing_is_absent(wire: Wire) -> None:
    wire.buckets.clear()
    store = at(wire.url)
    assert store.present() is False
    for call in (
        lambda: store.read(KEY),
        lambda: store.names("a"),
        lambda: store.create(KEY, b"x"),
        lambda: Registry(store).head("prod", "collections"),
        lambda: Registry(store).exists,
        lambda: Registry(store).create_marker(),
    ):
        with pytest.raises(RegistryError, match=r"there is no such (bucket|container)|not there"):
            call()


def test_without_its_marker_nothing_is_absent(wire: Wire, registry: Registry) -> None:
    """A wrong prefix looks like an empty registry, and is none."""
    publish(registry, "collections", "one")
    for other in (wire.url + "/deeper", wire.url.rpartition("/")[0]):
        elsewhere = Registry(at(other))
        calls: list[Callable[[], object]] = [
            partial(elsewhere.head, "prod", "collections"),
            partial(elsewhere.read_blob, digest(b"x")),
            partial(elsewhere.publish_blob, preset("new")),
        ]
        for call in calls:
            with pytest.raises(RegistryUnreachable, match=r"no registry\.json"):
                call()
    with pytest.raises(ObjectAbsent):
        registry.read_blob(digest(b"x"))


def test_absent_is_said_only_while_the_marker_can_be_read(wire: Wire, registry: Registry) -> None:
    _ = registry.id
    del wire.objects["team/calls/registry.json"]
    with pytest.raises(RegistryUnreachable):
        registry.head("prod", "collections")


# What the registry makes of it


def test_each_write_of_a_release_may_lose_its_answer(wire: Wire, registry: Registry) -> None:
    """Whichever it is, the release is made once and its author is told so."""
    for number in range(1, 4):
        wire.fail("PUT", "drop", done=True, times=9)
        entry = release(registry, "collections", f"text {number}", expected=number - 1)
        assert (entry.seq, entry.version) == (number, number)
        assert registry.publish_environment("prod", environment("prod", f"KEY_{number}")) == number
        wire.faults.clear()
    assert [entry.seq for entry in registry.entries("prod", "collections")] == [1, 2, 3]


def test_a_marker_whose_answer_was_lost_is_this_calls(wire: Wire, store: BucketStore) -> None:
    wire.fail("PUT", "drop", done=True)
    assert Registry(store).create_marker() is True


def test_a_claim_whose_answer_was_lost_is_the_claimants(wire: Wire, registry: Registry) -> None:
    when = "2026-11-23T23:00:00Z"
    mine = Claim("ledger-1", 1, "host", "ledger.db", 0, "token-mine", when, None, None)
    wire.fail("PUT", "500", done=True)
    assert registry.claim(mine) == mine
    theirs = mine._replace(token="token-theirs")  # noqa: S106 - it opens nothing
    assert registry.claim(theirs) == mine, "and another's is told whose it is"

    name = CampaignClaim("prod", "june", "ledger-1", "host", "ledger.db", when, None)
    wire.fail("PUT", "drop", done=True)
    assert registry.claim_campaign(name) == name
    assert registry.claim_campaign(name._replace(ledger="ledger-2")) == name


def test_a_release_that_really_lost_is_told_so_after_doubt(wire: Wire, registry: Registry) -> None:
    release(registry, "collections", "one", expected=0)
    other = Registry(registry.store)
    release(other, "collections", "two", expected=1, as_meta=meta(1))
    wire.fail("PUT", "503", times=1)
    with pytest.raises(LostRace):
        release(registry, "collections", "three", expected=1, as_meta=meta(2))


# Settings


def test_without_the_package_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(SettingError, match=r"pip install 'dialform\[stores\]'"):
        Registry.open("s3://some-bucket/x", base=".").head("prod", "x")


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(SettingError, match=r"az://box/calls.*Account must be specified"):
        Registry.open("az://box/calls", base=".").head("prod", "x")
