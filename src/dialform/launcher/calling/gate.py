"""
One call held against its environment's rules: `Gate`.

Pure, but that `Gate.of_record` asks a ledger. What the registry says, the number and what the
caller says of the person come in; whoever dials asks twice: `require` before anything is written
down, `room` while it is.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.launcher.calling.rules import Refusal, Rules
from dialform.launcher.calling.whereabouts import zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from dialform.launcher.calling.caps import Placed
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record


class Gate(NamedTuple):
    """The rules that a call is held against, and who is called where."""

    rules: Rules
    to: str | None
    """None for a browser call."""

    zones: tuple[ZoneInfo, ...]
    """Those that the caller says; () takes all that the number may be in."""

    @classmethod
    def of(cls, document: Mapping[str, Any], to: str | None, timezone: str | None) -> Gate:
        """
        The gate of a call in the environment of ``document``.

        Raises:
            InputError: ``timezone`` is no zone.
            RegistryError: the document's rules can't be read.

        """
        return cls(Rules.of(document), to, () if timezone is None else (zone(timezone),))

    @classmethod
    def of_record(cls, document: Mapping[str, Any], ledger: Ledger, record: Record) -> Gate:
        """The gate of a recorded call that is made again: its campaign's file knows the zones."""
        row = None
        if record.campaign is not None:
            row = ledger.row(record.campaign, record.person or "")
        zones = () if row is None else tuple(zone(name) for name in json.loads(row.zones))
        return cls(Rules.of(document), record.to, zones)

    def refusal(self, now: float, placed: Placed | None = None) -> Refusal | None:
        """Why the call isn't allowed at ``now``; without ``placed``, caps aside."""
        return self.rules.check(now, self.to, self.zones, placed)

    def require(self, now: float) -> None:
        """Raises CallRefused where destinations or hours don't allow the call at ``now``."""
        found = self.refusal(now)
        if found is not None:
            raise found.error()

    def room(self, now: float) -> Callable[[Placed], Refusal | None] | None:
        """What the caps say of one dial more, given those before; None where there are none."""
        if not self.rules.counts:
            return None
        return partial(self.rules.capped, now, self.to, self.zones)
