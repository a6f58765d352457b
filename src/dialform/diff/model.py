"""
What a difference is made of: the values that the engine gives and every renderer takes.

Pure, and without a thought of how anything is found or shown.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dialform.presets.canonical import Digest

    LookUp = Callable[[str, str], Mapping[str, Any] | None]

Path = tuple[str | int, ...]
"""``("profile", "prompt", "flow", "node", "bill", "question")``: the declaration's own words."""


class Nothing(enum.Enum):
    """The value of a field that is not there; null is None."""

    ABSENT = "absent"


ABSENT = Nothing.ABSENT

Kind = Literal["added", "removed", "changed", "moved", "renamed", "reordered"]
"""
``added`` and ``removed``: the field, node, input, ... is only on one side. ``moved``: the same at
another place of an order that matters. ``renamed``: the same under another name. ``reordered``:
other bytes, the same meaning.
"""

Area = Literal["content", "deviation", "bindings"]
"""What matters everywhere; what an environment declares to differ; what its names stand for."""


class Segment(NamedTuple):
    """A piece of a line. ``marked``: these words are what changed in it."""

    text: str
    marked: bool


class Line(NamedTuple):
    """A line of a text that changed."""

    kind: Literal["same", "removed", "added", "moved-away", "moved-here"]
    """``moved-away`` is a removed line that stands, equal, among the added ones."""

    segments: tuple[Segment, ...]
    before: int | None
    """Its number in the old text, from 1."""

    after: int | None
    """Its number in the new text, from 1."""

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of one leaf."""

    kind: Kind
    path: Path
    before: Any = ABSENT
    """The value; ABSENT, and None for null. Of a ``renamed`` the name, of a ``moved`` the place
    (from 1), of a ``reordered`` the list of names."""

    after: Any = ABSENT
    area: Area = "content"
    pointer: str = ""
    """JSON pointer of the field in the body of ``POST /dials``, as in
    ``/agentOverrides/openingLine/content``; list elements by their place in the newer body."""

    lines: tuple[Line, ...] = ()
    """Of texts with several lines or words: what changed in them."""

    note: str = ""
    """What else a reader should know: the API's default where the field is not set."""


@dataclass(frozen=True, slots=True)
class Risk:
    """Why a change deserves a second look."""

    rule: str
    """Its name in docs/risks.md."""

    level: Literal["high", "medium", "low"]
    path: Path
    message: str
    """One sentence, with the values."""


def nothing_known(kind: str, key: str) -> Mapping[str, Any] | None:  # noqa: ARG001 - a `LookUp`
    """The look-up where no release's records can be asked."""
    return None


class RuleChange(NamedTuple):
    """What one rule for single calls said and says; empty where it isn't there."""

    rule: str
    """Its key, ``calls.hours.fri``."""

    before: str
    after: str


class Documents(NamedTuple):
    """All that one side says of a preset."""

    preset: Mapping[str, Any]
    """``dialform.preset/1``."""

    profile: Mapping[str, Any] | None
    """``dialform.profile/1``."""

    bound: Mapping[str, Any] | None
    """``dialform.bound-preset/1``, where the side is an environment."""

    look_up: LookUp = nothing_known
    """What releases recorded of a workspace's object, by kind and id: its fields, as the API
    shows them; None for what none recorded."""


@dataclass(slots=True)
class Subject:
    """A preset as one side has it. What it says is read when it is first asked for."""

    name: str
    digest: Digest
    """The preset's."""

    version: int | None = None
    """None where the content has no number yet, or where nobody knows it."""

    bound_digest: Digest | None = None
    environment: str | None = None
    state: Literal["live", "held", "rolled-back", "withdrawn"] | None = None
    """The log's, where the side is what runs in an environment."""

    origin: str = ""
    """Where it was taken from: ``registry``, ``the working tree``, ``git main``."""

    opens: Callable[[], Documents] | None = field(default=None, repr=False)
    _documents: Documents | None = field(default=None, repr=False)

    @property
    def documents(self) -> Documents:
        """What it says. Raises as ``opens`` does: RegistryError, DeclarationError."""
        if self._documents is None:
            assert self.opens is not None  # noqa: S101 - whoever makes one says how to open it
            self._documents = self.opens()
        return self._documents


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a diff: the presets of an environment, of a version, of a commit."""

    label: str
    """As the user wrote it: ``prod``, ``source:prod``, ``collections@6``, ``git:main``."""

    subjects: Mapping[str, Subject]
    environment: str | None = None
    bindings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the environment binds, by kind and name, where that is known as a whole."""

    rules: Mapping[str, Any] | None = None
    """The environment's tables ``calls`` and ``campaigns``, as published; None: not known."""

    effects: Mapping[str, str] = field(default_factory=dict)
    """By preset, what the next `pulumi up` does: see `PresetDiff.effect`."""


Status = Literal["changed", "added", "removed", "renamed", "same content", "same call"]
"""
``same content``: equal preset digests, so what is said is equal, while bindings or deviations
differ. ``same call``: equal bodies. ``renamed``: equal content under another preset's name.
"""


@dataclass(frozen=True, slots=True)
class PresetDiff:
    """What is different in one preset."""

    name: str
    status: Status
    before: Subject | None
    after: Subject | None
    changes: tuple[Change, ...] = ()
    risks: tuple[Risk, ...] = ()
    effect: str = ""
    """What the next `pulumi up` does, where the newer side is what it would release:
    ``release``, ``withdraw``, ``nothing`` or ``refused: ...``."""

    trouble: str = ""
    """Why this preset could not be compared: an object that fails verification."""

    def of(self, area: Area) -> tuple[Change, ...]:
        """The changes of one area."""
        return tuple(change for change in self.changes if change.area == area)


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that is different between two sides."""

    before: Side
    after: Side
    presets: tuple[PresetDiff, ...]
    """Those with a difference, by name."""

    unchanged: tuple[str, ...] = ()
    """The presets that are the same on both sides."""

    risks: tuple[Risk, ...] = ()
    """Those of no single preset: a name that is bound to differently named objects."""

    rules: tuple[RuleChange, ...] = ()
    """The rules for single calls that are different."""

    @property
    def is_empty(self) -> bool:
        """Whether both sides are the same."""
        return not self.presets and not self.rules
