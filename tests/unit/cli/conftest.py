"""Fixtures: the project that commands are run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.sandbox import Sandbox


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a release of its one preset; it is the working directory."""
    made = Project(tmp_path, sandbox)
    made.release()
    monkeypatch.chdir(tmp_path)
    for name in ("DIALFORM_REGISTRY", "DIALFORM_LEDGER", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environment.items():
        if name not in ("PATH", "HOME", "PYTHONWARNINGS"):
            monkeypatch.setenv(name, value)
    return made
