"""``dialform sandbox``: run the sandbox until it is stopped."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Any

from dialform.errors import DialformError, UsageError

if TYPE_CHECKING:
    from dialform.sandbox import Sandbox

PORT = 8421
"""The port that the reference project's dev, staging and prod name."""

TELLING = 0.5
"""Seconds between looks for webhooks that are due."""

_DESCRIPTION = """\
Run a local server that speaks the Vogent API, with three workspaces. Nothing is
called and nothing leaves this machine. Open its address in a browser to see the
dials placed and what each agent was told to say. Webhooks are sent to URLs on
this machine alone, signed with sandbox-dev-signing and so on.

The last four digits of the called number choose how a call ends:
  0110 busy              0111 no answer          0112 fails
  0113 RATE_LIMITED, never rings                 0114 voicemail
  0115 the person hangs up                       0116 transferred
  0117 runs into its time limit                  0118 a long silence
  0119 refused with 429  any other: answered, and the agent hangs up
"""

_EPILOG = """\
examples:
  dialform sandbox
  dialform sandbox --state .dialform/sandbox.db --speed 60
  VOGENT_API_KEY_DEV=sandbox-dev dialform dial reminder -s dev --to +14155550123
"""


def add_parser(subparsers: Any) -> None:
    """Add ``sandbox``."""
    parser = subparsers.add_parser(
        "sandbox",
        help="run a local server that speaks the Vogent API",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=_port, default=PORT, metavar="N", help=f"default {PORT}; 0: any free port"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="default 127.0.0.1, this machine"
    )
    parser.add_argument(
        "--state", metavar="FILE", help="keep the state in FILE; default: in memory only"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="X",
        help="how many of its seconds pass in one; default 1, 0: its time stands still",
    )
    parser.add_argument(
        "--json", action="store_true", help="when it is up, print one line of JSON on stdout"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run it until SIGINT or SIGTERM. Raises SettingError where it can't start."""
    import signal  # noqa: PLC0415 - of this command alone
    import threading  # noqa: PLC0415 - likewise
    from pathlib import Path  # noqa: PLC0415 - likewise

    from dialform.sandbox import Sandbox  # noqa: PLC0415 - likewise

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    state = Path(args.state) if args.state else None
    with Sandbox(port=args.port, host=args.host, state=state, speed=args.speed) as sandbox:
        _announce(sandbox, args)
        while not stop.wait(TELLING):
            with contextlib.suppress(DialformError):
                sandbox.deliver()
    print("sandbox: stopped", file=sys.stderr)
    return 0


def _announce(sandbox: Sandbox, args: argparse.Namespace) -> None:
    lines = [
        f"sandbox: {sandbox.root}/ shows what is dialled; the API's URL is {sandbox.url}",
        *(f"  {workspace:<8} key {key}" for workspace, key in sandbox.keys.items()),
        f"  state    {args.state or 'in memory'}",
        "Ctrl-C stops it.",
    ]
    print("\n".join(lines), file=sys.stderr, flush=True)
    if args.json:
        import json  # noqa: PLC0415 - where it is asked for

        about = {
            "format": "dialform.sandbox/1",
            "url": sandbox.url,
            "root": sandbox.root,
            "port": sandbox.port,
            "keys": sandbox.keys,
            "state": args.state,
        }
        print(json.dumps(about), flush=True)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:6]) <= 65535:  # noqa: PLR2004 - the last port
        return int(text)
    raise UsageError(f"--port {text}: give a number from 0 to 65535")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if 0 <= speed <= 1e6:  # noqa: PLR2004 - a day passes in less than a tenth of a second
        return speed
    raise UsageError(f"--speed {text}: give a number from 0 to 1000000")
