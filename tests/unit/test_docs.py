"""
docs/declarations.md says what is so: its examples are a project, its tables are complete.

A fenced block whose first line names a file is that file. ``refused, RULE`` after the name means
that the file is wrong on purpose; the indented line after the block is what is said about it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from dialform.declaration import Project
from dialform.declaration.campaigning import Campaigns
from dialform.declaration.keeping import LedgerSettings
from dialform.declaration.models import (
    Deviation,
    EnvironmentFile,
    Input,
    PresetFile,
    ProfileDeviation,
    ProfileFile,
    Prompt,
)
from dialform.launcher.calling.keeping import Keeping
from dialform.launcher.calling.limits import CEILINGS, MOST, OUTCOMES
from dialform.launcher.campaign import Settings
from dialform.launcher.outcomes import work
from dialform.presets import documents

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "declarations.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n    (\S[^\n]*)\n)?", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"(?:#|//|<!--) (stacks/\S+?)(?:: refused, ([a-z-]+))?(?: -->)?")


class Example(NamedTuple):
    """A fenced block of the page."""

    file: str
    text: str
    refused: str | None
    """The rule, where the file is wrong on purpose."""
    said: str | None
    """The line below the block."""


def examples() -> list[Example]:
    """All blocks that are files."""
    found = []
    for block in FENCE.finditer(TEXT):
        first, _, rest = block[2].partition("\n")
        title = TITLE.fullmatch(first)
        assert title is not None, f"a block without the name of its file: {first}"
        found.append(Example(title[1], rest, title[2], block[3]))
    return found


GOOD = [one for one in examples() if one.refused is None]
REFUSED = [one for one in examples() if one.refused is not None]


def written(root: Path, files: list[Example]) -> Project:
    """A project of these files."""
    for one in files:
        path = root / one.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one.text, encoding="utf-8")
    return Project(root)


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables in the section of that heading, without the tables' heads."""
    level = heading.split(" ", 1)[0]
    section = FENCE.sub("", TEXT).split(f"\n{heading}\n", 1)[1]
    section = re.split(rf"^#{{1,{len(level)}}} ", section, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def names(text: str) -> set[str]:
    """What stands in backquotes and looks like a key."""
    return set(re.findall(r"`([A-Za-z][A-Za-z-]*)`", text))


def test_examples_are_a_project_without_a_finding(tmp_path: Path) -> None:
    """What newcomers copy works as it stands."""
    project = written(tmp_path, GOOD)

    assert project.problems() == []
    assert {"dev", "dev-anna", "prod"} <= set(project.environment_names())
    for name in project.environment("dev").runs:
        assert project.environment("dev").bound(name)["body"]["callAgentId"]


def test_examples_show_every_kind_of_file() -> None:
    """Environments, presets, profiles, prompts, and flows in both forms."""
    kinds = {(Path(one.file).parent.name, Path(one.file).suffix) for one in GOOD}
    assert kinds == {
        ("stacks", ".toml"),
        ("presets", ".toml"),
        ("profiles", ".toml"),
        ("prompts", ".md"),
        ("flows", ".toml"),
        ("flows", ".json"),
    }


@pytest.mark.parametrize("example", REFUSED, ids=lambda one: Path(one.file).stem)
def test_wrong_example_is_refused_with_the_words_shown(example: Example, tmp_path: Path) -> None:
    """An error on the page is the error that users see."""
    problems = written(tmp_path, [*GOOD, example]).problems()

    assert all(one.file == example.file for one in problems)
    assert example.said in [str(one) for one in problems if one.rule == example.refused]


def test_merging_is_what_the_page_says(tmp_path: Path) -> None:
    """The example of extends, unset, null and extraFields gives what each of them promises."""
    body = written(tmp_path, GOOD).environment("dev").bound("survey")["body"]

    assert "timeoutMinutes" not in body
    assert body["aiVoiceId"] is None
    assert body["callPriority"] == "low"
    assert body["voiceOptionValues"] == [{"optionId": "speed", "value": "1.1"}]
    overrides = body["agentOverrides"]
    assert overrides["maxDurationSeconds"] == 480
    assert overrides["defaultVersionedPrompt"]["modelOptionValues"] == [
        {"optionId": "temperature", "value": "0.7"}
    ]


@pytest.mark.parametrize(
    ("kind", "model"),
    [("a preset", PresetFile), ("a profile", ProfileFile), ("an environment", EnvironmentFile)],
)
def test_every_key_of_a_file_is_named(
    kind: str, model: type[PresetFile | ProfileFile | EnvironmentFile]
) -> None:
    """No more and no fewer keys than the format has."""
    listed = re.search(rf"^Keys of {kind}: (.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert names(listed[1]) == set(model.model_fields)


def test_every_key_of_an_input_and_a_prompt_is_named() -> None:
    """Likewise for the tables inside of files."""
    assert {cells[0].strip("`") for cells in rows("## Inputs")} == set(Input.model_fields)
    assert {cells[0].strip("`") for cells in rows("## A profile")} == set(Prompt.model_fields)


def test_every_deviation_is_named() -> None:
    """What an environment may set differently is a closed list."""
    section = TEXT.split("### Deviations\n", 1)[1].split("\n### ", 1)[0]
    assert names(section) == {*Deviation.model_fields, *ProfileDeviation.model_fields}


def test_every_limit_for_campaigns_is_named_with_its_range_and_default() -> None:
    """The ranges are the model's, the defaults the launcher's."""
    table = {cells[0].strip("`"): cells[2:] for cells in rows("### Campaigns")}
    assert set(table) == set(Campaigns.model_fields)
    defaults = Settings()
    for key, field in {**CEILINGS, "failures": "failures"}.items():
        most = MOST.get(key, 1)
        assert [table[key][1], table[key][2]] == [f"{most:.0f}", f"{getattr(defaults, field):g}"]
    assert table["retry"][1] == str(MOST["times"])
    section = TEXT.split("### Campaigns\n", 1)[1].split("\n## ", 1)[0]
    assert set(OUTCOMES) <= set(re.findall(r"`([A-Za-z_-]+)`", section))


def test_every_setting_of_the_ledger_is_named_with_its_default() -> None:
    table = {cells[0].strip("`"): cells[-1] for cells in rows("### Ledger")}
    assert set(table) == set(LedgerSettings.model_fields) == set(Keeping._fields)
    assert table["transcripts"] == f"`{str(Keeping().transcripts).lower()}`"
    assert Keeping().retention is None
    section = " ".join(TEXT.split("### Ledger\n", 1)[1].split("\n## ", 1)[0].split())
    assert (work.DAY, work.HOUSE) == (86400, 300)
    assert "when it starts and once a day" in section
    assert "when it starts and every five minutes" in section


def test_every_name_for_an_id_is_in_the_table() -> None:
    """The table has each twin with the API's field and the kind of binding."""
    places = {
        "a preset": documents.CALL_TWINS,
        "a profile": documents.OVERRIDE_TWINS,
        "`linkedFunctionDefinitionInputs`": documents.FUNCTION_TWINS,
        "a prompt": documents.PROMPT_TWINS,
        "`[ivrConfiguration]`": documents.IVR_TWINS,
        "a flow's node": documents.NODE_TWINS,
    }
    table = {
        (place, here.strip("`"), field.split("`")[1], re.findall(r"\w+", bound)[0])
        for here, place, field, bound in (
            cells for cells in rows("## Names instead of ids") if len(cells) == 4
        )
    }
    assert table == {
        (place, here, field, kind)
        for place, twins in places.items()
        for here, (field, kind) in twins.items()
    }


def rules_in_code() -> set[str]:
    """The rules that the code names where it reports: ``problem(path, rule, ...)`` and the like."""
    found: set[str] = set()
    reporters = {"problem": (0, 1), "report": (1,), "_report": (1,), "refuse": (0,)}
    for path in (ROOT / "src" / "dialform" / "declaration").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                places = [node.args[at] for at in reporters.get(name, ()) if at < len(node.args)]
                found |= _constants(places)
                found |= _constants([one.value for one in node.keywords if one.arg == "rule"])
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                found |= {rule for rule in _constants(node.value.elts[:1]) if "flow-" in rule}
    return found


def _constants(nodes: list[ast.expr]) -> set[str]:
    """The non-empty strings among expressions."""
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    }


def test_every_rule_is_in_the_table() -> None:
    """A rule that validation can name is explained, and no other is."""
    listed = [cells[0].strip("`") for cells in rows("## What is checked")]

    assert set(listed) == rules_in_code()
    assert len(listed) == len(set(listed))
