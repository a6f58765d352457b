"""`tools/setup_pulumi.py`, run as `make setup` runs it, with a stub for Go on PATH."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tools" / "setup_pulumi.py"
FILES = {
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
}

GO = """#!/bin/sh
PATH=/usr/bin:/bin
echo "$*" >>"$STUB/log"
case $1 in
version) echo "go version ${STUB_GO:-go1.99.0} linux/amd64" ;;
list) echo "$STUB/sdk" ;;
build)
    version=$(echo "$*" | sed 's/.*Version=\\(v[0-9.]*\\).*/\\1/')
    while [ "$1" != -o ]; do shift; done
    if [ -n "${STUB_FAIL:-}" ]; then echo "$STUB_FAIL"; exit 1; fi
    printf '#!/bin/sh\\n' >"$2"
    if [ -n "${STUB_SECONDS:-}" ]; then sleep "$STUB_SECONDS"; fi
    printf 'echo %s\\n' "$version" >>"$2"
    chmod +x "$2" ;;
esac
"""


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine of its own: a PATH with a stub for Go and nothing else, and a cache folder."""

    folder: Path

    def start(self, clone: str = "one", **settings: str) -> subprocess.Popen[str]:
        """Set up ``clone``, whose bin folder the links go to."""
        own = self.bin(clone)
        own.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, SCRIPT, "--no-vendor", "--bin", own],
            env={
                "PATH": f"{own}{os.pathsep}{self.path}",
                "HOME": str(self.folder),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                "STUB": str(self.folder),
                **settings,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def setup(self, clone: str = "one", *, code: int = 0, **settings: str) -> str:
        """Set up ``clone`` to the end; what was printed."""
        process = self.start(clone, **settings)
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == code, printed
        return printed

    def bin(self, clone: str = "one") -> Path:
        """The clone's .venv/bin."""
        return self.folder / clone / "bin"

    @property
    def path(self) -> Path:
        """The one folder on PATH besides a clone's own."""
        return self.folder / "path"

    def executable(self, name: str, text: str) -> None:
        """Put a script on PATH."""
        self.path.mkdir(exist_ok=True)
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)

    def builds(self) -> int:
        """How often Go was asked to build the CLI."""
        log = self.folder / "log"
        return log.read_text().count("cmd/pulumi\n") if log.exists() else 0

    def kept(self) -> list[str]:
        """The names in the cache folder, lock files left out."""
        (versions,) = self.folder.glob("cache/dialform/pulumi/*")
        return sorted(each.name for each in versions.iterdir() if each.suffix != ".lock")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with Go and no Pulumi."""
    made = Machine(tmp_path)
    made.executable("go", GO)
    for folder, name in (
        ("cmd", "pulumi-language-python-exec"),
        ("dist", "pulumi-resource-pulumi-python"),
    ):
        script = tmp_path / "sdk" / "python" / folder / name
        script.parent.mkdir(parents=True)
        script.write_text("#!/bin/sh\n")
        script.chmod(0o444)  # as in Go's module cache
    return made


def links(folder: Path) -> set[str]:
    """The names of the links in ``folder`` that lead to something executable."""
    return {
        each.name for each in folder.iterdir() if each.is_symlink() and os.access(each, os.X_OK)
    }


def test_builds_and_links_all_four_files(machine: Machine) -> None:
    printed = machine.setup()

    assert "building the Pulumi CLI" in printed
    assert links(machine.bin()) == FILES
    version = subprocess.check_output([machine.bin() / "pulumi", "version"], text=True)
    assert (
        f"github.com/pulumi/pulumi/pkg/v3 {version}"
        in (ROOT / "tools" / "pulumi" / "cli" / "go.mod").read_text()
    )


def test_a_second_run_does_and_says_nothing(machine: Machine) -> None:
    machine.setup()

    assert machine.setup() == ""
    assert machine.builds() == 1


def test_a_second_clone_takes_what_the_first_built(machine: Machine) -> None:
    machine.setup("one")
    machine.setup("two")

    assert machine.builds() == 1
    assert links(machine.bin("two")) == FILES


def test_two_at_once_build_once_and_both_are_ready(machine: Machine) -> None:
    running = [machine.start(clone, STUB_SECONDS="1") for clone in ("one", "two")]
    printed = [process.communicate(timeout=60)[0] for process in running]

    assert [process.returncode for process in running] == [0, 0], printed
    assert sum("waiting for it" in each for each in printed) == 1
    assert machine.builds() == 1
    assert links(machine.bin("one")) == links(machine.bin("two")) == FILES


def test_a_half_built_folder_is_not_taken(machine: Machine) -> None:
    """Neither one without its manifest nor one whose file was cut is used; both are made again."""
    machine.setup()
    pulumi = (machine.bin() / "pulumi").resolve()
    (pulumi.parent.parent / "complete.json").unlink()
    machine.setup()
    assert machine.builds() == 2

    pulumi.write_text("#!/bin/sh\n")
    machine.setup()
    assert machine.builds() == 3
    assert subprocess.check_output([machine.bin() / "pulumi", "version"])


def test_what_a_killed_build_left_is_cleared_away(machine: Machine) -> None:
    process = machine.start(STUB_SECONDS="2")
    wait_for(lambda: machine.builds() == 1)
    process.kill()
    process.communicate()
    assert len(machine.kept()) == 1
    assert ".part-" in machine.kept()[0]

    machine.setup()

    assert len(machine.kept()) == 1
    assert ".part-" not in machine.kept()[0]
    assert links(machine.bin()) == FILES


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_build_leaves_nothing(machine: Machine, number: signal.Signals) -> None:
    process = machine.start(STUB_SECONDS="30")
    wait_for(lambda: machine.builds() == 1)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "stopped" in printed
    assert machine.kept() == []
    assert links(machine.bin()) == set()


def test_a_failed_build_gives_gos_words_and_leaves_nothing(machine: Machine) -> None:
    printed = machine.setup(code=1, STUB_FAIL="no such host: the module proxy")

    assert "no such host: the module proxy" in printed
    assert "install the Pulumi CLI or Go" in printed
    assert machine.kept() == []
    assert links(machine.bin()) == set()


def test_a_go_that_is_too_old_is_named(machine: Machine) -> None:
    printed = machine.setup(code=1, STUB_GO="go1.20.3")

    assert re.search(r"no Go 1\.\d+\S* or newer to build it with: \S+/path/go is 1\.20\.3", printed)
    assert machine.builds() == 0


def test_a_usable_cli_on_path_is_left_as_it_is(machine: Machine) -> None:
    """Nothing is built, and links of an earlier setup no longer stand before it."""
    machine.setup()
    machine.executable("pulumi", "#!/bin/sh\necho v3.238.0\n")
    machine.executable("pulumi-language-python", "#!/bin/sh\n")

    machine.setup()

    assert machine.builds() == 1
    assert links(machine.bin()) == set()


@pytest.mark.parametrize(
    ("version", "with_host", "reason"),
    [
        ("v3.237.9", True, "3.237.9 is older than 3.238.0"),
        ("v3.300.0", False, "no pulumi-language-python"),
        ("what?", True, "doesn't say its version"),
    ],
)
def test_an_unusable_cli_on_path_is_left_aside(
    machine: Machine, version: str, reason: str, *, with_host: bool
) -> None:
    machine.executable("pulumi", f"#!/bin/sh\necho '{version}'\n")
    if with_host:
        machine.executable("pulumi-language-python", "#!/bin/sh\n")

    assert reason in machine.setup()
    assert links(machine.bin()) == FILES


def wait_for(condition: object, seconds: float = 20) -> None:
    """Return once ``condition()`` holds."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
