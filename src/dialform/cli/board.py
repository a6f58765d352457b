"""``dialform board``: a page for people who would rather look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli import context, drift

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser

_DESCRIPTION = """\
Write one page that shows what runs where: environments as columns, presets as rows. Behind each
cell: the diff with the environment that versions come from, the history, the flow's picture, the
script and the request.

The page needs no network and no other file. Nothing but the registry is read, and in a checkout
the declarations; elsewhere --registry says where to look.
"""
_EPILOG = """\
Exit code 1 if an object of the registry is damaged; the rest is still shown.

examples:
  dialform board -o board.html
  dialform board -o board.html --registry /srv/dialform/registry
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``board``."""
    parser = subparsers.add_parser(
        "board",
        help="write a page that shows what runs where",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the page's file")
    drift.add_option(parser)
    context.add_registry(parser)
    parser.set_defaults(run=run, stack=None)


def run(args: argparse.Namespace) -> int:
    """Gather, write, and name what is damaged."""
    from datetime import UTC, datetime  # noqa: PLC0415 - when run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.cli.extras import require_review  # noqa: PLC0415
    from dialform.cli.files import write  # noqa: PLC0415
    from dialform.cli.status import declared_here, registries_of  # noqa: PLC0415
    from dialform.errors import DialformError, ObjectCorrupt, UsageError  # noqa: PLC0415
    from dialform.promotion.overview import Overview  # noqa: PLC0415

    if args.output == "-":
        raise UsageError("-o takes a file, as in -o board.html: a page is to be opened, not read")
    require_review()
    from dialform.board import gathered, page  # noqa: PLC0415 - needs the extra

    faults: list[DialformError] = []
    declared = declared_here(faults)
    registries = registries_of(args, declared)
    now = datetime.now(UTC)
    status = Overview(registries, declared, now, close=True).status()
    if args.drift:
        from dialform.cli.drift import with_drift  # noqa: PLC0415 - where it is asked for

        status = with_drift(args, status, registries)
    board = gathered(status, registries, now)
    write(args.output, page(board))
    for fault in [*faults, *(ObjectCorrupt(tile.fault) for tile in board.faults)]:
        output.error(fault)
    if not board.tiles:
        output.note("nothing is released or declared here yet: the page is empty")
    if faults or board.faults:
        output.warning(f"{args.output} shows the rest")
        return 1
    return 0
