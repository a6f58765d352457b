"""
The argument parser of every command: usage errors with a "did you mean" and exit code 64.

Knows no command. Touches nothing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NoReturn

from dialform.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Parser(argparse.ArgumentParser):
    """
    An ``ArgumentParser`` whose errors are `UsageError`.

    Options can't be shortened, so that a script doesn't break when another one is added.
    ``description`` and ``epilog`` are printed as written.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        """As ``ArgumentParser``, with this project's defaults."""
        settings.setdefault("allow_abbrev", False)
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise the error with the one next thing to do."""
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


def near(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no name is close."""
    import difflib  # noqa: PLC0415 - errors only

    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
