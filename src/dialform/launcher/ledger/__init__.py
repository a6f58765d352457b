"""The ledger: what the launcher knows of every dial, campaign and person, durably."""

from dialform.launcher.ledger.ledger import Ledger

__all__ = ["Ledger"]
