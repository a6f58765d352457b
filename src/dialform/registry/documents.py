"""
What the stored documents have in common: canonical bytes, a ``format``, and the seal.

Pure. An object that is not named by its digest is sealed: it carries the digest of the rest of
itself as ``checksum`` and says which object it is, so that a changed byte and a changed place
show in it too. That guards against damage; who may write to the store is the store's affair.
"""

from __future__ import annotations

import re
from typing import Any, Final

from dialform.presets.canonical import Digest, NotCanonical, canonical, digest, is_digest, parse

REGISTRY: Final = "dialform.registry/1"
VERSION: Final = "dialform.version/1"
RELEASE: Final = "dialform.release/1"
ENVIRONMENT: Final = "dialform.environment/1"
APPROVAL: Final = "dialform.approval/1"
EVIDENCE: Final = "dialform.evidence/1"
CLAIM: Final = "dialform.ledger-claim/1"
CAMPAIGN: Final = "dialform.campaign-claim/1"
TRUST: Final = "dialform.trust/1"
SNAPSHOT: Final = "dialform.snapshot/1"
PROFILE: Final = "dialform.profile/1"
PRESET: Final = "dialform.preset/1"
BOUND_PRESET: Final = "dialform.bound-preset/1"

OBJECT: Final = "dialform.object/1"
REFERENCES: Final = "dialform.references/1"

BLOB_FORMATS: Final = (PROFILE, PRESET, BOUND_PRESET, OBJECT, REFERENCES)
"""The formats of what stands among the blobs."""

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")

CHECKSUM: Final = "checksum"
SEQ: Final = "seq"

_KNOWN = frozenset(
    (
        *(REGISTRY, VERSION, RELEASE, ENVIRONMENT, APPROVAL, EVIDENCE, CLAIM, CAMPAIGN),
        *(TRUST, SNAPSHOT, *BLOB_FORMATS),
    )
)


class Damage(Exception):
    """
    Why bytes are not the object that they should be: a fact, of which a reader makes an error.

    ``rule`` is one word for programs, as in the findings of `verify`.
    """

    def __init__(self, rule: str, what: str) -> None:
        """``what`` completes the sentence that begins with the object's name."""
        self.rule = rule
        super().__init__(what)


class Newer(Damage):
    """The bytes may be sound: their format is not known to this version."""

    def __init__(self, form: str) -> None:
        """``form`` is the format that they name."""
        super().__init__(
            "format", f"its format {form!r} is unknown here: it needs a newer dialform"
        )


def document(data: bytes, *formats: str) -> dict[str, Any]:
    """
    The value of a stored document.

    Raises:
        Damage: if it is not a JSON object in canonical form, or of another known format.
        Newer: if its format is not one that this version knows.

    """
    try:
        value = parse(data)
    except NotCanonical as error:
        raise Damage("form", str(error)) from None
    found = value.get("format") if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise Damage("format", "it has no `format`")
    if found in formats:
        return value  # type: ignore[no-any-return]  # a dict: it has a format
    if found in _KNOWN:
        raise Damage("format", f"a {found} stands where a {' or '.join(formats)} should")
    raise Newer(found)


def sealed(value: dict[str, Any]) -> bytes:
    """
    The bytes to store: ``value`` with its checksum.

    Raises:
        NotCanonical: if ``value`` has no canonical form.

    """
    return canonical({**value, CHECKSUM: digest(canonical(value))})


def unsealed(data: bytes, form: str) -> dict[str, Any]:
    """
    The value of a sealed document, less its checksum.

    Raises:
        Damage: as ``document``, and if the checksum is not the content's.
        Newer: as ``document``.

    """
    value = document(data, form)
    checksum = value.pop(CHECKSUM, None)
    if checksum != digest(_rest(data, checksum, value)):
        raise Damage("checksum", "its content is not what its checksum says")
    return value


def _rest(data: bytes, checksum: object, value: dict[str, Any]) -> bytes:
    """The canonical bytes of ``value``: what canonical ``data`` holds less its checksum."""
    member = f'"{CHECKSUM}":"{checksum}"'.encode()
    if data.count(member + b",") == 1 and data.count(member) == 1:
        return data.replace(member + b",", b"")  # members are in order, so the rest stays as it is
    return canonical(value)


def exact_keys(value: dict[str, Any], keys: frozenset[str]) -> None:
    """
    Hold a document to exactly ``keys``: what is unknown could change what the rest means.

    Raises:
        Damage: naming the first key that is missing or unknown.

    """
    for key in sorted(keys - value.keys()):
        raise Damage("content", f"its key {key!r} is missing")
    for key in sorted(value.keys() - keys):
        raise Damage("content", f"its key {key!r} is not one of this format's")


def fitting(value: dict[str, Any], fits: dict[str, bool]) -> None:
    """
    Hold a document's keys to what they take: ``fits`` says of each whether it does.

    Raises:
        Damage: naming the first that does not.

    """
    for key, fit in fits.items():
        if not fit:
            raise Damage("content", f"its {key} is {value[key]!r}")


def hashed(data: bytes, expected: Digest) -> bytes:
    """
    Return ``data`` if that is its digest.

    Raises:
        Damage: if it is not.

    """
    found = digest(data)
    if found != expected:
        raise Damage("digest", f"its bytes hash to {found}")
    return data


def marker(registry_id: str) -> bytes:
    """The bytes of ``registry.json``."""
    return sealed({"format": REGISTRY, "id": registry_id})


def parse_marker(data: bytes) -> str:
    """
    The registry's id.

    Raises:
        Damage: if ``data`` is not a marker.

    """
    value = unsealed(data, REGISTRY)
    exact_keys(value, frozenset(("format", "id")))
    found = value["id"]
    # Signatures name it, and folders are called by it: it takes no path and no line end.
    if not isinstance(found, str) or _ID.fullmatch(found) is None:
        raise Damage("content", f"its id is {found!r}")
    return found


def version(preset: str, number: int, content: Digest) -> bytes:
    """The bytes of ``presets/<preset>/<number>.json``."""
    return sealed({"format": VERSION, "preset": preset, "version": number, "digest": content})


def parse_version(data: bytes, preset: str, number: int) -> Digest:
    """
    The content of that version.

    Raises:
        Damage: if ``data`` is not that version's.

    """
    value = unsealed(data, VERSION)
    exact_keys(value, frozenset(("format", "preset", "version", "digest")))
    if (value["preset"], value["version"]) != (preset, number):
        raise Damage("place", f"it is version {value['version']} of {value['preset']}")
    if not is_digest(value["digest"]):
        raise Damage("content", f"its digest is {value['digest']!r}")
    return Digest(value["digest"])


def environment(value: dict[str, Any], number: int) -> bytes:
    """The bytes of ``environments/<env>/<number>.json`` for an environment's document."""
    return sealed({**value, SEQ: number})


def parse_environment(data: bytes, name: str, number: int) -> dict[str, Any]:
    """
    The environment's document, less what belongs to its place in the registry.

    Raises:
        Damage: if ``data`` is not that environment's document of that number.

    """
    value = unsealed(data, ENVIRONMENT)
    found = value.pop(SEQ, None)
    if (value.get("environment"), found) != (name, number):
        raise Damage("place", f"it is document {found} of {value.get('environment')!r}")
    return value


def references(value: dict[str, Any]) -> list[tuple[Digest, str]]:
    """
    The digest and the format of each document that a blob refers to.

    Raises:
        Damage: if it should refer to one and what it says is no digest.

    """
    found: list[tuple[Any, str]] = []
    if value["format"] == BOUND_PRESET:
        preset = value.get("preset")
        found.append((preset.get("digest") if isinstance(preset, dict) else None, PRESET))
    elif value["format"] == PRESET and "profile" in value:
        found.append((value["profile"], PROFILE))
    elif value["format"] == REFERENCES:
        rows = value.get("objects")
        found += [
            (row.get("digest") if isinstance(row, dict) else None, OBJECT)
            for row in (rows if isinstance(rows, list) else [None])
        ]
    for one, _ in found:
        if not is_digest(one):
            raise Damage("content", f"it refers to {one!r}, which is no digest")
    return [(Digest(one), expected) for one, expected in found]


def bound_fault(
    value: dict[str, Any], environment: str, preset: str, preset_digest: Digest
) -> str | None:
    """Why a bound preset is not of that environment and preset; None if it is."""
    if value.get("environment") != environment:
        return f"it is of environment {value.get('environment')!r}, not {environment!r}"
    if value.get("preset") != {"name": preset, "digest": preset_digest}:
        return f"it is of preset {value.get('preset')!r}, not {preset!r} {preset_digest}"
    return None
