"""What proves a call: where it came from, what was sent, what the API shows of it."""

from dialform.launcher.evidence.attesting import HIDDEN, Attestation, Check, attested, shown_inputs
from dialform.launcher.evidence.auditing import said, span
from dialform.launcher.evidence.checkup import Checkup, Finding
from dialform.launcher.evidence.probing import Probe
from dialform.launcher.evidence.reading import Reader
from dialform.launcher.evidence.story import (
    Stories,
    Story,
    commits,
    is_released,
)

__all__ = [
    "HIDDEN",
    "Attestation",
    "Check",
    "Checkup",
    "Finding",
    "Probe",
    "Reader",
    "Stories",
    "Story",
    "attested",
    "commits",
    "is_released",
    "said",
    "shown_inputs",
    "span",
]
