"""What a rule finds: a breach, before it is known where that stands and whether it is waived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialform.declaration.source import dotted

if TYPE_CHECKING:
    from dialform.guardrails.call import Path


@dataclass(frozen=True, slots=True)
class Breach:
    """A call doesn't keep to a rule of a set."""

    rule: str
    path: Path
    """The field in the call."""

    message: str
    """What it is, and what to do; the rule's own place is added."""

    said_by: Path
    """What says so in the set of rules."""

    detail: str = ""
    """What a waiver may name besides the rule: a field, a name, a host, a word."""

    strictness: float = 0
    """Among several sets that say the same of the same, the lowest is the strictest."""

    offset: int | None = None
    """Of a text, the character at which it stands."""

    binding: tuple[str, str] | None = None
    """The kind and name of the binding that says it, where none of the shared files does."""

    @property
    def key(self) -> str:
        """The field in the declaration's words."""
        return dotted(self.path)
