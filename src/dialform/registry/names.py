"""
What things are called in a registry: names that are safe as paths, and the keys of objects.

Pure. Environments and presets are named in files and on command lines, and their names become
folders, so they are held to what every file system and object store keeps apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dialform.errors import UsageError
from dialform.presets.canonical import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = "registry.json"
BLOBS = "blobs/sha256"
PRESETS = "presets"
ENVIRONMENTS = "environments"
RELEASES = "releases"
APPROVALS = "approvals"
EVIDENCE = "evidence"
LEDGERS = "ledgers"
CAMPAIGNS = "campaigns"
DOCTOR = "doctor"
"""What `registry doctor` tried, where it may not remove it: nothing of the registry's."""

SIGNATURES = "signatures"
TRUST = "trust"
SNAPSHOTS = "snapshots"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NUMBER = re.compile(r"([1-9][0-9]{0,8})\.json")
_BLOB = re.compile(r"([0-9a-f]{64})\.json")
_HEX = re.compile(r"[0-9a-f]{64}")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"]
    + [device + digit for device in ("com", "lpt") for digit in "0123456789"]
)


def name_fault(name: object) -> str | None:
    """What is wrong with the name of an environment or a preset; None if it is good."""
    return _fault(name) if isinstance(name, str) else _fault("")


@lru_cache(maxsize=4096)
def _fault(name: str) -> str | None:
    """`name_fault`; a reader of many logs asks the same names again and again."""
    if not _NAME.fullmatch(name):
        return "takes 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
    if name.endswith("."):
        return "can't end with a dot"
    if name.partition(".")[0] in _DEVICES:
        return "is a device's name on Windows, where the files could not be checked out"
    return None


def check_name(name: str, what: str = "name") -> str:
    """
    Return ``name`` if it can name an environment or a preset.

    ``what`` says in the message what it was to name.

    Raises:
        UsageError: for any other.

    """
    fault = name_fault(name)
    if fault is not None:
        raise UsageError(f"{what} {name!r}: a name {fault}")
    return name


def blob_key(digest: Digest) -> str:
    """Where the document of that digest stands."""
    return f"{BLOBS}/{digest.removeprefix('sha256:')}.json"


def versions_prefix(preset: str) -> str:
    """Where a preset's versions stand."""
    return f"{PRESETS}/{check_name(preset, 'preset')}"


def environment_prefix(environment: str) -> str:
    """Where the documents of an environment stand."""
    return f"{ENVIRONMENTS}/{check_name(environment, 'environment')}"


def log_prefix(environment: str, preset: str) -> str:
    """Where the release log of a preset in an environment stands."""
    check_name(environment, "environment")
    return f"{RELEASES}/{environment}/{check_name(preset, 'preset')}"


def approvals_prefix(environment: str, digest: Digest) -> str:
    """Where the approvals of a preset's content for an environment stand."""
    check_name(environment, "environment")
    return f"{APPROVALS}/{environment}/{digest.removeprefix('sha256:')}"


def evidence_prefix(environment: str, preset: str, version: int) -> str:
    """Where the evidence of a preset's version in an environment stands."""
    check_name(environment, "environment")
    return f"{EVIDENCE}/{environment}/{check_name(preset, 'preset')}/{version}"


def claims_prefix(ledger: str) -> str:
    """Where the claims of a ledger stand, by the ledger's id."""
    return f"{LEDGERS}/{check_name(ledger, 'ledger')}"


def campaign_key(environment: str, campaign: str) -> str:
    """Where the claim of a campaign's name stands."""
    check_name(environment, "environment")
    return f"{CAMPAIGNS}/{environment}/{check_name(campaign, 'campaign')}.json"


def signature_key(digest: Digest, keyid: str) -> str:
    """Where the signature stands that a key made of the object with those bytes."""
    return f"{signatures_prefix(digest)}/{keyid}.json"


def signatures_prefix(digest: Digest) -> str:
    """Where the signatures of the object with those bytes stand."""
    return f"{SIGNATURES}/{digest.removeprefix('sha256:')}"


def snapshots_prefix(environment: str) -> str:
    """Where the snapshots of an environment stand."""
    return f"{SNAPSHOTS}/{check_name(environment, 'environment')}"


def numbered(prefix: str, number: int) -> str:
    """The key of the object with that number (1, 2, 3, ...) under ``prefix``."""
    return f"{prefix}/{number}.json"


@lru_cache(maxsize=4096)
def number_of(name: str) -> int | None:
    """The number in ``7.json``; None for a name that is no numbered object's."""
    match = _NUMBER.fullmatch(name)
    return int(match[1]) if match else None


def in_order(keys: Iterable[str]) -> list[str]:
    """``keys`` folder by folder, in each the numbered ones by their numbers."""

    def place(key: str) -> tuple[list[str], int, str]:
        *folders, name = key.split("/")
        return folders, number_of(name) or 0, name

    return sorted(keys, key=place)


def numbers_of(names: Iterable[str]) -> set[int]:
    """The numbers among ``names``."""
    return {number for name in names if (number := number_of(name)) is not None}


def digest_of(name: str) -> Digest | None:
    """The digest in ``<hex>.json``; None for a name that is no blob's."""
    match = _BLOB.fullmatch(name)
    return Digest(f"sha256:{match[1]}") if match else None


def digest_of_folder(name: str) -> Digest | None:
    """The digest in ``<hex>``; None for a name that is no such folder's."""
    return Digest(f"sha256:{name}") if _HEX.fullmatch(name) else None
