"""
Rules on texts: macros, placeholders, secrets.

Pure. Every string of a declaration passes here as a `Text`, which knows where it stands.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialform.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.declaration.merging import Layered
    from dialform.declaration.source import Source

_MACRO = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>]*>|(?i:changeme|change-me|todo|tbd|fixme|xxx+)")
_SECRETS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a bearer token", re.compile(r"\bBearer\s+[A-Za-z0-9._~+/-]{16,}")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.")),
    ("an access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    (
        "an API key",
        re.compile(
            r"\b(?:sk|pk|rk|key|elto|vogent)[-_](?:live|test|prod|proj)?[-_]?[A-Za-z0-9]{20,}\b"
        ),
    ),
    (
        "a token",
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{16,})"
        ),
    ),
)
_ANY_SECRET = re.compile("|".join(pattern.pattern for _, pattern in _SECRETS))
_MARKS = (
    *("PRIVATE KEY", "Bearer", "eyJ", "AKIA", "ASIA", "xox", "glpat-"),
    *(f"gh{kind}_" for kind in "pousr"),
    *(f"{name}{sign}" for name in ("sk", "pk", "rk", "key", "elto", "vogent") for sign in "-_"),
)
"""A text with none of these has no such secret; nearly all texts end here."""
_SHORTEST_MARKED = 14
_SHORTEST_SECRET = 8
_LONGEST_PLACEHOLDER = 40
_SECRET_KEY = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token)$|(?i:apiKey|accessToken|authToken|clientSecret)$"
)


@dataclass(frozen=True, slots=True)
class Text:
    """A string and where it stands: at ``path`` of ``place``, or as the file ``prose``."""

    value: str
    place: Layered | Source | None
    path: tuple[str | int, ...]
    prose: str | None = None

    def problem(
        self, rule: str, message: str, *, offset: int = 0, severity: str = "error"
    ) -> Problem:
        """A finding at ``offset`` characters."""
        if self.prose is not None:
            line = self.value.count("\n", 0, offset) + 1
            return Problem(
                file=self.prose, line=line, rule=rule, message=message, severity=severity
            )
        assert self.place is not None  # noqa: S101 - one of the two is given
        return self.place.problem(self.path, rule, message, severity=severity)


@dataclass(frozen=True, slots=True)
class Macro:
    """``{{name}}`` in a text."""

    name: str
    text: Text
    offset: int


def strings(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every string in ``value`` with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if item.__class__ is str:
                yield (*path, key), item
            elif item.__class__ in (dict, list):
                yield from strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))


def texts_of(place: Layered | Source) -> list[Text]:
    """Every string of a file, or of a chain of files merged."""
    return [Text(value, place, path) for path, value in strings(place.value)]


def macros(texts: list[Text], problems: list[Problem]) -> list[Macro]:
    """
    The macros in ``texts``, each once a text; malformed ones become problems.

    Nearly every text is well-formed and says the same few macros again and again, so that is
    looked at first.
    """
    found: list[Macro] = []
    for text in texts:
        value = text.value
        if "{{" not in value and "}}" not in value:
            continue
        written = _MACRO.findall(value)
        each = dict.fromkeys(written)
        whole = value.count("{{") == value.count("}}") == len(written)
        if not whole or not all(_NAME.fullmatch(one.strip()) for one in each):
            _report_malformed(text, problems)
        found += [
            Macro(name, text, value.index(f"{{{{{one}}}}}"))
            for one in each
            if _NAME.fullmatch(name := one.strip())
        ]
    return found


def _report_malformed(text: Text, problems: list[Problem]) -> None:
    for match in _MACRO.finditer(text.value):
        if not _NAME.fullmatch(match[1].strip()):
            message = f"{{{{{match[1]}}}}} is no macro: it needs a name like {{{{first_name}}}}"
            problems.append(text.problem("macro", message, offset=match.start()))
    rest = _MACRO.sub(lambda whole: " " * len(whole[0]), text.value)
    for sign, other in (("{{", "}}"), ("}}", "{{")):
        if sign in rest:
            message = f"{sign!r} has no {other!r}; a macro is written {{{{name}}}}"
            problems.append(text.problem("macro", message, offset=rest.index(sign)))


def macro_names(text: str) -> list[str]:
    """The well-formed macros in a text."""
    if "{{" not in text:
        return []
    return [name for one in _MACRO.findall(text) if _NAME.fullmatch(name := one.strip())]


def check_texts(texts: list[Text], problems: list[Problem]) -> None:
    """Refuses placeholders that were never filled in, and what looks like a secret."""
    for text in texts:
        value = text.value
        plain = value.strip()
        if (plain[:1] == "<" or len(plain) <= _LONGEST_PLACEHOLDER) and _PLACEHOLDER.fullmatch(
            plain
        ):
            problems.append(text.problem("placeholder", f"{plain!r} is a placeholder; fill it in"))
        match = None
        if len(value) >= _SHORTEST_MARKED and any(mark in value for mark in _MARKS):
            match = _ANY_SECRET.search(value)
        if match is not None:
            what = next(what for what, pattern in _SECRETS if pattern.match(value, match.start()))
            problems.append(_secret(text, what, match.start()))
        elif text.path and len(value) >= _SHORTEST_SECRET and _names_secret(text.path[-1]):
            problems.append(_secret(text, "a secret", 0))


@functools.cache
def _names_secret(key: str | int) -> bool:
    """Whether a key is called as secrets are."""
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def _secret(text: Text, what: str, offset: int) -> Problem:
    """The value itself is not repeated."""
    message = f"looks like {what}; declarations are no place for secrets: remove and revoke it"
    return text.problem("secret", message, offset=offset)
