"""
The real engine: a project in a temporary folder, Pulumi's CLI, a running sandbox.

An engine start costs about a second, so tests of one story share a stack.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialform.sandbox import Sandbox
from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
REFERENCE_URL = "http://127.0.0.1:8421/api"

ENVIRONMENT = """
[workspace]
url = "{url}"
keyvar = "VOGENT_API_KEY_{upper}"
[registry]
url = ".dialform/registry"
[agents]
collector = {{ id = "{agent}", name = "Collector" }}
[models]
fast = {{ id = "{model}", name = "Atlas 2 mini" }}
[voices]
warm = {{ id = "{voice}", name = "Ava" }}
[numbers.us]
members = [{{ id = "{number}", number = "{e164}" }}]
[presets.collections]
follow = "source"
"""

PRESET = """
agent = "collector"
profile = "collector"
voice = "warm"
numbers = "us"
timeoutMinutes = 10
[inputs.name]
required = true
"""

PROFILE = """
language = "en"
maxDurationSeconds = 600
[prompt]
name = "collector"
model = "fast"
file = "prompts/collector.md"
"""

PROMPT = """You are calling {{name}}.
Be polite and factual.
Never threaten.
"""

NUMBERS = {"dev": "+14155550150", "staging": "+14155550160", "prod": "+14155550170"}


@dataclass
class Project:
    """A project of its own, with the engine and a sandbox to run it against."""

    root: Path
    sandbox: Sandbox
    home: Path
    also: dict[str, str] = field(init=False, default_factory=dict)
    """What the environment of every command has besides."""

    def write(self, name: str, text: str) -> None:
        """Write a file below the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def declare(self, *environments: str, preset: str = "collections") -> None:
        """A small project: one preset, one profile, one prompt."""
        for name in environments:
            self.write(
                f"stacks/{name}.toml",
                ENVIRONMENT.format(
                    url=self.sandbox.url,
                    upper=name.upper(),
                    agent=seed_id(name, "agents", "Collector"),
                    model=seed_id(name, "models", "Atlas 2 mini"),
                    voice=seed_id(name, "voices", "Ava"),
                    number=seed_id(name, "phone_numbers", NUMBERS[name]),
                    e164=NUMBERS[name],
                ),
            )
        self.write(f"stacks/presets/{preset}.toml", PRESET)
        self.write("stacks/profiles/collector.toml", PROFILE)
        self.write("stacks/prompts/collector.md", PROMPT)

    def environment(self, **more: str) -> dict[str, str]:
        """The process environment of every command."""
        names = ("HOME", "LANG", "TMPDIR", "XDG_STATE_HOME")
        return {
            **{name: os.environ[name] for name in names if name in os.environ},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PULUMI_HOME": str(self.home),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            "NO_COLOR": "1",
            "VOGENT_API_KEY_DEV": "sandbox-dev",
            "VOGENT_API_KEY_STAGING": "sandbox-staging",
            "VOGENT_API_KEY_PROD": "sandbox-prod",
            "DIALFORM_BY": "anna",
            **self.also,
            **more,
        }

    def run(self, *command: str, ok: bool | None = True, **more: str) -> str:
        """Run a command; its output, both streams. ``ok=None`` takes either end."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        said = done.stdout + done.stderr
        if ok is not None:
            assert (done.returncode == 0) == ok, f"{command} ended with {done.returncode}:\n{said}"
        return said

    def pulumi(self, *args: str, ok: bool | None = True, **more: str) -> str:
        """Run Pulumi's CLI."""
        return self.run("pulumi", *args, "--non-interactive", ok=ok, **more)

    def dialform(self, *args: str, ok: bool | None = True, **more: str) -> str:
        """Run our own."""
        return self.run("dialform", *args, ok=ok, **more)

    def init(self, *stacks: str) -> None:
        """Make stacks in the embedded backend."""
        (self.root / ".dialform/state").mkdir(parents=True, exist_ok=True)
        for stack in stacks:
            self.pulumi("stack", "init", stack)

    def up(self, stack: str = "dev", *args: str, ok: bool | None = True, **more: str) -> str:
        """`pulumi up`, without its preview."""
        return self.pulumi("up", "-s", stack, "--yes", "--skip-preview", *args, ok=ok, **more)

    def plan(self, stack: str = "dev", *args: str, **more: str) -> dict[str, str]:
        """What a preview would do: ``Kind name`` -> operation, unchanged ones left out."""
        said = json.loads(
            subprocess.run(
                ["pulumi", "preview", "-s", stack, "--json", "--non-interactive", *args],
                cwd=self.root,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
                timeout=240,
            ).stdout
        )
        found: dict[str, str] = {}
        for step in said["steps"]:
            kind, _, name = step["urn"].rpartition("::")
            kind = kind.rpartition(":")[2].rpartition("/")[2]
            if step["op"] not in ("same", "create-replacement", "delete-replaced"):
                found[f"{kind} {name}"] = step["op"]
        return found

    def state(self, stack: str = "dev") -> list[dict[str, Any]]:
        """The resources in Pulumi's state."""
        state = json.loads(self.pulumi("stack", "export", "-s", stack))
        resources: list[dict[str, Any]] = state["deployment"].get("resources", [])
        return resources

    def objects(self) -> dict[str, bytes]:
        """Every object of the registry, by key."""
        root = self.root / ".dialform/registry"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    def log(self, preset: str = "collections", stack: str = "dev") -> list[dict[str, Any]]:
        """A release log, oldest first."""
        folder = self.root / f".dialform/registry/releases/{stack}/{preset}"
        if not folder.exists():
            return []
        entries = [json.loads(path.read_bytes()) for path in folder.glob("[0-9]*.json")]
        return sorted(entries, key=lambda entry: entry["seq"])

    def versions(self, preset: str = "collections") -> list[int]:
        """The versions of a preset."""
        folder = self.root / f".dialform/registry/presets/{preset}"
        return sorted(int(path.stem) for path in folder.glob("[0-9]*.json"))


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pulumi's own folder: none of the user's is touched."""
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture(scope="module")
def workspace() -> Iterator[Sandbox]:
    """A sandbox that the tests of a module share."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def make_project(
    tmp_path_factory: pytest.TempPathFactory, workspace: Sandbox, pulumi_home: Path
) -> Callable[[], Project]:
    """An empty project: only Pulumi.yaml and the program."""

    def make() -> Project:
        root = tmp_path_factory.mktemp("project")
        settings = (CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8")
        settings = settings.replace("  options:\n    virtualenv: .venv\n", "")
        assert "virtualenv" not in settings
        (root / "Pulumi.yaml").write_text(settings, encoding="utf-8")
        shutil.copy(CHECKOUT / "__main__.py", root)
        return Project(root, workspace, pulumi_home)

    return make
