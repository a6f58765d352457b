"""Why a change deserves a second look, by named rules; docs/risks.md has them all."""

from dialform.diff.risks.found import binding_risks, risks
from dialform.diff.risks.rules import RULES, Rule

__all__ = ["RULES", "Rule", "binding_risks", "risks"]
