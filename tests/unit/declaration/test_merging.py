"""Laws of merging, of dotted keys and of positions, for any values."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli
from declaration_world import FILES, edited, written
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dialform.declaration.merging import BadPath, merge, parse_path, with_null, without
from dialform.declaration.positions import Positions
from dialform.declaration.source import dotted
from dialform.errors import DeclarationError, Problem

few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
keys = st.text(min_size=1, max_size=6) | st.sampled_from(["a", "b", "c", "a.b", 'q"t', "é", "[0]"])
text_keys = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(["a", "b.c", "é"])
values = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text_keys, inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(text_keys, values, max_size=4)


@few
@given(tables)
def test_nothing_over_or_under_changes_nothing(table: dict[str, Any]) -> None:
    assert merge(table, {}) == table
    assert merge({}, table) == table
    assert merge(table, table) == table


shaped = st.fixed_dictionaries(
    {}, optional={"a": st.integers(), "b": st.dictionaries(text_keys, st.integers()), "c": values}
)
"""Tables whose keys are tables in all of them or in none, but for ``c``."""


@few
@given(shaped, shaped, shaped)
def test_chain_may_be_merged_from_either_end(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    """But where a single value cuts a table off."""
    two.pop("c", None)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@few
@given(tables, tables)
def test_child_wins_and_parent_is_not_changed(
    parent: dict[str, Any], child: dict[str, Any]
) -> None:
    before = repr(parent), repr(child)
    merged = merge(parent, child)

    assert (repr(parent), repr(child)) == before
    for key, value in child.items():
        if not isinstance(value, dict):
            assert merged[key] == value


@few
@given(tables, st.lists(text_keys, min_size=1, max_size=3))
def test_null_then_unset_is_as_before(table: dict[str, Any], path: list[str]) -> None:
    try:
        changed = with_null(table, tuple(path))
    except BadPath:
        return
    at = changed
    for key in path[:-1]:
        at = at[key]
    assert at[path[-1]] is None
    dropped = without(changed, tuple(path))
    assert merge(dropped, table) == dropped


@few
@given(st.tuples(keys, st.lists(keys | st.integers(0, 99), max_size=4)))
@example(("", []))
@example(("a", [0, ".", '"', "\\", "\n", "\u2028"]))
def test_dotted_key_reads_back(path: tuple[str, list[str | int]]) -> None:
    whole = (path[0], *path[1])
    assert parse_path(dotted(whole)) == whole


@pytest.mark.parametrize("text", ["", ".a", "[0]", "a..b", "a b", 'a."', "a[", "a[x]", 'a."\\x"'])
def test_what_is_no_dotted_key_is_refused(text: str) -> None:
    with pytest.raises(BadPath):
        parse_path(text)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path in a value."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(found for key, item in items for found in paths(item, (*path, key)))]


def quoted(text: str) -> str:
    """A basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{quoted(key)} = {inline(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return quoted(value) if isinstance(value, str) else str(value).lower()


def toml(table: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """A table with its tables below it, and lists of tables in double brackets."""
    text, below = "", ""
    for key, value in table.items():
        header = ".".join(map(quoted, (*path, key)))
        if isinstance(value, dict):
            below += f"[{header}]\n{toml(value, (*path, key))}"
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            below += "".join(f"[[{header}]]\n{toml(one, (*path, key))}" for one in value)
        else:
            text += f"{quoted(key)} = {inline(value)}\n"
    return text + below


@few
@given(tables)
def test_each_path_of_a_file_has_its_line(table: dict[str, Any]) -> None:
    """The line of a key that stands in one line holds that key."""
    text = toml(table)
    assert tomli.loads(text) == table
    positions = Positions(text)
    for path in paths(table):
        assert positions.depth(path) == len(path), (path, text)
        assert 1 <= positions.line(path) <= text.count("\n") + 1
    lines = text.split("\n")
    for key, value in table.items():
        if not isinstance(value, dict):
            assert quoted(key) in lines[positions.line((key,)) - 1]


def test_positions_of_all_ways_to_write_a_key() -> None:
    text = (
        "a = 1\nb.c = 2\n[d]\ne = [\n  1,\n  { f = 2 },\n]\n[[g]]\nh = '''\nx = 1\n'''\n[[g]]\n"
        '"i j" = """\n]"""\n[g.k]\nl = 1\n[d.m.n]\n'
    )
    positions = Positions(text)
    lines: dict[tuple[str | int, ...], int] = {
        ("a",): 1,
        ("b", "c"): 2,
        ("d",): 3,
        ("d", "e", 1, "f"): 6,
        ("g", 0, "h"): 9,
        ("g", 1): 12,
        ("g", 1, "i j"): 13,
        ("g", 1, "k", "l"): 16,
        ("d", "m", "n"): 17,
        ("d", "nothing"): 3,
    }
    assert {path: positions.line(path) for path in lines} == lines


def digests(changes: dict[str, str]) -> dict[str, str | None]:
    """The presets' digests."""
    with tempfile.TemporaryDirectory() as root:
        project = written(Path(root), changes)
        assert project.problems() == []
        return {name: preset.digest for name, preset in project.presets.items()}


SAME = {
    "comments and blank lines": {
        name: "# A comment.\n\n" + text.replace("\n[", "\n\n# Next.\n[")
        for name, text in FILES.items()
        if name.endswith(".toml")
    },
    "other line ends": {name: text.replace("\n", "\r\n") for name, text in FILES.items()},
    "a key moved into the parent": {
        "profiles/house.toml": FILES["profiles/house.toml"] + 'name = "talk"\n',
        **edited("profiles/talk.toml", 'name = "talk"\n', ""),
    },
    "a parent that is not needed": {
        "profiles/talk.toml": FILES["profiles/house.toml"]
        + FILES["profiles/talk.toml"].split("[prompt]\n")[1]
    },
    "a profile by another name": {
        "profiles/spoken.toml": FILES["profiles/talk.toml"],
        **edited("presets/visit.toml", '"talk"', '"spoken"'),
    },
    "an option as a list": edited(
        "profiles/house.toml",
        'modelOptionValues = { temperature = "0.7" }',
        '[[prompt.modelOptionValues]]\noptionId = "temperature"\nvalue = "0.7"',
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_same_content_has_the_same_digest(name: str) -> None:
    """What is written differently and says the same is the same version."""
    assert digests(SAME[name]) == digests({})


def test_other_content_has_another_digest() -> None:
    changed = digests(edited("prompts/talk.md", "You remind", "You call"))
    before = digests({})

    assert changed["visit"] != before["visit"]
    assert changed["survey"] == before["survey"]


@settings(few, max_examples=150)
@given(
    st.sampled_from(sorted(FILES)),
    st.integers(0, 600),
    st.integers(0, 40),
    st.sampled_from(
        [
            "",
            '"',
            "'''",
            "[",
            "]]",
            "{",
            "}",
            "\n",
            "=",
            "\x00",
            "{{",
            "1",
            "nan",
            "\ufeff",
            "é",
            "[[",
        ]
    )
    | st.binary(max_size=3),
)
def test_mutated_files_give_findings_and_nothing_else(
    name: str, at: int, length: int, new: str | bytes
) -> None:
    """Whatever stands in a file: problems with a file and a rule, or none."""
    data = FILES[name].encode()
    at = min(at, len(data))
    put = new if isinstance(new, bytes) else new.encode()
    with tempfile.TemporaryDirectory() as root:
        project = written(Path(root), {name: data[:at] + put + data[at + length :]})
        for problem in project.problems():
            assert isinstance(problem, Problem)
            assert problem.file.startswith("stacks/")
            assert problem.rule
            assert problem.message
        for environment in project.environment_names():
            with suppress(DeclarationError):
                made = project.environment(environment)
                made.require()
                for preset in filter(made.follows, made.runs):
                    made.bound(preset)
