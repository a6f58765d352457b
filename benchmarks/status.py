"""
``dialform status`` of 1,000 presets in 5 environments, against reading the log heads alone.

Both as whole processes, outside of a checkout; the floor knows the names and reads each head
with ``Registry.head``. Usage: ``status.py [PRESETS]``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import Place, clean_environment, processes, report

from dialform.presets.canonical import canonical, digest
from dialform.registry import Change, Meta, Registry, next_entry

AIM = 1.5
ENVIRONMENTS = ("canary", "dev", "prod", "qa", "staging")

FLOOR = """
import sys
from dialform.registry import Registry
registry = Registry.open(sys.argv[1], base=".")
for environment in sys.argv[3:]:
    for at in range(int(sys.argv[2])):
        print(registry.head(environment, f"p{at:04}"))
"""


def write(folder: Path, presets: int) -> None:
    """Logs as `up` writes them, without the blobs: a status opens none. No syncing to disk."""
    Registry.open(str(folder), base=folder.parent).create_marker()
    for environment in ENVIRONMENTS:
        for at in range(presets):
            name = f"p{at:04}"
            log = folder / "releases" / environment / name
            log.mkdir(parents=True)
            head = None
            for version in (1, 2) if at % 10 == 0 and environment == "dev" else (1,):
                content = digest(canonical([name, version]))
                change = Change(
                    "release", version, content, digest(canonical([environment, at, version]))
                )
                meta = Meta(f"2026-11-23T23:00:0{version}Z", by="anna")
                head = next_entry(head, change, meta, environment=environment, preset=name)
                (log / f"{version}.json").write_bytes(head.render())


def main(presets: int = 1000) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "registry"
        write(registry, presets)
        place = Place(Path(folder), clean_environment())
        floor = [sys.executable, "-c", FLOOR, str(registry), str(presets), *ENVIRONMENTS]
        ours = [sys.executable, "-m", "dialform", "status", "--registry", str(registry)]
        for what, command in (("table", ours), ("JSON", [*ours, "--json"])):
            pairs = processes(command, floor, place, runs=7, warm=1)
            report(f"status of {presets} presets x 5 as {what}, heads alone", pairs, aim=AIM)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
