"""
What earlier versions stored is read by this one: a frozen registry and frozen ledgers.

Nothing in tests/golden/registry is ever rewritten. A format that is new gets objects of its own
there, by ``python tests/unit/registry/reference_registry.py``.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reference_registry import (
    ANN,
    LEDGER_ID,
    OBJECTS,
    REGISTRY_ID,
    Reference,
    dumped,
    golden_objects,
    ledger_file,
    restored,
    write_ledger,
)
from registry_world import MemoryStore

from dialform.cli.main import main
from dialform.launcher import Launcher
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.schema import VERSION
from dialform.presets.canonical import digest, parse
from dialform.registry import CampaignClaim, Registry
from dialform.registry.entries import KINDS, STATES
from dialform.registry.names import digest_of
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[3] / "src" / "dialform"


@pytest.fixture
def registry() -> Registry:
    """The golden registry, which nothing here may write to."""
    store = MemoryStore()
    store.objects = golden_objects()
    return Registry(store)


@pytest.fixture(params=range(1, VERSION + 1))
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The golden ledger of each schema that there was."""
    text = ledger_file(request.param).read_text(encoding="utf-8")
    return restored(text, tmp_path / "ledger.db")


def formats_known() -> set[str]:
    """Every format that a module of the registry names, and so may stand in a store."""
    sources = (PACKAGE / "registry").glob("*.py")
    return {
        found
        for source in sources
        for found in re.findall(r'"(dialform\.[a-z-]+/[0-9]+)"', source.read_text("utf-8"))
    }


def test_every_format_has_a_fixture() -> None:
    """Whoever adds one adds an object of it here, or later versions may forget how to read it."""
    found = {parse(data).get("format") for data in golden_objects().values()}
    assert formats_known() - found == set(), "run tests/unit/registry/reference_registry.py"
    assert len(formats_known()) > 10
    assert ledger_file().exists(), "the ledger's schema is new: run reference_registry.py"


def test_every_kind_of_entry_has_a_fixture() -> None:
    """The optional keys with them, there and left out."""
    entries = [parse(data) for key, data in golden_objects().items() if key.startswith("releases/")]
    assert {entry["kind"] for entry in entries} == KINDS
    assert {entry["state"] for entry in entries} == STATES
    for key in ("references", "heldFrom"):
        assert {key in entry for entry in entries} == {True, False}


def test_todays_writers_give_the_same_bytes() -> None:
    """The same content has the same digest for ever: else every release is a new one."""
    store = MemoryStore()
    Reference(store)
    assert store.objects == golden_objects()


def test_todays_ledger_is_the_same(tmp_path: Path, registry: Registry) -> None:
    """The bytes of the dials in it, and its tables."""
    write_ledger(tmp_path / "ledger.db", registry)
    assert dumped(tmp_path / "ledger.db") == ledger_file().read_text(encoding="utf-8")


def test_the_whole_registry_is_sound(registry: Registry) -> None:
    read: list[int] = []
    assert list(verify(registry, lambda: read.append(1))) == []
    assert len(read) == len(golden_objects()), "no object is passed over"


def test_every_reader_reads_it(registry: Registry) -> None:
    """And finds what was written."""
    assert registry.id == REGISTRY_ID
    assert registry.environments() == ["prod", "staging"]
    assert registry.presets() == ["hello", "letter", "reminder"]
    assert registry.presets("prod") == ["hello", "reminder"]
    assert (registry.environment("prod") or {})["workspace"]["idempotencyKeys"] is True
    first, second = registry.versions("reminder")
    assert (first[0], second[0]) == (1, 2)
    assert registry.version_of("reminder", second[1]) == 2
    assert registry.preset_digest("reminder", 1) == first[1]
    entries = registry.entries("prod", "reminder")
    assert [entry.kind for entry in entries] == [
        *("release", "release", "rollback", "hold", "resume", "resume", "withdraw", "release"),
        "yank",
    ]
    assert entries[3].held_from == "rolled-back"
    assert registry.head("prod", "reminder") == entries[-1]
    assert dict(registry.heads("prod"))["reminder"] == entries[-1]
    assert registry.find_release("prod", "reminder", digest=second[1]).seq == 2
    assert [entry.state for entry in registry.entries("prod", "hello")][-1] == "live"
    assert registry.approved("prod") == {first[1]}
    assert [one.by for one in registry.approvals("prod", first[1])] == ["anna", "ben"]
    assert [one.tally.placed for one in registry.evidence("prod", "reminder", 1)] == [2, 5]
    claim = registry.newest_claim(LEDGER_ID)
    assert claim is not None
    assert (claim.seq, claim.reason) == (2, "the disk was changed")
    mine = CampaignClaim("prod", "november", "another", "x", "y", "2026-11-25T09:00:00Z", None)
    assert registry.claim_campaign(mine).ledger == LEDGER_ID
    for name in registry.store.names("blobs/sha256"):
        content = digest_of(name)
        assert content is not None
        form = parse(registry.read_blob(content))["format"]
        assert registry.read_document(content, form)["format"] == form


def test_what_is_sent_is_still_the_same(ledger: Path) -> None:
    """A call with a frozen release has the digest that was recorded then."""
    with closing(Ledger(ledger)) as opened:
        record = opened.taken("staging", "visit-1")
    assert record is not None
    said = {"name": "Ann", "amount": 12.5, "pin": "0042"}
    request = Launcher(OBJECTS, "staging").request("reminder@1", to=ANN, inputs=said)
    assert request.digest == record.body_digest


def test_an_old_ledger_is_read(ledger: Path) -> None:
    with closing(Ledger(ledger)) as opened:
        record = opened.taken("staging", "visit-1")
        assert record is not None
        assert (record.to, record.state, record.version) == (ANN, "accepted", 1)
        content = opened.content(record.id)
        assert content is not None
        assert content.body is None or digest(content.body) == record.body_digest
        assert len(opened.find()) in {4, 8, 9}, "all that were written then"


COMMANDS = [
    ("registry", "verify"),
    ("registry", "log", "reminder", "-s", "prod"),
    ("registry", "log", "hello", "-s", "prod", "--json"),
    ("registry", "trust", "-s", "prod"),
    ("verify", "reminder", "-s", "prod"),
    ("verify", "--all", "-s", "prod", "--json"),
    ("presets", "-s", "prod"),
    ("presets", "-s", "staging", "--json"),
    *(("show", "reminder", "-s", "prod", *how) for how in ((), ("--script",), ("--json",))),
    *(("show", "hello@1", "-s", "prod", how) for how in ("--request", "--curl")),
    ("status",),
    ("status", "--json"),
    ("history", "reminder"),
    ("history", "hello", "--json"),
    ("diff", "reminder@1", "reminder@2"),
    ("ledger",),
    ("ledger", "--json"),
    ("trace", f"{2:032x}"),
    ("trace", f"{2:032x}", "--json"),
    ("audit", "--to", ANN, "--on", "2026-11-24"),
    ("replay", f"{9:032x}"),
    ("results", "-s", "prod"),
    ("board", "-o", "board.html"),
    ("dial", "reminder", "-s", "prod", "--to", ANN, "--input", "name=Ann", "--dry-run"),
]


@pytest.fixture
def machine(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A launcher's machine: no checkout, the frozen registry and a frozen ledger."""
    folder = ledger.parent
    shutil.copytree(OBJECTS, folder / "registry")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DIALFORM_REGISTRY", str(folder / "registry"))
    monkeypatch.setenv("DIALFORM_LEDGER", str(ledger))
    yield folder
    assert {
        path.relative_to(folder / "registry").as_posix(): path.read_bytes()
        for path in (folder / "registry").rglob("*.json")
    } == golden_objects(), "to read is to change nothing"


@pytest.mark.usefixtures("machine")
def test_every_command_that_reads_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        code = main(command)
        said = capsys.readouterr()
        assert code == 0, (command, said)
        if "--json" in command:
            assert json.loads(said.out)["format"].startswith("dialform."), command
