"""``dialform stop --hangup``: the calls that go on are ended, and told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dialform.cli import context
from dialform.errors import DialformError, SettingError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection

    from dialform.api.client import Client
    from dialform.api.objects import Dial
    from dialform.launcher.outcomes.hangup import Tried
    from dialform.launcher.records import Record

_TIMEOUT = 10.0
"""Seconds that the API has for an answer: while it has none, people go on talking."""

_EVERY = 2.0
"""Seconds between two lines about how far it is."""


class NotHungUpError(DialformError):
    """Some calls could not be hung up, and were told. ``document`` is for ``--json``."""

    def __init__(self, document: dict[str, Any]) -> None:
        """``document`` has all calls."""
        self.document = document
        super().__init__(f"{document['failed']} calls could not be hung up")


def add_hangup(parser: argparse.ArgumentParser) -> None:
    """Add ``--hangup`` and what it needs."""
    parser.add_argument("--hangup", action="store_true", help="hang up the calls that go on")
    parser.add_argument(
        "--use-proxy", action="store_true", help="use the proxies that HTTPS_PROXY and so on name"
    )
    context.add_ledger(parser)


def hang_up(
    args: argparse.Namespace, environment: str, presets: Collection[str] | None
) -> dict[str, Any]:
    """
    Hang up the live calls of ``presets`` (None: of the environment), and say how it went.

    Returns what ``--json`` shows of it.

    Raises:
        NotHungUpError: not all could be hung up; which is told.
        SettingError: there is no ledger, or no API key.
        RegistryError: what the registry says of the environment can't be read.

    """
    from dialform.cli import output  # noqa: PLC0415 - where it is asked for
    from dialform.launcher import Launcher  # noqa: PLC0415
    from dialform.launcher.outcomes.hangup import LOOKOUT, Hangup, counted  # noqa: PLC0415

    url, base = context.registry_location(args)
    try:
        path = context.known_ledger_of(args)
    except SettingError as error:
        raise SettingError(f"no call was hung up: {error}: {_again(args, ledger='FILE')}") from None
    with Launcher(
        url, environment, base=base, ledger=path, timeout=_TIMEOUT, trust_env=args.use_proxy
    ) as launcher:
        client = _client(args, launcher)
        hangup = Hangup(
            launcher.ledger,
            environment,
            presets,
            look=lambda one: _looked(client, one),
            hang_up=lambda one: client.hangup(_here(client, one)),
            now=time.time,
            sleep=time.sleep,
        )
        tried: list[Tried] = []
        told = time.monotonic()
        try:
            output.note(
                f"{_calls(len(hangup.live()))} may go on: hanging up, and looking for more for "
                f"{LOOKOUT:.0f} s"
            )
            for one in hangup.run():
                tried.append(one)
                if one.how == "failed" and not args.json:
                    output.data(_told(one))
                elif time.monotonic() - told > _EVERY:
                    told = time.monotonic()
                    output.note(f"  {len(tried)} so far")
        except KeyboardInterrupt:
            output.note(f"{_calls(len(tried))} seen to; others may go on: {_again(args)}")
            raise
    count = counted(tried)
    output.note(
        f"{_calls(count['hung-up'])} hung up, {count['ended']} had ended, "
        f"{count['failed']} could not be hung up"
        + (f"; to try again: {_again(args)}" if count["failed"] else "")
    )
    document = {
        "hungUp": count["hung-up"],
        "ended": count["ended"],
        "failed": count["failed"],
        "dials": [one.as_json() for one in tried],
    }
    if count["failed"]:
        raise NotHungUpError(document)
    return document


def _client(args: argparse.Namespace, launcher: Any) -> Client:
    try:
        client: Client = launcher.client()
    except SettingError as error:
        raise SettingError(f"no call was hung up: {error}: {_again(args)}") from None
    return client


def _looked(client: Client, record: Record) -> Dial:
    return client.dial(_here(client, record), retries=0)


def _here(client: Client, record: Record) -> str:
    """The dial's id, if it is one of the client's workspace."""
    from dialform.errors import Rejected  # noqa: PLC0415 - where a call is looked at

    if client.url.rstrip("/") != record.workspace.rstrip("/"):
        raise Rejected(
            f"it was placed in {record.workspace}, and the environment's workspace is "
            f"{client.url} now: hang it up there"
        )
    return record.dial_id or ""


def _told(one: Tried) -> str:
    record = one.record
    what = record.preset if record.version is None else f"{record.preset}@{record.version}"
    which = f"dial {record.dial_id or record.id}"
    return f"not hung up: {which} to {record.to or 'a browser'} with {what}: {one.why}"


def _calls(count: int) -> str:
    return f"{count:,} call{'' if count == 1 else 's'}"


def _again(args: argparse.Namespace, ledger: str | None = None) -> str:
    """The command that does the rest; ``ledger`` in the place of the one that was named."""
    import shlex  # noqa: PLC0415 - where it is told

    from dialform.launcher.places import without_password  # noqa: PLC0415

    words = ["dialform", "stop", *(["--all"] if args.all else args.preset), "-s", args.stack]
    for name, value in (("registry", args.registry), ("ledger", ledger or args.ledger)):
        if value is not None:
            words += [f"--{name}", without_password(value)]
    return f"{shlex.join(words)} --hangup --reason ..."
