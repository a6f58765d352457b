"""
Puts a Pulumi CLI and its Python language host where this checkout's commands find them.

The first that serves, in this order: a usable one on PATH, left as it is; one kept in the user's
cache folder from an earlier run; the vendor's release, by the SDK's own installer; a build from
Go modules (`tools/pulumi/`). The last two fill the cache folder, and .venv/bin gets links into it.

Standard library only; run by .venv's Python. What runs Pulumi, and with which settings, is the
Makefile's business.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pulumi_sources import (
    CLI_VERSION,
    HOST_VERSION,
    SCRIPTS,
    Unavailable,
    build_from_go,
    dotted,
    install_from_vendor,
    parse_version,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pulumi_sources import Version

MINIMUM: Version = (3, 238, 0)
"""The oldest CLI that dialform works with."""

FILES = ("pulumi", "pulumi-language-python", *SCRIPTS)
MANIFEST = "complete.json"


def version_of(pulumi: Path) -> Version | None:
    """What the CLI says of itself; None if it does not run."""
    with tempfile.TemporaryDirectory() as home:
        settings = {"PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "1"}
        try:
            done = subprocess.run(
                [pulumi, "version"],
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    return parse_version(done.stdout) if done.returncode == 0 else None


def on_path(search: str, own: Path) -> Path | None:
    """A usable CLI in the folders of ``search``, ``own`` left out, with its language host."""
    folders = [folder for folder in search.split(os.pathsep) if folder]
    others = os.pathsep.join(
        folder for folder in folders if Path(folder).resolve() != own.resolve()
    )
    found = shutil.which("pulumi", path=others)
    if not found:
        return None
    pulumi = Path(found)
    beside = os.fspath(pulumi.resolve().parent)
    host = shutil.which("pulumi-language-python", path=os.pathsep.join([others, beside]))
    version = version_of(pulumi)
    if version is None:
        say(f"leaving {pulumi} aside: it doesn't say its version")
    elif version < MINIMUM:
        say(f"leaving {pulumi} aside: {dotted(version)} is older than {dotted(MINIMUM)}")
    elif not host:
        say(f"leaving {pulumi} aside: no pulumi-language-python beside it or on PATH")
    else:
        return pulumi
    return None


def is_complete(folder: Path) -> bool:
    """Whether ``folder`` holds all four files as they were when it was filled."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {name: (folder / "bin" / name).stat().st_size for name in FILES}
        return bool(manifest["sizes"] == sizes)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where the CLI of this version is kept for this user, platform by platform."""
    base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kind = f"{platform.system()}-{platform.machine()}".lower()
    return base / "dialform" / "pulumi" / f"{CLI_VERSION}+host{HOST_VERSION}" / kind


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One filler of the cache at a time. The lock ends with the process, however it ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("a") as lock:
        with contextlib.suppress(OSError):  # a file system without locks: the rename still holds
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another setup is getting the same; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fill(folder: Path, sources: Mapping[str, Callable[[Path], None]]) -> None:
    """
    Fill ``folder`` from the first of ``sources`` that can, whole or not at all.

    Raises:
        Unavailable: none could; the message has each one's reason.

    """
    with alone(folder):
        if is_complete(folder):
            return
        for left in folder.parent.glob(f"{folder.name}.part-*"):
            shutil.rmtree(left, ignore_errors=True)
        reasons = []
        for source, get in sources.items():
            part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
            try:
                get(part)
                finish(part, source)
                shutil.rmtree(folder, ignore_errors=True)  # incomplete, or we'd not be here
                part.rename(folder)
            except (Unavailable, OSError, subprocess.SubprocessError) as error:
                reasons.append(f"{source}: {error}")
            else:
                return
            finally:
                shutil.rmtree(part, ignore_errors=True)
        raise Unavailable("\n".join(f"  {reason}" for reason in reasons))


def finish(part: Path, source: str) -> None:
    """Prove that ``part`` holds the wanted CLI and write down what is in it."""
    if version_of(part / "bin" / "pulumi") != parse_version(CLI_VERSION):
        raise Unavailable(f"what came is not Pulumi {CLI_VERSION}")
    sizes = {name: (part / "bin" / name).stat().st_size for name in FILES}
    manifest = json.dumps({"source": source, "sizes": sizes})
    (part / MANIFEST).write_text(manifest, encoding="utf-8")
    part.chmod(0o755)


def link(folder: Path, own: Path) -> None:
    """Let ``own`` have links to the four files in ``folder``, each replaced at once."""
    for name in FILES:
        target, place = folder / "bin" / name, own / name
        if place.is_symlink() and place.readlink() == target:
            continue
        fresh = own / f".{name}.{os.getpid()}"
        fresh.symlink_to(target)
        fresh.replace(place)


def ended(_number: int, _frame: object) -> NoReturn:
    """Let a signal end the run as Ctrl-C does, so that nothing is left behind."""
    raise KeyboardInterrupt


def main() -> int:
    """Find or get a CLI; the exit code is 0 where one is ready."""
    parser = argparse.ArgumentParser(description="Get a Pulumi CLI for this checkout.")
    own = Path(sys.executable).parent
    parser.add_argument("--bin", type=Path, default=own, help="where the links go (.venv/bin)")
    parser.add_argument("--no-vendor", action="store_true", help="don't ask the vendor's site")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ended)
    sources = {"vendor": install_from_vendor, "Go": build_from_go}
    if options.no_vendor:
        del sources["vendor"]
    try:
        if on_path(os.environ.get("PATH", ""), options.bin):
            for name in FILES:  # of an earlier setup; they would stand before it on PATH
                (options.bin / name).unlink(missing_ok=True)
            return 0
        folder = cache_folder(os.environ)
        if not is_complete(folder):
            fill(folder, sources)
        link(folder, options.bin)
    except KeyboardInterrupt:
        say("stopped; nothing half-made was left")
        return 130
    except Unavailable as error:
        say(f"no Pulumi CLI {dotted(MINIMUM)} or newer on PATH, and none could be got:\n{error}")
        say("install the Pulumi CLI or Go, put it on PATH, and run `make setup` again")
        return 1
    except OSError as error:
        say(f"can't place the Pulumi CLI: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
