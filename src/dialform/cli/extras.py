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


def require_campaign() -> None:
    """
    What calling a list of people needs: the extra ``dialform[campaign]``.

    Raises:
        SettingError: it is not installed.

    """
    from importlib.util import find_spec  # noqa: PLC0415 - when run

    if find_spec("aiohttp") is None or find_spec("rich") is None:
        raise SettingError("calling a list of people needs: pip install 'dialform[campaign]'")
