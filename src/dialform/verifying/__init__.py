"""Whether a release is what it says, claim by claim: what `dialform verify` prints."""

from dialform.verifying.claims import CODES, Claim, Group, Status, Verified, code
from dialform.verifying.verified import verified

__all__ = ["CODES", "Claim", "Group", "Status", "Verified", "code", "verified"]
