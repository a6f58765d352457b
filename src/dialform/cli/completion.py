"""``dialform completion``: a script that completes commands and options in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser

_EPILOG = """\
examples:
  dialform completion bash > ~/.local/share/bash-completion/completions/dialform
  dialform completion zsh > "${fpath[1]}/_dialform"
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``completion``."""
    parser = subparsers.add_parser(
        "completion",
        help="print a shell's completion script",
        description="Print a completion script for a shell.",
        epilog=_EPILOG,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the script for ``args.shell``."""
    import shtab  # noqa: PLC0415 - only here

    from dialform.cli.main import COMMANDS, build_parser  # noqa: PLC0415 - it loads this module

    parser, _ = build_parser([module for module, _ in COMMANDS.values()])
    print(shtab.complete(parser, shell=args.shell))
