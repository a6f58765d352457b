"""Fixtures: a campaign's world, whose sandbox is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from campaign_world import CampaignWorld

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox) -> CampaignWorld:
    """A registry with a released preset; calls that end within a second."""
    sandbox.speed(500)
    return CampaignWorld(tmp_path, sandbox)
