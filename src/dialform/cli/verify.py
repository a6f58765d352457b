"""``dialform verify``: whether a release is what it says, claim by claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import context
from dialform.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from dialform.cli.parser import Parser
    from dialform.registry import Registry
    from dialform.verifying import Claim, Status, Verified

FORMAT = "dialform.verify/1"
_DESCRIPTION = """\
Look at all that a release is made of, and say of each claim whether it holds and what was
compared: digests, canonical form, the order of its log, what it was derived from, and what the
workspace has now. Changes nothing. Needs no checkout; drift is asked for where the API key is set.
"""
_EPILOG = """\
ok      it holds                 failed   it does not
warned  it holds for now         unknown  it could not be looked at
n/a     there is nothing to hold it to, for the reason that is said
Digests are shown by their first 12 digits; --json has all of them.

exit codes: the first class that fails
  0  all that was looked at holds          12  the order of the log
  1  error, or a claim is unknown          13  freshness, or what this machine saw before
  10 digests, canonical form, derivation   14  drift: the workspace changed
  11 signatures, threshold                 64  wrong usage

examples:
  dialform verify reminder -s prod
  dialform verify reminder@7 collections -s prod --strict
  dialform verify --all -s prod --json
"""
_COLOURS = {"ok": "32", "failed": "31;1", "warned": "33", "unknown": "33"}
_SHOWN = {"none": "n/a"}


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``verify``."""
    parser = subparsers.add_parser(
        "verify",
        help="whether a release is what it says, claim by claim",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument(
        "preset", metavar="PRESET", nargs="*", help="NAME, NAME@7 or NAME@sha256:..."
    )
    parser.add_argument("--all", action="store_true", help="all that was released there")
    parser.add_argument("--strict", action="store_true", help="a warning counts as a failure")
    context.add_released(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look at each, print it, and end with the code of what fails first."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.verifying import code  # noqa: PLC0415

    environment = context.environment_of(args)
    registry = context.registry_of(args)
    found = []
    for at, name in enumerate(_names(args, registry, environment)):
        one = _looked(args, registry, name)
        found.append(one)
        if not args.json:
            if at:
                output.data("")
            _print(environment, one)
    ends = code((claim for one in found for claim in one.claims), strict=args.strict)
    if args.json:
        document = {
            "format": FORMAT,
            "registry": registry.url,
            "environment": environment,
            "exitCode": ends,
            "presets": [_document(one) for one in found],
        }
        output.json_document(document)
    _sum_up(found)
    return ends


def _names(args: argparse.Namespace, registry: Registry, environment: str) -> list[str]:
    from dialform.errors import ObjectAbsent  # noqa: PLC0415 - when run
    from dialform.launcher.resolve import near  # noqa: PLC0415
    from dialform.registry.names import MARKER  # noqa: PLC0415

    if args.all == bool(args.preset):
        raise UsageError("say which PRESETs, or --all; see `dialform verify --help`")
    if registry.store.read(MARKER) is None and not registry.exists:
        raise ObjectAbsent(
            f"{registry.url}: nothing was released into this registry yet; `pulumi up` does"
        )
    if not args.all:
        return list(dict.fromkeys(args.preset))
    there = registry.presets(environment)
    if not there and environment not in (others := registry.environments()):
        raise ObjectAbsent(
            f"the registry {registry.url} has no environment {environment!r}"
            f"{near(environment, others)}"
        )
    return there


def _looked(args: argparse.Namespace, registry: Registry, name: str) -> Verified:
    from dialform.verifying import verified  # noqa: PLC0415 - when run

    one = verified(registry, args.stack, name)
    return one._replace(claims=(*one.claims, _drift(args, registry, one)))


def _drift(args: argparse.Namespace, registry: Registry, one: Verified) -> Claim:
    """Whether the workspace still has what the release leaned on."""
    from dialform.errors import DialformError, SettingError  # noqa: PLC0415 - when run
    from dialform.verifying import Claim  # noqa: PLC0415

    name, entry = "remote drift", one.entry
    if entry is None or one.bound is None:
        return Claim(name, "drift", "none", "skipped: there is no bound preset to go by")
    if entry.references is None:
        return Claim(name, "drift", "none", "the release recorded nothing to compare with")
    from dialform.cli.drift import Opened, look  # noqa: PLC0415 - httpx, where it is asked

    try:
        with Opened(args, registry) as workspace:
            try:
                workspace.objects("agents")
            except SettingError as error:
                return Claim(name, "drift", "none", f"skipped: {str(error).partition(';')[0]}")
            changes = look(registry, workspace, entry, None).changes or []
    except DialformError as error:
        return Claim(name, "drift", "unknown", str(error))
    if changes:
        return Claim(name, "drift", "failed", "; ".join(map(str, changes)))
    what = f"what the release leans on is in {one.bound['workspace']} as it was then"
    return Claim(name, "drift", "ok", what)


def _print(environment: str, one: Verified) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    output.data(_title(environment, one))
    width = max(len(claim.name) for claim in one.claims)
    for claim in one.claims:
        status = _SHOWN.get(claim.status, claim.status)
        output.painted(
            (
                (f"  {status:<8}", _COLOURS.get(claim.status)),
                (f"{claim.name:<{width}}  {_short(claim.detail)}", None),
            )
        )


def _short(text: str) -> str:
    """In one line, with as much of each digest as tells it from others."""
    import re  # noqa: PLC0415 - when run

    from dialform.cli import output  # noqa: PLC0415

    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b(\.json)?", r"\1...", output.line(text))


def _title(environment: str, one: Verified) -> str:
    if one.entry is None:
        return f"{one.reference} in {environment}: its entry can't be read"
    entry, head = one.entry, one.head
    where = f"entry {entry.seq}"
    if head is not None:
        where += f" of {head.seq}"
    return f"{entry.preset} version {entry.version} in {environment}: {where}, {_state(one)}"


def _state(one: Verified) -> str | None:
    """The log's state; what is only proposed changes none. None where it can't be read."""
    named = one.reference.version is not None or one.reference.digest is not None
    says = one.head if named else one.entry
    if says is None or one.entry is None:
        return None
    return "yanked" if one.entry.version in says.yanked else says.state


def _document(one: Verified) -> dict[str, Any]:
    entry, head = one.entry, one.head
    return {
        "preset": one.reference.name,
        "reference": str(one.reference),
        "version": None if entry is None else entry.version,
        "entry": None if entry is None else entry.seq,
        "head": None if head is None else head.seq,
        "state": _state(one),
        "presetDigest": None if entry is None else entry.preset_digest,
        "boundDigest": None if entry is None else entry.bound_digest,
        "claims": [
            {
                "claim": claim.name,
                "class": claim.group,
                "status": _SHOWN.get(claim.status, claim.status),
                "detail": claim.detail,
            }
            for claim in one.claims
        ],
    }


def _sum_up(found: Iterable[Verified]) -> None:
    """On stderr: how many hold, and what doesn't."""
    from collections import Counter  # noqa: PLC0415 - when run

    from dialform.cli import output  # noqa: PLC0415

    counts = Counter(claim.status for one in found for claim in one.claims)
    words: dict[Status, str] = {
        "ok": "hold",
        "failed": "failed",
        "warned": "warned",
        "unknown": "could not be looked at",
        "none": "not applicable",
    }
    said = ", ".join(f"{counts[status]} {text}" for status, text in words.items() if counts[status])
    output.note(said or "nothing is released there")
