"""
What commands print: data on stdout, everything else on stderr, no key anywhere.

Colour is for terminals only, and not where ``NO_COLOR`` is set.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

from dialform.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dialform.errors import DialformError

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)
_SHORTEST_SECRET = 8
_RED, _BOLD = "31;1", "1"


def data(text: str) -> None:
    """A line or a text for stdout. On a terminal it can't steer it."""
    print(printable(text) if sys.stdout.isatty() else text)


def painted(pieces: Iterable[tuple[str, str | None]]) -> None:
    """A line for stdout in pieces, each with the code of its colour."""
    tty = sys.stdout.isatty()
    shown = [(printable(text) if tty else text, code) for text, code in pieces]
    print("".join(text if code is None else paint(text, code, sys.stdout) for text, code in shown))


def json_document(document: dict[str, Any]) -> None:
    """A document for programs, on stdout. It has a ``format``."""
    import json  # noqa: PLC0415 - where JSON is asked for

    print(json.dumps(document, indent=2, ensure_ascii=False))


def json_line(document: dict[str, Any]) -> None:
    """A document for programs that read a running command: one line, at once."""
    import json  # noqa: PLC0415 - where JSON is asked for

    print(json.dumps(document, ensure_ascii=False), flush=True)


def exact(body: bytes) -> None:
    """Bytes as they are on stdout; a terminal gets a line end after them, a pipe does not."""
    sys.stdout.flush()
    sys.stdout.buffer.write(body + b"\n" if sys.stdout.isatty() else body)
    sys.stdout.buffer.flush()


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns for a person, on stdout."""
    from tabulate import tabulate  # noqa: PLC0415 - where a table is printed

    print(
        tabulate(
            [["" if cell is None else line(str(cell)) for cell in row] for row in rows],
            headers=[paint(header, _BOLD, sys.stdout) for header in headers],
            tablefmt="plain",
            disable_numparse=True,
        )
    )


def note(message: str) -> None:
    """Something a person should know, on stderr."""
    print(scrub(printable(message)), file=sys.stderr)


def warning(message: str) -> None:
    """Something a person should look at, on stderr."""
    note(f"warning: {message}")


def error(problem: DialformError) -> None:
    """An error's text on stderr: ``error: ...``, or a line for each finding in a file."""
    if isinstance(problem, DeclarationError):
        for finding in problem.problems:
            note(str(finding))
        count = sum(finding.severity == "error" for finding in problem.problems)
        _lead(f"{count} {'error' if count == 1 else 'errors'} in the declaration")
        return
    _lead(str(problem))
    for remark in getattr(problem, "__notes__", ()):
        note(remark)


def bug(problem: Exception) -> None:
    """One line for an error that nobody foresaw."""
    text = " ".join(f"{type(problem).__name__}: {problem}".split())
    _lead(
        f"{text} (this is a bug in dialform; run it again with DIALFORM_DEBUG=1 and report what "
        "it prints)"
    )


def traceback(problem: BaseException) -> None:
    """The traceback on stderr, for ``DIALFORM_DEBUG=1``."""
    import traceback as lines  # noqa: PLC0415 - for debugging only

    note("".join(lines.format_exception(problem)).rstrip())


def debugging() -> bool:
    """Whether tracebacks are asked for."""
    return os.environ.get("DIALFORM_DEBUG", "") not in ("", "0")


def flush() -> None:
    """Put out what stdout holds, so that errors stand after it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()


def paint(text: str, code: str, stream: TextIO) -> str:
    """``text`` in a colour, where ``stream`` is a terminal that may have it."""
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{code}m{text}\033[0m"


def printable(text: str) -> str:
    """``text`` without what could steer a terminal; line ends and tabs stay."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text
    )


def line(text: str) -> str:
    """``text`` in one line, without what could steer a terminal."""
    return printable(" ".join(text.split()))


def _lead(message: str) -> None:
    """``error: ...`` on stderr."""
    lead = paint("error:", _RED, sys.stderr)
    print(lead, scrub(printable(message)), file=sys.stderr)


def scrub(text: str) -> str:
    """``text`` without the values of environment variables that are named like secrets."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, f"[{name}]")
    return text
