"""The API key of a dial: given, or in the environment variable that the registry names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping


def key_of(keyvar: str, key: str | None, environment: Mapping[str, str]) -> str:
    """
    The API key: ``key`` if given, else the variable ``keyvar`` of ``environment``.

    Raises:
        SettingError: there is none, or it can't be sent; the message names the variable.

    """
    found = key if key is not None else environment.get(keyvar)
    where = "the key that was given" if key is not None else keyvar
    if not found:
        raise SettingError(
            f"{keyvar} is not set: it holds the workspace's API key; "
            f"set it with `export {keyvar}=...` and run this again"
        )
    if not found.isascii() or not found.isprintable() or " " in found:
        raise SettingError(f"{where} holds a space, a line end or a character no key has")
    return found
