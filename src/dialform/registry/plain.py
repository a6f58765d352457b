"""
Entries read by one pattern: the quick way for whoever reads a thousand heads.

Pure. The pattern matches nothing but canonical bytes of sound entries, so that a match leaves
little to check. What it does not match, as a text with an escape in it, goes to ``parse_entry``,
which reads every entry and says what is wrong with one that is damaged.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from dialform.presets.canonical import digest
from dialform.registry.entries import KINDS, STATES, Entry, is_time, parse_entry

_DIGEST = "sha256:[0-9a-f]{64}"
_NUMBER = "[1-9][0-9]{0,8}"
_PLAIN = r'[^"\\\x00-\x1f]*'
"""Text that stands in JSON as it is."""


def _text(name: str) -> str:
    return f'(?:null|"(?P<{name}>{_PLAIN})")'


_MEMBERS: Final = (
    f'"boundDigest":"(?P<bound_digest>{_DIGEST})"',
    f'"by":{_text("by")}',
    f'"change":{_text("change")}',
    f'"checksum":"(?P<checksum>{_DIGEST})"',
    f'"commit":{_text("commit")}',
    f'"environment":"(?P<environment>{_PLAIN})"',
    '"format":"dialform.release/1"(?:,"heldFrom":"(?P<held_from>rolled-back)")?',
    f'"kind":"(?P<kind>{"|".join(sorted(KINDS))})"',
    f'"preset":"(?P<preset>{_PLAIN})"',
    f'"presetDigest":"(?P<preset_digest>{_DIGEST})"',
    f'"previous":(?:null|"(?P<previous>{_DIGEST})")',
    f'"reason":{_text("reason")}(?:,"references":"(?P<references>{_DIGEST})")?',
    f'"seq":(?P<seq>{_NUMBER})',
    f'"state":"(?P<state>{"|".join(sorted(STATES))})"',
    f'"time":"(?P<time>{_PLAIN})"',
    f'"version":(?P<version>{_NUMBER})',
    f'"writer":{_text("writer")}',
    rf'"yanked":\[(?P<yanked>(?:{_NUMBER}(?:,{_NUMBER})*)?)\]',
)
"""The members of a stored entry, in the order that RFC 8785 gives them."""

_BEFORE: Final = len('"checksum":"')
_AFTER: Final = len('",')
"""How much of that member stands before its value, and after it."""


@cache
def _pattern() -> re.Pattern[str]:
    """Made when it is first needed: it takes a millisecond, which one entry is not worth."""
    return re.compile(rf"\{{{','.join(_MEMBERS)}\}}")


def parse_plain(data: bytes, environment: str, preset: str, seq: int) -> Entry:
    """
    What ``parse_entry`` gives, and raises.

    Raises:
        Damage: if ``data`` is not that entry.

    """
    found = plain_entry(data, environment, preset, seq)
    return parse_entry(data, environment, preset, seq) if found is None else found


def plain_entry(data: bytes, environment: str, preset: str, seq: int) -> Entry | None:
    """The entry of that log and number in stored bytes; None if they are not plainly that one."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    match = _pattern().fullmatch(text)
    if match is None:
        return None
    start, end = match.span("checksum")
    rest = text[: start - _BEFORE] + text[end + _AFTER :]
    if text[start:end] != digest(rest.encode()):
        return None
    values: dict[str, Any] = match.groupdict()
    barred, number = values["yanked"], int(values["seq"])
    yanked = tuple(map(int, barred.split(","))) if barred else ()
    sound = is_time(values["time"]) and (values["kind"] != "yank" or yanked)
    if not sound or (values["environment"], values["preset"], number) != (environment, preset, seq):
        return None
    del values["checksum"]
    values.update(seq=number, version=int(values["version"]), yanked=yanked, digest=digest(data))
    return Entry._make(map(values.__getitem__, Entry._fields))
