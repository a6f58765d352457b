"""``dialform presets`` and ``dialform show``: look at what is released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli.context import add_registry, add_stack, registry_of

if TYPE_CHECKING:
    import argparse

    from dialform.launcher import Released

_SHOW_EXAMPLES = """\
examples:
  dialform show reminder -s dev --script --input name=Ann
  dialform show reminder@7 -s prod --json
  dialform show reminder -s prod --curl --to +14155550123 --input name=Ann
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``presets`` and ``show``."""
    presets = subparsers.add_parser(
        "presets",
        help="list what is released in an environment",
        description="List the presets of an environment: version, state, since when and by whom.",
        epilog="examples:\n  dialform presets -s prod\n  dialform presets -s prod --json\n",
    )
    add_stack(presets)
    add_registry(presets)
    presets.add_argument("--json", action="store_true", help="print them as JSON")
    presets.set_defaults(run=run_presets)
    show = subparsers.add_parser(
        "show",
        help="show a preset: its request, or what the agent says",
        description="Show a released preset, also one that is held or withdrawn.",
        epilog=_SHOW_EXAMPLES,
    )
    show.add_argument("preset", metavar="PRESET", help="NAME, NAME@VERSION or NAME@DIGEST")
    add_stack(show)
    add_registry(show)
    how = show.add_mutually_exclusive_group()
    how.add_argument("--script", action="store_true", help="what the agent says and is told")
    how.add_argument("--request", action="store_true", help="the request, to be read by a person")
    how.add_argument("--curl", action="store_true", help="the request as a curl command")
    how.add_argument("--json", action="store_true", help="the bound preset and its release")
    show.add_argument("--to", metavar="NUMBER", help="who would be called, in E.164")
    show.add_argument(
        "--input",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an input; examples and gaps stand where none is given",
    )
    show.set_defaults(run=run_show)


def run_presets(args: argparse.Namespace) -> int:
    """List."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.errors import UsageError  # noqa: PLC0415
    from dialform.launcher.resolve import near  # noqa: PLC0415

    registry = registry_of(args)
    known = registry.environments() if registry.exists else []
    if args.stack not in known and known:
        raise UsageError(
            f"nothing was released in environment {args.stack!r}{near(args.stack, known)}"
        )
    heads = [
        head
        for preset in (registry.presets(args.stack) if known else [])
        if (head := registry.head(args.stack, preset)) is not None
    ]
    if args.json:
        rows = [head.as_json() for head in heads]
        output.json_document({"format": "dialform.presets/1", "presets": rows})
        return 0
    if not heads:
        output.note(f"nothing is released in {args.stack}; `pulumi up -s {args.stack}` does")
        return 0
    output.table(
        ("preset", "version", "state", "since", "by", "reason"),
        [
            (
                head.preset,
                head.version,
                "yanked" if head.state == "live" and head.version in head.yanked else head.state,
                head.time,
                head.by,
                head.reason,
            )
            for head in heads
        ],
    )
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Show one."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher import look_up  # noqa: PLC0415

    released = look_up(registry_of(args), args.stack, args.preset)
    if args.json:
        output.json_document(
            {
                "format": "dialform.show/1",
                "release": released.entry.as_json(),
                "state": released.head.state,
                "boundPreset": released.bound,
            }
        )
    elif args.script:
        _script(args, released)
    elif args.request or args.curl:
        _request(args, released)
    else:
        _summary(released)
    return 0


def _values(args: argparse.Namespace, released: Released) -> dict[str, Any]:
    """What is given, defaults, and the declared examples: enough to read, not to dial."""
    from dialform.launcher.inputs import checked_inputs, parsed_inputs  # noqa: PLC0415 - when run

    declared = released.bound.get("inputs", {})
    given = parsed_inputs(declared, args.input)
    return checked_inputs(declared, given, partial=True)


def _script(args: argparse.Namespace, released: Released) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher import script  # noqa: PLC0415

    text = script(released.bound["body"], _values(args, released))
    output.data(text.removesuffix("\n"))


def _request(args: argparse.Namespace, released: Released) -> None:
    import json  # noqa: PLC0415 - when run
    import shlex  # noqa: PLC0415

    from dialform.cli import output  # noqa: PLC0415
    from dialform.launcher import assembled  # noqa: PLC0415
    from dialform.launcher.inputs import parsed_inputs  # noqa: PLC0415

    inputs = parsed_inputs(released.bound.get("inputs", {}), args.input)
    body = assembled(released.bound, to=args.to, inputs=inputs, partial=True).body
    if args.request:
        output.data(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
        return
    url = shlex.quote(f"{released.bound['workspace']}/dials")
    output.data(
        f"curl --request POST {url} \\\n"
        f'  --header "Authorization: Bearer ${released.keyvar}" \\\n'
        f"  --header 'Content-Type: application/json' \\\n"
        f"  --data-binary {shlex.quote(body.decode())}"
    )


def _summary(released: Released) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    entry, bound = released.entry, released.bound
    rows = [
        ("preset", f"{entry.preset}@{entry.version}"),
        ("environment", entry.environment),
        ("state", released.head.state),
        ("preset digest", entry.preset_digest),
        ("bound preset", entry.bound_digest),
        ("released", f"{entry.time} by {entry.by or 'unknown'}"),
        ("commit", entry.commit),
        ("workspace", bound["workspace"]),
    ]
    rows += [
        (kind, ", ".join(f"{name} = {_bound(one)}" for name, one in sorted(names.items())))
        for kind, names in sorted(bound["bindings"].items())
    ]
    rows += [
        (
            f"input {name}",
            ("required" if declared.get("required") else "optional")
            + (f", default {declared['default']!r}" if "default" in declared else ""),
        )
        for name, declared in sorted(bound.get("inputs", {}).items())
    ]
    output.table(("", ""), rows)
    output.note("--script, --request, --curl and --json show more")


def _bound(one: Any) -> str:
    if isinstance(one, str):
        return one
    if "id" in one:
        return f"{one['name']} ({one['id']})" if "name" in one else str(one["id"])
    members = [member.get("number", member["id"]) for member in one.get("members", ())]
    return ", ".join([f"pool {one['pool']}"] * ("pool" in one) + members)
