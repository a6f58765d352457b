"""What a change does to a call: two sides compared, leaf by leaf."""

from dialform.diff.model import (
    ABSENT,
    Change,
    Difference,
    Documents,
    Line,
    PresetDiff,
    Risk,
    Segment,
    Side,
    Subject,
)

__all__ = [
    "ABSENT",
    "Change",
    "Difference",
    "Documents",
    "Line",
    "PresetDiff",
    "Risk",
    "Segment",
    "Side",
    "Subject",
]
