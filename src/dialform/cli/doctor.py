"""``dialform doctor``: whether an environment can be dialled from here, and what it honours."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from dialform.cli import confirm, context, evidence
from dialform.errors import SettingError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dialform.cli.parser import Parser
    from dialform.launcher.evidence import Checkup, Finding, Probe
    from dialform.launcher.ledger import Ledger

FORMAT = "dialform.doctor/1"
_DESCRIPTION = """\
Say whether an environment can be dialled from here: the registry answers, the API key opens the
workspace that is bound, this machine's clock agrees with the API's, the ledger can be written,
and what is declared of idempotency keys fits what the workspace does. Places no call.

With --probe-idempotency it finds out whether the workspace honours idempotency keys: it asks for
one browser call twice with one key, so that nobody's phone rings, hangs up what was placed, and
keeps the verdict in the ledger."""
_EPILOG = """\
exit codes:
  0 nothing failed   1 something did

examples:
  dialform doctor -s dev
  dialform doctor -s dev --probe-idempotency --yes
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``doctor``."""
    parser = subparsers.add_parser(
        "doctor",
        help="whether an environment can be dialled from here",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    context.add_stack(parser)
    parser.add_argument(
        "--probe-idempotency", action="store_true", help="ask the workspace twice with one key"
    )
    confirm.add_yes(parser)
    evidence.add_places(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, perhaps probe, and print."""
    import os  # noqa: PLC0415 - where the command is run
    import time  # noqa: PLC0415

    from dialform.api.client import Client  # noqa: PLC0415
    from dialform.cli import output  # noqa: PLC0415
    from dialform.launcher.evidence import Checkup  # noqa: PLC0415
    from dialform.launcher.ledger import Ledger  # noqa: PLC0415

    environment = context.environment_of(args)
    registry = context.registry_of(args)
    if args.probe_idempotency:
        question = f"Ask the workspace of {environment} twice for a browser call?"
        confirm.confirm(question, yes=args.yes)
    with contextlib.closing(Ledger(context.ledger_of(args))) as ledger:
        checkup = Checkup(
            registry,
            environment,
            ledger,
            variables=os.environ,
            connect=Client,
            clock=time.time,
        )
        probe = None
        findings = [*_declared(args, checkup), *checkup.findings()]
        if args.probe_idempotency:
            probe = _probed(checkup, ledger)
            findings[-1] = _judged(checkup, probe)
        if checkup.client is not None:
            checkup.client.close()
    failed = any(one.state == "failed" for one in findings)
    if args.json:
        output.json_document(_document(environment, checkup, findings, probe))
    else:
        output.table(["", "", ""], [[one.part, one.state, one.message] for one in findings])
    return 1 if failed else 0


def _declared(args: argparse.Namespace, checkup: Checkup) -> Iterator[Finding]:
    """Whether what is published is what the files around here say."""
    root = context.project_root()
    if root is None or not context.in_checkout(args):
        return
    from pathlib import Path  # noqa: PLC0415 - where the command is run

    from dialform.declaration import Project  # noqa: PLC0415 - needs pydantic
    from dialform.errors import DialformError  # noqa: PLC0415
    from dialform.launcher.evidence.checkup import Finding, declared_document  # noqa: PLC0415

    try:
        declared = Project(Path(root)).environment(args.stack).document
        published = checkup.published()
    except DialformError as error:
        yield Finding("declaration", "failed", str(error))
    else:
        yield declared_document(published, declared)


def _probed(checkup: Checkup, ledger: Ledger) -> Probe:
    """
    Probe, and keep the verdict.

    Raises:
        SettingError: there is no key that works, or nothing to call with.

    """
    import time  # noqa: PLC0415 - where the command is run

    from dialform.launcher.evidence import probing  # noqa: PLC0415
    from dialform.launcher.idempotency import key_of_dial  # noqa: PLC0415

    workspace = checkup.workspace
    if workspace is None or checkup.client is None or checkup.agent is None:
        what = "no API key opens it" if checkup.client is None else "nothing was released there"
        raise SettingError(
            f"the workspace can't be probed: {what}; `dialform doctor` without "
            "--probe-idempotency says more"
        )
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    probe = probing.probe(
        checkup.client,
        workspace["url"],
        agent=checkup.agent,
        key=key_of_dial(ledger.new_id()),
        at=at,
    )
    probing.keep(ledger, probe)
    return probe


def _judged(checkup: Checkup, probe: Probe) -> Finding:
    from dialform.launcher.evidence.checkup import judged  # noqa: PLC0415 - where one probes

    workspace = checkup.workspace or {}
    return judged(declared=workspace.get("idempotencyKeys") is True, known=probe)


def _document(
    environment: str, checkup: Checkup, findings: list[Finding], probe: Probe | None
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "environment": environment,
        "failed": sum(one.state == "failed" for one in findings),
        "declared": checkup.document,
        "checks": [one.as_json() for one in findings],
        "probe": None if probe is None else probe.as_json(),
    }
