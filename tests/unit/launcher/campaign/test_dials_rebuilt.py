"""docs/rebuild.py on what real launchers wrote: single calls and a campaign's, to the byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from campaign_world import number
from launcher_world import ANN

if TYPE_CHECKING:
    from campaign_world import CampaignWorld

SCRIPT = Path(__file__).parents[4] / "docs" / "rebuild.py"


@pytest.mark.parametrize("keys", [False, True])
def test_what_was_sent_is_made_again(world: CampaignWorld, *, keys: bool) -> None:
    """From the registry's folder and the ledger's file alone, sensitive inputs included."""
    if keys:
        world.publish_environment(world.url, idempotencyKeys=True)
    said = {"name": "Ann", "amount": 12.5, "pin": "0042"}
    with world.launcher() as launcher:
        launcher.dial("reminder", to=ANN, inputs=said)
    people = world.folder / "people.csv"
    rows = "".join(f"{number(last)},Ben,7,1234\n" for last in range(3))
    people.write_text(f"phone,name,amount,pin\n{rows}", encoding="utf-8")
    campaign = ("launch", "reminder", str(people), "-s", "dev", "--name", "november")
    world.run(*campaign, "--yes", "--rate", "50")

    dials = world.sandbox.dials()
    assert len(dials) == 4
    for dial in dials:
        done = subprocess.run(
            [sys.executable, "-I", SCRIPT, world.folder / "registry", world.ledger, dial["id"]],
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{dial['raw']}\nOK\n"
        assert ("idempotencyKey" in dial["raw"]) == keys
