"""``dialform diff``: what a change does to a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli import context

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser
    from dialform.diff.model import Difference
    from dialform.diff.sides import Spec
    from dialform.diff.text import Style

_DESCRIPTION = """\
Compare what two places make of a call, leaf by leaf.

A and B are each
  ENV            what is live in an environment
  source:ENV     what the working tree would release there: the next `pulumi up`
  PRESET@7       a version of a preset, or PRESET@sha256:...
  git:REF        the declarations of another commit; git:REF:ENV as ENV would run them

Without B, ENV is compared with source:ENV, source:ENV with what is live, and a version or a
commit with the working tree. The older side stands first.
"""
_EPILOG = """\
signs: + added  - removed  ~ changed  > moved  » renamed  = other order, same meaning  ! risk

examples:
  dialform diff source:dev
  dialform diff staging prod
  dialform diff reminder@6 reminder@7
  dialform diff git:main --preset reminder
  dialform diff source:prod --exit-code --json
"""
_DIFFERENT = 2

_PAINT: dict[Style, str] = {
    "head": "1",
    "added": "32",
    "removed": "31",
    "changed": "33",
    "dim": "2",
    "risk": "35;1",
    "added-word": "32;1;7",
    "removed-word": "31;1;7",
}


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``diff``."""
    parser = subparsers.add_parser(
        "diff",
        help="compare what two places make of a call",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("before", metavar="A", help="the older side")
    parser.add_argument("after", metavar="B", nargs="?", help="the newer side")
    parser.add_argument(
        "--preset", metavar="NAME", action="append", help="this preset alone; may be repeated"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--json", action="store_true", help="print JSON for programs: `dialform schema diff`"
    )
    how.add_argument("--markdown", action="store_true", help="print Markdown, as reviews do")
    how.add_argument("--html", metavar="FILE", help="write a page")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 2 where there is a difference"
    )
    context.add_registry(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.cli.extras import require_review  # noqa: PLC0415
    from dialform.cli.sides import Sides  # noqa: PLC0415

    require_review()
    with Sides(args) as sides:
        difference = sides.compared(*_sides(args), only=args.preset)
        if args.json:
            from dialform.diff.document import as_json  # noqa: PLC0415 - needs pydantic

            output.json_document(as_json(difference))
        elif args.markdown or args.html:
            _render(args, difference)
        else:
            show(difference)
    troubled = [preset for preset in difference.presets if preset.trouble]
    if troubled:
        names = ", ".join(preset.name for preset in troubled)
        output.warning(f"could not be compared: {names}; the rest is above")
        return 1
    return _DIFFERENT if args.exit_code and not difference.is_empty else 0


def _render(args: argparse.Namespace, difference: Difference) -> None:
    """Markdown to read in a pull request, or a page."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.diff.flow_mermaid import flow_fence  # noqa: PLC0415
    from dialform.diff.markdown import EVERYTHING, markdown, of_difference  # noqa: PLC0415

    if args.markdown:
        body = markdown(of_difference(difference), flow=flow_fence)
        output.data(body.removesuffix("\n"))
        return
    from dialform.cli.files import write  # noqa: PLC0415 - for pages only
    from dialform.diff.page import flow_figure, page  # noqa: PLC0415

    body = markdown(of_difference(difference), flow=flow_figure, limits=EVERYTHING)
    write(args.html, page(body))


def _sides(args: argparse.Namespace) -> tuple[Spec, Spec]:
    """What is compared with what."""
    from dialform.diff.sides import Spec, parse  # noqa: PLC0415 - when run

    before = parse(args.before)
    if args.after is not None:
        after = parse(args.after)
    elif before.kind == "source":
        before, after = Spec(before.name, "live", before.name), before
    elif before.kind == "live":
        after = Spec(f"source:{before.name}", "source", before.name)
    elif before.kind == "git" and before.of is not None:
        after = Spec(f"source:{before.of}", "source", before.of)
    else:
        after = Spec("the working tree", "tree", "")
    environment = next(
        (one.name for one in (before, after) if one.kind in ("live", "source")), None
    )
    if environment is not None:
        # A commit opposite an environment is meant as that environment would run it.
        before, after = (
            one._replace(of=environment) if one.kind == "git" and one.of is None else one
            for one in (before, after)
        )
    return before, after


def show(difference: Difference) -> None:
    """Print a difference for a person."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.diff.text import lines  # noqa: PLC0415

    for pieces in lines(difference):
        output.painted((text, _PAINT.get(style)) for text, style in pieces)
