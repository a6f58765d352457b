"""``dialform plan``: what `pulumi up` would do, and the digest that approves exactly that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dialform.cli import context

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from dialform.cli.parser import Parser
    from dialform.planning import Effect, Plan

_DESCRIPTION = """\
Say what `pulumi up` would do to each release log of an environment, and the digest of that.

With the digest in DIALFORM_APPROVED, `pulumi up` does this and refuses anything else. Another
prompt, another binding or a log that somebody moved is another plan. Reads the declarations and
the registry; needs no API key, passphrase or backend."""
_EPILOG = """\
The digest is the last line. With --json it is the document's without `digest` and `reasons`, in
canonical form. Exit code 3 if a part of the plan is refused: by a hold, a rollback, a yank.

examples:
  dialform plan -s prod
  DIALFORM_APPROVED=$(dialform plan -s prod | tail -n 1) pulumi up -s prod
"""
_REFUSED = 3
_DONE = {"release": "released", "withdraw": "withdrawn", "refused": "refused"}


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``plan``."""
    parser = subparsers.add_parser(
        "plan",
        help="say what `up` would do, and its digest",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    context.add_stack(parser)
    context.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan and print."""
    from dialform.approval import plan_digest, plan_document  # noqa: PLC0415 - when run
    from dialform.cli import output  # noqa: PLC0415
    from dialform.cli.project import project_here  # noqa: PLC0415
    from dialform.planning import Plan  # noqa: PLC0415

    project = project_here()
    name = context.environment_of(args)
    writer = f"{project.pulumi_name}/{name}"
    plan = Plan(project.environment(name), root=project.root, writer=writer)
    effects = plan.effects()
    document = plan_document(plan, effects)
    digest = plan_digest(document)
    refused = {one.preset: one.reason for one in effects if one.kind == "refused"}
    if args.json:
        output.json_document({**document, "digest": digest, "reasons": refused})
    else:
        told = document["document"]
        for line in _lines(plan, effects, told=told["live"] != told["declared"]):
            output.data(output.line(line))
        output.data(digest)
    return _REFUSED if refused else 0


def _lines(plan: Plan, effects: Sequence[Effect], *, told: bool) -> Iterator[str]:
    """A line for each preset that changes, then a tally; ``told``: launchers get to know more."""
    changes = [effect for effect in effects if effect.kind != "nothing"]
    for effect in changes:
        yield f"{effect.preset}: {_change(plan, effect)}"
    if told:
        yield f"{plan.declared.name}: what launchers are told of the environment is published"
    counts: Counter[str] = Counter(effect.kind for effect in effects)
    tally = [f"{counts[kind]} {word}" for kind, word in _DONE.items() if counts[kind]]
    if not changes and not told:
        yield f"nothing to do in {plan.declared.name}: {_presets(counts['nothing'])} as declared"
    else:
        yield ", ".join([*tally, f"{counts['nothing']} unchanged"])


def _change(plan: Plan, effect: Effect) -> str:
    head, running = effect.head, effect.running
    if effect.kind == "refused":
        return f"refused: {effect.reason}"
    if running is None:
        assert head is not None  # noqa: S101 - only what has a log is withdrawn
        return f"withdraw version {head.version}, which is no longer declared"
    known = plan.registry.version_of(effect.preset, running.digest) if head else None
    number = running.pinned or known
    wanted = "a new version" if number is None else f"version {number}"
    if head is None:
        return f"release {wanted}, the first here"
    if head.preset_digest == running.digest:
        back = ", withdrawn until now" if head.state == "withdrawn" else ", bound otherwise"
        return f"release {wanted} again{back}"
    return f"release {wanted} in place of version {head.version}"


def _presets(count: int) -> str:
    return "1 preset is" if count == 1 else f"{count} presets are"
