"""Publishers in processes of their own: all at once, and killed anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialform.registry import Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from s3_server import S3Server

SCRIPT = Path(__file__).with_name("registry_processes.py")


def run(name: str, *arguments: object, **options: object) -> Any:
    """What a function of the script answers."""
    call = json.dumps([name, [str(a) if isinstance(a, Path) else a for a in arguments], options])
    done = subprocess.run(
        [sys.executable, SCRIPT, call], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sound(place: str | Path) -> Registry:
    """The registry, verified, with no temporary file left."""
    registry = Registry.open(str(place), base="/")
    assert list(verify(registry)) == []
    if isinstance(place, Path):
        assert not [path for path in place.parent.rglob("*") if "tmp" in path.name]
    return registry


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest) -> str | Path:
    """Where a registry will be made by the first who come, and where an empty one is."""
    if request.param == "folder":
        folder: Path = request.getfixturevalue("quick_folder")
        return folder / "registry"
    s3: S3Server = request.getfixturevalue("s3")
    url = s3.fresh()
    Registry.open(url, base="/").create_marker()
    return url


@pytest.mark.parametrize("count", [2, 50])
def test_publishers_at_once_leave_no_gap_and_lose_nothing(place: str | Path, count: int) -> None:
    answers = run("race_versions", place, count)
    own = [answer["done"][0] for answer in answers]
    common = {answer["done"][1] for answer in answers}
    assert len(common) == 1, "the same content has the same number for all"
    assert sorted([*own, *common]) == list(range(1, count + 2))
    versions = sound(place).versions("collections")
    assert [number for number, _ in versions] == list(range(1, count + 2))


@pytest.mark.parametrize("count", [2, 50])
def test_of_releases_at_once_one_wins_and_the_others_are_told(
    place: str | Path, count: int
) -> None:
    answers = run("race_releases", place, count, same=False)
    assert [answer["done"] for answer in answers if "done" in answer] == [1]
    assert [answer["error"] for answer in answers if "error" in answer] == ["LostRace"] * (
        count - 1
    )
    assert len(sound(place).entries("prod", "collections")) == 1


@pytest.mark.parametrize("count", [2, 50])
def test_the_same_release_at_once_is_one_entry(place: str | Path, count: int) -> None:
    answers = run("race_releases", place, count, same=True)
    assert answers == [{"done": 1}] * count
    assert len(sound(place).entries("prod", "collections")) == 1


def test_a_hold_comes_through_while_others_release(place: str | Path) -> None:
    """An operator who stops calls never loses the race, and nothing moves after."""
    held, *moved = (answer["done"] for answer in run("race_hold", place, 4))
    assert -1 not in moved
    entries = sound(place).entries("prod", "collections")
    assert entries[-1].kind == "hold"
    assert entries[-1].seq == held == 2 + sum(moved)


def test_a_registry_is_made_once(quick_folder: Path) -> None:
    answers = run("race_first", quick_folder / "registry", 20)
    assert len({answer["done"] for answer in answers}) == 1
    sound(quick_folder / "registry")


def test_a_bucket_is_made_a_registry_once(s3: S3Server) -> None:
    url = s3.fresh()
    answers = [answer["done"] for answer in run("race_marker", url, 20)]
    assert sorted(created for created, _ in answers) == [False] * 19 + [True]
    assert len({found for _, found in answers}) == 1
    sound(url)


def test_the_same_environment_at_once_is_one_document(place: str | Path) -> None:
    assert run("race_environments", place, 20) == [{"done": 1}] * 20
    sound(place)


@pytest.mark.parametrize("before", [0, 1])
def test_killed_at_any_step_the_next_run_completes_it(quick_folder: Path, before: int) -> None:
    """A registry that reads after each kill; no version or entry lost or double."""
    result = run("kill_everywhere", quick_folder, before)
    assert result["faults"] == []
    assert result["steps"] > 100


def test_killed_at_any_time_again_and_again_nothing_is_lost(place: str | Path) -> None:
    result = run("kill_anytime", place, 20, 20261123)
    assert result["faults"] == []
    assert result["kills"] == 20
