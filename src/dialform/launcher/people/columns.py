"""
What each column of a people file is: the number, something reserved, or an input.

Pure. By name and nothing else; a column that is none of these is an error, and so are two that
mean the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dialform.launcher.inputs import near
from dialform.launcher.people.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Declared = Mapping[str, Mapping[str, Any]]

RESERVED = {
    "to": (
        *("to", "toNumber", "phone", "phone_number", "contact_number", "telephone"),
        *("mobile", "mobile_number", "number"),
    ),
    "timezone": ("timezone", "time_zone", "tz"),
    "person": ("person", "person_id"),
    "not_before": ("not_before",),
}
"""What a column can be beside an input, and the names of each; case, ``_``, ``-`` and spaces
make no difference. ``dialform_`` and the first name of each always means it."""

_SEPARATORS = re.compile(r"[\s_.-]+")


def plain(name: str) -> str:
    """``Phone-Number`` and ``phone_number`` alike."""
    return _SEPARATORS.sub("", name).casefold()


_ROLES = {plain(name): role for role, names in RESERVED.items() for name in names}
_EXPLICIT = {plain(f"dialform_{role}"): role for role in RESERVED}


class Columns(NamedTuple):
    """Where each thing stands: positions in a row, from 0."""

    names: tuple[str, ...]
    """The header."""

    to: int | None
    """None where no column is the number; then `findings` say so."""

    timezone: int | None
    person: int | None
    not_before: int | None
    inputs: tuple[tuple[str, int], ...]
    """Input's name and position."""

    ignored: tuple[str, ...]
    unnamed: tuple[int, ...]
    """Columns without a name, which must be empty."""

    findings: tuple[Finding, ...]


def columns_of(
    names: Sequence[str],
    declared: Declared,
    *,
    person_column: str | None = None,
    ignore: Iterable[str] = (),
) -> Columns:
    """
    What the columns called ``names`` are.

    Args:
        names: the header.
        declared: the inputs that the preset declares.
        person_column: the column that says who it is, instead of one called ``person``. It
            may be an input as well.
        ignore: columns that are left out.

    """
    header = [name.encode("utf-8", "backslashreplace").decode().strip() for name in names]
    left_out = set(ignore)
    findings: list[Finding] = [
        Finding(
            name, "unknown-column", None, f"there is no such column to ignore{_like(name, header)}"
        )
        for name in sorted(left_out - set(header))
    ]
    roles: dict[str, list[int]] = {role: [] for role in RESERVED}
    inputs: dict[str, int] = {}
    for at, name in enumerate(header):
        if not name or name in left_out:
            continue
        if name in header[:at]:
            findings.append(_twice(name, name))
            continue
        role = _role(name, declared, person_column)
        if role is not None:
            roles[role].append(at)
        if name in declared:
            inputs[name] = at
        elif role is None:
            findings.append(_unknown(name, declared))
    findings += [
        _twice(header[second], header[places[0]])
        for places in roles.values()
        for second in places[1:]
    ]
    if person_column is not None and not roles["person"]:
        findings.append(
            Finding(
                person_column,
                "unknown-column",
                None,
                f"there is no such column for --person-column{_like(person_column, header)}",
            )
        )
    findings += _missing(inputs, declared)
    if not roles["to"]:
        findings.append(_no_number(header, declared))
    return Columns(
        names=tuple(header),
        **{role: places[0] if places else None for role, places in roles.items()},
        inputs=tuple(inputs.items()),
        ignored=tuple(name for name in header if name in left_out),
        unnamed=tuple(at for at, name in enumerate(header) if not name),
        findings=tuple(findings),
    )


def means_number(name: str, declared: Declared) -> bool:
    """Whether a column called ``name`` says who is called."""
    return _role(name.strip(), declared, None) == "to"


def _role(name: str, declared: Declared, person_column: str | None) -> str | None:
    """What is reserved for a column of that name, if anything."""
    if name == person_column:
        return "person"
    word = plain(name)
    if word in _EXPLICIT:
        return _EXPLICIT[word]
    return None if name in declared else _ROLES.get(word)


def _missing(inputs: Mapping[str, int], declared: Declared) -> Iterator[Finding]:
    for name, one in declared.items():
        if one.get("required") and "default" not in one and name not in inputs:
            yield Finding(
                name,
                "missing-column",
                None,
                "the preset requires this input, and the file has no column of that name: add one",
            )


def _unknown(name: str, declared: Declared) -> Finding:
    hint = (_like(name, declared) or near(name, declared)).rstrip("?")
    return Finding(
        name,
        "unknown-column",
        None,
        f"the preset takes no such input{hint}: rename the column, or leave it out with "
        f"--ignore-column {_quoted(name)}",
    )


def _twice(name: str, first: str) -> Finding:
    if name == first:
        said = "stands twice in the header: rename one, or remove it"
    else:
        said = f"means the same as {first!r}: leave one out with --ignore-column {_quoted(name)}"
    return Finding(name, "same-column", None, said)


def _no_number(header: Sequence[str], declared: Declared) -> Finding:
    taken = [name for name in header if name in declared and plain(name) in _ROLES]
    said = ", ".join(name for name in header if name) or "nothing"
    why = (
        f"{taken[0]!r} is an input of the preset here: call the numbers' column dialform_to"
        if taken
        else "call the numbers' column to (or phone, phone_number, mobile, number)"
    )
    return Finding(
        None, "no-number-column", None, f"no column says who is called; {why}. The header: {said}"
    )


def _like(name: str, names: Iterable[str]) -> str:
    """A name that is the same but for case and separators, or one that is close."""
    known = [one for one in names if one]
    same = [one for one in known if plain(one) == plain(name)]
    if same:
        return f"; did you mean {same[0]!r}?"
    import difflib  # noqa: PLC0415 - errors only

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _quoted(name: str) -> str:
    import shlex  # noqa: PLC0415 - errors only

    return shlex.quote(name)
