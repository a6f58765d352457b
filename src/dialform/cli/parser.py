"""
The argument parser of every command: usage errors with a "did you mean" and exit code 64.

Knows no command. Touches nothing.
"""

from __future__ import annotations

import argparse
import os

TYPE_CHECKING = False  # `typing` takes a tenth of the time of `dialform --help`
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NoReturn

_WIDTH = 80
_MARGIN = 2


class Help(argparse.RawDescriptionHelpFormatter):
    """Help texts as written, and the longest command's line beside its name."""

    def __init__(self, prog: str) -> None:
        """As argparse calls it; the terminal's width is found without the imports of `shutil`."""
        super().__init__(prog, width=_columns() - _MARGIN)

    def add_argument(self, action: argparse.Action) -> None:
        """As in argparse, which forgets that commands stand further in."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - it has no public name
            self._action_max_length += self._indent_increment


class Parser(argparse.ArgumentParser):
    """
    An ``ArgumentParser`` whose errors are `UsageError`.

    Options can't be shortened, so that a script doesn't break when another one is added.
    ``description`` and ``epilog`` are printed as written.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        """As ``ArgumentParser``, with this project's defaults."""
        settings.setdefault("allow_abbrev", False)
        settings.setdefault("formatter_class", Help)
        super().__init__(*args, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise the error with the one next thing to do."""
        from dialform.errors import UsageError  # noqa: PLC0415 - errors only

        raise UsageError(f"{message}; see `{self.prog} --help`")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As in argparse, but what is left over is an error of the command that it stands at."""
        known, rest = super().parse_known_args(args, namespace)
        if rest:
            what = "option" if rest[0].startswith("-") else "argument"
            options = [text for text in self._option_string_actions if text.startswith("--")]
            option = rest[0].partition("=")[0]
            hint = near(option, options) if what == "option" else ""
            self.error(f"there is no {what} {rest[0]!r}{hint}")
        return known, []

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                action, f"{value!r} is not one of {', '.join(choices)}{near(str(value), choices)}"
            )


def _columns() -> int:
    """The width of the terminal."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(1).columns or _WIDTH
    except OSError:
        return _WIDTH


def near(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no name is close."""
    import difflib  # noqa: PLC0415 - errors only

    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
