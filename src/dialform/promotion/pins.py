"""
Pins in a stack file: which version runs, moved without touching anything else in the file.

Pure: takes a file's text and gives the changed one, comments, order and blank lines kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import tomli
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from dialform.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.declaration.models import Run
    from dialform.presets.canonical import Digest


class Pin(NamedTuple):
    """A version of a preset, by number and by content."""

    version: int
    digest: Digest

    @classmethod
    def of(cls, run: Run | None) -> Pin | None:
        """What a declaration pins; None where it pins nothing."""
        if run is None or run.version is None or run.digest is None:
            return None
        from dialform.presets.canonical import Digest  # noqa: PLC0415 - a type's constructor

        return cls(run.version, Digest(run.digest))


def moved(text: str, file: str, pins: Mapping[str, Pin]) -> str:
    """
    ``text`` with these pins. A preset that it does not name yet is added at its end.

    Raises:
        SettingError: the file is written in a way that can't be edited without touching more.

    """
    document = tomlkit.parse(text)
    wanted = tomli.loads(text)
    for preset, pin in pins.items():
        _put(document, preset, pin)
        run = wanted.setdefault("presets", {}).setdefault(preset, {})
        run.update(version=pin.version, digest=pin.digest)
    try:
        made = tomlkit.dumps(document)
        read = tomli.loads(made)
    except (TOMLKitError, ValueError):
        made, read = "", {}
    if read != wanted:
        names = ", ".join(pins)
        raise SettingError(
            f"{file}: the pin of {names} is written in a way that can't be edited safely; write it "
            f"as a table: [presets.NAME] with version and digest, each on a line"
        )
    return made


def _put(document: Any, preset: str, pin: Pin) -> None:
    presets = document.get("presets")
    if presets is None:
        presets = tomlkit.table(is_super_table=True)
        document["presets"] = presets
    run = presets.get(preset)
    if run is None:
        run = tomlkit.table()
        run["version"] = pin.version
        run["digest"] = str(pin.digest)
        presets[preset] = run
        return
    for key, value in (("version", pin.version), ("digest", str(pin.digest))):
        if key in run or isinstance(run, InlineTable):
            run[key] = value
        else:
            run.add(key, value)
