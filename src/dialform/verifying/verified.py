"""
A release, looked at from all sides that need no workspace: what it is made of, who says so.

Whether the workspace still has what a release leans on is asked by whoever has its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.launcher.resolve import parse_reference
from dialform.registry import names
from dialform.registry.store import origin
from dialform.verifying.belief import believed
from dialform.verifying.claims import Verified
from dialform.verifying.content import Content

if TYPE_CHECKING:
    from dialform.registry import Registry


def verified(registry: Registry, environment: str, text: str) -> Verified:
    """
    All that the registry itself says of ``text``: ``P``, ``P@7`` or ``P@sha256:...``.

    Of a preset alone that is what a launcher here would call: with pinned keys not what is only
    proposed.

    Raises:
        ObjectAbsent: it was never released in that environment.
        RegistryUnreachable: the registry is not there, or went away meanwhile.
        UsageError: nothing can be named like that.

    """
    content = Content(registry, environment, parse_reference(text))
    content.read_log()
    belief = None
    if content.entry is not None:
        belief = believed(registry, environment, content.reference, content.entry)
        content.entry = belief.entry
    content.look()
    if origin(registry.store).read(names.MARKER) is None:
        _ = registry.id  # raises: it went away, and what was missing need not be
    claims = (*content.claims, *(() if belief is None else belief.claims))
    return Verified(content.reference, content.entry, content.head, content.bound, claims)
