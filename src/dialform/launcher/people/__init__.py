"""People files: whom a campaign calls, with which inputs; checked before the first dial."""

from dialform.launcher.people.reading import People, read_people
from dialform.launcher.people.records import Person, RowError, Skipped

__all__ = ["People", "Person", "RowError", "Skipped", "read_people"]
