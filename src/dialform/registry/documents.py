"""
What the stored documents have in common: canonical bytes, a ``format``, and the seal.

Pure. An object that is not named by its digest carries the digest of the rest of itself as
``checksum``, so that a changed byte shows in it too. That guards against damage; who may write
to the store is the store's own affair.
"""

from __future__ import annotations

from typing import Any, Final

from dialform.errors import ObjectCorrupt, RegistryError, UnknownFormat
from dialform.presets.canonical import Digest, NotCanonical, canonical, digest, is_digest, parse

REGISTRY: Final = "dialform.registry/1"
VERSION: Final = "dialform.version/1"
RELEASE: Final = "dialform.release/1"
ENVIRONMENT: Final = "dialform.environment/1"
PROFILE: Final = "dialform.profile/1"
PRESET: Final = "dialform.preset/1"
BOUND_PRESET: Final = "dialform.bound-preset/1"

BLOB_FORMATS: Final = (PROFILE, PRESET, BOUND_PRESET)
"""The formats of what stands among the blobs."""

CHECKSUM: Final = "checksum"

_KNOWN = frozenset((REGISTRY, VERSION, RELEASE, ENVIRONMENT, *BLOB_FORMATS))
_RESTORE = "restore it from a backup; `dialform registry verify` names all that is damaged"


def corrupt(name: str, what: str) -> ObjectCorrupt:
    """The error for a damaged object: its name, what is wrong, what to do."""
    return ObjectCorrupt(f"{name}: {what}; {_RESTORE}")


def document(data: bytes, name: str, *formats: str) -> dict[str, Any]:
    """
    The value of a stored document. ``name`` is the object's, for messages.

    Raises:
        ObjectCorrupt: if it is not a JSON object in canonical form, or of another known format.
        UnknownFormat: if its format is not one that this version knows.

    """
    try:
        value = parse(data)
    except NotCanonical as error:
        raise corrupt(name, str(error)) from None
    found = value.get("format") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise corrupt(name, "not a document: it has no `format`")
    if found in formats:
        return value  # type: ignore[no-any-return]  # a dict: it has a format
    if found in _KNOWN:
        raise corrupt(name, f"a {found} stands where a {' or '.join(formats)} should")
    raise UnknownFormat(
        f"{name}: format {found!r} is unknown here: it needs a newer dialform; upgrade dialform"
    )


def sealed(value: dict[str, Any]) -> bytes:
    """
    The bytes to store: ``value`` with its checksum.

    Raises:
        RegistryError: if ``value`` has no canonical form, e.g. text with lone surrogates.

    """
    try:
        return canonical({**value, CHECKSUM: digest(canonical(value))})
    except NotCanonical as error:
        raise RegistryError(f"a {value.get('format')} can't be stored: {error}") from None


def unsealed(data: bytes, name: str, form: str) -> dict[str, Any]:
    """
    The value of a sealed document, less its checksum.

    Raises:
        ObjectCorrupt: as ``document``, and if the checksum is not the content's.
        UnknownFormat: as ``document``.

    """
    value = document(data, name, form)
    checksum = value.pop(CHECKSUM, None)
    if checksum != digest(canonical(value)):
        raise corrupt(name, "its content is not what its checksum says")
    return value


def exact_keys(value: dict[str, Any], name: str, keys: frozenset[str]) -> None:
    """
    Hold a document to exactly ``keys``: what is unknown could change what the rest means.

    Raises:
        ObjectCorrupt: naming the first key that is missing or unknown.

    """
    for key in sorted(keys - value.keys()):
        raise corrupt(name, f"the key {key!r} is missing")
    for key in sorted(value.keys() - keys):
        raise corrupt(name, f"the key {key!r} is not one of this format's")


def reference(value: dict[str, Any], name: str) -> tuple[Digest, str] | None:
    """
    The digest and the format of the document that a blob refers to, if it does.

    Raises:
        ObjectCorrupt: if it should and what it says is no digest.

    """
    form = value["format"]
    found: Any
    if form == BOUND_PRESET:
        preset = value.get("preset")
        found = preset.get("digest") if isinstance(preset, dict) else None
        expected = PRESET
    elif form == PRESET and "profile" in value:
        found, expected = value["profile"], PROFILE
    else:
        return None
    if not is_digest(found):
        raise corrupt(name, f"it refers to {found!r}, which is no digest")
    return Digest(found), expected


def bound_fault(
    value: dict[str, Any], environment: str, preset: str, preset_digest: Digest
) -> str | None:
    """Why a bound preset is not of that environment and preset; None if it is."""
    if value.get("environment") != environment:
        return f"it is of environment {value.get('environment')!r}, not {environment!r}"
    if value.get("preset") != {"name": preset, "digest": preset_digest}:
        return f"it is of preset {value.get('preset')!r}, not {preset!r} {preset_digest}"
    return None
