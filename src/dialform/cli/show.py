"""``dialform presets`` and ``dialform show``: look at what is released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import context

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from dialform.cli.parser import Parser
    from dialform.launcher import Released, Request
    from dialform.registry import Entry

_PRESETS_EPILOG = """\
states: live, rolled-back, held, withdrawn; yanked is a live one whose version was barred

examples:
  dialform presets -s prod
  dialform presets -s prod --json
"""
_SHOW = """\
Show a released preset, also one that is held, withdrawn or yanked: its release, its ids and
inputs, or with one of the options below what is sent or said.

Give --to and --input to see a certain call; what is left out is named on stderr.
"""
_SHOW_EPILOG = """\
examples:
  dialform show reminder -s dev
  dialform show reminder -s dev --script --input name=Ann
  dialform show reminder@7 -s prod --request --to +14155550123 --input name=Ann
  dialform show reminder -s prod --curl --to +14155550123 --input name=Ann
"""
_ARGUMENT_LIMIT = 100_000
"""Bytes beyond which a shell may refuse a word on a command line."""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``presets`` and ``show``."""
    presets = subparsers.add_parser(
        "presets",
        help="list what is released in an environment",
        description="List the presets of an environment: version, state, since when and by whom.",
        epilog=_PRESETS_EPILOG,
    )
    context.add_released(presets)
    presets.set_defaults(run=run_presets)
    show = subparsers.add_parser(
        "show",
        help="show a preset: its request, or what the agent says",
        description=_SHOW,
        epilog=_SHOW_EPILOG,
    )
    show.add_argument("preset", metavar="PRESET", help="NAME, NAME@7 or NAME@sha256:...")
    context.add_stack(show)
    how = show.add_mutually_exclusive_group()
    how.add_argument("--script", action="store_true", help="what the agent says and is told")
    how.add_argument("--request", action="store_true", help="the body of the request, indented")
    how.add_argument("--curl", action="store_true", help="the request as a curl command")
    how.add_argument("--json", action="store_true", help="the release and the bound preset")
    show.add_argument("--to", metavar="NUMBER", help="who would be called, in E.164")
    show.add_argument(
        "--input",
        metavar="K=V",
        action="append",
        default=[],
        help="an input; K:=JSON for a JSON value; may be repeated",
    )
    context.add_registry(show)
    show.set_defaults(run=run_show)


def run_presets(args: argparse.Namespace) -> None:
    """List them."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.errors import ObjectAbsent  # noqa: PLC0415
    from dialform.launcher.resolve import near  # noqa: PLC0415

    environment = context.environment_of(args)
    registry = context.registry_of(args).glance()
    there = registry.exists
    names = registry.presets(environment) if there else []
    if not names and there and not context.in_checkout(args):
        others = registry.environments()
        if environment not in others:
            raise ObjectAbsent(
                f"the registry {registry.url} has no environment {environment!r}"
                f"{near(environment, others)}"
            )
    heads = [head for name in names if (head := registry.head(environment, name)) is not None]
    if args.json:
        output.json_document(
            {
                "format": "dialform.presets/1",
                "environment": environment,
                "presets": [
                    {
                        "preset": head.preset,
                        **_state(head),
                        "version": head.version,
                        "presetDigest": head.preset_digest,
                        "boundDigest": head.bound_digest,
                        "yanked": list(head.yanked),
                        "seq": head.seq,
                    }
                    for head in heads
                ],
            }
        )
    elif heads:
        output.table(
            ["preset", "version", "state", "since", "by", "reason"],
            [[head.preset, head.version, *_state(head).values()] for head in heads],
        )
    else:
        output.note(
            f"nothing is released in {environment} yet: `pulumi up -s {environment}` releases "
            "what is declared"
        )


def run_show(args: argparse.Namespace) -> None:
    """Show one."""
    from functools import partial  # noqa: PLC0415 - where the command is run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.launcher import assembled, look_up, script  # noqa: PLC0415
    from dialform.launcher.inputs import parsed_inputs  # noqa: PLC0415

    environment = context.environment_of(args)
    released = look_up(context.registry_of(args), environment, args.preset)
    request = assembled(
        released.bound,
        to=args.to,
        inputs=partial(parsed_inputs, arguments=args.input),
        bound_digest=released.entry.bound_digest,
        partial=True,
    )
    if args.json:
        output.json_document(_document(released))
    elif args.script:
        output.data(script(released.bound["body"], request.inputs).removesuffix("\n"))
        unsaid = [one for one in request.missing if one != "--to"]
        if unsaid:
            output.note(f"[...?] stands for what each call brings: {' '.join(unsaid)}")
    elif args.request or args.curl:
        import json  # noqa: PLC0415 - where a request is shown

        if args.curl:
            output.data(_curl(request, released.keyvar))
        else:
            output.data(json.dumps(json.loads(request.body), indent=2, ensure_ascii=False))
        if request.missing:
            output.note(f"not complete: a call also needs {' '.join(request.missing)}")
    else:
        _summary(released, request)


def _state(entry: Entry) -> dict[str, Any]:
    """A head's state in one word, since when, by whom and why."""
    yanked = entry.state in ("live", "rolled-back") and entry.version in entry.yanked
    return {
        "state": "yanked" if yanked else entry.state,
        "since": entry.time,
        "by": entry.by,
        "reason": entry.reason,
    }


def _document(released: Released) -> dict[str, Any]:
    return {
        "format": "dialform.show/1",
        "state": _state(released.head)["state"],
        "yanked": released.yanked,
        "release": released.entry.as_json(),
        "head": released.head.as_json(),
        "keyvar": released.keyvar,
        "boundPreset": released.bound,
        "calls": released.document.get("calls"),
        "campaigns": released.document.get("campaigns"),
        "ledger": released.document.get("ledger"),
    }


def _curl(request: Request, keyvar: str) -> str:
    """A shell command that sends the same bytes; the key stays in its variable."""
    import shlex  # noqa: PLC0415 - where a request is shown

    body = shlex.quote(request.body.decode())
    lines = [
        f"curl --request POST {shlex.quote(request.url)}",
        f'--header "Authorization: Bearer ${keyvar}"',
        "--header 'Content-Type: application/json'",
    ]
    if len(body) < _ARGUMENT_LIMIT:
        return " \\\n  ".join([*lines, f"--data-raw {body}"])
    return f"printf %s {body} |\n" + " \\\n  ".join([*lines, "--data-binary @-"])


def _summary(released: Released, request: Request) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    entry, head, bound = released.entry, released.head, released.bound
    state = _state(head)
    rows: list[tuple[str, object]] = [
        ("preset", f"{entry.preset} version {entry.version}"),
        ("environment", entry.environment),
        ("state", "yanked" if released.yanked else state["state"]),
        ("since", f"{head.time}{f' by {head.by}' if head.by else ''}"),
        ("reason", head.reason),
        ("change", entry.change),
        ("commit", entry.commit),
        ("entry", f"{entry.seq} of {head.seq}"),
        ("preset digest", entry.preset_digest),
        ("bound preset", entry.bound_digest),
        ("sent to", request.url),
        ("key variable", released.keyvar),
    ]
    rows += [
        (f"{kind}.{name}", _bound(one))
        for kind, named in sorted(bound.get("bindings", {}).items())
        for name, one in sorted(named.items())
    ]
    rows += [("deviates in", ", ".join(sorted(bound["deviation"])))] if bound["deviation"] else []
    rows += [
        (f"input {name}", _declared(one)) for name, one in sorted(bound.get("inputs", {}).items())
    ]
    rows += _rules(released.document)
    output.table(["", ""], [row for row in rows if row[1] is not None])
    output.note("more: --script (what the agent says), --request, --curl, --json")


def _rules(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """The environment's rules for calls; days that are closed as their number."""
    from dialform.launcher.calling.telling import in_order, single_rules  # noqa: PLC0415 - as above

    rules = [(key, said) for key, said in single_rules(document) if "holidays" not in key]
    closed = document.get("calls", {}).get("holidays", {})
    days = {day for table in closed.values() for day in table}
    yield from sorted(rules, key=lambda rule: in_order(rule[0]))
    if days:
        count = f"{len(days)} {'day' if len(days) == 1 else 'days'}"
        yield "calls.holidays", f"{count}, the last {max(days)}"


def _bound(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    if "id" in one:
        return f"{one['name']} ({one['id']})" if "name" in one else str(one["id"])
    members = [str(member.get("number", member["id"])) for member in one.get("members") or ()]
    pool = [f"pool {one['pool']}"] if "pool" in one else []
    return ", ".join(pool + members)


def _declared(one: Mapping[str, Any]) -> str:
    words = [str(one.get("type", "string"))]
    words.append("required" if one.get("required") and "default" not in one else "optional")
    words += [f"{key} {one[key]!r}" for key in ("default", "pattern", "example") if key in one]
    words += ["sensitive"] if one.get("sensitive") else []
    return ", ".join(words)
