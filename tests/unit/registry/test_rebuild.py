"""docs/rebuild.py makes any dial's body again, with Python's standard library and no more."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reference_registry import OBJECTS, Reference, ledger_file, restored, write_ledger
from registry_world import MemoryStore

from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.launcher.records import Record

SCRIPT = Path(__file__).parents[3] / "docs" / "rebuild.py"
WORKED = {1: {9}, 2: {2, 3, 6, 8, 9, 10}, 3: {2, 3, 6, 8, 9, 10, 11}}
"""
By schema: the dials whose body can be made again. 5 and 7 were erased, 9 is a browser call, of 11
the ledger keeps what is not in every body of its preset.
"""


def rebuild(registry: Path, ledger: Path, dial: str) -> tuple[int, str, str]:
    """Run the script as its user does, apart from this environment's packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, registry, ledger, dial],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The golden ledger of today's schema."""
    return restored(ledger_file().read_text(encoding="utf-8"), tmp_path / "ledger.db")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A copy of the golden registry, to be damaged."""
    return Path(shutil.copytree(OBJECTS, tmp_path / "registry"))


def records(ledger: Path) -> list[Record]:
    with closing(Ledger(ledger)) as opened:
        return opened.find()


def test_the_script_is_short_and_needs_nothing() -> None:
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert not any("dialform." in line for line in lines), "no import of what it outlives"


@pytest.mark.parametrize("schema", range(1, VERSION + 1))
def test_every_dial_is_made_again_to_the_byte(schema: int, tmp_path: Path) -> None:
    """Single and of a campaign, keyed and not, of a release and of a working tree."""
    text = ledger_file(schema).read_text(encoding="utf-8")
    file = restored(text, tmp_path / "ledger.db")
    worked = set()
    for number in range(2, 12):
        code, out, _ = rebuild(OBJECTS, file, f"{number:032x}")
        if code == 0:
            assert out.splitlines()[1:] == ["OK"]
            worked.add(number)
    assert worked == WORKED.get(schema, WORKED[3])
    if schema > 1:
        with closing(Ledger(file)) as opened:
            for number in worked:
                content = opened.content(f"{number:032x}")
                assert content is not None
                _, out, _ = rebuild(OBJECTS, file, f"{number:032x}")
                assert out == f"{(content.body or b'').decode()}\nOK\n"


def test_a_dial_is_named_by_the_apis_id_too(ledger: Path) -> None:
    assert rebuild(OBJECTS, ledger, "dial-3")[0] == 0
    code, _, said = rebuild(OBJECTS, ledger, "dial-99")
    assert (code, said) == (1, "error: the ledger has no dial dial-99\n")


def test_an_erased_person_is_said_to_be(ledger: Path) -> None:
    """Nobody can make up whom it was: not even that the rest is right."""
    code, out, said = rebuild(OBJECTS, ledger, f"{5:032x}")
    assert (code, out) == (1, "")
    assert "differs: the body of erased:" in said


def test_a_damaged_object_on_the_way_is_named(registry: Path, ledger: Path) -> None:
    """Bound preset, preset, profile, and each entry of the log up to the release."""
    (record,) = (one for one in records(ledger) if one.id == f"{3:032x}")
    bound = f"blobs/sha256/{record.bound_digest[7:]}.json"
    keys = [bound, f"blobs/sha256/{record.preset_digest[7:]}.json"]
    keys += [f"releases/prod/reminder/{seq}.json" for seq in (1, 4, 8)]
    damages: list[Callable[[bytes], bytes]] = [
        lambda data: data.replace(b"o", b"0", 1),
        lambda data: data[:-1],
        lambda data: data.replace(b'"', b"'", 1),
    ]
    for key in keys:
        sound = (registry / key).read_bytes()
        for damage in damages:
            (registry / key).write_bytes(damage(sound))
            code, out, said = rebuild(registry, ledger, record.id)
            assert (code, out) == (1, ""), key
            assert said.startswith(("differs:", "error:")), said
        (registry / key).unlink()
        code, _, said = rebuild(registry, ledger, record.id)
        assert code == 1
        assert key in said
        (registry / key).write_bytes(sound)
    assert rebuild(registry, ledger, record.id)[0] == 0


def test_an_altered_ledger_is_noticed(registry: Path, ledger: Path) -> None:
    """Another number, other inputs, another release: the recorded digest is not theirs."""
    for change in (
        "to_number = '+14155550199'",
        "from_number_id = 'number-2'",
        """inputs = '{"name":"Eve"}'""",
        "release = 1, environment = 'staging'",
        "release = 2",
        "body_digest = 'sha256:' || id || id",
        "bound_digest = preset_digest",
    ):
        altered = Path(shutil.copy(ledger, ledger.with_name("altered.db")))
        with closing(sqlite3.connect(altered)) as connection:
            connection.execute(f"UPDATE dial SET {change} WHERE id = ?", [f"{3:032x}"])  # noqa: S608  # these
            connection.commit()
        code, out, said = rebuild(registry, altered, f"{3:032x}")
        assert (code, out) == (1, ""), change
        assert said.startswith(("differs:", "error:")), said


def test_a_ledger_that_is_written_right_now_can_be_read(tmp_path: Path) -> None:
    """Its newest dials stand in the log of changes beside the file."""
    store = MemoryStore()
    write_ledger(tmp_path / "new.db", Reference(store).registry)
    with closing(Ledger(tmp_path / "new.db")) as opened:
        opened.set("note", "in the log of changes")
        code, out, said = rebuild(OBJECTS, tmp_path / "new.db", f"{8:032x}")
    assert (code, said) == (0, "")
    assert out.endswith("\nOK\n")
