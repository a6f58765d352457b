"""
The release log of one preset in one environment: its entries read, checked and appended.

What may follow what is decided in ``entries``; this reads the head that it is decided on, and
creates the entry that was decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialform.errors import LostRace, ObjectAbsent
from dialform.registry import names
from dialform.registry.entries import Entry, parse_entry
from dialform.registry.transitions import next_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.presets.canonical import Digest
    from dialform.registry.entries import Meta
    from dialform.registry.place import Place
    from dialform.registry.transitions import Change

    Parse = Callable[[bytes, str, str, int], Entry]

BRAKES: Final = frozenset(("hold", "withdraw", "yank"))
"""What stops calls is decided anew on a head that just moved; what starts them is not."""


class Log:
    """A log, which need not have an entry yet."""

    def __init__(
        self, place: Place, environment: str, preset: str, parse: Parse = parse_entry
    ) -> None:
        """Touches nothing. The names are checked; ``parse`` reads an entry as `parse_entry`."""
        self.environment = environment
        self.preset = preset
        self._place = place
        self._parse = parse
        self._prefix = names.log_prefix(environment, preset)

    def head(self) -> Entry | None:
        """The newest entry; None if there is no log."""
        numbers = self._place.numbers(self._prefix)
        return self.at(numbers[-1]) if numbers else None

    def newest_first(self) -> Iterator[Entry]:
        """All entries, each checked against the one after it."""
        after: Entry | None = None
        for number in reversed(self._place.numbers(self._prefix)):
            entry = self.at(number)
            if after is not None:
                self._check_chain(after, entry.digest)
            yield entry
            after = entry
        if after is not None:
            self._check_chain(after, None)

    def find(
        self,
        *,
        version: int | None,
        digest: Digest | None,
        counts: Callable[[Entry], bool] | None = None,
    ) -> Entry:
        """
        The newest release of a version, of a bound preset's digest, else of a preset's.

        ``counts`` says whether a release that would do is one.
        """
        of_preset: Entry | None = None
        released: set[int] = set()
        for entry in self.newest_first():
            if entry.kind != "release":
                continue
            fits = {entry.preset_digest, entry.bound_digest} & {digest} or entry.version == version
            if fits and counts is not None and not counts(entry):
                continue
            if entry.version == version or entry.bound_digest == digest:
                return entry
            if of_preset is None and entry.preset_digest == digest:
                of_preset = entry
            released.add(entry.version)
        if of_preset is not None:
            return of_preset
        what = f"version {version}" if version is not None else str(digest)
        there = ", ".join(str(number) for number in sorted(released)) or "nothing"
        raise ObjectAbsent(
            f"{what} of {self.preset} was never released in {self.environment}; "
            f"released there: {there}"
        )

    def append(
        self,
        change: Change,
        meta: Meta,
        *,
        expected: int | None,
        take_over: str | None,
        check: Callable[[Entry], None],
    ) -> Entry:
        """
        Put ``change`` at the head, or find that the head says the same.

        ``check`` raises if what the new entry refers to isn't there.
        """
        head = self.head()
        while True:
            entry = next_entry(
                head,
                change,
                meta,
                environment=self.environment,
                preset=self.preset,
                take_over=take_over,
            )
            if entry is head:
                return head
            seen = 0 if head is None else head.seq
            if expected is not None and seen != expected:
                raise self._lost_race(head, expected)
            check(entry)
            key = names.numbered(self._prefix, entry.seq)
            if self._place.store.create(key, entry.render()):
                return entry
            if change.kind not in BRAKES:
                expected = seen
            head = self._head_from(entry.seq)

    def _head_from(self, number: int) -> Entry:
        """The newest entry, given that there is one of that number: no listing, which may lag."""
        while self._place.read(names.numbered(self._prefix, number + 1)) is not None:
            number += 1
        return self.at(number)

    def at(self, number: int) -> Entry:
        """The entry of that number, of which it is known that there is one."""
        key = names.numbered(self._prefix, number)
        data = self._place.demand(key)
        return self._place.checked(key, self._parse, data, self.environment, self.preset, number)

    def _check_chain(self, entry: Entry, before: Digest | None) -> None:
        if entry.previous != before:
            raise self._place.damaged(
                names.numbered(self._prefix, entry.seq),
                "its `previous` is not the digest of the entry before it",
            )

    def _lost_race(self, head: Entry | None, expected: int) -> LostRace:
        now = head.describe() if head else "no entry"
        saw = f"entry {expected}" if expected else "no entry"
        return LostRace(
            f"the log of {self.preset} in {self.environment} has {now} at its head where {saw} "
            f"was seen; look at `dialform registry log {self.preset} -s {self.environment}`, "
            "then decide and run it again"
        )
