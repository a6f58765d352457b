"""What proves a call: where it came from, what was sent, what the API shows of it."""

from dialform.launcher.evidence.attesting import HIDDEN, Attestation, Check, attested, shown_inputs
from dialform.launcher.evidence.auditing import said, span
from dialform.launcher.evidence.probing import Probe
from dialform.launcher.evidence.story import ERASED, Story, commits, found, is_released, told

__all__ = [
    "ERASED",
    "HIDDEN",
    "Attestation",
    "Check",
    "Probe",
    "Story",
    "attested",
    "commits",
    "found",
    "is_released",
    "said",
    "shown_inputs",
    "span",
    "told",
]
