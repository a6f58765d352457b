"""
The real engine over a large project: a preview without changes, and a first `up`.

The floor is a program with as many dynamic resources under as many components, with the very
same properties, whose provider does nothing: what Pulumi itself costs. Usage:
``engine.py [PRESETS [RUNS]]``, by default 1000 presets (3,000 resources), 3 runs.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/engine"))

from conftest import PRESET, PROFILE, PROMPT, Project  # noqa: E402 - the tests' project
from harness import report  # noqa: E402

from dialform.sandbox import Sandbox  # noqa: E402

PREVIEW_AIM = 1.05
UP_AIM = 2.0
FAST = {"PULUMI_SKIP_CHECKPOINTS": "true"}

FLOOR_PROVIDER = """
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider


class Nothing(ResourceProvider):
    serialize_as_secret_always = False

    def diff(self, _id, _olds, _news):
        return DiffResult(changes=False)

    def create(self, props):
        return CreateResult("nothing", props)


class Empty(Resource, module="floor", name="Empty"):
    def __init__(self, name, props, opts):
        super().__init__(Nothing(), name, props, opts)
"""

FLOOR_PROGRAM = """
import json
from pathlib import Path

import pulumi
from floor_provider import Empty

parents = {}


def parent(name):
    if name not in parents:
        parents[name] = pulumi.ComponentResource(f"floor:index:{name}", name)
    return pulumi.ResourceOptions(parent=parents[name])


for at, (component, props) in enumerate(json.loads(Path("resources.json").read_text())):
    Empty(f"r{at}", props, parent(component))
"""


def large(root: Path, sandbox: Sandbox, home: Path, presets: int) -> Project:
    """A project of ``presets`` presets, each with its own profile and prompt."""
    project = Project(root, sandbox, home)
    shutil.copy(ROOT / "__main__.py", root)
    settings = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
    project.write("Pulumi.yaml", settings.replace("  options:\n    virtualenv: .venv\n", ""))
    project.declare("dev")
    (root / "stacks/presets/collections.toml").unlink()
    lines = (root / "stacks/dev.toml").read_text(encoding="utf-8").partition("[presets.")[0]
    for at in range(presets):
        name = f"p{at:04}"
        preset = PRESET.replace('profile = "collector"', f'profile = "{name}"')
        project.write(f"stacks/presets/{name}.toml", preset)
        project.write(f"stacks/profiles/{name}.toml", PROFILE.replace("collector.md", f"{name}.md"))
        project.write(f"stacks/prompts/{name}.md", f"{PROMPT * 10}This is number {at}.\n")
        lines += f'[presets.{name}]\nfollow = "source"\n'
    project.write("stacks/dev.toml", lines)
    project.init("dev")
    return project


def floor(root: Path, sandbox: Sandbox, home: Path, like: list[dict[str, Any]]) -> Project:
    """A project of empty resources with the properties of ``like``."""
    project = Project(root, sandbox, home)
    project.write(
        "Pulumi.yaml",
        "name: floor\nruntime: python\nbackend:\n  url: file://./.dialform/state?metadata=skip\n",
    )
    project.write("__main__.py", FLOOR_PROGRAM)
    project.write("floor_provider.py", FLOOR_PROVIDER)
    resources = []
    for resource in like:
        if "__provider" in resource.get("inputs", {}):
            props = {key: value for key, value in resource["inputs"].items() if key != "__provider"}
            resources.append((resource["parent"].rpartition("::")[2], props))
    project.write("resources.json", json.dumps(resources))
    project.init("dev")
    return project


def seconds(run: Any, *args: str, **more: str) -> float:
    """How long a command takes."""
    begun = time.perf_counter()
    run(*args, **more)
    return time.perf_counter() - begun


def say(text: str) -> None:
    """A line, at once."""
    print(text, flush=True)


def main(presets: int = 1000, runs: int = 3) -> None:
    """Measure, in turn."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        home = Path(folder) / "home"
        roots = [Path(folder) / name for name in ("ours", "floor")]
        for root in roots:
            root.mkdir()
        ours = large(roots[0], sandbox, home, presets)
        say(f"{presets} presets: the first up ...")
        first = seconds(ours.up, **FAST)
        base = floor(roots[1], sandbox, home, ours.state())
        path = {"PYTHONPATH": str(roots[1])}
        base.up("dev", ok=True, **FAST, **path)
        sizes = [
            sum(one.stat().st_size for one in (root / ".dialform/state").rglob("dev.json"))
            for root in roots
        ]
        say(f"state: {sizes[0]:,} bytes, the floor's {sizes[1]:,}")
        preview = ("preview", "-s", "dev", "--expect-no-changes")
        pairs: list[tuple[float, float]] = []
        for at in range(runs + 1):
            pair = (seconds(ours.pulumi, *preview), seconds(base.pulumi, *preview, **path))
            if at:  # the first is a warm-up
                pairs.append(pair)
                say(f"  preview {pair[0]:.2f} s, the floor's {pair[1]:.2f} s")
        report("preview without changes, against the floor", pairs, aim=PREVIEW_AIM)
        again = [(first, seconds(ours.up)) for _ in range(runs)]
        report("first up, against an up without changes", again, aim=UP_AIM)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
