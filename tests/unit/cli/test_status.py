"""``status``, ``history`` and ``approve`` against real registries, in a checkout and outside."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from dialform.cli.main import main
from dialform.presets.canonical import Digest, canonical
from dialform.promotion.status import Declared, Relation, compare
from dialform.registry import Entry, Kind, Meta, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli_project import Project

DOCS = Path(__file__).parents[3] / "docs" / "gates.md"
FIVE = ("dev", "qa", "staging", "canary", "prod")


def released(registry: Registry, environment: str, preset: str, text: str, minute: int) -> Entry:
    """Publish and release a made-up preset of that content."""
    content = {"format": "dialform.preset/1", "call": {"agent": text}, "inputs": {}}
    digest = registry.publish_blob(canonical(content))
    bound = {
        "format": "dialform.bound-preset/1",
        "environment": environment,
        "workspace": "https://api.vogent.ai/api",
        "preset": {"name": preset, "digest": digest},
        "deviation": {"profile": {"maxDurationSeconds": 9}, "timeoutMinutes": 3},
        "bindings": {},
        "body": {"callAgentId": environment},
        "inputs": {},
    }
    return registry.append(
        environment,
        preset,
        "release",
        expected=None,
        version=registry.publish_version(preset, digest),
        preset_digest=digest,
        bound_digest=registry.publish_blob(canonical(bound)),
        meta=Meta(f"2026-11-23T23:{minute:02}:00Z", by="anna", change="https://example.com/1"),
    )


def moved(registry: Registry, environment: str, preset: str, kind: Kind, minute: int) -> Entry:
    meta = Meta(f"2026-11-23T23:{minute:02}:00Z", by="ben", reason="wrong amount")
    return registry.append(environment, preset, kind, expected=None, meta=meta)


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry with five environments, and no checkout around."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIALFORM_REGISTRY", str(tmp_path / "far"))
    monkeypatch.setenv("COLUMNS", "120")
    registry = Registry.open(str(tmp_path / "far"), base=tmp_path)
    for environment in FIVE:
        for preset in ("lead", "visit"):
            released(registry, environment, preset, "one", 1)
    released(registry, "dev", "visit", "two", 2)
    moved(registry, "prod", "lead", "hold", 3)
    return registry


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_all_that_a_registry_knows(far: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "status")
    assert found["format"] == "dialform.status/1"
    assert found["environments"] == sorted(FIVE)
    cells = {(one["environment"], one["preset"]): one for one in found["cells"]}
    assert len(cells) == 10
    assert cells["dev", "visit"]["version"] == 2
    assert cells["dev", "visit"]["age"] > 0
    held = cells["prod", "lead"]
    assert (held["state"], held["by"], held["reason"]) == ("held", "ben", "wrong amount")
    head = far.head("dev", "visit")
    assert head is not None
    assert cells["dev", "visit"]["presetDigest"] == head.preset_digest


def test_the_table_fits_or_becomes_a_list(
    far: Registry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert far.exists
    assert main(["status"]) == 0
    wide = capsys.readouterr().out
    assert wide.splitlines()[0].split() == ["preset", *sorted(FIVE)]
    assert "lead in prod: held since 2026-11-23T23:03:00Z by ben: wrong amount" in wide
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["status"]) == 0
    narrow = capsys.readouterr().out
    assert max(map(len, narrow.splitlines())) <= 80
    assert len(re.findall(r"^(?:lead|visit) +\w+ +\d", narrow, re.MULTILINE)) == 10


def test_a_damaged_head_is_named_and_the_rest_shown(
    far: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert far.exists
    path = tmp_path / "far/releases/qa/visit/1.json"
    path.write_bytes(path.read_bytes().replace(b"anna", b"carl"))
    assert main(["status"]) == 1
    out, err = capsys.readouterr()
    assert "damaged" in out
    assert "lead" in out
    assert "releases/qa/visit/1.json" in err
    found = told(capsys, "status", code=1)
    assert sum(one["fault"] is not None for one in found["cells"]) == 1
    assert main(["history", "visit"]) == 1
    out, err = capsys.readouterr()
    assert out.count("release") == 5
    assert "releases/qa/visit/1.json" in err


def test_a_named_preset_is_looked_at_closely(
    far: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert far.exists
    assert told(capsys, "status")["cells"][0]["deviation"] is None
    (one,) = told(capsys, "status", "visit", "-s", "qa")["cells"]
    assert one["deviation"] == ["profile.maxDurationSeconds", "timeoutMinutes"]
    assert main(["status", "vist"]) == 64
    assert "'vist'" in capsys.readouterr().err
    assert main(["status", "-s", "prd"]) == 64
    assert "did you mean 'prod'?" in capsys.readouterr().err


def test_history_has_every_move(far: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "history", "lead")
    assert found["format"] == "dialform.history/1"
    assert [one["kind"] for one in found["moves"]] == ["hold", *["release"] * 5]
    assert main(["history", "visit", "-s", "dev"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 -> 2" in lines[1]
    assert "https://example.com/1" in lines[1]
    assert len(lines) == 3
    assert main(["history", "vist"]) == 1
    assert "did you mean 'visit'?" in capsys.readouterr().err
    assert far.exists


def test_a_checkout_shows_its_declarations(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = told(capsys, "status")["cells"]
    assert (one["declared"], one["version"]) == ("as declared", 1)
    project.edit("stacks/prompts/collector.md", "polite", "kind")
    (one,) = told(capsys, "status")["cells"]
    assert one["declared"] == "declaration ahead"
    project.edit("stacks/dev.toml", "[presets.collections]", "[presets.other]")
    declared = {one["preset"]: one["declared"] for one in told(capsys, "status")["cells"]}
    assert declared == {"collections": "not declared", "other": "unreadable"}


PINNED = """\
[presets.collections]
version = 1
digest = "{}"
"""


def other_voice(project: Project) -> None:
    project.edit("stacks/dev.toml", '[voices]\nwarm = { id = "', '[voices]\nwarm = { id = "x')


def another_deviation(project: Project) -> None:
    project.edit(
        "stacks/dev.toml",
        "[presets.collections]",
        "[presets.collections]\ndeviation.timeoutMinutes = 3",
    )


def unbound(project: Project) -> None:
    project.edit("stacks/dev.toml", "[voices]\nwarm =", "[voices]\ncold =")


@pytest.mark.parametrize("is_pinned", [False, True])
@pytest.mark.parametrize(
    ("change", "declared"),
    [
        (other_voice, "bound otherwise"),
        (another_deviation, "bound otherwise"),
        (unbound, "unreadable"),
    ],
)
def test_the_same_content_bound_otherwise_is_not_as_declared(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Project], None],
    declared: str,
    *,
    is_pinned: bool,
) -> None:
    """As `plan` says: the next `up` releases it again."""
    if is_pinned:
        head = project.registry.head("dev", "collections")
        assert head is not None
        follows = '[presets.collections]\nfollow = "source"\n'
        project.edit("stacks/dev.toml", follows, PINNED.format(head.preset_digest))
    (one,) = told(capsys, "status")["cells"]
    assert one["declared"] == "as declared"
    change(project)
    (one,) = told(capsys, "status")["cells"]
    assert one["declared"] == declared
    assert main(["status"]) == 0
    assert f"collections in dev: {declared}" in capsys.readouterr().out
    if declared == "bound otherwise":
        said, _ = project.run("plan", "-s", "dev")
        assert said.startswith("collections: release version 1 again, bound otherwise")


def test_a_pinned_document_that_is_damaged_is_a_fault_of_its_cell(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    head = project.registry.head("dev", "collections")
    assert head is not None
    project.edit(
        "stacks/dev.toml", 'follow = "source"', f'version = 1\ndigest = "{head.preset_digest}"'
    )
    blob = project.root / f".dialform/registry/blobs/sha256/{head.preset_digest[7:]}.json"
    blob.write_bytes(blob.read_bytes().replace(b"warm", b"cold"))
    (one,) = told(capsys, "status", code=1)["cells"]
    assert (one["version"], one["declared"]) == (1, None)
    assert head.preset_digest[7:] in one["fault"]


def test_gates_are_shown_before_anyone_tries(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(
        "stacks/prod.toml",
        'extends = "dev"\nunset = ["presets"]\n'
        '[gates]\nfrom = "dev"\nsoak = "30m"\napprovals = ["anna", "ben"]\n',
    )
    head = project.registry.head("dev", "collections")
    assert head is not None
    project.write(
        "stacks/prod.toml",
        (project.root / "stacks/prod.toml").read_text()
        + f'[presets.collections]\nversion = 1\ndigest = "{head.preset_digest}"\n',
    )
    asked = ["approve", "collections@1", "-s", "prod"]
    assert main(asked) == 0
    assert "version 1 (sha256:" in capsys.readouterr().out
    assert told(capsys, *asked)["changed"] is False
    prod = told(capsys, "status", "-s", "prod")["cells"][0]
    assert prod["comparison"]["relation"] == "missing"
    assert [(one["gate"], one["met"]) for one in prod["gates"]] == [
        ("from", True),
        ("soak", True),
        ("approvals", False),
    ]
    assert (
        "approval of ben: `dialform approve collections@1 -s prod`" in prod["gates"][2]["message"]
    )
    by_digest = ["approve", f"collections@{head.preset_digest}", "-s", "prod"]
    project.run(*by_digest, env={"DIALFORM_BY": "ben"})
    prod = told(capsys, "status", "-s", "prod")["cells"][0]
    assert all(one["met"] for one in prod["gates"])
    (kept,) = project.root.glob(".dialform/registry/approvals/prod/*/2.json")
    sound = kept.read_bytes()
    kept.write_bytes(sound.replace(b"ben", b"bob"))
    assert main(["status"]) == 1
    out, err = capsys.readouterr()
    assert "collections" in out
    assert "approvals/prod" in err
    kept.write_bytes(sound)
    assert main(["approve", "collections", "-s", "prod"]) == 64
    assert "collections@1" in capsys.readouterr().err
    assert main(["approve", "collections@9", "-s", "prod"]) == 1


def test_an_empty_registry_is_no_error(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.edit("stacks/dev.toml", ".dialform/registry", ".dialform/other")
    (one,) = told(capsys, "status")["cells"]
    assert (one["version"], one["declared"]) == (None, "not released")


def log(*moves: tuple[int, str]) -> list[Entry]:
    """Releases of contents by the minute, for `compare`."""
    return [
        Entry(
            *("e", "p", seq, "release", "live", 1, Digest(text), Digest(text), (), None),
            *(f"2026-11-23T23:{minute:02}:00Z", None, None, None, None, None, Digest("")),
        )
        for seq, (minute, text) in enumerate(moves, start=1)
    ]


@pytest.mark.parametrize(
    ("there", "here", "relation", "steps"),
    [
        (log((1, "s")), log((2, "s")), "same content", None),
        (log((1, "h"), (3, "s")), log((2, "h")), "behind", 1),
        (log((1, "h"), (3, "x"), (4, "s")), log((2, "h")), "behind", 2),
        (log((1, "s"), (3, "h"), (5, "s")), log((2, "s"), (4, "h")), "behind", 1),
        (log((1, "s")), log((2, "s"), (3, "h")), "ahead", None),
        (log((1, "h"), (3, "s")), log((2, "h"), (4, "s"), (5, "h")), "went back", None),
        (log((1, "s")), log((2, "h")), "apart", None),
        (log((1, "s")), [], "missing", None),
        ([], log((1, "h")), "only here", None),
    ],
)
def test_ahead_and_behind_follow_the_logs(
    there: list[Entry], here: list[Entry], relation: str, steps: int | None
) -> None:
    found = compare("staging", there, here)
    assert (found.relation, found.steps) == (relation, steps)


def test_the_page_explains_every_word() -> None:
    text = DOCS.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z ]+)` \|", text, re.MULTILINE)
    assert set(listed) == {*get_args(Relation), *get_args(Declared)}


def test_the_pages_examples_work(project: Project) -> None:
    """Its gates are read, its command runs."""
    text = DOCS.read_text(encoding="utf-8")
    gates = text.split("# stacks/prod.toml\n", 1)[1].split("```", 1)[0].replace("staging", "dev")
    project.write("stacks/prod.toml", f'extends = "dev"\n{gates}')
    command = text.split("```sh\ndialform ", 1)[1].split("\n", 1)[0]
    assert command == 'approve collections@1 -s prod --reason "heard ten calls"'
    out, _ = project.run("approve", "collections@1", "-s", "prod", "--reason", "heard ten calls")
    assert "is approved by anna" in out
