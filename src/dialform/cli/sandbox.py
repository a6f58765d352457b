"""``dialform sandbox``: a local server that speaks the Vogent API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """\
Run a local server that speaks the Vogent API: three workspaces (dev, staging, prod) with a
key each, agents, voices, models, functions and numbers with fixed ids. Nobody is called.
In a browser it shows the calls placed and what each agent was told to say."""

_EXAMPLES = """\
examples:
  dialform sandbox
  dialform sandbox --state .dialform/sandbox.json --speed 20
  dialform sandbox --port 0 --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sandbox``."""
    parser = subparsers.add_parser(
        "sandbox",
        help="run a local server that speaks the Vogent API",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("--port", type=int, default=8421, help="default: 8421; 0: any free one")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    parser.add_argument("--state", metavar="FILE", help="keep the state there; default: in memory")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="its seconds in one; default: 1"
    )
    parser.add_argument("--json", action="store_true", help="print where it is as a JSON line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    import signal  # noqa: PLC0415 - when run
    import threading  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from dialform.cli import output  # noqa: PLC0415
    from dialform.errors import UsageError  # noqa: PLC0415
    from dialform.sandbox import Sandbox  # noqa: PLC0415

    if not args.speed >= 0:
        raise UsageError(f"--speed {args.speed:g}: 0 or more; 0 lets its time stand still")
    state = None if args.state is None else Path(args.state)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Sandbox(port=args.port, host=args.host, state=state, speed=args.speed) as sandbox:
        if args.json:
            where = {"root": sandbox.root, "url": sandbox.url, "keys": sandbox.keys}
            output.json_line({"format": "dialform.sandbox/1", **where})
        output.note(f"sandbox: {sandbox.url} (Ctrl-C ends it; in a browser: {sandbox.root})")
        for workspace, key in sandbox.keys.items():
            output.note(f"  {workspace}: export VOGENT_API_KEY_{workspace.upper()}={key}")
        stop.wait()
    output.note("sandbox: ended" + ("" if state is None else f", its state is in {state}"))
    return 0
