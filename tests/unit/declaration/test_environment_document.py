"""What launchers are told of an environment: its bytes move only where something is declared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from declaration_world import edited, written

from dialform import checking

if TYPE_CHECKING:
    from pathlib import Path

WORKSPACE = {"url": "https://api.vogent.ai/api", "keyvar": "VOGENT_API_KEY_DEV"}
KEYVAR = 'keyvar = "VOGENT_API_KEY_DEV"'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", {}),
        ("idempotencyKeys = false", {}),
        ("idempotencyKeys = true", {"idempotencyKeys": True}),
    ],
)
def test_keys_are_told_of_only_where_they_are_declared(
    said: str, told: dict[str, Any], tmp_path: Path
) -> None:
    """An environment that says nothing of them keeps the document that it has published."""
    project = written(tmp_path, edited("dev.toml", KEYVAR, f"{KEYVAR}\n{said}"))
    document = project.environment("dev").document

    assert json.loads(document)["workspace"] == {**WORKSPACE, **told}
    assert checking.environment(document.decode()) is None


def test_keys_are_yes_or_no() -> None:
    document = {
        "format": "dialform.environment/1",
        "environment": "dev",
        "workspace": {**WORKSPACE, "idempotencyKeys": "yes"},
    }
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    assert checking.environment(text) == "workspace.idempotencyKeys: must be true or false"
