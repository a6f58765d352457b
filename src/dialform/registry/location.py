"""
From a registry's URL to the folder it means. Looks at no disk but to resolve links.

Uses os.path: a launcher pays for each import, and pathlib is not needed elsewhere on its way.
"""
# ruff: noqa: PTH100, PTH111, PTH117, PTH118

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

from dialform.errors import SettingError

if TYPE_CHECKING:
    from os import PathLike

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_LATER = frozenset(("s3", "gs", "az"))


def folder_of(url: str, base: str | PathLike[str]) -> str:
    """
    The absolute path of the folder that ``url`` means; relative ones are relative to ``base``.

    Raises:
        SettingError: for a URL that means no folder.

    """
    if not url.strip() or "\0" in url:
        raise SettingError(f"registry URL {url!r}: not a folder; set [registry] url to one")
    match = _SCHEME.match(url)
    if match is None:
        path = os.path.expanduser(url)
    elif match[1].lower() == "file":
        path = _file_path(url)
    else:
        scheme = match[1].lower()
        why = "is not in this version" if scheme in _LATER else "is not known"
        raise SettingError(
            f"registry URL {url!r}: {scheme}:// {why}; set [registry] url to a folder, "
            "e.g. `registry` or `/mnt/team/dialform`"
        )
    return os.path.abspath(os.path.join(os.fspath(base), path))


def is_inside(path: str, base: str | PathLike[str]) -> bool:
    """Whether ``path`` lies in the folder ``base``, links followed."""
    top = os.path.realpath(base)
    real = os.path.realpath(path)
    return real != top and os.path.commonpath((real, top)) == top


def _file_path(url: str) -> str:
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415  # rare, and 2 ms

    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc not in ("", "localhost") or not os.path.isabs(path) or "\0" in path:
        raise SettingError(
            f"registry URL {url!r}: a file URL is file:///absolute/path, without a host"
        )
    return path
