"""
The errors of a people file, however many: the first few kept, all of them counted.

Pure. Whoever wants them all takes them one by one as they are found.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dialform.errors import PeopleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.launcher.people.records import RowError

CAP = 20
"""How many errors a message has before it only counts them."""


class Findings:
    """What is wrong with a file so far."""

    def __init__(self, *, cap: int = CAP, report: Callable[[RowError], None] | None = None) -> None:
        """
        Know of none yet.

        Args:
            cap: how many are kept.
            report: is given each as it is found.

        """
        self.first: list[RowError] = []
        self.tally: Counter[str] = Counter()
        self._cap = cap
        self._report = report

    def add(self, error: RowError) -> None:
        """Count one."""
        self.tally[error.rule] += 1
        if len(self.first) < self._cap:
            self.first.append(error)
        if self._report is not None:
            self._report(error)

    def check(self) -> None:
        """Raise PeopleError if there is any."""
        if self.tally:
            raise PeopleError(self._told(), errors=self.first, tally=self.tally)

    def _told(self) -> str:
        total = self.tally.total()
        lines = [f"{total:,} {'error' if total == 1 else 'errors'} in {self.first[0].file}:"]
        lines += [str(one) for one in self.first]
        if total > len(self.first):
            counted = ", ".join(f"{rule} {count:,}" for rule, count in self.tally.most_common())
            lines.append(f"and {total - len(self.first):,} more; of each rule: {counted}")
        lines.append("nobody was called; correct the file and run it again")
        return "\n".join(lines)
