"""A campaign in the ledger with real calls in the sandbox, as its engine leaves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from launcher_world import BEN

from dialform.errors import ApiError
from dialform.launcher.outcome import OUTCOMES
from dialform.launcher.outcomes.follow import look_at
from dialform.launcher.records import Campaign, Reservation

if TYPE_CHECKING:
    from typing import Self

    from launcher_world import World

    from dialform.launcher.records import Record, Row


class Calls:
    """The campaign ``autumn`` of ``reminder`` in ``dev``."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.launcher = world.launcher()
        self.ledger = self.launcher.ledger
        request = self.launcher.request("reminder", to=BEN, inputs={"name": "Ben"})
        self.same: dict[str, Any] = {
            "environment": "dev",
            "preset": "reminder",
            "version": 1,
            "release": 1,
            "preset_digest": request.preset_digest,
            "bound_digest": request.bound_digest,
            "workspace": request.workspace,
        }

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the ledger."""
        self.launcher.close()

    def open(self, *rows: Row) -> None:
        """Write the campaign and its people down."""
        campaign = Campaign(
            **self.same,
            id="c1",
            name="autumn",
            source="people.csv",
            source_digest="sha256:0",
            opened_at="2026-11-23T23:00:00Z",
            opened_by="anna",
        )
        self.ledger.open_campaign(campaign, rows)

    def call(self, to: str, *, attempt: int = 1, person: str | None = None) -> Record:
        """Call a person; the record after the answer."""
        row = next(one for one in self.ledger.rows("c1") if one.person == (person or to))
        inputs = {"name": "x", **json.loads(row.inputs)}
        request = self.launcher.request("reminder", to=to, inputs=inputs)
        reservation = Reservation(
            **self.same,
            body_digest=request.digest,
            to=to,
            from_number_id=request.from_number_id,
            inputs=row.inputs,
            withheld="[]",
            once=None,
            campaign="c1",
            person=person or to,
            attempt=attempt,
            body=request.body,
        )
        (record,) = self.ledger.reserve_many([reservation], seconds=30.0)
        assert record is not None
        try:
            created = self.launcher.client().create_dial(request.body)
        except ApiError as error:
            self.ledger.settle(record.id, OUTCOMES[type(error)], words=error.words)
        else:
            self.ledger.settle(record.id, "accepted", dial_id=created.dial_id)
        return self.known(record)

    def end(self, *records: Record) -> None:
        """Let all calls end, and look at these."""
        self.world.sandbox.advance(600)
        client = self.launcher.client()
        for record in records:
            look_at(self.ledger, lambda one: client.dial(one.dial_id or ""), record, lambda: 2e9)

    def known(self, record: Record) -> Record:
        """The record as it is now."""
        found = self.ledger.record(record.id)
        assert found is not None
        return found
