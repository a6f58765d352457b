"""
From settings to what a reader demands: pinned keys, strictness, and where it remembers.

Reads the environment that it is given, and touches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialform.errors import SettingError
from dialform.registry.trust.guard import Trust
from dialform.registry.trust.memory import Memory, state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dialform.registry.trust.statements import Keys

KEYS: Final = "DIALFORM_KEYS"
THRESHOLD: Final = "DIALFORM_THRESHOLD"
STRICT: Final = "DIALFORM_STRICT"


def pins(
    environment: Mapping[str, str], keys: Iterable[str] = (), threshold: int | None = None
) -> Keys | None:
    """
    The pinned keys: those of $DIALFORM_KEYS, else the given ones; None where there are none.

    Raises:
        SettingError: what is said is no key, or the threshold can't be met.

    """
    said = environment.get(KEYS, "")
    lines, needed = tuple(keys), threshold
    if said.strip():
        from dialform.registry.trust.keys import keys_of  # noqa: PLC0415 - where keys are pinned

        lines, needed = keys_of(said), _number(environment.get(THRESHOLD))
    elif environment.get(THRESHOLD):
        raise SettingError(f"{THRESHOLD} is of the keys in {KEYS}, which is not set: set both")
    if not lines:
        return None
    from dialform.registry.trust.verifying import pinned  # noqa: PLC0415 - where keys are pinned

    return pinned(lines, needed)


def trust_of(  # noqa: PLR0913 - the sides of it, all but one with a default
    environment: Mapping[str, str],
    *,
    keys: Iterable[str] = (),
    threshold: int | None = None,
    strict: bool = False,
    remembers: bool = True,
    warn: Callable[[str], None] | None = None,
) -> Trust:
    """
    What a reader with these settings demands of a registry.

    Args:
        environment: the process's; its $DIALFORM_KEYS go before ``keys``.
        keys: the lines that the stack file pins.
        threshold: how many of them must have signed; None is 1.
        strict: whether a fresh snapshot is demanded; $DIALFORM_STRICT does as well.
        remembers: whether this machine remembers what it saw; with pinned keys it does.
        warn: is told what stops nothing.

    Raises:
        SettingError: as `pins`.

    """
    found = pins(environment, keys, threshold)
    memory = Memory(state_folder(environment), warn) if remembers or found else None
    strict = strict or environment.get(STRICT, "") not in {"", "0"}
    return Trust(found, strict=strict, memory=memory, warn=warn)


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise SettingError(f"{THRESHOLD} is {text!r}: it takes a whole number from 1")
    return int(text)
