"""
The entry point: which command is meant, and what becomes of its errors.

Loads the module of one command only, when that command is run or its help is asked for. A
command module has ``add_parser(subparsers)``, which adds each of its commands with
``set_defaults(run=...)``; ``run(args)`` returns the exit code, or None for 0.
"""

from __future__ import annotations

import errno
import sys

from dialform.cli.parser import Parser, near

TYPE_CHECKING = False  # as in `parser`
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

COMMANDS = {
    "init": ("dialform.cli.init", "write a small working project"),
    "import": ("dialform.cli.importing", "make declarations from a body that is sent today"),
    "validate": ("dialform.cli.validate", "check the declarations, offline"),
    "check": ("dialform.cli.check", "hold what would run against the guardrails"),
    "bind": ("dialform.cli.bind", "look names up in the workspace and write their ids"),
    "schema": ("dialform.cli.schema", "write the JSON Schemas that editors use"),
    "diff": ("dialform.cli.diff", "compare what two places make of a call"),
    "review": ("dialform.cli.review", "say what a change does, for a pull request"),
    "plan": ("dialform.cli.plan", "say what `up` would do, and its digest"),
    "promote": ("dialform.cli.promote", "move pins to what is live in another environment"),
    "rollback": ("dialform.cli.promote", "go back to a version that was live before"),
    "dial": ("dialform.cli.dial", "place a call from what is released"),
    "launch": ("dialform.cli.launch", "call a list of people"),
    "try": ("dialform.cli.dial", "place a call from the working tree, unreleased"),
    "suppress": ("dialform.cli.suppress", "say whom nobody may call"),
    "trace": ("dialform.cli.trace", "where a call came from, to the file and line"),
    "attest": ("dialform.cli.attest", "compare dials with what was released and sent"),
    "replay": ("dialform.cli.replay", "show a recorded call's bytes, or make it again"),
    "audit": ("dialform.cli.audit", "what an agent was told to say to a number on a day"),
    "doctor": ("dialform.cli.doctor", "whether an environment can be dialled from here"),
    "ledger": ("dialform.cli.ledger", "what was dialled"),
    "settle": ("dialform.cli.ledger", "say whether a phone rang, of an unknown dial"),
    "presets": ("dialform.cli.show", "list what is released in an environment"),
    "show": ("dialform.cli.show", "show a preset: its request, or what the agent says"),
    "hold": ("dialform.cli.releases", "pause a preset: no calls, no releases"),
    "stop": ("dialform.cli.releases", "hold several presets, or all"),
    "resume": ("dialform.cli.releases", "end a hold"),
    "withdraw": ("dialform.cli.releases", "take a preset out of use"),
    "yank": ("dialform.cli.releases", "bar a version for good"),
    "status": ("dialform.cli.status", "what is live where, and what stands in its way"),
    "history": ("dialform.cli.status", "every move of a preset, in all environments"),
    "drift": ("dialform.cli.drift", "what was changed behind the back of what is released"),
    "board": ("dialform.cli.board", "write a page that shows what runs where"),
    "approve": ("dialform.cli.approve", "record that a version may run in an environment"),
    "verify": ("dialform.cli.verify", "whether a release is what it says, claim by claim"),
    "registry": ("dialform.cli.registry", "create or verify a registry"),
    "serve": ("dialform.cli.serve", "take webhooks, and calls over HTTP"),
    "wait": ("dialform.cli.wait", "wait until calls have ended"),
    "results": ("dialform.cli.results", "what became of calls, as a table or row by row"),
    "sandbox": ("dialform.cli.sandbox", "run a local server that speaks the Vogent API"),
    "completion": ("dialform.cli.completion", "print a shell's completion script"),
}
"""Name -> the module that has it, and its line in ``dialform --help``, in this order."""

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO)
"""What a stream says that can't be written. Commands report their own files' errors."""

INTERRUPTED = 130
BROKEN_PIPE = 141

_DESCRIPTION = "Infrastructure as code for outbound voice calls made with the Vogent API."
_EPILOG = """\
exit codes:
  0 done   1 error   2 differences (only with --exit-code)   3 refused
  4 rejected by the API   5 outcome unknown, a phone may ring
  64 wrong usage   75 deferred by the API, may be retried

examples:
  dialform validate
  dialform dial reminder -s dev --to +14155550123 --input name=Ann
  dialform hold collections -s prod --reason "wrong amount in the opening line"
"""


def build_parser(
    load: Sequence[str], *, others: bool = True
) -> tuple[Parser, argparse._SubParsersAction[Parser]]:
    """
    The parser with the commands of the modules in ``load``, and the ``others`` by name.

    The names are for the help of all: 5 ms, which a command need not spend.
    """
    parser = Parser(prog="dialform", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = parser.add_subparsers(
        prog="dialform", dest="command", metavar="COMMAND", title="commands", parser_class=Parser
    )
    loaded = []
    for name, (module, line) in COMMANDS.items():
        if module not in load:
            if not others:
                continue
            subparsers.add_parser(name, help=line, add_help=False)
        elif module not in loaded:
            import importlib  # noqa: PLC0415 - `dialform --help` loads no command

            importlib.import_module(module).add_parser(subparsers)
            loaded.append(module)
    return parser, subparsers


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """
    What the command line asks for, with ``run``.

    Raises:
        UsageError: there is no such command or option, or an argument is missing.

    """
    command = next((text for text in arguments if not text.startswith("-")), None)
    if command is None:
        parser, _ = build_parser([])
        args = parser.parse_args(arguments)
        if not args.version:
            parser.error("say what to do")
        args.run = _print_version
        return args
    if command not in COMMANDS:
        from dialform.errors import UsageError  # noqa: PLC0415 - errors only

        raise UsageError(
            f"there is no command {command!r}{near(command, COMMANDS)}; see `dialform --help`"
        )
    parser, _ = build_parser([COMMANDS[command][0]], others=arguments[0] != command)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (None: the process's own) and return its exit code."""
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _close_quietly()
        return BROKEN_PIPE
    except OSError as error:
        return _report_output(error) if error.errno in _NO_ROOM else _report(error)
    except Exception as error:  # noqa: BLE001 - the one place where no error may pass
        return _report(error)
    else:
        return code


def _run(arguments: Sequence[str]) -> int:
    try:
        args = parse(arguments)
    except SystemExit:  # argparse has printed a help text
        return 0
    return int(args.run(args) or 0)


def _print_version(_args: argparse.Namespace) -> None:
    import dialform  # noqa: PLC0415 - reads the package's metadata

    print(f"dialform {dialform.__version__}")


def _report(error: Exception) -> int:
    from dialform.cli import output  # noqa: PLC0415 - errors only
    from dialform.errors import DialformError  # noqa: PLC0415

    output.flush()
    if output.debugging():
        output.traceback(error)
    if isinstance(error, DialformError):
        output.error(error)
        return error.exit_code
    output.bug(error)
    return 1


def _report_output(error: OSError) -> int:
    from dialform.cli import output  # noqa: PLC0415 - errors only
    from dialform.errors import DialformError  # noqa: PLC0415

    _close_quietly()
    output.error(DialformError(f"the output can't be written: {error.strerror}"))
    return 1


def _close_quietly() -> None:
    """Let nothing more be written to stdout, not even by Python when it ends."""
    import os  # noqa: PLC0415 - rarely needed

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
