"""
Where a Pulumi CLI can be got from: the vendor's release, or a build from Go modules.

Each source fills a folder given to it with ``bin/`` and leaves choosing, keeping and linking to
`setup_pulumi.py`. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Version = tuple[int, int, int]

ROOT = Path(__file__).resolve().parent.parent
CLI_MODULE = ROOT / "tools" / "pulumi" / "cli"
HOST_MODULE = ROOT / "tools" / "pulumi" / "host"

SCRIPTS = {
    "pulumi-language-python-exec": "python/cmd",
    "pulumi-resource-pulumi-python": "python/dist",
}
"""Two of the four files, and where they stand in the SDK's Go module."""

INSTALLER = "https://get.pulumi.com/install.sh"
"""What the SDK's installer fetches first."""

PROBE_SECONDS = 5
VENDOR_SECONDS = 900
REPORT_SECONDS = 15


class Unavailable(Exception):
    """A source can't serve here; the message says why, and the next one is tried."""


def parse_version(text: str) -> Version | None:
    """The first ``1.2.3`` or ``1.2`` in what ``pulumi version`` or ``go version`` printed."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def required(module: Path, dependency: str) -> str:
    """The version of ``dependency`` that ``module``'s go.mod asks for, without the ``v``."""
    text = (module / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^(?:require)?\s*{re.escape(dependency)} v?(\S+)", text, re.MULTILINE)
    if not found:
        raise ValueError(f"{module / 'go.mod'} does not require {dependency}")
    return found[1]


CLI_VERSION = required(CLI_MODULE, "github.com/pulumi/pulumi/pkg/v3")
HOST_VERSION = required(HOST_MODULE, "github.com/pulumi/pulumi/sdk/v3")


def install_from_vendor(target: Path) -> None:
    """Fill ``target`` with the vendor's release, by the SDK's own installer."""
    try:
        urllib.request.urlopen(INSTALLER, timeout=PROBE_SECONDS).close()
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise Unavailable(f"get.pulumi.com can't be reached ({reason})") from None
    code = (
        "import sys; from pulumi.automation import PulumiCommand; from semver import VersionInfo; "
        "PulumiCommand.install(sys.argv[1], VersionInfo.parse(sys.argv[2]), True)"
    )
    command = [sys.executable, "-c", code, os.fspath(target), CLI_VERSION]
    run(command, f"downloading the Pulumi CLI {CLI_VERSION}", seconds=VENDOR_SECONDS)


def build_from_go(target: Path) -> None:
    """Fill ``target`` with a build from Go modules, whose caches Go keeps by itself."""
    go = find_go()
    binaries = target / "bin"
    binaries.mkdir()
    cores = os.cpu_count() or 1
    say(
        f"building the Pulumi CLI {CLI_VERSION} from Go modules with {cores} cores: about "
        f"{max(2, 12 // cores)} minutes if Go has built none of it before (once per user)"
    )
    stamp = "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v"
    for module, package, flags in (
        (
            CLI_MODULE,
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            ["-tags", "osusergo,grpcnotrace", "-ldflags", f"-w -s {stamp}{CLI_VERSION}"],
        ),
        (
            HOST_MODULE,
            "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
            ["-ldflags", f"-w -s {stamp}{HOST_VERSION}"],
        ),
    ):
        name = package.rpartition("/")[2]
        command = [go, "build", "-v", *flags, "-o", os.fspath(binaries / name), package]
        run(command, f"building {name}", cwd=module, env=go_settings())
    listing = [go, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"]
    sdk = subprocess.check_output(listing, cwd=CLI_MODULE, env=go_settings(), text=True).strip()
    for name, folder in SCRIPTS.items():
        shutil.copyfile(Path(sdk, folder, name), binaries / name)
        (binaries / name).chmod(0o755)


def go_settings() -> dict[str, str]:
    """The user's environment, with what would change the build set aside."""
    flags = "-mod=readonly -buildvcs=false"
    return {**os.environ, "GOFLAGS": flags, "GOWORK": "off", "GO111MODULE": "on"}


def find_go(module: Path = CLI_MODULE) -> str:
    """A Go that can build ``module``; raises Unavailable with Go's own words if there is none."""
    needed = f"Go {required(module, 'go')} or newer to build it with"
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go:
        raise Unavailable(f"no {needed}")
    # Asked inside the module, Go says whether it (or a toolchain it can fetch) is new enough.
    done = subprocess.run(
        [go, "version"],
        cwd=module,
        env=go_settings(),
        capture_output=True,
        text=True,
        check=False,
    )
    version = parse_version(done.stdout)
    if done.returncode or not version:
        raise Unavailable(f"no {needed}: {last_line(done.stderr) or go}")
    if version < (parse_version(required(module, "go")) or version):
        raise Unavailable(f"no {needed}: {go} is {dotted(version)}")
    return go


# Running what takes long


def run(
    command: list[str],
    what: str,
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> None:
    """
    Run ``command`` to its end, with a line every 15 seconds; a stop stops all of its processes.

    Raises:
        Unavailable: it failed or took more than ``seconds``; with the end of what it printed.

    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(REPORT_SECONDS)
                    break
                elapsed = time.monotonic() - start
                say(f"{what}: {elapsed:.0f} s, at {last_line(tail(log)) or '...'}")
                if seconds is not None and elapsed > seconds:
                    raise Unavailable(f"{what} took more than {seconds:.0f} s")
        finally:
            stop(process)
        if process.returncode:
            raise Unavailable(f"{what} failed:\n{tail(log, 1500).strip()}")
    say(f"{what}: done in {time.monotonic() - start:.0f} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End ``process`` and what it started; does nothing if it has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


def tail(log: IO[bytes], size: int = 300) -> str:
    """The last ``size`` bytes of ``log``; the writer has its own place in the file."""
    length = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), size, max(0, length - size)).decode("utf-8", "replace")


def last_line(text: str) -> str:
    """The last line of ``text`` that isn't empty, cut to 100 characters."""
    lines = text.split("\n")
    return next((line.strip()[:100] for line in reversed(lines) if line.strip()), "")


def dotted(version: Version) -> str:
    """``1.2.3``."""
    return ".".join(map(str, version))


def say(line: str) -> None:
    """Tell the person who waits."""
    print(f"setup: {line}", file=sys.stderr, flush=True)
