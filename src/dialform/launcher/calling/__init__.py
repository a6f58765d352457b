"""Whether a call may be placed now: destinations, hours where the person is, and caps."""

from dialform.launcher.calling.gate import Gate
from dialform.launcher.calling.hours import Hours
from dialform.launcher.calling.rules import Refusal, Rules
from dialform.launcher.calling.whereabouts import Whereabouts, whereabouts, zone

__all__ = ["Gate", "Hours", "Refusal", "Rules", "Whereabouts", "whereabouts", "zone"]
