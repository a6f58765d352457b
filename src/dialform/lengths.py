"""Lengths of time as people write them: ``90s``, ``30m``, ``2h``, ``3d``. Pure."""

from __future__ import annotations

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""The seconds of a unit. Which units and how long a length may be is its owner's rule."""


def seconds(text: str) -> int:
    """The seconds of a length that its owner has checked."""
    return int(text[:-1]) * SECONDS[text[-1]]
