"""
Names to ids: what `dialform bind` writes into an environment's files.

Pure: takes the files' texts and a look-up, gives the changed texts, comments and order kept.
Nothing is given unless every name has exactly one match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import InlineTable

from dialform.declaration.environment import KINDS
from dialform.declaration.merging import near
from dialform.errors import DeclarationError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dialform.declaration.source import Source


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that was written."""

    file: str
    key: str
    id: str
    name: str


def bind(
    sources: Sequence[Source], look_up: Callable[[str, str | None], Mapping[str, str]]
) -> tuple[dict[str, str], list[Bound]]:
    """
    The changed texts by file, and what changed.

    ``sources`` are an environment's files, parent first; an entry is completed in the file
    that has it. ``look_up(kind, agent's id)`` gives id -> name of the workspace's objects.

    Raises:
        DeclarationError: each name without exactly one match.

    """
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    done: list[Bound] = []
    agents: dict[str, str] = {}
    for source in sources:
        document = tomlkit.parse(source.text)
        before = len(done)
        for kind in KINDS:
            for name, entry in _tables(document.get(kind)):
                if "id" not in entry or "name" not in entry:
                    there = _there(kind, entry, look_up, agents)
                    found = _match(source, (kind, name), entry, there, problems)
                    if found is not None:
                        _write(document[kind], name, found)
                        done.append(Bound(source.name, f"{kind}.{name}", *found))
                if kind == "agents" and "id" in document[kind][name]:
                    agents[name] = str(document[kind][name]["id"])
        for name, numbers in _tables(document.get("numbers")):
            done += _bind_members(source, name, numbers, look_up, problems)
        if len(done) > before:
            texts[source.name] = tomlkit.dumps(document)
    if problems:
        raise DeclarationError(problems)
    return texts, done


def _tables(table: Any) -> Iterator[tuple[str, Any]]:
    for name, entry in (table or {}).items():
        if hasattr(entry, "items"):
            yield str(name), entry


def _there(
    kind: str,
    entry: Mapping[str, Any],
    look_up: Callable[[str, str | None], Mapping[str, str]],
    agents: Mapping[str, str],
) -> dict[str, str]:
    if kind not in ("extractors", "promptVersions"):
        return dict(look_up(kind, None))
    named = str(entry.get("agent"))
    ids = [agents[named]] if named in agents else list(agents.values())
    found: dict[str, str] = {}
    for agent in dict.fromkeys(ids):
        found |= look_up(kind, agent)
    return found


def _match(
    source: Source,
    path: tuple[str | int, ...],
    entry: Mapping[str, Any],
    there: Mapping[str, str],
    problems: list[Problem],
) -> tuple[str, str] | None:
    """``(id, name)``; None with a problem where there is no one match."""
    if "id" in entry:
        object_id = str(entry["id"])
        if object_id in there:
            return object_id, there[object_id]
        message = f"the workspace has no object with the id {object_id!r}"
    elif "name" in entry:
        name = str(entry["name"])
        found = [one for one, called in there.items() if called == name]
        if len(found) == 1:
            return found[0], name
        if found:
            message = (
                f"the workspace has {len(found)} called {name!r}; write the id of the one that is "
                f"meant: {', '.join(sorted(found))}"
            )
        else:
            message = f"the workspace has none called {name!r}{near(name, there.values())}"
    else:
        message = "is empty: write the name that it has in the workspace"
    problems.append(source.problem(path, "bind", message))
    return None


def _write(parent: Any, name: str, found: tuple[str, str]) -> None:
    """Complete an entry: an inline table as id, name and the rest; a table by its last lines."""
    entry = parent[name]
    missing = dict(zip(("id", "name"), found, strict=True))
    if not isinstance(entry, InlineTable):
        for key, value in missing.items():
            entry.setdefault(key, value)
        return
    rest = {key: value for key, value in entry.unwrap().items() if key not in missing}
    parent[name] = inline({**missing, **rest})


def inline(values: dict[str, Any]) -> InlineTable:
    """``{ id = "...", name = "..." }``, as people write it."""
    text = ", ".join(f"{key} = {tomlkit.item(value).as_string()}" for key, value in values.items())
    made = tomlkit.parse(f"x = {{ {text} }}")["x"]
    assert isinstance(made, InlineTable)  # noqa: S101 - as it was just written
    return made


def _bind_members(
    source: Source,
    name: str,
    numbers: Any,
    look_up: Callable[[str, str | None], Mapping[str, str]],
    problems: list[Problem],
) -> list[Bound]:
    members = numbers.get("members")
    if not isinstance(members, list):
        return []
    done: list[Bound] = []
    for index, member in enumerate(list(members)):
        table = {"number": member} if isinstance(member, str) else dict(member)
        if "id" in table and "number" in table:
            continue
        entry = {"id": table["id"]} if "id" in table else {"name": table.get("number")}
        path = ("numbers", name, "members", index)
        found = _match(source, path, entry, look_up("phone_numbers", None), problems)
        if found is not None:
            members[index] = inline(dict(zip(("id", "number"), found, strict=True)))
            done.append(Bound(source.name, f"numbers.{name}", *found))
    return done
