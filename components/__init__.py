"""Pulumi compositions: an environment from its declaration. ``declare()`` is a whole program."""

from dialform.components.environment import Environment, declare
from dialform.components.presets import Presets
from dialform.components.speech import Speech
from dialform.components.telephony import Telephony
from dialform.planning import Plan

__all__ = ["Environment", "Plan", "Presets", "Speech", "Telephony", "declare"]
