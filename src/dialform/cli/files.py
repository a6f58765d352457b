"""Files that commands write where the user says."""

from __future__ import annotations


def write(name: str, text: str) -> None:
    """
    Write a file whole or not at all; into a pipe or a device as it stands.

    Raises:
        SettingError: it can't be written.

    """
    from pathlib import Path  # noqa: PLC0415 - when run

    from dialform.cli.bind import replace  # noqa: PLC0415
    from dialform.errors import SettingError  # noqa: PLC0415

    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:  # a pipe or a device
                file.write(text)
            return
        path.touch()
    except OSError as error:
        raise SettingError(f"{path}: can't be written: {error.strerror}") from None
    replace(path, text)
