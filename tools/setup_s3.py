"""
Builds the S3 server that the tests talk to, and prints where its program lies.

It is versitygw, from Go modules (`tools/s3/`), kept in the user's cache folder by version. The
tests run this when they need it; nothing else does. Standard library only.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_sources import ROOT, Unavailable, find_go, go_settings, required, run, say
from setup_pulumi import alone

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = ROOT / "tools" / "s3"
PACKAGE = "github.com/versity/versitygw"
VERSION = required(MODULE, PACKAGE)


def program(environ: Mapping[str, str]) -> Path:
    """Where the program of this version is kept for this user, platform by platform."""
    base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kind = f"{platform.system()}-{platform.machine()}".lower()
    return base / "dialform" / "versitygw" / VERSION / kind / "versitygw"


def build(target: Path) -> None:
    """Build it beside ``target`` and put it there at once."""
    go = find_go(MODULE)
    part = Path(tempfile.mkdtemp(prefix="part-", dir=target.parent))
    try:
        flags = ["-ldflags", "-w -s"]
        made = part / target.name
        command = [go, "build", "-v", *flags, "-o", os.fspath(made), f"{PACKAGE}/cmd/versitygw"]
        run(command, f"building versitygw {VERSION}", cwd=MODULE, env=go_settings())
        subprocess.run([made, "--version"], check=True, stdout=subprocess.DEVNULL)
        made.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def main() -> int:
    """Print the program's path; the exit code is 1 where there is none."""
    target = program(os.environ)
    try:
        if not target.exists():
            with alone(target.parent):
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    build(target)
    except (Unavailable, OSError, subprocess.SubprocessError) as error:
        say(f"no S3 server for the tests: {error}")
        return 1
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
