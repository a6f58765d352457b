"""People files: whom a campaign calls, with which inputs; checked before the first dial."""

from dialform.launcher.people.reading import People, read_people
from dialform.launcher.people.records import Person, RowError, Skipped, ledger_row
from dialform.launcher.people.suppression import SuppressionLists

__all__ = [
    "People",
    "Person",
    "RowError",
    "Skipped",
    "SuppressionLists",
    "ledger_row",
    "read_people",
]
