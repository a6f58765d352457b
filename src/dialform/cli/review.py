"""``dialform review``: what a change of the declarations does, as the body of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import context

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser
    from dialform.declaration.git import Repository
    from dialform.diff.review import Review

_DESCRIPTION = """\
Compare what every environment would run at another commit with what it would run from the
working tree, and print it as one Markdown body for a pull request: a tally, risks, each
preset's change, bindings. The body is never larger than a comment may be.

Needs no API key, backend or passphrase. With --offline nothing outside of the repository is
read: pinned versions are rebuilt from git where their digest matches."""
_EPILOG = """\
examples:
  dialform review --base main
  dialform review --base origin/main --offline -o review.md --html review.html
  dialform review --base HEAD~1 -s prod --exit-code
"""
_DIFFERENT = 2


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``review``."""
    parser = subparsers.add_parser(
        "review",
        help="say what a change does, for a pull request",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--base", metavar="REF", required=True, help="the commit to compare with: a branch, ..."
    )
    parser.add_argument(
        "-s", "--stack", metavar="ENV", action="append", help="this environment alone; repeatable"
    )
    parser.add_argument("--offline", action="store_true", help="read no registry")
    parser.add_argument("-o", metavar="FILE", dest="output", help="write the Markdown there")
    parser.add_argument("--html", metavar="FILE", help="write the whole review there as a page")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 2 where there is a difference"
    )
    context.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.cli.files import write  # noqa: PLC0415
    from dialform.diff.flow_mermaid import flow_fence  # noqa: PLC0415
    from dialform.diff.markdown import EVERYTHING, markdown  # noqa: PLC0415
    from dialform.diff.page import flow_figure, page  # noqa: PLC0415

    review = _review(args)
    if args.html is not None:
        write(args.html, page(markdown(review, flow=flow_figure, limits=EVERYTHING)))
    if args.output is not None:
        write(args.output, markdown(review, flow=flow_fence))
    if args.json:
        output.json_document(_document(review))
    elif args.output is None:
        output.data(markdown(review, flow=flow_fence).removesuffix("\n"))
    for remark in review.remarks:
        output.note(remark)
    for problem in review.problems:
        output.note(problem)
    if review.problems:
        output.warning("some of it can't be compared until that is fixed; the rest is in the body")
        return 1
    return _DIFFERENT if args.exit_code and not review.is_same else 0


def _review(args: argparse.Namespace) -> Review:
    import dataclasses  # noqa: PLC0415 - when run
    from datetime import UTC, datetime  # noqa: PLC0415

    from dialform.cli.project import project_here  # noqa: PLC0415
    from dialform.declaration.git import Repository, project_at  # noqa: PLC0415
    from dialform.declaration.history import Pins  # noqa: PLC0415
    from dialform.diff.contents import Contents  # noqa: PLC0415
    from dialform.diff.reviewing import review  # noqa: PLC0415
    from dialform.guardrails.sections import guarded  # noqa: PLC0415

    head = project_here()
    repository = Repository(head.root)
    base, remarks = _base(repository, args.base)
    with project_at(head.root, base) as older:
        commits = [repository.commit(base), repository.commit("HEAD")]
        with Pins(repository, [head, older], commits) as pins:
            contents = Contents(pins, head.root, offline=args.offline)
            made = review(
                older,
                head,
                label=base,
                find=contents.find,
                only=args.stack or (),
                recorded=contents.recorded,
            )
            sections = guarded(head, made, datetime.now(UTC).date(), contents.find)
    return dataclasses.replace(made, sections=sections, remarks=(*remarks, *contents.remarks))


def _base(repository: Repository, ref: str) -> tuple[str, list[str]]:
    """The ref to compare with: what a fresh clone calls it, where it has no such branch."""
    from dialform.errors import UsageError  # noqa: PLC0415 - when run

    try:
        repository.commit(ref)
    except UsageError:
        remote = f"origin/{ref}"
        if remote not in repository.refs():
            raise
        return remote, [f"there is no {ref} here: compared with {remote}"]
    return ref, []


def _document(review: Review) -> dict[str, Any]:
    from dialform.diff.document import as_json  # noqa: PLC0415 - needs pydantic

    return {
        "format": "dialform.review/1",
        "base": review.base,
        "same": review.is_same,
        "environments": [
            {
                "name": one.name,
                "state": one.state,
                "difference": as_json(one.difference),
                "unseen": [unseen._asdict() for unseen in one.unseen],
                "problems": list(one.problems),
            }
            for one in review.environments
        ],
        "idle": list(review.idle),
        "sections": [
            {"title": one.title, "head": list(one.head), "rows": [list(row) for row in one.rows]}
            for one in review.sections
        ],
        "remarks": list(review.remarks),
    }
