"""
An environment's `[registry]` keys: whose signatures its readers believe.

Pure. Whether there is such a signature is for those who read the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.api.location import is_loopback
from dialform.registry.trust.keys import key_fault

if TYPE_CHECKING:
    from dialform.declaration.merging import Layered
    from dialform.declaration.models import Registry
    from dialform.errors import Problem


def trust_problems(layered: Layered, registry: Registry, workspace: str) -> list[Problem]:
    """
    What is wrong with the keys of an environment's registry, or with their absence.

    ``workspace`` is its URL: what isn't a sandbox must say whom it believes.
    """
    found: list[Problem] = []

    def add(path: tuple[str | int, ...], message: str) -> None:
        found.append(layered.problem(path, "trust", message))

    keys = registry.keys or ()
    for index, line in enumerate(keys):
        fault = key_fault(line)
        if fault is not None:
            add(("registry", "keys", index), f"{line[:80]!r} {fault}")
        elif line in keys[:index]:
            add(("registry", "keys", index), "is there already: a key counts once; drop it")
    if registry.threshold is not None and registry.threshold > len(keys):
        message = f"is more than there are keys ({len(keys)}): lower it, or add keys"
        add(("registry", "threshold"), message)
    if registry.unsigned and keys:
        add(("registry", "unsigned"), "can't stand beside keys: drop one of them")
    if not registry.unsigned and not keys and not is_loopback(workspace):
        add(
            ("workspace", "url"),
            "is no sandbox on this machine, so say whose releases may call from there: "
            '[registry] keys = ["ed25519:..."], which `dialform registry keygen` prints, or '
            "unsigned = true, with which whoever may write to the registry decides what is said",
        )
    return found
