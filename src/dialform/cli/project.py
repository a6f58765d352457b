"""The project around a command that works on declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.errors import SettingError

if TYPE_CHECKING:
    from dialform.declaration import Project


def project_here() -> Project:
    """
    The project in this folder, or in the nearest one above.

    Raises:
        SettingError: there is none.

    """
    from pathlib import Path  # noqa: PLC0415 - when run

    from dialform.cli.context import project_root  # noqa: PLC0415
    from dialform.declaration import Project  # noqa: PLC0415

    root = project_root()
    if root is None:
        raise SettingError(
            "there is no project here or above: no folder with Pulumi.yaml and stacks/; "
            "go to one, or make one with `dialform init DIR`"
        )
    return Project(Path(root))
