"""
What is said: texts in which ``{{macros}}`` may stand, and where they stand.

Pure. What a macro may name is its preset's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.declaration.rules import all_macro_names, located, macro_names, malformed_in
from dialform.declaration.source import Prose
from dialform.declaration.values import Scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dialform.declaration.rules import Placed
    from dialform.errors import Problem


class Spoken:
    """The texts of some files."""

    def __init__(self, parts: Iterable[tuple[Placed | Prose, Any]]) -> None:
        """``parts`` are files with their values."""
        self.parts = list(parts)
        texts: list[str] = []
        for place, value in self.parts:
            if isinstance(value, str):
                texts.append(value)
            elif not isinstance(place, Prose) and place.has_braces:
                texts += Scan(value).strings
        names = all_macro_names(texts)
        self._well_formed = names is not None
        if names is None:
            names = {name for text in texts for name in macro_names(text)}
        self.names = names
        """The names of all macros; malformed ones have none."""

    def malformed(self) -> Iterator[Problem]:
        """What was meant as a macro and is none."""
        if not self._well_formed:
            for place, value in self.parts:
                for message, problem in located(place, value, malformed_in):
                    yield problem("macro", message)
