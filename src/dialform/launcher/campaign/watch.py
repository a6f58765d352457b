"""
What the registry says of a campaign now: holds, yanks, and the environment's rules.

Read again every few seconds while a campaign runs, so that what somebody stops is stopped here,
whoever's machine it is. What can't be read stops a campaign too: nobody knows what it says.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dialform.errors import Refused, RegistryError, Untrusted
from dialform.launcher.calling import Rules
from dialform.launcher.campaign.engine import Stop
from dialform.launcher.records import PAUSED
from dialform.launcher.resolve import resolve

if TYPE_CHECKING:
    from dialform.launcher.calling import Refusal
    from dialform.launcher.ledger.reserving import Room
    from dialform.launcher.records import Campaign, Row
    from dialform.registry import Registry


class Watch:
    """The registry, as one campaign asks it."""

    def __init__(self, registry: Registry, campaign: Campaign) -> None:
        """Touch nothing yet."""
        self._registry = registry
        self._campaign = campaign
        self._name = campaign.preset.partition("@")[0]
        self._rules: Rules | None = None

    @property
    def rules(self) -> Rules:
        """The environment's rules as they were last read. Raises RegistryError."""
        if self._rules is None:
            document = self._registry.environment(self._campaign.environment)
            if document is None:
                raise RegistryError(
                    f"the registry has no environment {self._campaign.environment!r} any more"
                )
            self._rules = Rules.of(document)
        return self._rules

    def stopped(self) -> Stop | None:
        """What stops the campaign now. Reads the rules again."""
        campaign = self._campaign
        try:
            released = resolve(
                self._registry, campaign.environment, f"{self._name}@{campaign.bound_digest}"
            )
            self._rules = None
            _ = self.rules
        except Untrusted as error:
            return Stop(PAUSED, "registry", str(error))
        except Refused as error:
            return Stop(PAUSED, "hold", str(error))
        except RegistryError as error:
            return Stop(PAUSED, "registry", f"nobody can tell whether it may go on: {error}")
        head = released.head
        if head.state == "rolled-back" and head.bound_digest != campaign.bound_digest:
            by = f" by {head.by}" if head.by else ""
            why = f": {head.reason}" if head.reason else ""
            return Stop(
                PAUSED,
                "rollback",
                f"{self._name} was rolled back to version {head.version} at {head.time}{by}{why}; "
                f"go on with --preset {self._name}@{head.version}",
            )
        return None

    def allows(self, now: float, row: Row) -> Refusal | None:
        """Why the environment's rules do not let a row be called now, caps aside."""
        return self.rules.check(now, row.to, _zones(row))

    def room(self, now: float, row: Row) -> Room | None:
        """What the environment's caps say of one more dial; None where there are none."""
        if not self.rules.counts:
            return None
        return partial(self.rules.capped, now, row.to, _zones(row), person=row.person)


def _zones(row: Row) -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in json.loads(row.zones)]
