"""`tools/setup_s3.py`, run as the tests run it, with a stub for Go on PATH."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tools" / "setup_s3.py"

GO = """#!/bin/sh
PATH=/usr/bin:/bin
echo "$1" >>"$STUB/log"
case $1 in
version) echo "go version go1.99.0 linux/amd64" ;;
build)
    while [ "$1" != -o ]; do shift; done
    if [ -n "${STUB_FAIL:-}" ]; then echo "$STUB_FAIL"; exit 1; fi
    printf '#!/bin/sh\\necho 1\\n' >"$2"
    chmod +x "$2" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with a stub for Go."""
    path = tmp_path / "path"
    path.mkdir()
    (path / "go").write_text(GO, encoding="utf-8")
    (path / "go").chmod(0o755)
    return tmp_path


def setup(machine: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT],
        env={
            "PATH": str(machine / "path"),
            "HOME": str(machine),
            "XDG_CACHE_HOME": str(machine / "cache"),
            "STUB": str(machine),
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_is_built_once_and_kept_by_version(machine: Path) -> None:
    first, second = setup(machine), setup(machine)
    assert first.returncode == second.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    program = Path(first.stdout.strip())
    text = (ROOT / "tools" / "s3" / "go.mod").read_text(encoding="utf-8")
    version = re.search(r"versitygw v(\S+)", text)
    assert version is not None
    assert version[1] in program.parts
    assert program.is_relative_to(machine / "cache" / "dialform")
    assert (machine / "log").read_text(encoding="utf-8").split().count("build") == 1
    assert sorted(path.name for path in program.parent.iterdir()) == ["versitygw"]


def test_a_build_that_fails_leaves_nothing_and_says_why(machine: Path) -> None:
    done = setup(machine, STUB_FAIL="no such module")
    assert done.returncode == 1
    assert "no such module" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in (machine / "cache").rglob("*") if path.name == "versitygw"
                and path.is_file()]  # fmt: skip
    assert setup(machine).returncode == 0


def test_without_go_it_says_what_is_needed(machine: Path) -> None:
    (machine / "path" / "go").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    done = setup(machine)
    assert done.returncode == 1
    assert "no Go 1." in done.stderr
