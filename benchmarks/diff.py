"""
Diffs of a large project against what the same costs without digests.

1,000 presets against 1,000 with ten edits: in memory and from a registry, against DeepDiff over
the whole trees; and `dialform diff source:dev` against `pulumi preview` of the same, as whole
processes. Usage: ``diff.py [PRESETS [PREVIEWS]]``; 0 previews leaves the engine out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from declare import write
from deepdiff import DeepDiff
from engine import large, say, seconds
from harness import calls, report

from dialform.declaration import Project
from dialform.diff.compare import compare
from dialform.diff.model import Documents, Side, Subject
from dialform.diff.sides import live
from dialform.planning import Plan
from dialform.presets.canonical import canonical
from dialform.presets.documents import BOUND_FORMAT, PRESET_FORMAT, PROFILE_FORMAT
from dialform.registry import Meta, Registry
from dialform.sandbox import Sandbox

if TYPE_CHECKING:
    from dialform.planning import Running

EDITS = 10
MEMORY_AIM = 1 / 100
REGISTRY_AIM = 1 / 45
PREVIEW_AIM = 1 / 5


def planned(root: Path) -> Plan:
    """What the project at ``root`` runs in dev."""
    return Plan(Project(root).environment("dev"), root=root, writer="calls/dev")


def edited(root: Path) -> None:
    """Ten edits, each in a prompt of its own."""
    for at in range(EDITS):
        path = root / f"stacks/prompts/p{at * 7:04}.md"
        path.write_text(path.read_text(encoding="utf-8") + "And be brief.\n", encoding="utf-8")


def tree(running: Running) -> dict[str, Any]:
    """All that is said of a preset."""
    assert running.profile is not None  # noqa: S101 - each has one
    return {"preset": running.document, "profile": running.profile.document, "bound": running.bound}


def subject(running: Running) -> Subject:
    """The preset as a side has it."""
    assert running.profile is not None  # noqa: S101 - each has one
    documents = Documents(running.document, running.profile.document, running.bound)
    return Subject(
        running.name, running.digest, bound_digest=running.bound_digest, opens=lambda: documents
    )


def released(registry: Registry, plan: Plan) -> None:
    """What `pulumi up` writes."""
    registry.publish_environment("dev", plan.declared.document)
    for running in plan.running:
        assert running.profile is not None  # noqa: S101 - each has one
        registry.publish_blob(running.profile.data)
        registry.publish_blob(running.data)
        registry.append(
            "dev",
            running.name,
            "release",
            expected=None,
            version=registry.publish_version(running.name, running.digest),
            preset_digest=running.digest,
            bound_digest=registry.publish_blob(canonical(running.bound)),
            meta=Meta("2026-11-23T23:00:00Z", writer="calls/dev"),
        )


def whole(registry: Registry) -> dict[str, Any]:
    """Everything that is live, read as it stands."""
    found = {}
    for name in registry.presets("dev"):
        head = registry.head("dev", name)
        assert head is not None  # noqa: S101 - it was released
        preset = registry.read_document(head.preset_digest, PRESET_FORMAT)
        found[name] = {
            "preset": preset,
            "profile": registry.read_document(preset["profile"], PROFILE_FORMAT),
            "bound": registry.read_document(head.bound_digest, BOUND_FORMAT),
        }
    return found


def in_memory_and_registry(root: Path, presets: int) -> None:
    """The two figures without the engine."""
    write(root, presets)
    before = planned(root)
    first = Registry.open(str(root / "first"), base=root)
    released(first, before)
    edited(root)
    after = planned(root)
    second = Registry.open(str(root / "second"), base=root)
    released(second, after)
    trees = [{one.name: tree(one) for one in plan.running} for plan in (before, after)]

    def sides() -> tuple[Side, Side]:
        made = [
            Side(label, {one.name: subject(one) for one in plan.running}, "dev")
            for label, plan in (("before", before), ("after", after))
        ]
        return made[0], made[1]

    pair = sides()
    assert len(compare(*pair).presets) == EDITS  # noqa: S101 - what is timed must be right

    pairs = calls(lambda: compare(*sides()), lambda: DeepDiff(trees[0], trees[1]), runs=5, repeat=1)
    report(f"{presets} presets, {EDITS} edits, in memory", pairs, aim=MEMORY_AIM)
    pairs = calls(
        lambda: compare(live(first, "dev"), live(second, "dev")),
        lambda: DeepDiff(whole(first), whole(second)),
        runs=3,
        repeat=1,
    )
    report("the same from two registries", pairs, aim=REGISTRY_AIM)


def against_preview(root: Path, presets: int, runs: int) -> None:
    """Whole processes, with the same verdict."""
    with Sandbox() as sandbox:
        project = large(root / "ours", sandbox, root / "home", presets)
        say("the first up ...")
        project.up(PULUMI_SKIP_CHECKPOINTS="true")
        edited(root / "ours")
        told = json.loads(project.dialform("diff", "source:dev", "--json"))["presets"]
        plan = project.plan()
        updated = {name.split()[1] for name in plan if name.startswith("Release ")}
        assert {one["name"] for one in told} == updated  # noqa: S101 - the same verdict
        pairs = []
        for at in range(runs + 1):
            ours = seconds(project.dialform, "diff", "source:dev")
            pair = (ours, seconds(project.pulumi, "preview", "-s", "dev"))
            pairs += [pair] if at else []
        report("diff source:dev, against pulumi preview", pairs, aim=PREVIEW_AIM)


def main(presets: int = 1000, previews: int = 2) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "memory").mkdir()
        (root / "ours").mkdir()
        in_memory_and_registry(root / "memory", presets)
        if previews:
            against_preview(root, presets, previews)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
