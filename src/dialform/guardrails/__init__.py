"""Guardrails: rules that every call of an environment must keep to, and what breaks them."""

from dialform.guardrails.call import Call, call_of
from dialform.guardrails.checking import Report, check, planned
from dialform.guardrails.findings import Finding, Held, findings, held

__all__ = ["Call", "Finding", "Held", "Report", "call_of", "check", "findings", "held", "planned"]
