"""
Writes requirements.txt: every package of pyproject.toml, pinned, with the hashes of its files.

One file for all platforms and for Python 3.11 and newer, resolved by uv in a throw-away
environment. It names no package index: where packages come from is each machine's setting.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
HEADER = (
    "# Every package that a checkout needs. Written by `make lock` from pyproject.toml.\n"
    "# Names no package index: where packages come from is each machine's setting.\n"
)
EDITABLE = "editables"  # what hatchling asks for besides, when it installs a checkout


def main() -> int:
    """Keep the pins that still hold; with ``--upgrade`` take the newest of everything."""
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = folder / "venv"
        venv.create(environment, symlinks=True, with_pip=True)
        python = environment / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        build = folder / "build.in"
        build.write_text(
            "\n".join([*project["build-system"]["requires"], EDITABLE]), encoding="utf-8"
        )
        written = folder / LOCK.name
        if LOCK.exists():
            written.write_bytes(LOCK.read_bytes())
        command: list[str | Path] = [
            *(environment / "bin" / "uv", "pip", "compile", "pyproject.toml", build),
            *("--universal", "--python-version", "3.11", "--all-extras", "--group", "dev"),
            *("--generate-hashes", "--no-annotate", "--no-header", "--quiet"),
            *("--no-emit-index-url", "--no-emit-find-links", "--output-file", written),
            *upgrade,
        ]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
        LOCK.write_text(HEADER + written.read_text(encoding="utf-8"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
