"""
Makes .venv with the packages of requirements.txt and dialform itself, editable.

Standard library only. Run by `tools/setup.sh` with the Python that .venv is to have. Where
packages come from is pip's own setting; requirements.txt only says which files they must be.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".dialform"
INPUTS = ("pyproject.toml", "requirements.txt")


def fingerprint() -> str:
    """What .venv was made from: the inputs' content and the folder, which scripts name."""
    state = hashlib.sha256(os.fsencode(ROOT))
    for name in INPUTS:
        state.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return state.hexdigest()


def is_ready() -> bool:
    """Whether .venv stands and was made from what is here now."""
    with contextlib.suppress(OSError):
        return (
            STAMP.read_text(encoding="utf-8") == fingerprint()
            and (VENV / "bin" / "python").exists()
        )
    return False


def has_pip(python: Path) -> bool:
    """Whether ``python`` runs, is new enough, stands in .venv and has pip."""
    check = (
        "import sys, pip; "
        f"sys.exit(sys.version_info < (3, 11) or sys.prefix != {os.fspath(VENV)!r})"
    )
    try:
        done = subprocess.run([python, "-c", check], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One setup at a time in this checkout; the lock ends with the process."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def pip(*arguments: str) -> None:
    """Run .venv's pip, which says itself what goes wrong."""
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    command: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        *quiet,
        *arguments,
    ]
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


def make() -> None:
    """Bring .venv to what the inputs say."""
    python = VENV / "bin" / "python"
    if not has_pip(python):
        say(f"making .venv with Python {sys.version.split()[0]}")
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    STAMP.unlink(missing_ok=True)
    say("installing the packages of requirements.txt (about a minute the first time)")
    # The file is complete, so nothing is resolved: some pips would look past its pins for
    # `coverage[toml]` as soon as a newer coverage is out, and then miss its hash.
    pip("--no-deps", "--require-hashes", "--requirement", "requirements.txt")
    pip("--no-deps", "--no-build-isolation", "--editable", ".")
    STAMP.write_text(fingerprint(), encoding="utf-8")


def say(line: str) -> None:
    """Tell the person who waits."""
    print(f"setup: {line}", file=sys.stderr, flush=True)


def main() -> int:
    """With ``--check``, only answer whether there is anything to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if .venv isn't up to date")
    if parser.parse_args().check:
        return 0 if is_ready() else 1
    try:
        with alone():
            if not is_ready():
                make()
    except KeyboardInterrupt:
        say("stopped; `make setup` goes on from here")
        return 130
    except subprocess.CalledProcessError as error:
        say(f"`{' '.join(str(part) for part in error.cmd)}` failed, see above; .venv isn't ready")
        return 1
    except OSError as error:
        say(f"can't make .venv: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
