"""
Who writes a log's entry, when and why, as far as this process's environment tells.

Reads the environment, the clock and git; the registry itself is given the result.
"""

from __future__ import annotations

import os

from dialform.registry.entries import Meta


def meta(writer: str | None, *, reason: str | None = None) -> Meta:
    """Who writes, when and why, as far as this process's environment tells."""
    from datetime import UTC, datetime  # noqa: PLC0415 - `author` needs none, and `dial` asks it

    given = os.environ.get
    commit = given("DIALFORM_COMMIT") or given("GITHUB_SHA") or _commit()
    return Meta(
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        reason=given("DIALFORM_REASON") or reason,
        by=author(),
        change=given("DIALFORM_CHANGE"),
        commit=commit,
        writer=writer,
    )


def author() -> str | None:
    """Who does this: $DIALFORM_BY, else $GITHUB_ACTOR, else user@host; None: that can't be told."""
    given = os.environ.get
    return given("DIALFORM_BY") or given("GITHUB_ACTOR") or _person()


def _person() -> str | None:
    import getpass  # noqa: PLC0415 - writing only
    import socket  # noqa: PLC0415

    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return None


def _commit() -> str | None:
    """The checkout's commit, ``-dirty`` where stacks/ has uncommitted changes."""
    import subprocess  # noqa: PLC0415 - writing only

    def git(*arguments: str) -> str:
        return subprocess.run(  # noqa: S603 - words of our own
            ["git", *arguments],  # noqa: S607 - the one on PATH
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        head = git("rev-parse", "HEAD")
        dirty = git("status", "--porcelain", "--", "stacks")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{head}-dirty" if dirty else head
