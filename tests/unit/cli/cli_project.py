"""What the tests of the command line share: a small project, released without the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from dialform.declaration import load_environment
from dialform.presets.canonical import canonical
from dialform.registry import Meta, Registry
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dialform.registry import Entry
    from dialform.sandbox import Sandbox

KEY = "sandbox-dev"
ANN = "+14155550123"

DEV = """
[workspace]
url = "{url}"
keyvar = "VOGENT_API_KEY_DEV"
[registry]
url = ".dialform/registry"
[agents]
collector = {{ id = "{agent}", name = "Collector" }}
[models]
fast = {{ id = "{model}", name = "Atlas 2 mini" }}
[voices]
warm = {{ id = "{voice}", name = "Ava" }}
[numbers.us]
members = [{{ id = "{number}", number = "+14155550150" }}]
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
[inputs.amount]
type = "number"
example = 12.5
"""

PROFILE = """
language = "en"
[prompt]
name = "collector"
model = "fast"
file = "prompts/collector.md"
"""

PROMPT = "You are calling {{name}} about {{amount}} €.\nBe polite.\n"


class Project:
    """A project in a folder, with an environment ``dev`` of the sandbox."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        """Nothing is released yet."""
        self.root = root
        self.sandbox = sandbox
        self.write("Pulumi.yaml", "name: calls\nruntime: python\n")
        self.write(
            "stacks/dev.toml",
            DEV.format(
                url=sandbox.url,
                agent=seed_id("dev", "agents", "Collector"),
                model=seed_id("dev", "models", "Atlas 2 mini"),
                voice=seed_id("dev", "voices", "Ava"),
                number=seed_id("dev", "phone_numbers", "+14155550150"),
            ),
        )
        self.write("stacks/presets/collections.toml", PRESET)
        self.write("stacks/profiles/collector.toml", PROFILE)
        self.write("stacks/prompts/collector.md", PROMPT)
        self.environment = {
            **{
                name: os.environ[name]
                for name in ("PATH", "HOME", "XDG_STATE_HOME")
                if name in os.environ
            },
            "VOGENT_API_KEY_DEV": KEY,
            "DIALFORM_BY": "anna",
            "PYTHONWARNINGS": "error",
        }

    @property
    def registry(self) -> Registry:
        """The project's registry."""
        return Registry.open(".dialform/registry", base=self.root)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def release(self, preset: str = "collections") -> Entry:
        """What `pulumi up` writes for a preset of the working tree."""
        registry = self.registry
        environment = load_environment(self.root, "dev")
        environment.require()
        source = environment.source(preset)
        assert source.profile is not None
        assert source.profile.data is not None
        assert source.data is not None
        registry.publish_blob(source.profile.data)
        digest = registry.publish_blob(source.data)
        registry.publish_environment("dev", environment.document)
        return registry.append(
            "dev",
            preset,
            "release",
            expected=None,
            version=registry.publish_version(preset, digest),
            preset_digest=digest,
            bound_digest=registry.publish_blob(canonical(environment.bound(preset))),
            meta=Meta("2026-11-23T23:00:00Z", by="anna", writer="calls/dev"),
        )

    def command(self, *arguments: str) -> list[str]:
        """A command line of the real CLI."""
        return [sys.executable, "-m", "dialform", *arguments]

    def run(
        self,
        *arguments: str,
        code: int = 0,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> tuple[str, str]:
        """Run the real CLI as a process in the project: stdout and stderr."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            cwd=cwd or self.root,
            env={**self.environment, **(env or {})},
            timeout=60,
            check=False,
            encoding="utf-8",
        )
        assert done.returncode == code, f"{done.returncode}: {done.stderr}"
        assert "Traceback" not in done.stderr
        assert KEY not in done.stdout + done.stderr
        return done.stdout, done.stderr
