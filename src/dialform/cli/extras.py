"""What a command needs beside the plain install, and what to install where it is missing."""

from __future__ import annotations

from dialform.errors import SettingError


def require_review(*, quiet: bool = False) -> bool:
    """
    Whether diffs can be made: the extra ``dialform[review]``.

    Raises:
        SettingError: it is not installed, unless ``quiet``.

    """
    from importlib.util import find_spec  # noqa: PLC0415 - when run

    if find_spec("deepdiff") is not None:
        return True
    if quiet:
        return False
    raise SettingError("diffs and reviews need: pip install 'dialform[review]'")
