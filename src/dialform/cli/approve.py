"""``dialform approve``: record that a preset's version may run in an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli import context
from dialform.errors import ObjectAbsent, SettingError, UsageError

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser
    from dialform.presets.canonical import Digest
    from dialform.registry import Registry

_DESCRIPTION = """\
Record in the registry that you approve a version of a preset for an environment, as its
[gates] may ask. It is the content that is approved: its digest, not its number.

It is a record and no proof: whoever may write to the registry can write one in any name. Where
keys are pinned it counts if DIALFORM_SIGNER signs it, each key once: docs/trust.md.
"""
_EPILOG = """\
your name comes from DIALFORM_BY, else GITHUB_ACTOR, else user@host

examples:
  dialform approve collections@7 -s prod
  dialform approve collections@7 -s prod --reason "heard ten calls in staging"
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``approve``."""
    parser = subparsers.add_parser(
        "approve",
        help="record that a version may run in an environment",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("preset", metavar="PRESET@N", help="NAME@7 or NAME@sha256:...")
    parser.add_argument("--reason", metavar="TEXT", help="why, for those who find it so")
    context.add_released(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Record it and say what was approved."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.cli.parser import near  # noqa: PLC0415
    from dialform.launcher.resolve import parse_reference  # noqa: PLC0415
    from dialform.registry.authorship import meta  # noqa: PLC0415

    environment = context.environment_of(args)
    reference = parse_reference(args.preset)
    registry = context.registry_of(args, trusting=False)  # its content is named by its digest
    if not context.in_checkout(args):
        known = registry.environments()
        if environment not in known:
            raise ObjectAbsent(
                f"the registry {registry.url} has no environment {environment!r}"
                f"{near(environment, known)}; run this in the project to approve for a new one"
            )
    digest = _content(registry, reference.name, reference.version, reference.digest)
    written = meta(None)._replace(reason=(args.reason or "").strip() or None)
    if written.by is None:
        raise SettingError("who approves? Set DIALFORM_BY to your name, then run it again")
    if context.project_root() is None:
        written = written._replace(commit=None)
    before = len(registry.approvals(environment, digest))
    made = registry.approve(environment, reference.name, digest, written)
    if args.json:
        changed = made.seq > before
        output.json_document({"format": "dialform.approve/1", "changed": changed, **made.as_json()})
        return
    already = "" if made.seq > before else "was so already; "
    output.data(
        f"{made.preset} for {made.environment}: {already}version {made.version} ({made.digest}) "
        f"is approved by {made.by} (approval {made.seq})"
    )
    _show_changes(args, registry, made.preset, digest)


def _show_changes(
    args: argparse.Namespace, registry: Registry, preset: str, digest: Digest
) -> None:
    """What was approved against what the environment has; nothing where they can't be compared."""
    from dialform.cli.diff import show  # noqa: PLC0415 - when run
    from dialform.cli.extras import require_review  # noqa: PLC0415
    from dialform.cli.sides import Sides  # noqa: PLC0415
    from dialform.diff.sides import parse  # noqa: PLC0415

    head = registry.head(args.stack, preset)
    if head is None or head.preset_digest == digest or not require_review(quiet=True):
        return
    with Sides(args) as sides:
        show(sides.compared(parse(args.stack), parse(f"{preset}@{digest}")))


def _content(registry: Registry, name: str, version: int | None, digest: Digest | None) -> Digest:
    """The digest that is meant, which the registry has under that name."""
    if version is not None:
        return registry.preset_digest(name, version)
    if digest is None:
        newest = len(registry.versions(name))
        raise UsageError(f"{name!r}: say which version to approve: {name}@{newest or 7}")
    if registry.version_of(name, digest) is None:
        raise ObjectAbsent(
            f"{name} has no version of the content {digest}; `dialform history {name}` lists what "
            "was released"
        )
    return digest
