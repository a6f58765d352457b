"""``dialform replay``: the bytes of a recorded call, and the same call made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import confirm, context, evidence
from dialform.errors import Refused, UsageError

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser
    from dialform.launcher import Dial
    from dialform.launcher.evidence import Story

FORMAT = "dialform.replay/1"
_DESCRIPTION = """\
Show what was sent for a call: the request and the digests of its bytes. Sends nothing.

With --ring-again the same call is made once more: the same bytes, but for an idempotencyKey of
its own where the environment uses keys, as the equal digests of the core (the body without its
key) prove. It is a dial of its own in the ledger, and is refused as any dial is: by a hold, a
yank, a withdrawal, a rule for calls.

With --exact the identical bytes are sent, key and all, to settle a call of unknown outcome: an
API that honours keys answers with what it knows and rings nobody twice. Refused where that is
not proved (`dialform doctor --probe-idempotency`). Without DIAL, all calls of unknown outcome
are settled so, or a campaign's."""
_EPILOG = """\
--bytes prints the exact bytes, sensitive inputs included; elsewhere these are not shown.

exit codes:
  as of `dialform dial`; 3 also where --exact might ring a phone again;
  5 where --exact leaves an outcome unknown

examples:
  dialform replay 57555c5e-8a48-4a0f-b8a4-5c4d1a3f0b1e
  dialform replay 57555c5e-8a48-4a0f-b8a4-5c4d1a3f0b1e --bytes | sha256sum
  dialform replay 57555c5e-8a48-4a0f-b8a4-5c4d1a3f0b1e --ring-again --reason "line was bad"
  dialform replay --exact --campaign november --yes
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``replay``."""
    parser = subparsers.add_parser(
        "replay",
        help="show a recorded call's bytes, or make it again",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    evidence.add_dial(parser, optional=True)
    parser.add_argument("--bytes", action="store_true", help="print the exact bytes and no more")
    parser.add_argument("--ring-again", action="store_true", help="make the same call once more")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the ledger; with --ring-again")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="send the identical bytes, to settle an unknown outcome",
    )
    parser.add_argument(
        "--campaign", metavar="NAME", help="with --exact: a campaign's, by name or id"
    )
    parser.add_argument("-s", "--stack", metavar="ENV", help="with --exact: that environment's")
    confirm.add_yes(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show, ring again, or settle."""
    if args.ring_again + args.exact + args.bytes > 1:
        raise UsageError("replay takes one of --bytes, --ring-again, --exact")
    if args.ring_again and not (args.reason or "").strip():
        raise UsageError("--ring-again needs --reason TEXT: say why, for those who find it so")
    if args.dial is None and not args.exact:
        raise UsageError("replay: name a DIAL")
    if (args.campaign or args.stack) and (args.dial is not None or not args.exact):
        raise UsageError("--campaign and --stack go with --exact and no DIAL")
    with evidence.ledger_of(args) as ledger:
        if args.exact:
            from dialform.cli import exact  # noqa: PLC0415 - where the command is run

            return exact.run(args, ledger)
        story, _ = evidence.story_of(args, ledger)
        if story.body is None:
            notes = "".join(f"; {note}" for note in story.notes)
            raise Refused(f"dial {args.dial}: its exact bytes are not on record{notes}")
        if args.bytes:
            from dialform.cli import output  # noqa: PLC0415 - where the command is run

            output.exact(story.body)
        elif args.ring_again:
            _ring(args, story)
        else:
            _show(args, story)
    return 0


def _show(args: argparse.Namespace, story: Story) -> None:
    import json  # noqa: PLC0415 - where a request is shown

    from dialform.cli import output  # noqa: PLC0415
    from dialform.launcher.evidence import shown_inputs  # noqa: PLC0415

    body = story.value or {}
    if "callAgentInput" in body:
        body["callAgentInput"] = shown_inputs(body["callAgentInput"], story)
    digests = _digests(story)
    if args.json:
        output.json_document({"format": FORMAT, **story.as_json(), **digests, "body": body})
        return
    output.data(json.dumps(body, indent=2, ensure_ascii=False))
    output.note(f"{len(story.body or b'')} bytes: {digests['digest']}")
    if digests["key"] is not None:
        output.note(f"without its key {digests['key']}: {digests['coreDigest']}")
    hidden = story.sensitive & set(body.get("callAgentInput") or {})
    if hidden:
        output.note(
            f"not shown: {', '.join(sorted(hidden))} (sensitive); --bytes has the exact bytes"
        )
    for note in story.notes:
        output.warning(note)


def _digests(story: Story) -> dict[str, Any]:
    from dialform.launcher.idempotency import core_of  # noqa: PLC0415 - where it is needed

    core = core_of(story.body or b"{}")
    return {"digest": story.record.body_digest, "coreDigest": core.digest, "key": core.key}


def _ring(args: argparse.Namespace, story: Story) -> None:
    """Make the call again, and prove that it is the same."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher import Launcher  # noqa: PLC0415
    from dialform.launcher.idempotency import core_of  # noqa: PLC0415

    record, body = story.record, story.body or b""
    whom = record.to or "a browser"
    what = f"{record.preset} version {record.version}"
    confirm.confirm(f"Call {whom} again with {what}?", yes=args.yes)
    url, base = evidence.location_for(args, record.environment)
    ledger = context.ledger_of(args)
    with Launcher(
        url,
        record.environment,
        base=base,
        ledger=ledger,
        warn=context.warn,
        **context.pinned(args, record.environment),
    ) as launcher:
        dial = launcher.again(record, body, reason=args.reason.strip())
        again = launcher.ledger.record(dial.id)
        content = None if again is None else launcher.ledger.content(again.id)
    sent = content.body if content is not None and content.body is not None else b"{}"
    one, other = core_of(body), core_of(sent)
    if args.json:
        output.json_document(
            {
                **dial.as_json(),
                "againOf": record.id,
                "coreDigest": other.digest,
                "firstCoreDigest": one.digest,
                "sameCore": one.digest == other.digest,
            }
        )
        return
    output.data(
        f"dialled {whom} again with {record.preset} (version {dial.version}): dial {dial.id}"
    )
    _prove(one.digest, other.digest, record.body_digest, dial)


def _prove(core: str, again: str, first: str, dial: Dial) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    key = "" if first == dial.request_digest else ", each with a key of its own"
    output.note(f"first  {first}, core {core}")
    output.note(f"again  {dial.request_digest}, core {again}")
    output.note(f"the core is {'the same' if core == again else 'NOT THE SAME'}{key}")
