"""
What can be done to a registry, and who notices: the tables of docs/threats.md are what is so.

After a change that is meant: ``python tests/unit/registry/proof_table.py``.
"""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from mutations import PATTERNS, flipped, kind_of
from proof_table import (
    ANOTHER,
    EARLIER,
    NOTHING,
    PAGE,
    REASONS,
    REFUSED,
    Row,
    Watched,
    accidents,
    filled,
    forgeries,
    tables,
)
from reference_registry import ANN, ANNA, BINDINGS, CI, REGISTRY_ID, Reference, golden_objects

from dialform.errors import DialformError, RegistryError
from dialform.launcher import Launcher
from dialform.presets.canonical import Digest
from dialform.registry import FolderStore, Registry, documents
from dialform.registry.approvals import parse_approval
from dialform.registry.claims import parse_campaign_claim, parse_claim
from dialform.registry.documents import Damage
from dialform.registry.entries import parse_entry
from dialform.registry.evidence import parse_evidence
from dialform.registry.trust.reviewing import parse_signature
from dialform.registry.trust.statements import parse_snapshot, parse_statement
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialform.registry.trust.keys import PublicKey
    from dialform.sandbox import Sandbox

CUT_BACK = "the newest dropped"


@pytest.fixture(scope="module")
def damaged() -> list[Row]:
    return accidents(golden_objects())


@pytest.fixture(scope="module")
def written() -> list[Row]:
    return forgeries(golden_objects())


def test_the_page_says_what_is_so(damaged: list[Row], written: list[Row]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, tables(damaged, written)) == page, "run proof_table.py, and look"


def test_no_accident_has_another_call_sent(damaged: list[Row]) -> None:
    """Nothing that was not released; what was live before, where the newest entry is lost."""
    assert [row for row in damaged if ANOTHER in row.launch] == []
    assert [row[:2] for row in damaged if EARLIER in row.launch] == [("release", CUT_BACK)]


def test_with_keys_nobody_has_another_call_sent(damaged: list[Row], written: list[Row]) -> None:
    """Whoever may write all there is and has no key; what was signed once, on a new machine."""
    rows = [*damaged, *written]
    assert [row for row in rows if ANOTHER in row.keyed | row.remembering] == []
    assert [row for row in rows if EARLIER in row.remembering] == []
    assert [row.name for row in rows if EARLIER in row.keyed] == [
        "all as it was at an earlier time"
    ]
    assert sum(ANOTHER in row.launch for row in written) > 5, "or these are no forgeries"


def test_what_is_read_and_damaged_is_refused(damaged: list[Row]) -> None:
    """Who reads it refuses it, whoever it is, and `registry verify` names it."""
    rules = {"checksum", "content", "digest", "form", "format", "place", "signature"}
    for row in damaged:
        if row.name == "damaged":
            assert row.launch | row.readers <= {REFUSED}, row
            assert row.verify <= rules, row


def test_a_whole_reading_finds_all_but_a_lost_end(damaged: list[Row]) -> None:
    """Of what is signed, the lost end as well: its signature is still there."""
    assert [row[:2] for row in damaged if NOTHING in row.verify] == [
        ("campaign claim", "dropped"),
        ("ledger claim", CUT_BACK),
        ("signature", "dropped"),
    ]


def test_every_kind_of_object_is_in_the_table(damaged: list[Row]) -> None:
    """Damaged, and dropped in one way or the other."""
    kinds = {kind_of(key, data) for key, data in golden_objects().items()}
    for what in (("damaged",), ("dropped", CUT_BACK)):
        there = {row.kind.partition(",")[0] for row in damaged if row.name in what}
        assert there == kinds


def test_what_is_not_noticed_has_a_reason(damaged: list[Row], written: list[Row]) -> None:
    """And what is noticed by all has none, so that a reason says something."""
    unseen = {row[:2] for row in [*damaged, *written] if row.unseen}
    assert {key for key in REASONS if REASONS[key]} == unseen


def parser_of(key: str) -> Callable[[bytes], Any]:
    """What reads the object that stands at a key, as all its readers do."""
    kind, *rest = key.removesuffix(".json").split("/")
    if kind == "registry":
        return documents.parse_marker
    if kind == "blobs":
        expected = Digest(f"sha256:{rest[-1]}")
        return lambda data: documents.hashed(data, expected)
    if kind == "approvals":
        rest[1] = f"sha256:{rest[1]}"
    parsers: dict[str, Callable[..., Any]] = {
        "presets": documents.parse_version,
        "releases": parse_entry,
        "environments": documents.parse_environment,
        "approvals": parse_approval,
        "evidence": parse_evidence,
        "ledgers": parse_claim,
        "campaigns": parse_campaign_claim,
        "trust": parse_statement,
        "snapshots": parse_snapshot,
    }
    if kind == "signatures":
        keys = {one.public.keyid: one.public for one in (CI, ANNA)}
        return partial(_signature, Digest(f"sha256:{rest[0]}"), rest[1], keys)
    where = [int(one) if one.isdecimal() else one for one in rest]
    return lambda data: parsers[kind](data, *where)


def _signature(of: Digest, keyid: str, keys: dict[str, PublicKey], data: bytes) -> None:
    fault = parse_signature(data, of, keyid, REGISTRY_ID).fault(keys)
    if fault is not None:
        raise Damage("signature", fault)


def is_refused(parse: Callable[[bytes], Any], data: bytes) -> bool:
    """Whether a reader takes it for damaged. Any other error is a fault of the reader."""
    try:
        parse(data)
    except Damage:
        return True
    return False


def test_each_byte_of_each_object_matters() -> None:
    """Flipped in any of several ways, or the last that is left, its reader takes it for damaged."""
    count = 0
    for key, data in golden_objects().items():
        parse = parser_of(key)
        assert not is_refused(parse, data)
        # Of signatures there are many, each as long as the object that it is of.
        patterns = PATTERNS[:1] if key.startswith("signatures/") else PATTERNS
        for place in range(len(data)):
            for pattern in patterns:
                assert is_refused(parse, flipped(data, place, pattern)), (key, place, pattern)
                count += 1
        for length in range(0, len(data), 7):
            assert is_refused(parse, data[:length]), (key, length)
    assert count > 50_000


SEEDED: dict[str, dict[str, Any]] = {
    "agents": {"collector": {"id": seed_id("dev", "agents", "Collector"), "name": "Collector"}},
    "voices": {"warm": {"id": seed_id("dev", "voices", "Ava"), "name": "Ava"}},
    "models": {"fast": {"id": seed_id("dev", "models", "Atlas 2 mini"), "name": "Atlas 2 mini"}},
    "numbers": {
        "us": {
            "members": [
                {"id": seed_id("dev", "phone_numbers", one["number"]), "number": one["number"]}
                for one in BINDINGS["numbers"]["us"]["members"]
            ]
        }
    },
}


def test_a_phone_rings_with_what_was_released_or_not_at_all(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """Real calls out of a real folder, with each object damaged and dropped that they read."""
    sound = tmp_path / "sound"
    Reference(FolderStore(sound), sandbox.url, SEEDED)
    objects = {
        path.relative_to(sound).as_posix(): path.read_bytes() for path in sound.rglob("*.json")
    }
    watched = Watched(objects)
    watching = Launcher("memory", "staging")
    watching._registry = Registry(watched)
    said = {"to": ANN, "inputs": {"name": "Ann"}}
    released = watching.request("reminder", **said)  # type: ignore[arg-type]  # both are right
    read = sorted(key for key in watched.asked if key in objects)
    assert len(read) == 4, "marker, document, entry and bound preset"
    folder = tmp_path / "registry"
    dial = partial(_dial, folder, said)

    for key in read:
        for data in (None, objects[key][:-1], flipped(objects[key], 40, 1), b""):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(sound, folder)
            if data is None:
                (folder / key).unlink()
            else:
                (folder / key).write_bytes(data)
            with pytest.raises(DialformError) as caught:
                dial()
            assert isinstance(caught.value, RegistryError)
    assert sandbox.dials() == []

    others = sorted(objects.keys() - set(read))[::4]
    for key in others:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(sound, folder)
        (folder / key).write_bytes(flipped(objects[key], 40, 1))
        dial()
    sent = {one["raw"].encode() for one in sandbox.dials()}
    assert sent == {released.body}
    assert len(sandbox.dials()) == len(others)


def _dial(folder: Path, said: dict[str, Any]) -> None:
    ledger = folder.with_name("ledger.db")
    ledger.unlink(missing_ok=True)
    with Launcher(folder, "staging", key="sandbox-dev", ledger=ledger) as launcher:
        launcher.dial("reminder", **said)
