"""
Rules on texts: macros, placeholders, secrets.

Pure. The usual file breaks none of them, so each rule first looks at the text as a whole;
where something stands is found out only once there is something to report.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from dialform.declaration.redaction import may_hold_secret, secret_in, secrets_in
from dialform.declaration.source import Prose
from dialform.declaration.values import oddities, strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dialform.declaration.source import Source
    from dialform.errors import Problem

Path = tuple[str | int, ...]

_NAME = "[A-Za-z_][A-Za-z0-9_.-]*"
_MACRO = re.compile(rf"\{{\{{[ \t]*({_NAME})[ \t]*\}}\}}")
_BRACES = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
_HALF = re.compile(rf"(?<!\{{)\{{({_NAME})\}}\}}")
_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>\n]*>|(?i:changeme|change-me|todo|tbd|fixme|xxx+)")
# What a file must hold if it is to break a rule: looked for first, as it is fast.
_KEY_SIGNS = ("passw", "secret", "token", "apikey", "api_key", "api-key")
_PLACEHOLDER_SIGNS = ("<", "changeme", "change-me", "todo", "tbd", "fixme", "xxx")


class Placed(Protocol):
    """What knows where its values stand: a file, or a chain of files."""

    has_braces: bool
    """Whether a macro may stand in it."""

    def problem(
        self, path: Iterable[str | int], rule: str, message: str, *, severity: str = "error"
    ) -> Problem:
        """A finding at ``path``."""


def check_source(source: Source) -> Iterator[Problem]:
    """What is wrong with single values of a file, whatever their keys mean."""
    text = source.text.lower()
    if source.scan.odd:
        for path, message in oddities(source.value):
            if path[-1] != "until" or path[-3:-2] != ("waivers",):  # a date, and no content
                yield source.problem(path, "canonical", message)
    hidden = "\\" in text  # an escape may hide what a value holds
    if hidden or any(sign in text for sign in _PLACEHOLDER_SIGNS):
        for path, value in strings(source.value):
            if _PLACEHOLDER.fullmatch(value.strip()):
                message = f"{value!r} is a placeholder; fill it in"
                yield source.problem(path, "placeholder", message)
    values = "\n".join(source.scan.strings)
    if may_hold_secret(values) or any(sign in text for sign in _KEY_SIGNS):
        for path, value in strings(source.value):
            what = secret_in(value, path)
            if what is not None:
                yield source.problem(path, "secret", _remove(what))


def check_prose(prose: Prose) -> Iterator[Problem]:
    """The same for a text that is said."""
    if _PLACEHOLDER.fullmatch(prose.text.strip()):
        message = f"{prose.text.strip()!r} is a placeholder; fill it in"
        yield prose.problem(0, "placeholder", message)
    if may_hold_secret(prose.text):
        for offset, what in secrets_in(prose.text):
            yield prose.problem(offset, "secret", _remove(what))


def _remove(what: str) -> str:
    """The value itself is not repeated."""
    return f"looks like {what}; declarations are no place for secrets: remove and revoke it"


def macro_names(text: str) -> list[str]:
    """The well-formed macros in a text."""
    return _MACRO.findall(text) if "{{" in text else []


def all_macro_names(texts: Iterable[str]) -> set[str] | None:
    """The names of all macros in ``texts``; None where one of them is malformed."""
    names: set[str] = set()
    for text in texts:
        if "{{" in text:
            found = _MACRO.findall(text)
            names.update(found)
            if text.count("{{") != len(found) or "{{{" in text:
                return None
        if "}}" in text and _HALF.search(text):
            return None
    return names


def macros_in(text: str) -> Iterator[tuple[int, str]]:
    """``(offset, name)`` of each macro in ``text``."""
    for match in _MACRO.finditer(text):
        yield match.start(), match[1]


def malformed_in(text: str) -> Iterator[tuple[int, str]]:
    """``(offset, message)`` of what was meant as a macro and is none."""
    rest = text
    for match in _BRACES.finditer(text):
        if not _MACRO.fullmatch(match[0]):
            what = match[0] if len(match[0]) <= 60 else f"{match[0][:57]}..."  # noqa: PLR2004 - a line
            yield match.start(), f"{what} is no macro: it needs a name, as in {{{{first_name}}}}"
        rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    for match in _HALF.finditer(rest):
        yield match.start(), f"{match[0]} has one brace too few; a macro is {{{{{match[1]}}}}}"
    start = rest.find("{{")
    if start >= 0:
        yield start, "'{{' has no '}}'; a macro is written {{name}}"


def located(
    place: Placed | Prose,
    value: Any,
    find: Callable[[str], Iterator[tuple[int, str]]],
) -> Iterator[tuple[str, Callable[..., Problem]]]:
    """
    Each thing that ``find`` finds in the strings of ``value``, with a way to report it.

    The second of each pair makes a problem at that place from ``(rule, message)``.
    """
    if isinstance(place, Prose):
        for offset, found in find(place.text):
            yield found, _at_offset(place, offset)
        return
    for path, text in strings(value):
        for _, found in find(text):
            yield found, _at_path(place, path)


def _at_offset(prose: Prose, offset: int) -> Callable[..., Problem]:
    return lambda rule, message, **more: prose.problem(offset, rule, message, **more)


def _at_path(place: Placed, path: Path) -> Callable[..., Problem]:
    return lambda rule, message, **more: place.problem(path, rule, message, **more)
