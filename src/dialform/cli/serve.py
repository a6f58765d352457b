"""``dialform serve``: take webhooks, and calls from programs in other languages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dialform.cli import context
from dialform.errors import SettingError, UsageError

if TYPE_CHECKING:
    import argparse
    import socket

    from dialform.cli.parser import Parser

HOST, PORT = "127.0.0.1", 8422
_LAST_PORT = 65535
_GRACE = 95
"""Seconds that calls which are being sent have to end when the server stops."""

_DESCRIPTION = """\
Serve one environment over HTTP until it is stopped.

  POST /webhooks/vogent   the workspace's webhooks: signature checked, kept, acted upon
  POST /dials             place a call: {"preset", "to", "inputs", "once"}; `once` is required,
                          "timezone" (America/New_York) says where the person is
  GET  /dials/ID          what is known of a call, by dial id, ledger id or once key
  GET  /health            whether calls could be recorded

Live calls are looked at now and then as well, so that a webhook that is lost costs a minute
and nothing else. What [ledger] of the environment says is kept to: once a day what is older than
its retention is erased, and transcripts are not kept where it says so. docs/outcomes.md has the
answers and their status codes.
"""
_EPILOG = """\
variables:
  DIALFORM_SERVE_TOKEN      what callers of /dials send: Authorization: Bearer TOKEN
  DIALFORM_WEBHOOK_SECRET   the workspace's signing secret; without it no webhooks are taken
  and the workspace's API key, as for `dialform dial`

It binds this machine alone unless --host says otherwise, and speaks plain HTTP: put what ends
TLS before it. Ctrl-C ends it when the calls that are being sent have their answers; a second
one at once, and what was being sent is unknown.

examples:
  dialform serve -s staging
  dialform serve -s prod --port 9000 --no-poll
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``serve``."""
    parser = subparsers.add_parser(
        "serve",
        help="take webhooks, and calls over HTTP",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    context.add_stack(parser)
    parser.add_argument("--host", default=HOST, metavar="ADDRESS", help=f"default {HOST}")
    parser.add_argument(
        "--port", type=_port, default=PORT, metavar="N", help=f"default {PORT}; 0: any free port"
    )
    parser.add_argument(
        "--no-poll", action="store_true", help="look at no live calls: webhooks alone"
    )
    parser.add_argument(
        "--no-transcripts", action="store_true", help="keep nothing of what people said"
    )
    context.add_registry(parser)
    context.add_ledger(parser)
    parser.add_argument(
        "--json", action="store_true", help="when it is up, print one line of JSON on stdout"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    import importlib.util  # noqa: PLC0415 - of this command alone
    import signal  # noqa: PLC0415 - likewise

    missing = [name for name in ("starlette", "uvicorn") if not importlib.util.find_spec(name)]
    if missing:
        raise SettingError(f"serving needs {', '.join(missing)}: pip install 'dialform[serve]'")
    import uvicorn  # noqa: PLC0415 - an extra

    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.outcomes.app import create_app  # noqa: PLC0415
    from dialform.launcher.outcomes.settings import Settings, secrets_of  # noqa: PLC0415

    environment = context.environment_of(args)
    url, base = context.registry_location(args)
    token, secret = secrets_of(os.environ)
    app = create_app(
        Settings(
            url,
            environment,
            ledger=context.ledger_of(args),
            base=base,
            token=token,
            secret=secret,
            transcripts=not args.no_transcripts,
            poll=not args.no_poll,
            **context.pinned(args),
        )
    )
    _log()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, lambda *_: None
        )  # the server has its own, and repeats them at its end
    listener = _listen(args.host, args.port)
    with listener:
        config = uvicorn.Config(
            app,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
        _announce(args, environment, listener.getsockname()[1], token, secret)
        uvicorn.Server(config).run([listener])
    output.note("serve: stopped")
    return 0


def _listen(host: str, port: int) -> socket.socket:
    import socket  # noqa: PLC0415 - of this command alone

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise SettingError(
            f"serve: can't listen on {host} port {port}: {error.strerror or error}; give another "
            "--port, or stop what uses this one"
        ) from None


def _announce(
    args: argparse.Namespace, environment: str, port: int, token: str | None, secret: str | None
) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    host = f"[{args.host}]" if ":" in args.host else args.host
    root = f"http://{host}:{port}"
    output.note(f"serve: {environment} at {root}; Ctrl-C stops it")
    output.note(
        f"  calls     {'POST /dials' if token else 'none: DIALFORM_SERVE_TOKEN is not set'}"
    )
    webhooks = "POST /webhooks/vogent" if secret else "none: DIALFORM_WEBHOOK_SECRET is not set"
    output.note(f"  webhooks  {webhooks}")
    if args.json:
        output.json_line(
            {
                "format": "dialform.serve/1",
                "url": root,
                "port": port,
                "environment": environment,
                "dials": token is not None,
                "webhooks": secret is not None,
            }
        )


def _log() -> None:
    """What goes wrong besides is told on stderr, in a line; a traceback where one debugs."""
    import logging  # noqa: PLC0415 - of this command alone

    from dialform.cli import output  # noqa: PLC0415 - when run

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            error = record.exc_info[1] if record.exc_info else None
            if error is not None and not output.debugging():
                text = f"{type(error).__name__}: {error}"
            output.note(f"serve: {output.line(text)}")
            if error is not None and output.debugging():
                output.traceback(error)

    logger = logging.getLogger("dialform")
    logger.setLevel(logging.INFO)
    logger.handlers = [Lines()]
    logging.getLogger("uvicorn.error").handlers = [Lines(level=logging.ERROR)]
    logger.propagate = False


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:6]) <= _LAST_PORT:
        return int(text)
    raise UsageError(f"--port {text}: give a number from 0 to {_LAST_PORT}")
