"""
`make demo`, `make preview` and `make up`: the reference project against the sandbox.

Everything that it leaves is under .dialform/ (Pulumi's state, the registry, the ledger, the
sandbox's dials), so `make preview ENV=prod` and `make up ENV=dev` go on from there. The
declarations are only read: the edit that the demo shows is made in a copy.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from dialform.declaration import Project
from dialform.errors import DialformError, SettingError
from dialform.sandbox import Sandbox, SandboxControl

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
LEFT = ROOT / ".dialform"
PORT = 8421
ENVIRONMENTS = ("dev", "staging", "prod")
KEYS = {f"VOGENT_API_KEY_{name.upper()}": f"sandbox-{name}" for name in ENVIRONMENTS}
SPEED = 20.0
"""The sandbox's seconds in one: a call ends while the demo still runs."""


class Failed(Exception):
    """A step ended badly; the message is for the person."""


def environment() -> dict[str, str]:
    """What Pulumi and dialform run with; make sets Pulumi's own switches."""
    return {
        **os.environ,
        **KEYS,
        "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", ""),
        # Without it Pulumi cuts what it shows after 150 characters of a line.
        "PULUMI_OPTION_SHOW_FULL_OUTPUT": "true",
    }


def say(text: str) -> None:
    """A line about what is happening now."""
    print(text, flush=True)


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command to its end; its standard output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(
            f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


@contextlib.contextmanager
def sandbox() -> Iterator[SandboxControl]:
    """The sandbox of the stack files: one that runs already, or one for the time being."""
    LEFT.mkdir(exist_ok=True)
    try:
        with Sandbox(port=PORT, state=LEFT / "sandbox.db", speed=SPEED) as running:
            yield running
            return
    except SettingError as error:
        running_already = SandboxControl(f"http://127.0.0.1:{PORT}")
        try:
            running_already.about()
        except SettingError:
            raise error from None
    with running_already:
        say(f"using the sandbox that runs at {running_already.root}")
        yield running_already


def stack(name: str, cwd: Path = ROOT) -> None:
    """Make the stack, unless it is there. The file backend's folder must exist."""
    (LEFT / "state").mkdir(parents=True, exist_ok=True)
    run("pulumi", "stack", "select", "--create", name, "--non-interactive", cwd=cwd)


def up(name: str) -> str:
    """Release an environment; what it changed, in a few words."""
    stack(name)
    said = run("pulumi", "up", "-s", name, "--yes", "--skip-preview", "--non-interactive")
    counts = [line.strip() for line in said.partition("Resources:")[2].splitlines()]
    return ", ".join(line for line in counts if line and not line.startswith("Duration"))


def example(declared: dict[str, Any]) -> str | None:
    """A value for an input: its example, as `--input` takes it."""
    value = declared.get("example")
    if value is None:
        return None
    return f"={value}" if isinstance(value, str) else f":={json.dumps(value)}"


def dial(project: Project, name: str, number: str) -> list[dict[str, Any]]:
    """Dial each preset of an environment once through the launcher."""
    rows = []
    for preset in project.environment(name).runs:
        inputs: list[str] = []
        for key, declared in project.presets[preset].inputs.items():
            value = example(declared)
            if value is not None:
                inputs += ["--input", f"{key}{value}"]
        said = run("dialform", "dial", preset, "-s", name, "--to", number, *inputs, "--json")
        rows.append({"environment": name, "preset": preset, **json.loads(said)})
    return rows


def show_an_edit() -> None:
    """One changed line of a prompt, as `pulumi preview` shows it to a reviewer."""
    copy = LEFT / "edited"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "stacks", copy / "stacks")
    (copy / ".dialform").symlink_to(LEFT)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    prompt = copy / "stacks/prompts/reminder.md"
    lines = prompt.read_text(encoding="utf-8").splitlines(keepends=True)
    at = max(range(len(lines)), key=lambda index: len(lines[index]))
    before = lines[at]
    lines[at] = f"{before.rstrip()} Speak slowly.\n"
    prompt.write_text("".join(lines), encoding="utf-8")
    say(f"\n== a one-line edit of {prompt.relative_to(copy)}, as a reviewer sees it ==")
    try:
        said = run("pulumi", "preview", "-s", "dev", "--diff", "--non-interactive", cwd=copy)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    say("\n".join(line for line in said.splitlines() if "[urn=" not in line))


def demo() -> None:
    """The whole way: three environments released, every preset dialled in each."""
    begun = time.monotonic()
    project = Project(ROOT)
    with sandbox() as running:
        say(f"sandbox: {running.root} (open it in a browser while this runs)")
        for name in ENVIRONMENTS:
            say(f"pulumi up -s {name} ...")
            say(f"  {up(name)}")
        rows: list[dict[str, Any]] = []
        for at, name in enumerate(ENVIRONMENTS):
            say(f"dialform dial ... -s {name}")
            rows += dial(project, name, f"+1415555010{at}")
        show_an_edit()
        status = {one["id"]: one["status"] for one in running.dials()}
    table = [
        (
            row["environment"],
            row["preset"],
            row["version"],
            row["boundDigest"][7:19],
            row["toNumber"],
            row["dialId"],
            status.get(row["dialId"], ""),
        )
        for row in rows
    ]
    heads = ("environment", "preset", "version", "bound preset", "to", "dial", "status")
    say("\n== released and dialled ==")
    say(tabulate(table, heads, disable_numparse=True))
    say(
        f"\ndone in {time.monotonic() - begun:.0f} s. Go on with:\n"
        "  make preview ENV=prod ARGS=--expect-no-changes\n"
        "  edit stacks/prompts/reminder.md, then: make preview ENV=dev ARGS=--diff\n"
        "  make up ENV=dev"
    )


def pulumi(command: str, name: str, *args: str) -> int:
    """`pulumi preview` or `pulumi up` in the reference project, on this terminal."""
    stack(name)
    asked = ["--yes"] if command == "up" and not sys.stdin.isatty() and "--yes" not in args else []
    line = ["pulumi", command, "-s", name, *asked, *args]
    with sandbox() if command == "up" else contextlib.nullcontext():
        return subprocess.run(line, cwd=ROOT, env=environment(), check=False).returncode


def main(args: list[str]) -> int:
    """``demo``, ``preview ENV ...`` or ``up ENV ...``."""
    try:
        if args[:1] == ["demo"]:
            demo()
            return 0
        return pulumi(args[0], args[1], *args[2:])
    except (Failed, DialformError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run it again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
