"""
Who was met before in a file: the same number, or the same person.

Pure. Numbers and fingerprints are kept as integers, so that a million people take 100 MB and
not three times that.
"""

from __future__ import annotations

from hashlib import blake2b


class Repeats:
    """The people of a file so far. The first row of each is the one that is called."""

    def __init__(self, *, persons: bool) -> None:
        """``persons``: whether rows say who it is, beside the number."""
        self._numbers: dict[int, int] = {}
        self._persons: dict[int, int] | None = {} if persons else None

    def met(self, row: int, person: str, to: str) -> tuple[int, str] | None:
        """
        The row that ``row`` repeats and why, or None for somebody new, who is then known.

        A row that repeats another tells of nobody new, so its other number or person is not
        remembered.
        """
        number = int(to[1:])
        first = self._numbers.get(number)
        if self._persons is None:
            if first is not None:
                return first, "the same number"
            self._numbers[number] = row
            return None
        name = person.encode("utf-8", "surrogatepass")
        key = int.from_bytes(blake2b(name, digest_size=16).digest(), "big")
        same = self._persons.get(key)
        if first is not None:
            return (
                first,
                "the same number" if same == first else "the same number under another person",
            )
        if same is not None:
            return same, "the same person on another number"
        self._numbers[number] = row
        self._persons[key] = row
        return None
