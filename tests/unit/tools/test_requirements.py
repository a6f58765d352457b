"""requirements.txt and the choice of a Python: what `make setup` starts from."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
ENTRY = re.compile(r"^([a-z0-9-]+)==\S+(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$")


def entries() -> list[str]:
    """Each requirement with its hashes."""
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    return re.split(r"\n(?! )", "\n".join(lines))


def test_each_package_is_pinned_with_hashes_and_nothing_else_stands_there() -> None:
    """So that it names no index, no folder and no link: an entry has no room for one."""
    assert [entry for entry in entries() if not ENTRY.match(entry)] == []


def test_each_requirement_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[^A-Za-z0-9_.-]", each)[0].lower().replace("_", "-") for each in wanted}
    locked = {entry.partition("==")[0] for entry in entries()}

    assert names - locked - {"dialform"} == set(), "run `make lock`"  # an extra names another


def test_a_python_that_will_not_do_is_named_with_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\ncase $2 in *print*) echo "Python 3.9.1";; *) exit 1;; esac\n')
    old.chmod(0o755)

    done = subprocess.run(
        [ROOT / "tools" / "setup.sh", "--find-python"],
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"{old}: Python 3.9.1" in done.stderr
    assert "needs 3.11 or newer" in done.stderr
    assert "make setup PYTHON=" in done.stderr
