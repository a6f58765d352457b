"""
``dialform board`` of 200 presets in 3 environments: making it, its size, and opening it.

The presets are the reference project's three, over and over under other names, each with words
of its own; every fifth has moved on in dev. The page is opened in Chromium. Usage:
``board.py [PRESETS]``.
"""

from __future__ import annotations

import copy
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import MIB, Place, clean_environment, duration, peak_memory
from selenium import webdriver

from dialform.declaration import Project
from dialform.presets.canonical import Digest, canonical
from dialform.registry import Meta, Registry

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ("dev", "staging", "prod")
RUNS = 7
READY = """
const entry = performance.getEntriesByType("navigation")[0];
return [entry.domContentLoadedEventEnd, entry.loadEventEnd];
"""


def write(folder: Path, presets: int) -> None:
    """What `up` would have left in a registry."""
    project = Project(ROOT)
    registry = Registry.open(str(folder), base=folder.parent)
    registry.create_marker()
    declared = {name: project.environment(name) for name in ENVIRONMENTS}
    bound = {(e, p): declared[e].bound(p) for e in ENVIRONMENTS for p in project.presets}
    for at in range(presets):
        name = f"preset-{at:03}"
        source = project.presets[sorted(project.presets)[at % len(project.presets)]]
        for environment in ENVIRONMENTS:
            base = bound[environment, source.name]
            release(registry, environment, name, source, base, f"number {at}")
        if at % 5 == 0:
            base = bound["dev", source.name]
            release(registry, "dev", name, source, base, f"number {at}, better")


def release(  # noqa: PLR0913, PLR0917 - a release has that many sides
    registry: Registry, environment: str, name: str, source: Any, base: dict[str, Any], words: str
) -> None:
    """Make a preset live whose prompt or flow ends with ``words``."""
    profile = ended(source.profile.document, words)
    document = {**source.document, "profile": registry.publish_blob(canonical(profile))}
    digest = registry.publish_blob(canonical(document))
    made = {**base, "preset": {"name": name, "digest": digest}, "body": ended(base["body"], words)}
    registry.append(
        environment,
        name,
        "release",
        expected=None,
        version=registry.publish_version(name, Digest(digest)),
        preset_digest=Digest(digest),
        bound_digest=registry.publish_blob(canonical(made)),
        meta=Meta("2026-11-23T23:00:00Z", by="anna"),
    )


def ended(document: dict[str, Any], words: str) -> dict[str, Any]:
    """The document with ``words`` at the end of what its prompt says."""
    made = copy.deepcopy(document)
    prompt = made["agentOverrides"]["defaultVersionedPrompt"]
    if "flowDefinition" in prompt:
        prompt["flowDefinition"]["globalContext"] = words
    else:
        prompt["prompt"] += f"\n{words}"
    return made


def opened(page: Path) -> list[tuple[float, float]]:
    """Seconds until the page is ready and loaded, for each run after the first."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    browser = webdriver.Chrome(
        options=options, service=webdriver.ChromeService("/usr/bin/chromedriver")
    )
    times = []
    for _ in range(RUNS + 1):
        browser.get("about:blank")
        browser.get(page.as_uri())
        ready, loaded = browser.execute_script(READY)
        times.append((ready / 1000, loaded / 1000))
    browser.quit()
    return times[1:]


def main(presets: int = 200) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = folder / "registry"
        write(registry, presets)
        place = Place(folder, clean_environment())
        command = [sys.executable, "-m", "dialform", "board", "-o", "board.html"]
        command += ["--registry", str(registry)]
        begun = time.perf_counter()
        memory = peak_memory(command, place)
        took = time.perf_counter() - begun
        page = folder / "board.html"
        size = page.stat().st_size / MIB
        ready, loaded = (statistics.median(each) for each in zip(*opened(page), strict=True))
    what = f"board of {presets} presets x {len(ENVIRONMENTS)}"
    print(f"{what}: made in {duration(took)} with {memory:.0f} MiB, {size:.1f} MiB large")
    print(f"{what} in Chromium: ready in {duration(ready)}, loaded in {duration(loaded)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
