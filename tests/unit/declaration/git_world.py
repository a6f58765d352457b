"""A real git repository with a small project, in a folder of its own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = """\
[workspace]
url = "http://127.0.0.1:8421/api"
keyvar = "VOGENT_API_KEY_{upper}"
[registry]
url = ".dialform/registry"
[agents]
collector = {{ id = "{name}-agent", name = "Collector" }}
[numbers.us]
pool = "{name}-pool"
[models]
fast = {{ id = "{name}-model", name = "Atlas 2 mini" }}
"""
FOLLOWS = '[presets.{}]\nfollow = "source"\n'
PRESET = 'agent = "collector"\nprofile = "{}"\nnumbers = "us"\ntimeoutMinutes = 10\n'
PROFILE = """\
language = "en"
[prompt]
name = "{0}"
model = "fast"
file = "prompts/{0}.md"
"""
PROMPT = "You call about a visit.\nBe polite.\nSay goodbye.\n"


class Repository:
    """A git repository; the project lies at ``root``, perhaps further down."""

    def __init__(self, folder: Path, below: str = "") -> None:
        """An empty repository on the branch main."""
        self.folder = folder
        self.root = folder / below
        self.root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git; what it prints."""
        who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.com")
        command = ["git", *who, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, check=True, encoding="utf-8"
        )
        return done.stdout.strip()

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

    def commit(self, message: str = "change") -> str:
        """Commit everything; the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def declare(self, *presets: str, environments: tuple[str, ...] = ("dev",)) -> None:
        """Write a project in which every preset runs everywhere, from the source."""
        self.write("Pulumi.yaml", "name: calls\nruntime: python\n")
        self.write(".gitignore", ".dialform/\n")
        for name in presets:
            self.write(f"stacks/presets/{name}.toml", PRESET.format(name))
            self.write(f"stacks/profiles/{name}.toml", PROFILE.format(name))
            self.write(f"stacks/prompts/{name}.md", PROMPT)
        for name in environments:
            text = ENVIRONMENT.format(name=name, upper=name.upper())
            runs = "".join(FOLLOWS.format(preset) for preset in presets)
            self.write(f"stacks/{name}.toml", text + runs)

    def pin(self, environment: str, preset: str, version: int, digest: str) -> None:
        """Pin what followed the source."""
        pinned = f'[presets.{preset}]\nversion = {version}\ndigest = "{digest}"\n'
        self.edit(f"stacks/{environment}.toml", FOLLOWS.format(preset), pinned)
