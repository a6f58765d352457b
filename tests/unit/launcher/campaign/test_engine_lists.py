"""A campaign and its suppression lists, which change while it runs."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from campaign_world import FAST, number

from dialform.launcher.ledger import Ledger
from dialform.launcher.people import SuppressionLists

if TYPE_CHECKING:
    from pathlib import Path

    from campaign_world import CampaignWorld

    from dialform.launcher.campaign import Happened

SIX = [number(at) for at in range(6)]
ONE_BY_ONE = FAST._replace(in_flight=1, live=1)


def test_whoever_is_added_while_it_runs_is_not_called(world: CampaignWorld, tmp_path: Path) -> None:
    path = tmp_path / "dnc.txt"
    path.touch()

    def add(happened: Happened) -> None:
        if happened.kind == "accepted":
            path.write_text(f"{SIX[-1]}\n", encoding="utf-8")

    lists = SuppressionLists([path])
    stop = world.call(world.open(SIX, ONE_BY_ONE), suppressed=lists.reason, report=add)

    assert stop.state == "finished"
    assert world.states()[SIX[-1]] == "skipped"
    with closing(Ledger(world.ledger)) as ledger:
        assert [one.reason for one in ledger.rows("c1", state="skipped")] == [f"suppressed: {path}"]
    assert SIX[-1] not in world.rings()


def test_a_list_that_goes_while_it_runs_pauses_it(world: CampaignWorld, tmp_path: Path) -> None:
    path = tmp_path / "dnc.txt"
    path.touch()
    campaign = world.open(SIX, ONE_BY_ONE)

    def remove(happened: Happened) -> None:
        if happened.kind == "accepted":
            path.unlink(missing_ok=True)

    lists = SuppressionLists([path])
    stop = world.call(campaign, suppressed=lists.reason, report=remove)

    assert (stop.state, stop.rule) == ("paused", "suppression")
    assert "nobody is called without it" in stop.message
    assert world.counts() == {"done": 1, "planned": 5}
    path.touch()
    assert world.call(campaign, suppressed=SuppressionLists([path]).reason).state == "finished"
    assert world.rings() == dict.fromkeys(SIX, 1)
