"""docs/ci.md and docs/drift.md say what the workflows and the commands are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dialform.approval import APPROVED
from dialform.cli.main import COMMANDS, main
from dialform.publishing import ACCEPT_DRIFT

ROOT = Path(__file__).parents[2]
CI = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
DRIFT = (ROOT / "docs/drift.md").read_text(encoding="utf-8")


def jobs() -> dict[str, dict[str, Any]]:
    found = {}
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
            found[f"{path.stem}/{name}"] = job
    return found


def test_the_table_lists_what_each_job_names() -> None:
    rows = {
        row[0]: row[1:]
        for row in re.findall(
            r"^\| `([a-z-]+/[a-z]+)` \| (\w+) \| (\w+) \| (\w+) \| (\w+) \| ([\w, ]+) \|$",
            CI,
            re.MULTILINE,
        )
    }
    assert rows.keys() == jobs().keys()
    for name, job in jobs().items():
        text = yaml.safe_dump(job)
        backend, state_key, _, signer, keys = rows[name]
        assert (signer == "yes") == ("DIALFORM_SIGN" in text), name
        assert (backend != "no") == ("PULUMI_BACKEND_URL" in text), name
        assert (state_key == "yes") == ("PULUMI_CONFIG_PASSPHRASE" in text), name
        named = {key.lower() for key in re.findall(r"VOGENT_API_KEY_([A-Z]+)", text)}
        assert named == (set() if keys == "no" else set(keys.split(", "))), name
        if backend == "no" and keys == "no":
            assert "secrets." not in text or name == "promote/promote"


def test_the_workflows_of_the_table_are_all_there() -> None:
    named = set(re.findall(r"^\| `([a-z-]+\.yml)` \|", CI, re.MULTILINE))
    assert named == {path.name for path in (ROOT / ".github/workflows").glob("*.yml")}


@pytest.mark.parametrize("language", ["yaml", "sh"])
def test_the_examples_name_commands_that_exist(language: str) -> None:
    (block,) = re.findall(rf"```{language}\n(.*?)```", CI, re.DOTALL)
    if language == "yaml":
        assert set(yaml.safe_load(block)) == {"stages", "review", "plan", "prod"}
    assert set(re.findall(r"dialform ([a-z]+)", block)) <= set(COMMANDS)


def test_the_settings_are_called_so() -> None:
    assert f"`{APPROVED}`" in CI
    assert f"`{ACCEPT_DRIFT}=1`" in DRIFT


def test_the_classes_of_drift_are_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    main(["drift", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    rows = re.findall(r"^\| `([a-z ]+)` \|", DRIFT, re.MULTILINE)
    assert len(rows) == 5
    for one in rows:
        assert one in said
