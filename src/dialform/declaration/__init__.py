"""Declarations: the files under `stacks/`, checked, as a typed model."""

from dialform.declaration.environment import Environment
from dialform.declaration.objects import Flow, Preset, Profile
from dialform.declaration.project import Project, load_environment

__all__ = ["Environment", "Flow", "Preset", "Profile", "Project", "load_environment"]
