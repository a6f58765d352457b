"""``dialform dial`` and ``dialform try``: place one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import context
from dialform.errors import ApiError, CallRefused, OutcomeUnknown, Refused, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from dialform.cli.parser import Parser
    from dialform.launcher import Dial, Request
    from dialform.launcher.calling import Refusal
    from dialform.launcher.request import Inputs

_DIAL = """\
Place a call from what is released.

PRESET is a name for what is live, NAME@7 for the newest release of version 7 in this
environment, or NAME@sha256:... for a bound preset or a preset of that digest.
"""
_DIAL_EPILOG = """\
outcomes and exit codes:
  accepted 0 | not sent 1 | refused by a hold, a withdrawal, a yank, a rule for calls or the
  ledger's suppression list 3
  rejected by the API 4 | unknown, a phone may ring: never sent again by itself 5
  deferred by the API, may be retried later 75

examples:
  dialform dial reminder -s dev --to +14155550123 --input name=Ann
  dialform dial reminder@7 -s prod --to +14155550123 --once appointment-1138
  dialform dial reminder -s prod --to +14155550123 --timezone America/Denver
  dialform dial collections -s dev --to +14155550123 --input amount:=12.5 --dry-run
"""
_TRY = """\
Place a call from the working tree, unpublished. It is recorded as unreleased.

Only for a preset that follows the source in that environment (follow = "source").
"""
_TRY_EPILOG = """\
examples:
  dialform try reminder -s dev --to +14155550123 --input name=Ann
  dialform try reminder -s dev --to +14155550123 --dry-run
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``dial`` and ``try``."""
    dial = subparsers.add_parser(
        "dial",
        help="place a call from what is released",
        description=_DIAL,
        epilog=_DIAL_EPILOG,
    )
    dial.add_argument("preset", metavar="PRESET", help="what is called with")
    _add_call(dial)
    context.add_registry(dial)
    dial.set_defaults(run=run_dial)
    attempt = subparsers.add_parser(
        "try",
        help="place a call from the working tree, unreleased",
        description=_TRY,
        epilog=_TRY_EPILOG,
    )
    attempt.add_argument("preset", metavar="PRESET", help="the preset's name")
    _add_call(attempt)
    attempt.set_defaults(run=run_try)


def _add_call(parser: Parser) -> None:
    context.add_stack(parser)
    parser.add_argument("--to", metavar="NUMBER", help="who is called, in E.164: +14155550123")
    parser.add_argument(
        "--input",
        metavar="K=V",
        action="append",
        default=[],
        help="an input; K:=JSON for a JSON value; may be repeated",
    )
    parser.add_argument(
        "--timezone",
        metavar="ZONE",
        help="where the person is, like America/New_York; else all zones that the number may be in",
    )
    parser.add_argument(
        "--once",
        metavar="KEY",
        help="a key for this very call: again with it, nothing is sent and the first outcome told",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="send nothing: print the exact bytes of the request"
    )
    parser.add_argument(
        "--use-proxy", action="store_true", help="use the proxies that HTTPS_PROXY and so on name"
    )
    context.add_strict(parser)
    context.add_json(parser)
    context.add_ledger(parser)


def run_dial(args: argparse.Namespace) -> int:
    """Call with what is released."""
    from dialform.launcher import Launcher  # noqa: PLC0415 - where a call is made

    environment = context.environment_of(args)
    url, base = context.registry_location(args)
    with Launcher(
        url,
        environment,
        base=base,
        ledger=context.ledger_of(args),
        trust_env=args.use_proxy,
        warn=context.warn,
        **context.pinned(args),
    ) as launcher:
        if args.dry_run:
            _show(launcher.request(args.preset, to=args.to, inputs=_inputs(args)))
            return _foretell(launcher.refusal(args.to, timezone=args.timezone))
        return _place(
            args,
            lambda: launcher.dial(
                args.preset,
                to=args.to,
                inputs=_inputs(args),
                once=args.once,
                timezone=args.timezone,
            ),
        )


def run_try(args: argparse.Namespace) -> int:
    """Call with the working tree's preset."""
    import json  # noqa: PLC0415 - where a call is made
    from pathlib import Path  # noqa: PLC0415 - where a declaration is loaded

    from dialform.declaration import load_environment  # noqa: PLC0415 - needs pydantic
    from dialform.launcher import Launcher, assembled  # noqa: PLC0415

    root = context.project_root()
    if root is None:
        raise UsageError(
            "`dialform try` calls with the working tree: run it in a project "
            "(Pulumi.yaml and stacks/ in this folder or above)"
        )
    environment = load_environment(Path(root), args.stack)
    if not environment.follows(args.preset):
        raise Refused(
            f"{args.preset} is pinned in {args.stack}: what was not released is not called with "
            'there; try it in an environment where it says follow = "source"'
        )
    bound = environment.bound(args.preset)
    if args.dry_run:
        return _show(assembled(bound, to=args.to, inputs=_inputs(args)))
    with Launcher(
        environment.registry.url,
        args.stack,
        base=root,
        ledger=context.ledger_of(args),
        trust_env=args.use_proxy,
        warn=context.warn,
        **context.pinned(args),
    ) as launcher:
        return _place(
            args,
            lambda: launcher.try_dial(
                bound,
                keyvar=environment.workspace.keyvar,
                keys=environment.workspace.idempotencyKeys is True,
                to=args.to,
                inputs=_inputs(args),
                once=args.once,
                timezone=args.timezone,
                document=json.loads(environment.document),
            ),
        )


def _inputs(args: argparse.Namespace) -> Inputs:
    from functools import partial  # noqa: PLC0415 - where a call is made

    from dialform.launcher.inputs import parsed_inputs  # noqa: PLC0415

    return partial(parsed_inputs, arguments=args.input)


def _show(request: Request) -> int:
    from dialform.cli import output  # noqa: PLC0415 - `--help` prints without it

    output.exact(request.body)
    return 0


def _foretell(refusal: Refusal | None) -> int:
    """Say what a call would be refused for."""
    from dialform.cli import output  # noqa: PLC0415 - `--help` prints without it

    if refusal is not None:
        output.note(f"a call now would be refused: {refusal.message}")
    return 0


def _place(args: argparse.Namespace, place: Callable[[], Dial]) -> int:
    """Call, and say what came of it, on stdout also where it is no dial and JSON is asked for."""
    from dialform.cli import output  # noqa: PLC0415 - `--help` prints without it

    try:
        dial = place()
    except (ApiError, CallRefused) as error:
        if args.json:
            output.json_document(_refusal(args, error))
        raise
    except KeyboardInterrupt as interrupt:
        notes = getattr(interrupt, "__notes__", None)
        if not notes:
            raise
        unknown = OutcomeUnknown("\n".join(notes))
        if args.json:
            output.json_document(_refusal(args, unknown))
        raise unknown from None
    if args.json:
        output.json_document(dial.as_json())
    else:
        output.data(_told(dial))
    if dial.replayed:
        output.note(f"already placed at {dial.time} with this --once key: nothing was sent")
    if not dial.recorded:
        output.warning(
            "the call was placed but its dial id could not be recorded; the ledger counts it as "
            "unknown: make room on its disk, and keep the id"
        )
    return 0


def _told(dial: Dial) -> str:
    what = "unreleased" if dial.version is None else f"version {dial.version}"
    who = dial.to or "for a browser"
    return f"dialled {who} with {dial.preset} ({what}) in {dial.environment}: dial {dial.id}"


def _refusal(args: argparse.Namespace, error: ApiError | CallRefused) -> dict[str, Any]:
    from dialform.launcher.outcome import refused, unplaced  # noqa: PLC0415 - where one failed

    if isinstance(error, CallRefused):
        return refused(error, environment=args.stack, preset=args.preset, to=args.to)
    return unplaced(error, environment=args.stack, preset=args.preset, to=args.to)
