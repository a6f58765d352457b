"""``dialform dial`` and ``dialform try``: place one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli.context import add_registry, add_stack

if TYPE_CHECKING:
    import argparse

    from dialform.launcher import Dial, Launcher

_DIAL = """\
Place one call from what is released as PRESET in an environment.

PRESET is a name for what is live, NAME@7 for the newest release of version 7 there, or
NAME@sha256:... for a digest. What is sent is what --dry-run prints, to the byte. A call that
may have rung is never sent again."""

_DIAL_EXAMPLES = """\
exit codes: 0 accepted   1 not sent   3 refused by a hold, withdrawal or yank
  4 rejected by the API   5 outcome unknown, a phone may ring   75 deferred by the API

examples:
  dialform dial reminder -s dev --to +14155550123 --input name=Ann
  dialform dial reminder@7 -s prod --to +14155550123 --input name=Ann --once visit-4711
  dialform dial reminder -s prod --registry /srv/registry --to +14155550123 --dry-run
"""

_TRY = """\
Place one call from the working tree, unreleased and recorded as such.

Only in an environment where the preset follows the source."""

_TRY_EXAMPLES = """\
examples:
  dialform try reminder -s dev --to +14155550123 --input name=Ann
  dialform try reminder -s dev --to +14155550123 --input name=Ann --dry-run
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``dial`` and ``try``."""
    dial = subparsers.add_parser(
        "dial",
        help="place a call from what is released",
        description=_DIAL,
        epilog=_DIAL_EXAMPLES,
    )
    dial.add_argument("preset", metavar="PRESET", help="NAME, NAME@VERSION or NAME@DIGEST")
    add_stack(dial)
    _add_call(dial)
    add_registry(dial)
    dial.set_defaults(run=run_dial)
    attempt = subparsers.add_parser(
        "try",
        help="place a call from the working tree, unreleased",
        description=_TRY,
        epilog=_TRY_EXAMPLES,
    )
    attempt.add_argument("preset", metavar="PRESET", help="its name")
    add_stack(attempt)
    _add_call(attempt)
    attempt.set_defaults(run=run_try)


def _add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="NUMBER", help="who is called, in E.164: +14155550123")
    parser.add_argument(
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an input of the preset; NAME:=JSON for any JSON value; can be repeated",
    )
    parser.add_argument(
        "--once", metavar="KEY", help="a key of this very call: asked again, nothing is sent"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the request, send nothing")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument(
        "--ledger",
        metavar="FILE",
        help="where calls are recorded; default: $DIALFORM_LEDGER, else the project's",
    )


def run_dial(args: argparse.Namespace) -> int:
    """Dial what is released."""
    from dialform.launcher import assembled, look_up, resolve  # noqa: PLC0415 - when run
    from dialform.launcher.inputs import parsed_inputs  # noqa: PLC0415

    launcher = _launcher(args)
    if args.dry_run:
        released = resolve(launcher.registry, args.stack, args.preset)
        inputs = parsed_inputs(released.bound.get("inputs", {}), args.input)
        _print_request(assembled(released.bound, to=args.to, inputs=inputs).body)
        return 0
    released = look_up(launcher.registry, args.stack, args.preset)
    inputs = parsed_inputs(released.bound.get("inputs", {}), args.input)
    with launcher:
        _print_dial(args, launcher.dial(args.preset, to=args.to, inputs=inputs, once=args.once))
    return 0


def run_try(args: argparse.Namespace) -> int:
    """Dial the working tree."""
    from pathlib import Path  # noqa: PLC0415 - when run

    from dialform.cli.context import required_root  # noqa: PLC0415
    from dialform.declaration import load_environment  # noqa: PLC0415
    from dialform.errors import Refused  # noqa: PLC0415
    from dialform.launcher import assembled  # noqa: PLC0415
    from dialform.launcher.inputs import parsed_inputs  # noqa: PLC0415

    root = required_root()
    environment = load_environment(Path(root), args.stack)
    if not environment.follows(args.preset):
        raise Refused(
            f"{args.preset} is pinned in {args.stack}: only what was released runs there. "
            f"Try it in an environment that follows the source, or dial what is live: "
            f"dialform dial {args.preset} -s {args.stack}"
        )
    bound = environment.bound(args.preset)
    inputs = parsed_inputs(bound["inputs"], args.input)
    if args.dry_run:
        _print_request(assembled(bound, to=args.to, inputs=inputs).body)
        return 0
    with _launcher(args, root=root, url=environment.registry.url) as launcher:
        keyvar = environment.workspace.keyvar
        _print_dial(
            args,
            launcher.try_dial(bound, keyvar=keyvar, to=args.to, inputs=inputs, once=args.once),
        )
    return 0


def _launcher(
    args: argparse.Namespace, *, root: str | None = None, url: str | None = None
) -> Launcher:
    import os  # noqa: PLC0415 - when run

    from dialform.cli.context import project_root, registry_url  # noqa: PLC0415
    from dialform.launcher import Launcher  # noqa: PLC0415
    from dialform.launcher.places import default_ledger  # noqa: PLC0415

    base: str | None = root
    if url is None:
        url, base = registry_url(args)
    ledger = args.ledger or default_ledger(root or project_root(), os.environ)
    return Launcher(url, args.stack, ledger=ledger, base=base)


def _print_request(body: bytes) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    output.exact(body)


def _print_dial(args: argparse.Namespace, dial: Dial) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    if not dial.recorded:
        output.warning("the call was placed, and its outcome could not be written down")
    if args.json:
        output.json_document(dial.as_json())
        return
    what = dial.preset if dial.version is None else f"{dial.preset}@{dial.version}"
    how = "placed earlier, nothing was sent now" if dial.replayed else "accepted"
    unreleased = ", unreleased" if dial.release is None else ""
    output.note(f"{what} in {dial.environment}{unreleased} to {dial.to or 'a browser'}: {how}")
    output.data(dial.id)
