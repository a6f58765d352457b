"""
One statement for many rows: fewer of them, fewer waits for each other's threads and servers.

Pure: makes a statement for one row into one for several, so that there is one text of each rule.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_One = TypeVar("_One")

MOST = 32
"""Rows of one statement, at most: databases bound the values that one may have."""


def pages(rows: Sequence[_One]) -> Iterator[Sequence[_One]]:
    """``rows`` in pieces of `MOST`."""
    return (rows[at : at + MOST] for at in range(0, len(rows), MOST))


@functools.cache
def of_people(statement: str, count: int, by_person: str) -> str:
    """
    A statement about ``person = :person`` at ``attempt = :attempt``, for ``count`` people.

    ``by_person`` is `Connection.by_person`.
    """
    names = names_of("person", count)
    attempts = chosen("person", "person", "attempt", count)
    return (
        statement.replace("UPDATE person", f"UPDATE person{by_person}")
        .replace("person = :person", f"person IN ({names})")
        .replace("attempt = :attempt", f"attempt = {attempts}")
    )


@functools.cache
def of_dials(statement: str, fields: tuple[str, ...], count: int) -> str:
    """A statement about ``id = :id`` for ``count`` dials, each with its own values of fields."""
    for name in fields:
        statement = statement.replace(
            f"{name} = :{name}", f"{name} = {chosen('id', 'id', name, count, other=name)}"
        )
    return statement.replace("id = :id", f"id IN ({names_of('id', count)})")


@functools.cache
def names_of(name: str, count: int) -> str:
    """``:name0, :name1, ...``."""
    return ", ".join(f":{name}{at}" for at in range(count))


def numbered(name: str, values: Iterable[Any]) -> dict[str, Any]:
    """The values that `names_of` names."""
    return {f"{name}{at}": value for at, value in enumerate(values)}


def chosen(column: str, key: str, value: str, count: int, *, other: str | None = None) -> str:
    """Which of the values belongs to the row; ``other`` is a column of the same type."""
    cases = " ".join(f"WHEN :{key}{at} THEN :{value}{at}" for at in range(count))
    return f"CASE {column} {cases}{'' if other is None else f' ELSE {other}'} END"
