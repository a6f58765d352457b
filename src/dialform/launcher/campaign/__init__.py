"""Campaigns: a list of people called with one bound preset, each at most once per attempt."""

from dialform.launcher.campaign.engine import Engine, Happened, Stop
from dialform.launcher.campaign.settings import Settings

__all__ = ["Engine", "Happened", "Settings", "Stop"]
