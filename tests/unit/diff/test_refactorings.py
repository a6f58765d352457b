"""Files that are written otherwise and say the same give an empty diff, and the same digests."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING, Any

import tomli
import tomlkit
from diff_documents import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from dialform.declaration import Project
from dialform.diff.compare import compare
from dialform.diff.sides import declared

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from dialform.diff import Side

ORIGINAL = declared(Project(ROOT), "before", "the working tree")
NUMBERS = itertools.count()
"""New names, each once."""

PRESETS = ("collections", "lead", "reminder")
PROFILES = ("collections", "lead", "reminder")


def read(path: Path) -> dict[str, Any]:
    return tomli.loads(path.read_text(encoding="utf-8"))


def write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(tomlkit.dumps(value), encoding="utf-8")


def reformat(stacks: Path, draw: Any) -> None:
    """A file written anew: other order of keys, no comments, dotted keys as tables."""
    path = draw(st.sampled_from(sorted([*stacks.glob("presets/*"), *stacks.glob("profiles/*")])))
    value = read(path)
    keys = draw(st.permutations(list(value)))
    plain = [key for key in keys if not isinstance(value[key], dict)]
    write(path, {key: value[key] for key in (*plain, *(k for k in keys if k not in plain))})


def move_to_a_parent(stacks: Path, draw: Any) -> None:
    """Some keys of a profile into a parent of its own, between it and its own parent."""
    name = draw(st.sampled_from(PROFILES))
    path = stacks / "profiles" / f"{name}.toml"
    if not path.exists():
        return
    value = read(path)
    free = [key for key in value if key not in ("extends", "unset", "null")]
    moved = draw(st.sets(st.sampled_from(free))) if free else set()
    parent = f"{name}-{next(NUMBERS)}"
    above: dict[str, Any] = {key: value[key] for key in ("extends", "unset") if key in value}
    write(
        stacks / "profiles" / f"{parent}.toml",
        {**above, **{key: value[key] for key in free if key in moved}},
    )
    below = {key: value[key] for key in free if key not in moved}
    write(path, {"extends": parent, **below})


def rename_a_profile(stacks: Path, draw: Any) -> None:
    name = draw(st.sampled_from(PRESETS))
    path = stacks / "presets" / f"{name}.toml"
    value = read(path)
    old = stacks / "profiles" / f"{value['profile']}.toml"
    new = f"{value['profile']}-{next(NUMBERS)}"
    shutil.copy(old, old.with_name(f"{new}.toml"))
    write(path, {**value, "profile": new})


def rename_a_prompt(stacks: Path, draw: Any) -> None:
    """A prompt's file elsewhere, with other line ends."""
    name = draw(st.sampled_from(PROFILES))
    path = stacks / "profiles" / f"{name}.toml"
    value = read(path)
    if "file" not in value.get("prompt", {}):
        return
    text = (stacks / value["prompt"]["file"]).read_text(encoding="utf-8")
    new = f"prompts/{name}-{next(NUMBERS)}.md"
    (stacks / new).write_bytes(text.replace("\n", "\r\n").encode())
    write(path, {**value, "prompt": {**value["prompt"], "file": new}})


REFACTORINGS = (reformat, move_to_a_parent, rename_a_profile, rename_a_prompt)


def side(root: Path) -> Side:
    return declared(Project(root), "after", "the working tree")


@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_a_refactoring_gives_an_empty_diff(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("refactored")
    shutil.copytree(ROOT / "stacks", root / "stacks")
    for refactor in data.draw(st.lists(st.sampled_from(REFACTORINGS), min_size=1, max_size=4)):
        refactor(root / "stacks", data.draw)
    difference = compare(ORIGINAL, side(root))
    assert difference.presets == ()
    assert set(difference.unchanged) == set(PRESETS)
    shutil.rmtree(root)


def test_an_edit_on_top_of_refactorings_is_seen(tmp_path: Path) -> None:
    """So that the law above isn't kept by seeing nothing."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    path = tmp_path / "stacks/presets/collections.toml"
    write(path, {**read(path), "timeoutMinutes": 13})
    (found,) = compare(ORIGINAL, side(tmp_path)).presets
    (change,) = found.changes
    assert (found.name, change.path, change.after) == ("collections", ("timeoutMinutes",), 13)
