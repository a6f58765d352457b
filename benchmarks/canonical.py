"""
Canonical form and digest of each reference preset, against ``json.dumps`` of the same.

In one process; shown, without an aim. A launcher reads two such documents for a dial.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from harness import calls, report

from dialform.declaration import Project
from dialform.presets.canonical import canonical, digest, parse

ROOT = Path(__file__).resolve().parents[1]


def digest_of(document: dict[str, Any]) -> str:
    """What is stored and compared: the name of the canonical bytes."""
    return digest(canonical(document))


def main() -> None:
    """Measure, preset by preset."""
    project = Project(ROOT)
    environment = project.environment("dev")
    for name in project.presets:
        document = environment.bound(name)
        data = canonical(document)
        size = f"{name}, {len(data):,} bytes"
        pairs = calls(partial(digest_of, document), partial(json.dumps, document))
        report(f"canonical form and digest of {size}, against json.dumps", pairs)
        pairs = calls(partial(parse, data), partial(json.loads, data))
        report(f"reading it with the proof of its form, {size}, against json.loads", pairs)


if __name__ == "__main__":
    main()
