"""A small project for tests: all kinds of files, with nothing wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.declaration import Project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES = {
    "dev.toml": """\
registry = { url = ".dialform/registry", unsigned = true }
[workspace]
url = "https://api.vogent.ai/api"
keyvar = "VOGENT_API_KEY_DEV"

[agents]
desk = { id = "a-1", name = "Desk" }
[models]
fast = { id = "m-1", name = "Fast" }
[voices]
warm = { id = "v-1", name = "Ava" }
[functions]
book = { id = "f-1", name = "Book" }
[extractors]
outcome = { id = "x-1", name = "Outcome", agent = "desk" }
[numbers.us]
members = [
  { id = "n-1", number = "+14155550100" },
  { id = "n-2", number = "+14155550101" },
]
[webhooks]
events = "https://hooks.example.com/dev"
[presets.visit]
follow = "source"
deviation = { timeoutMinutes = 3 }
[presets.survey]
follow = "source"
[calls]
destinations = "any"
""",
    "prod.toml": """\
extends = "dev"
unset = ["presets"]
[workspace]
keyvar = "VOGENT_API_KEY_PROD"
[presets.visit]
version = 1
digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
""",
    "presets/visit.toml": """\
agent = "desk"
profile = "talk"
voice = "warm"
numbers = "us"
timeoutMinutes = 5
[inputs.name]
required = true
example = "Sam Rivera"
[inputs.day]
default = "Tuesday"
""",
    "presets/survey.toml": """\
agent = "desk"
profile = "steps"
numbers = "us"
[inputs.name]
required = true
""",
    "profiles/house.toml": """\
language = "en"
maxDurationSeconds = 480
[prompt]
model = "fast"
modelOptionValues = { temperature = "0.7" }
""",
    "profiles/talk.toml": """\
extends = "house"
[prompt]
name = "talk"
file = "prompts/talk.md"
[[linkedFunctionDefinitionInputs]]
function = "book"
""",
    "profiles/steps.toml": """\
extends = "house"
[prompt]
name = "steps"
prompt = "You are with {{name}}."
flow = "steps"
""",
    "prompts/talk.md": "# Who you are\n\nYou remind {{name}}\nof {{day}}.\n",
    "flows/steps.toml": """\
[node.ask]
question = "Which?"
options = ["roof", "wall"]
next = [
  { equal = "roof", to = "age" },
  { to = "end" },
]
[node.age]
question = "How old?"
next = [
  { greater = "20", to = "book" },
  { to = "end" },
]
[node.book]
function = "book"
inputs = { age = "{{node.age.answer}}" }
next = [{ to = "end" }]
[node.end]
prompt = "Say goodbye."
""",
}
"""The files below stacks/."""


def written(root: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Project:
    """The project in ``root`` with files changed; None makes a folder in the file's place."""
    for name, text in {**FILES, **(changes or {})}.items():
        path = root / "stacks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.mkdir()
        elif isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text, encoding="utf-8")
    return Project(root)


def edited(file: str, old: str, new: str) -> dict[str, str]:
    """The change that puts ``new`` in the place of ``old`` in ``file``."""
    assert old in FILES[file], old
    return {file: FILES[file].replace(old, new, 1)}
