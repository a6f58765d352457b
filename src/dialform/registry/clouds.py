"""
Opens a bucket with obstore: where credentials and endpoints come from, and how long to wait.

Credentials are what each cloud's own tools read from the environment (``AWS_*``, ``GOOGLE_*``,
``AZURE_*``), or the machine's own role; obstore reads them when a request is made. This knows
nothing of registries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from dialform.errors import SettingError
from dialform.registry.location import SCHEMES
from dialform.registry.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import ObjectStore

    from dialform.registry.location import Bucket

_ENDPOINTS = (
    *("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    *("GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
)
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class Patience(NamedTuple):
    """How long a store is waited for."""

    connect: float = 5.0
    """Seconds until a connection stands."""

    request: float = 30.0
    """Seconds that one request may take, its answer included."""

    attempts: int = 5
    """How often a request is made that gets no answer, or is told that the store is busy."""

    pause: float = 0.1
    """Seconds before the second attempt; each further pause is twice as long, at most 3 s."""

    def pauses(self) -> list[float]:
        """The seconds before each attempt."""
        return [0.0, *(min(self.pause * 2**n, 3.0) for n in range(self.attempts - 1))]


def opened(bucket: Bucket, patience: Patience, environ: Mapping[str, str]) -> ObjectStore:
    """
    The bucket's store. Connects to nothing yet.

    It repeats no request by itself: whether an attempt that got no answer did its work is
    something that its caller has to know.

    Raises:
        SettingError: obstore is not installed, or a setting is missing or wrong.

    """
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415  # an extra
        from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415
    except ImportError:
        raise SettingError(
            f"a registry at {bucket.url} needs the package obstore, which is not installed: "
            "pip install 'dialform[stores]'"
        ) from None
    config: dict[str, Any] = {
        "connect_timeout": f"{patience.connect * 1000:.0f}ms",
        "timeout": f"{patience.request * 1000:.0f}ms",
        "user_agent": "dialform",
    }
    if _is_loopback(environ):
        config["allow_http"] = "true"
    given: Any = {
        "prefix": bucket.prefix or None,
        "config": config,
        "retry_config": {"max_retries": 0},
    }
    try:
        if bucket.scheme == "gs":
            return GCSStore(bucket.name, **given)
        if bucket.scheme == "az":
            return AzureStore(bucket.name, **given)
        config |= {"conditional_put": "etag", "disable_bulk_delete": "true"}
        if not environ.get("AWS_CHECKSUM_ALGORITHM"):
            config["checksum_algorithm"] = "SHA256"  # a bucket with Object Lock asks for one
        return S3Store(bucket.name, **given)
    except (BaseError, ValueError, OSError) as error:
        raise SettingError(
            f"{bucket.url}: the {SCHEMES[bucket.scheme]} can't be opened with the settings in the "
            f"environment: {refusal(error).words}; docs/registry.md lists them"
        ) from None


def _is_loopback(environ: Mapping[str, str]) -> bool:
    """Whether all endpoints that are set are this machine's own: then plain HTTP will do."""
    hosts = {urlsplit(environ[name]).hostname for name in _ENDPOINTS if environ.get(name)}
    return bool(hosts) and hosts <= _LOOPBACK
