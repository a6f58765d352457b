"""
From a registry's URL to the folder or the bucket it means. Looks at no disk but to resolve links.

Uses os.path: a launcher pays for each import, and pathlib is not needed elsewhere on its way.
"""
# ruff: noqa: PTH100, PTH111, PTH117, PTH118

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dialform.errors import SettingError

if TYPE_CHECKING:
    from os import PathLike

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*")

SCHEMES: Final = {"s3": "bucket", "gs": "bucket", "az": "container"}
"""What the part after ``://`` names, by the scheme of an object store's URL."""


class Bucket(NamedTuple):
    """Where in an object store a registry lies."""

    scheme: str
    """``s3``, ``gs`` or ``az``."""

    name: str
    """The bucket; with ``az`` the container."""

    prefix: str
    """What all keys begin with, without a slash at its ends; "" for none."""

    @property
    def url(self) -> str:
        """``s3://bucket/prefix``."""
        return f"{self.scheme}://{self.name}" + (f"/{self.prefix}" if self.prefix else "")


def bucket_of(url: str) -> Bucket | None:
    """
    The bucket that ``url`` means; None for one that means a folder, or nothing.

    Raises:
        SettingError: for an object store's URL that is not ``scheme://bucket/prefix``.

    """
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else ""
    if match is None or scheme not in SCHEMES:
        return None
    name, _, prefix = url[match.end() :].partition("/")
    prefix = prefix.strip("/")
    if not _BUCKET.fullmatch(name) or not all(
        _PART.fullmatch(part) for part in (prefix.split("/") if prefix else ())
    ):
        # What stands before an @ may be a key: the URL is not said again.
        raise SettingError(
            f"the registry's URL is not {scheme}://{SCHEMES[scheme].upper()}/PREFIX, each part of "
            "letters, digits, '.', '_', '-' and '='; credentials and options are no part of it: "
            "they come from the environment (docs/registry.md)"
        )
    return Bucket(scheme, name, prefix)


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
        raise SettingError(
            f"registry URL: {match[1].lower()}:// is not known; set [registry] url to a folder, "
            "e.g. `registry` or `/mnt/team/dialform`, or to s3://BUCKET/PREFIX, gs:// or az://"
        )
    return os.path.abspath(os.path.join(os.fspath(base), path))


def check_url(url: str) -> None:
    """
    Hold a registry's URL to what `Registry.open` takes.

    Raises:
        SettingError: for any other.

    """
    if bucket_of(url) is None:
        folder_of(url, "/")


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
