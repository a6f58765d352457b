"""Lengths of time as command lines write them: ``90s``, ``15m``, ``24h``, ``7d``. Pure."""

from __future__ import annotations

import re

from dialform.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LENGTH = re.compile(r"([0-9]{1,6})([smhd])")


def seconds_of(text: str) -> float:
    """
    The length in seconds.

    Raises:
        UsageError: it is of another form.

    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no length of time: write 90s, 15m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]
