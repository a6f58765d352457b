"""What a machine remembers: an older registry, or another one under the same id, is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import platformdirs
import pytest
from registry_world import environment, meta, release

from dialform.errors import Untrusted
from dialform.presets.canonical import digest
from dialform.registry.trust.memory import Memory, Seen, state_folder

if TYPE_CHECKING:
    from pathlib import Path

    from trust_world import World

    from dialform.registry import Registry


def look(registry: Registry) -> str:
    try:
        registry.environment("prod")
        registry.head("prod", "collections")
    except Untrusted as refusal:
        return refusal.rule
    return "-"


def keep(world: World) -> Path:
    """A copy of the registry, to be put back later."""
    copy = world.root / "backup"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(world.folder, copy)
    return copy


def restore(world: World) -> None:
    shutil.rmtree(world.folder)
    shutil.copytree(world.root / "backup", world.folder)


@pytest.mark.parametrize("pins", [(), ("ci",)])
def test_an_older_registry_is_refused_and_another_machine_knows_of_nothing(
    pins: tuple[str, ...], world: World
) -> None:
    world.released()
    keep(world)
    world.released(text="two")
    assert look(world.reader(*pins, machine="a")) == "-"
    restore(world)
    assert look(world.reader(*pins, machine="a")) == "rolled-back-registry"
    assert look(world.reader(*pins, machine="b")) == "-"


@pytest.mark.parametrize("pins", [(), ("ci",)])
def test_a_log_that_is_gone_is_refused(pins: tuple[str, ...], world: World) -> None:
    world.released()
    assert look(world.reader(*pins, machine="a")) == "-"
    shutil.rmtree(world.path("releases/prod/collections"))
    assert look(world.reader(*pins, machine="a")) == "rolled-back-registry"
    shutil.rmtree(world.path("environments/prod"))
    assert look(world.reader(*pins, machine="a")) == "rolled-back-registry"


@pytest.mark.parametrize("pins", [(), ("ci",)])
def test_another_entry_under_a_number_that_was_seen_is_a_fork(
    pins: tuple[str, ...], world: World
) -> None:
    """Also where the fork is longer, and each of its entries is signed."""
    world.released()
    keep(world)
    world.released(text="two")
    assert look(world.reader(*pins, machine="a")) == "-"
    restore(world)
    world.released(text="other")
    assert look(world.reader(*pins, machine="a")) == "forked"
    world.released(text="longer")
    assert look(world.reader(*pins, machine="a")) == "forked"


def test_an_environment_s_older_document_is_refused(world: World) -> None:
    world.released()
    keep(world)
    world.writer("ci").publish_environment("prod", environment("prod", "OTHER_KEY"))
    reader = world.reader("ci", machine="a")
    assert reader.environment("prod") is not None
    restore(world)
    with pytest.raises(Untrusted, match=r"\[rolled-back-registry\]"):
        reader.environment("prod")


def test_a_hold_that_was_taken_away_is_missed(world: World) -> None:
    """It has no signature, and starts calls by being gone."""
    world.released()
    keep(world)
    world.writer(None).append("prod", "collections", "hold", expected=None, meta=meta(3))
    assert look(world.reader("ci", machine="a")) == "-"
    restore(world)
    assert look(world.reader("ci", machine="a")) == "rolled-back-registry"


def test_a_statement_that_was_taken_away_is_missed(world: World) -> None:
    """Else a key that leaked would count again."""
    world.released()
    keep(world)
    keys = {world.key("anna").line: "anna", world.key("ci").line: "ci"}
    issuer = world.writer("ci").issuer
    issuer.state(meta(), keys=keys, threshold=1, previous=None)
    assert look(world.reader("ci", machine="a")) == "-"
    restore(world)
    assert look(world.reader("ci", machine="a")) == "rolled-back-registry"


def test_a_leaked_key_s_high_numbers_do_not_lock_out_what_puts_them_right(world: World) -> None:
    """The fast-forward attack: what a key that counts no more signed binds nobody."""
    world.released("ci")
    keep(world)
    for second in range(5):
        release(world.writer("leaked"), "collections", f"evil {second}", as_meta=meta(second))
    assert look(world.reader("ci", "leaked", machine="a")) == "-"
    restore(world)
    assert look(world.reader("ci", "leaked", machine="a")) == "rolled-back-registry"
    assert look(world.reader("ci", machine="a")) == "-"


def test_nothing_is_remembered_of_what_was_refused(world: World) -> None:
    world.released()
    keep(world)
    assert look(world.reader("ci", machine="a")) == "-"
    release(world.writer("eve"), "collections", "forged", as_meta=meta(1))
    assert look(world.reader("ci", machine="a")) == "unknown-key"
    restore(world)
    assert look(world.reader("ci", machine="a")) == "-"


def test_the_refusal_says_which_file_forgets(world: World) -> None:
    world.released()
    keep(world)
    world.released(text="two")
    reader = world.reader(machine="a")
    look(reader)
    restore(world)
    with pytest.raises(Untrusted, match="remove ") as found:
        reader.head("prod", "collections")
    path = str(found.value).partition("remove ")[2].rpartition(" [")[0]
    type(world.root)(path).unlink()
    assert look(world.reader(machine="a")) == "-"


SEEN = {"-": Seen(3, digest(b"x"))}


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": "dialform.memory/2", "seen": {}}',
        '{"format": "dialform.memory/1", "seen": {"-": {"seq": 0, "digest": "x"}}}',
        '{"format": "dialform.memory/1", "seen": {"-": 1}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_memory_is_said_and_stops_nothing(damage: str, tmp_path: Path) -> None:
    """Who can damage it owns the machine that dials; it is whole again with the next look."""
    Memory(str(tmp_path)).remember("id", "releases/prod/a", SEEN)
    path = type(tmp_path)(Memory(str(tmp_path)).path("id", "releases/prod/a"))
    path.write_text(damage)
    said: list[str] = []
    memory = Memory(str(tmp_path), said.append)
    assert memory.recall("id", "releases/prod/a") == {}
    assert len(said) == 1
    assert str(path) in said[0]
    memory.remember("id", "releases/prod/a", SEEN)
    assert Memory(str(tmp_path)).recall("id", "releases/prod/a") == SEEN


def test_a_memory_that_can_t_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said: list[str] = []
    memory = Memory(str(tmp_path / "file"), said.append)
    memory.remember("id", "a", SEEN)
    memory.remember("id", "b", SEEN)
    assert len(said) == 1
    assert "DIALFORM_STATE" in said[0]


def test_two_processes_together_remember_the_most(tmp_path: Path) -> None:
    one, other = Memory(str(tmp_path)), Memory(str(tmp_path))
    assert (one.recall("id", "a"), other.recall("id", "a")) == ({}, {})
    other.remember("id", "a", {"-": Seen(9, digest(b"9"))})
    one.remember("id", "a", {"-": Seen(8, digest(b"8")), "k": Seen(8, digest(b"8"))})
    assert Memory(str(tmp_path)).recall("id", "a") == {
        "-": Seen(9, digest(b"9")),
        "k": Seen(8, digest(b"8")),
    }


def test_half_a_file_is_never_there(tmp_path: Path) -> None:
    memory = Memory(str(tmp_path))
    for number in range(1, 20):
        memory.remember("id", "a", {"-": Seen(number, digest(b"x"))})
    assert [path.name for path in (tmp_path / "registries/id").iterdir()] == ["a.json"]


def test_where_it_is_kept() -> None:
    assert state_folder({"DIALFORM_STATE": "/x"}) == "/x"
    user = {name: text for name, text in os.environ.items() if name != "DIALFORM_STATE"}
    assert state_folder(user) == platformdirs.user_state_dir("dialform")
    home = {name: text for name, text in user.items() if name != "XDG_STATE_HOME"}
    code = "import platformdirs; print(platformdirs.user_state_dir('dialform'))"
    said = subprocess.check_output([sys.executable, "-c", code], env=home, text=True)
    assert state_folder(home) == said.strip()
