"""
Where requests go and with what: the workspace's URL, its key, an id in a path.

Pure. Refuses what can't be right before anything is sent.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from dialform.api.words import printable
from dialform.errors import SettingError, UsageError


def segment(name: str) -> str:
    """An id as a part of a path. Raises UsageError for what can't be one."""
    if not name.isprintable() or name in ("", ".", ".."):
        raise UsageError(f"{name!r} is not an id")
    return quote(name, safe="")


def checked_key(key: str) -> str:
    """The key. Raises SettingError, without the key, for what can't be one."""
    if not key or not all("!" <= letter <= "~" for letter in key):
        raise SettingError(
            "the API key is empty or has a blank, a line end or a letter that no key has; "
            "set the key variable to the key alone"
        )
    return key


def headers(key: str) -> dict[str, str]:
    """What every request says: the key, and that an answer is wanted as it is."""
    return {
        "authorization": f"Bearer {key}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "dialform",
    }


def connect_timeout(timeout: float) -> float:
    """Seconds to connect, of those that the API has for an answer: a third, and 5 at least."""
    return min(timeout, max(timeout / 3, 5.0))


KEPT_ALIVE = 2.0
"""Seconds that an idle connection is used again: fewer than servers keep theirs, since a dial
sent into a connection that the server is just closing would be one of unknown outcome."""


def base_url(url: str) -> str:
    """The API's base URL, without a closing slash. Raises SettingError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = None, ""
    if (
        parts is None
        or not url.isprintable()
        or " " in url
        or parts.scheme not in ("http", "https")
        or not host
    ):
        raise SettingError(
            f"workspace URL {printable(url)!r}: write it as https://api.vogent.ai/api"
        )
    if parts.username is not None or parts.password is not None:
        raise SettingError(
            f"workspace URL of {host}: no user or password belongs in it; "
            "the key has a variable of its own"
        )
    if parts.query or parts.fragment:
        raise SettingError(f"workspace URL of {host}: nothing may follow the path")
    if parts.scheme == "http" and not _near(host):
        raise SettingError(f"workspace URL {url!r}: the key would be sent in clear; write https://")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether a workspace is on this machine, as a sandbox is: no phone rings."""
    import ipaddress  # noqa: PLC0415 - where it is asked

    host = ""
    try:
        host = urlsplit(url).hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _near(host: str) -> bool:
    """Whether a host is this machine or of a private network."""
    import ipaddress  # noqa: PLC0415 - for http alone

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))
    return address.is_private or address.is_loopback
