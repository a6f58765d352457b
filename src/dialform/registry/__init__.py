"""The registry: what was published, under which version, and what is live where."""

from dialform.registry.approvals import Approval
from dialform.registry.claims import CampaignClaim, Claim
from dialform.registry.entries import Entry, Kind, Meta, State
from dialform.registry.evidence import Evidence, Tally
from dialform.registry.folder import FolderStore
from dialform.registry.names import check_name, name_fault
from dialform.registry.registry import Registry
from dialform.registry.store import Store
from dialform.registry.transitions import Change, next_entry

__all__ = [
    "Approval",
    "CampaignClaim",
    "Change",
    "Claim",
    "Entry",
    "Evidence",
    "FolderStore",
    "Kind",
    "Meta",
    "Registry",
    "State",
    "Store",
    "Tally",
    "check_name",
    "name_fault",
    "next_entry",
]
