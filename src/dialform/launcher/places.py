"""Where the ledger lies unless a caller says otherwise."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "DIALFORM_LEDGER"


def default_ledger(base: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> str:
    """
    The ledger's file: $DIALFORM_LEDGER, else the project's, else the user's.

    ``base`` is a project's folder, or None outside of one.
    """
    if environment.get(VARIABLE):
        return environment[VARIABLE]
    if base is not None and os.path.exists(os.path.join(base, "Pulumi.yaml")):  # noqa: PTH110, PTH118 - no pathlib here
        return os.path.join(base, ".dialform", "ledger.db")  # noqa: PTH118
    import platformdirs  # noqa: PLC0415 - outside of a project only

    return os.path.join(platformdirs.user_state_dir("dialform"), "ledger.db")  # noqa: PTH118


def without_password(place: str) -> str:
    """A ledger's place as it may be shown: a URL without its password."""
    if "://" not in place:
        return place
    import re  # noqa: PLC0415 - of URLs only

    shown = re.sub(r"(//[^/@:]*):[^@/]*@", r"\1:***@", place)
    return re.sub(r"([?&]password=)[^&]*", r"\1***", shown)
