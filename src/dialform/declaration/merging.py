"""
``extends``, ``unset`` and ``null``: one value out of a chain of files.

Pure. Tables merge by key; lists and single values replace. ``unset`` drops what the parent
set; ``null`` puts the null that TOML can't write. A `Layered` value remembers its files, so
that an error can name the one that says it.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dialform.declaration.source import dotted
from dialform.declaration.values import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dialform.declaration.source import Source
    from dialform.errors import Problem

_SEGMENT = re.compile(r"""\.?(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|\[(\d+)\])""")
DIRECTIVES = ("extends", "unset", "null")
"""Keys that say how a file is read and are no content."""


class BadPath(ValueError):
    """A dotted key that can't be read or leads nowhere; the message says why."""


def parse_path(text: str) -> tuple[str | int, ...]:
    """``a."b c"[0]`` as segments, the reverse of ``dotted``."""
    path: list[str | int] = []
    at = 0
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None or (at == 0 and text[0] in ".["):
            raise BadPath(f"{text!r} is no dotted key; write it like openingLine.content")
        bare, quoted, index = match.groups()
        if index is not None:
            path.append(int(index))
        else:
            path.append(bare if bare is not None else _unquoted(quoted, text))
        at = match.end()
    if not 0 < len(path) <= DEEPEST:
        raise BadPath("leads too deep" if path else "is empty")
    return tuple(path)


def _unquoted(quoted: str, text: str) -> str:
    try:
        return str(json.loads(f'"{quoted}"'))
    except ValueError:
        raise BadPath(f"{text!r} has a quoted key that can't be read") from None


def merge(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """``child`` over ``parent``; neither is changed."""
    merged = dict(parent)
    for key, value in child.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = merge(under, value)
        else:
            merged[key] = value
    return merged


def without(value: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """
    ``value`` less what stands at ``path``.

    Raises:
        BadPath: nothing stands there.

    """
    key, rest = path[0], path[1:]
    if not isinstance(key, str) or not isinstance(value, dict) or key not in value:
        raise BadPath("the parent doesn't set it")
    changed = dict(value)
    if rest:
        changed[key] = without(value[key], rest)
    else:
        del changed[key]
    return changed


def with_null(value: Any, path: tuple[str | int, ...]) -> Any:
    """
    ``value`` with a null at ``path``; tables on the way are made, a list gets it inserted.

    Raises:
        BadPath: another value stands there, or a list is too short.

    """
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        if not isinstance(value, list) or key > len(value) or (rest and key == len(value)):
            raise BadPath("there is no such list element")
        if rest:
            return [*value[:key], with_null(value[key], rest), *value[key + 1 :]]
        return [*value[:key], None, *value[key:]]
    if not isinstance(value, dict):
        raise BadPath("leads into a single value")
    if rest:
        return {**value, key: with_null(value.get(key, {}), rest)}
    if key in value:
        raise BadPath("is set in the same file; one of the two must go")
    return {**value, key: None}


class Layered:
    """A merged value and the files that it came from, parent first."""

    def __init__(self, name: str, sources: Sequence[Source], value: dict[str, Any]) -> None:
        """``sources`` has at least one file, the last is the object's own."""
        self.name = name
        self.sources = tuple(sources)
        self.value = value
        self.has_braces = any(source.has_braces for source in sources)
        """Whether a macro may stand in it."""

    @property
    def own(self) -> Source:
        """The object's own file."""
        return self.sources[-1]

    @cached_property
    def _deepest_first(self) -> tuple[Source, ...]:
        return tuple(reversed(self.sources))

    def source_of(self, path: Iterable[str | int]) -> Source:
        """The file that says what stands at ``path``: the nearest with most of it."""
        path = tuple(path)
        return max(self._deepest_first, key=lambda source: source.positions.depth(path))

    def problem(
        self, path: Iterable[str | int], rule: str, message: str, *, severity: str = "error"
    ) -> Problem:
        """A finding at ``path``, in the file that says it."""
        path = tuple(path)
        for source in self._deepest_first:
            for index, text in enumerate(_listed(source, "null")):
                if _is_path(text, path):
                    found = source.problem(("null", index), rule, message, severity=severity)
                    found.key = dotted(path)
                    return found
        return self.source_of(path).problem(path, rule, message, severity=severity)


def _listed(source: Source, directive: str) -> list[str]:
    """The dotted keys of a directive; none where it isn't a list of them."""
    found = source.value.get(directive)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _is_path(text: str, path: tuple[str | int, ...]) -> bool:
    try:
        return parse_path(text) == path
    except BadPath:
        return False


def _check_directives(source: Source, problems: list[Problem], *, nulls: bool) -> None:
    if not nulls and "null" in source.value:
        problems.append(source.problem(("null",), "unknown-key", "there is no such key here"))
    for directive in ("unset", "null") if nulls else ("unset",):
        found = source.value.get(directive, [])
        if not isinstance(found, list):
            written = f': write {directive} = ["{found}"]' if isinstance(found, str) else ""
            message = f"must be a list of dotted keys{written}"
            problems.append(source.problem((directive,), "type", message))
            continue
        for index, one in enumerate(found):
            if not isinstance(one, str):
                message = "must be a dotted key, as a string"
                problems.append(source.problem((directive, index), "type", message))


def content(source: Source, problems: list[Problem], *, nulls: bool = True) -> dict[str, Any]:
    """A file's own value with its nulls in place and without its directives."""
    value: Any = {key: item for key, item in source.value.items() if key not in DIRECTIVES}
    for index, text in enumerate(_listed(source, "null") if nulls else ()):
        try:
            value = with_null(value, parse_path(text))
        except BadPath as error:
            problems.append(source.problem(("null", index), "null", f"{text}: {error}"))
    return dict(value)


def layered(
    name: str, chain: Sequence[Source], problems: list[Problem], *, nulls: bool = True
) -> Layered:
    """
    One value out of ``chain``, parent first. Findings are added to ``problems``.

    ``nulls``: whether files of this kind take ``null``.
    """
    value: dict[str, Any] = {}
    for source in chain:
        _check_directives(source, problems, nulls=nulls)
        for index, text in enumerate(_listed(source, "unset")):
            try:
                value = without(value, parse_path(text))
            except BadPath as error:
                problems.append(source.problem(("unset", index), "unset", f"{text}: {error}"))
        own = content(source, problems, nulls=nulls)
        value = merge(value, own) if value else own
    return Layered(name, chain, value)


def chain_of(
    name: str,
    sources: Mapping[str, Source],
    problems: list[Problem],
    unreadable: Mapping[str, list[Problem]] | None = None,
) -> list[Source] | None:
    """
    The files that ``name`` is made of, parent first; None where ``extends`` is wrong.

    ``unreadable``: why files that are there can't be read.
    """
    chain: list[Source] = []
    seen: list[str] = []
    at: object = name
    while True:
        if isinstance(at, str) and at not in sources and (unreadable or {}).get(at):
            problems += (unreadable or {})[at]
            return None
        if not isinstance(at, str) or at not in sources:
            problems.append(
                chain[-1].problem(
                    ("extends",), "reference", f"there is no {at!r} to extend{near(at, sources)}"
                )
            )
            return None
        if at in seen:
            circle = " -> ".join([*seen[seen.index(at) :], at])
            problems.append(
                sources[at].problem(("extends",), "extends-cycle", f"extends itself: {circle}")
            )
            return None
        seen.append(at)
        chain.append(sources[at])
        if "extends" not in sources[at].value:
            return chain[::-1]
        at = sources[at].value["extends"]


def near(name: object, names: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or the names there are, or nothing."""
    import difflib  # noqa: PLC0415 - errors only

    known = sorted(names)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    few = 8
    more = ", ..." if len(known) > few else ""
    return f" (there are: {', '.join(known[:few])}{more})" if known else ""


__all__ = [
    "BadPath",
    "Layered",
    "chain_of",
    "dotted",
    "layered",
    "merge",
    "near",
    "parse_path",
    "with_null",
    "without",
]
