"""The JSON Schemas for editors: good files pass, wrong types don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli
from declaration_world import FILES, edited

from dialform.declaration.schema import DIALECT, KINDS, schema

STACKS = Path(__file__).parents[3] / "stacks"
FOLDERS = {
    "presets": "preset",
    "profiles": "profile",
    "flows": "flow",
    "guardrails": "guardrails",
    "": "environment",
}
REFERENCE = {
    path.relative_to(STACKS).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(STACKS.rglob("*.toml"))
}


def kind_of(file: str) -> str:
    """The kind of the file by its folder."""
    return FOLDERS[file.rpartition("/")[0]]


def valid(file: str, text: str) -> bool:
    """Whether the schema of the file's kind takes it."""
    value: Any = tomli.loads(text)
    return jsonschema.Draft202012Validator(schema(kind_of(file))).is_valid(value)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_one(kind: str) -> None:
    made = schema(kind)

    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == DIALECT
    assert made["title"] == f"dialform {kind}"
    for name, one in made["properties"].items():
        assert "description" in one or "$ref" in one, f"{name}: editors show nothing about it"


@pytest.mark.parametrize("file", REFERENCE)
def test_reference_file_passes(file: str) -> None:
    assert valid(file, REFERENCE[file])


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith(".toml")])
def test_file_of_these_tests_passes(file: str) -> None:
    assert valid(file, FILES[file])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("presets/visit.toml", "timeoutMinutes = 5", 'timeoutMinutes = "5"'),
        ("presets/visit.toml", "timeoutMinutes = 5", "timeoutMinutes = 0"),
        ("presets/visit.toml", "timeoutMinutes", "timeoutMinuts"),
        ("presets/visit.toml", 'voice = "warm"', 'voice = ["warm"]'),
        ("presets/visit.toml", "required = true", 'required = "yes"'),
        ("profiles/house.toml", '"0.7"', "0.7"),
        ("profiles/house.toml", "480", "480.5"),
        (
            "profiles/talk.toml",
            "[[linkedFunctionDefinitionInputs]]",
            "[linkedFunctionDefinitionInputs]",
        ),
        ("profiles/talk.toml", "[prompt]", 'unset = "language"\n[prompt]'),
        ("flows/steps.toml", '"20"', "20"),
        ("flows/steps.toml", "[node.end]\nprompt", "[node.end]\ntext"),
        ("dev.toml", '{ id = "v-1", name = "Ava" }', '"Ava"'),
        ("dev.toml", "+14155550101", "(415) 555-0101"),
        ("dev.toml", "https://hooks", "hooks"),
        ("dev.toml", "[webhooks]", "[safeguards]\n[webhooks]"),
        ("dev.toml", "timeoutMinutes = 3", 'voice = "warm"'),
        ("dev.toml", 'follow = "source"', 'follow = "main"'),
    ],
)
def test_wrong_value_is_refused(file: str, old: str, new: str) -> None:
    assert not valid(file, edited(file, old, new)[file])
