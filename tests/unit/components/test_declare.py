"""The program outside of Pulumi's own script; tests/engine has it inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pytest

from dialform.components import declare

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_wrong_is_an_error_that_a_caller_can_catch(tmp_path: Path) -> None:
    """As with the automation API, whose process must not end."""
    with pytest.raises(pulumi.RunError, match=r"there is no stacks/ folder here"):
        declare(tmp_path, "dev")
