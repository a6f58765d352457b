"""A campaign against the real sandbox: engine, ledger and transport as in a process of its own."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from launcher_world import KEY, World

from dialform.api.fast import FastClient
from dialform.launcher.campaign import Engine, Happened, Settings, Stop
from dialform.launcher.campaign.watch import Watch
from dialform.launcher.campaign.writer import Writer
from dialform.launcher.ledger import Ledger
from dialform.launcher.records import Campaign, Row
from dialform.launcher.request import Template
from dialform.launcher.resolve import look_up, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dialform.launcher.campaign.engine import Transport

FAST = Settings(rate=1000.0, in_flight=8, live=50, failures=None)


def number(last: int) -> str:
    """A number whose call is answered: +1 415 555 0120 and up."""
    return f"+141555501{20 + last:02}"


class CampaignWorld(World):
    """A world with a campaign ``november`` of some people."""

    place: str | None = None
    """A ledger on a server, in the place of the world's file."""

    def _ledger(self, **settings: Any) -> Ledger:
        return Ledger(self.place or self.ledger, **settings)

    def people(self, numbers: Iterable[str]) -> list[Row]:
        """A row for each; a number that stands there again is another person's."""
        found: list[Row] = []
        for at, one in enumerate(numbers, start=1):
            person = one if all(row.to != one for row in found) else f"{one}/{at}"
            found.append(Row(at, person, one, inputs='{"name":"Ann"}'))
        return found

    def open(self, numbers: Iterable[str], settings: Settings = FAST) -> Campaign:
        """Open the campaign with these people."""
        released = resolve(self.registry, "dev", "reminder")
        campaign = Campaign(
            id="c1",
            environment="dev",
            name="november",
            preset="reminder",
            version=released.entry.version,
            release=released.entry.seq,
            preset_digest=released.entry.preset_digest,
            bound_digest=released.entry.bound_digest,
            workspace=self.url,
            source="people.csv",
            source_digest="sha256:0",
            opened_at="2026-11-25T09:00:00.000000Z",
            opened_by="anna",
            settings=settings.as_json(),
        )
        ledger = self._ledger()
        opened, _ = ledger.open_campaign(campaign, self.people(numbers))
        ledger.close()
        return opened

    async def run_campaign(  # noqa: PLR0913 - what differs in a test
        self,
        campaign: Campaign,
        *,
        key: str = KEY,
        url: str | None = None,
        patience: float = 5.0,
        during: Callable[[Engine], None] | None = None,
        report: Callable[[Happened], None] = lambda _: None,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.time,
        **more: Any,
    ) -> Stop:
        """One process's run of it; ``during`` gets its engine before it starts."""
        ledger = self._ledger(clock=clock)
        writer = Writer(ledger)
        released = look_up(self.registry, "dev", f"reminder@{campaign.bound_digest}")
        watch = Watch(self.registry, campaign)
        try:
            async with FastClient(url or self.url, key, timeout=patience, connections=50) as client:
                engine = Engine(
                    campaign,
                    Settings.of_json(campaign.settings),
                    ledger=ledger,
                    writer=writer,
                    transport=transport or client,
                    template=Template(released.bound),
                    now=time.time,
                    gate=watch,
                    stopped=watch.stopped,
                    report=report,
                    timeout=patience,
                    stale=0.0,
                    **{"suppressed": lambda _: None, "polls": (0.02, 0.05), **more},
                )
                if during is not None:
                    during(engine)
                return await engine.run()
        finally:
            writer.close()
            ledger.close()

    def call(self, campaign: Campaign, **more: Any) -> Stop:
        """`run_campaign` in a loop of its own, within a minute."""
        return asyncio.run(asyncio.wait_for(self.run_campaign(campaign, **more), 60))

    def states(self) -> dict[str, str]:
        """Number -> state of its row."""
        ledger = self._ledger()
        found = {row.to: row.state for row in ledger.rows("c1")}
        ledger.close()
        return found

    def counts(self) -> dict[str, int]:
        """State -> how many rows."""
        ledger = self._ledger()
        found = ledger.counts("c1")
        ledger.close()
        return found

    def rings(self) -> dict[str, int]:
        """Number -> how often it rang."""
        found: dict[str, int] = {}
        for dial in self.sandbox.dials():
            if dial["rings"]:
                found[dial["toNumber"]] = found.get(dial["toNumber"], 0) + 1
        return found
