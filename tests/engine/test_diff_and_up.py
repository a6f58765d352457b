"""What `dialform diff source:ENV` says is what the following `pulumi up` does."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from conftest import PRESET, PROFILE, PROMPT

from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

EDITS = 8


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """A project with three presets in one environment, released once."""
    made = make_project()
    made.declare("dev")
    for name in ("reminder", "survey"):
        made.write(
            f"stacks/presets/{name}.toml", PRESET.replace('"collector"\nvoice', f'"{name}"\nvoice')
        )
        made.write(f"stacks/profiles/{name}.toml", PROFILE.replace("collector.md", f"{name}.md"))
        made.write(f"stacks/prompts/{name}.md", f"{PROMPT}This is the {name} call.\n")
        add(made, name)
    made.init("dev")
    made.up()
    return made


def add(project: Project, preset: str) -> None:
    text = (project.root / "stacks/dev.toml").read_text(encoding="utf-8")
    project.write("stacks/dev.toml", f'{text}[presets.{preset}]\nfollow = "source"\n')


def bodies(project: Project) -> dict[str, Any]:
    """What can be sent: the body of each preset that is live."""
    found = {}
    for preset in ("collections", "reminder", "survey"):
        log = project.log(preset)
        if log and log[-1]["state"] == "live":
            digest = log[-1]["boundDigest"].removeprefix("sha256:")
            blob = project.root / f".dialform/registry/blobs/sha256/{digest}.json"
            found[preset] = json.loads(blob.read_bytes())["body"]
    return found


class Editor:
    """Edits as people make them, one at a time."""

    def __init__(self, project: Project, random_: random.Random) -> None:
        self.project = project
        self.random = random_
        self.count = 0

    def edit(self) -> str:
        self.count += 1
        kinds = (
            self.prompt,
            self.timeout,
            self.voice,
            self.deviation,
            self.declared,
            self.comment,
            self.rename,
            self.several,
        )
        return self.random.choice(kinds)()

    def name(self) -> str:
        return self.random.choice(["collections", "reminder", "survey"])

    def prompt(self) -> str:
        which = self.random.choice(["collector", "reminder", "survey"])
        path = f"stacks/prompts/{which}.md"
        text = (self.project.root / path).read_text(encoding="utf-8")
        self.project.write(path, f"{text}Sentence {self.count}.\n")
        return f"prompt of {which}"

    def timeout(self) -> str:
        name = self.name()
        path = f"stacks/presets/{name}.toml"
        text = (self.project.root / path).read_text(encoding="utf-8")
        at = text.index("timeoutMinutes")
        end = text.index("\n", at)
        self.project.write(path, f"{text[:at]}timeoutMinutes = {self.count + 20}{text[end:]}")
        return f"timeout of {name}"

    def voice(self) -> str:
        """Another voice behind the name: no content changes, every call does."""
        ava, ben = seed_id("dev", "voices", "Ava"), seed_id("dev", "voices", "Ben")
        text = (self.project.root / "stacks/dev.toml").read_text(encoding="utf-8")
        old, new = (ava, ben) if ava in text else (ben, ava)
        text = text.replace(old, new)
        names = ("Ava", "Ben") if new == ben else ("Ben", "Ava")
        self.project.write("stacks/dev.toml", text.replace(f'"{names[0]}"', f'"{names[1]}"'))
        return "voice"

    def deviation(self) -> str:
        name = self.name()
        text = (self.project.root / "stacks/dev.toml").read_text(encoding="utf-8")
        head = f"[presets.{name}]\n"
        if head not in text:
            return self.prompt()
        rest = [line for line in text.partition(head)[2].splitlines() if line]
        old = f"{head}{rest[0]}\n" + (f"{rest[1]}\n" if rest[1:] and "deviation" in rest[1] else "")
        new = f'{head}follow = "source"\ndeviation = {{ timeoutMinutes = {self.count} }}\n'
        self.project.edit("stacks/dev.toml", old, new)
        return f"deviation of {name}"

    def declared(self) -> str:
        """Taken out of what runs here, or put back."""
        text = (self.project.root / "stacks/dev.toml").read_text(encoding="utf-8")
        head = "[presets.survey]\n"
        if head not in text:
            add(self.project, "survey")
            return "survey is back"
        self.project.write("stacks/dev.toml", text.partition(head)[0] + _after(text, head))
        return "survey is gone"

    def comment(self) -> str:
        path = f"stacks/presets/{self.name()}.toml"
        text = (self.project.root / path).read_text(encoding="utf-8")
        self.project.write(path, f"# note {self.count}\n{text}")
        return "a comment"

    def rename(self) -> str:
        """A profile under another name."""
        path = "stacks/presets/reminder.toml"
        text = (self.project.root / path).read_text(encoding="utf-8")
        at = text.index("profile = ")
        old = text[at : text.index("\n", at)].split('"')[1]
        new = f"reminder-{self.count}"
        profile = (self.project.root / f"stacks/profiles/{old}.toml").read_text(encoding="utf-8")
        self.project.write(f"stacks/profiles/{new}.toml", profile)
        self.project.write(path, text.replace(f'profile = "{old}"', f'profile = "{new}"'))
        return "a renamed profile"

    def several(self) -> str:
        return f"{self.prompt()} and {self.timeout()}"


def _after(text: str, head: str) -> str:
    """What stands in the file behind a table."""
    rest = text.partition(head)[2]
    at = rest.find("[presets.")
    return rest[at:] if at >= 0 else ""


def test_the_diff_says_what_the_next_up_does(project: Project) -> None:
    """Over generated edits: which logs move, and which bodies can be sent before and after."""
    editor = Editor(project, random.Random(4))  # noqa: S311 - a seed, so that a failure comes again
    for _ in range(EDITS):
        what = editor.edit()
        said = json.loads(project.dialform("diff", "source:dev", "--json"))
        told = {one["name"]: one for one in said["presets"]}
        before = bodies(project)
        logs = {name: len(project.log(name)) for name in ("collections", "reminder", "survey")}
        project.up()
        after = bodies(project)
        moved = {
            name: project.log(name)[-1]["kind"]
            for name in logs
            if len(project.log(name)) > logs[name]
        }
        assert {name: one["effect"] for name, one in told.items()} == moved, what
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        assert changed == {name for name, one in told.items() if one["status"] != "same call"}, what
        for name in changed & before.keys() & after.keys():
            told_fields = {part for one in told[name]["changes"] for part in fields(one)}
            assert told_fields == {
                key
                for key in before[name] | after[name]
                if before[name].get(key) != after[name].get(key)
            }, what
        again = json.loads(project.dialform("diff", "source:dev", "--json", "--exit-code"))
        assert again["presets"] == [], what


def fields(change: dict[str, Any]) -> set[str]:
    """The top-level fields of the body that a change touches."""
    path = change["path"][change["area"] == "deviation" :]
    return {{"bindings": "aiVoiceId", "profile": "agentOverrides"}.get(path[0], path[0])}


def test_a_hold_is_what_the_diff_says_and_what_stops_up(project: Project) -> None:
    project.edit("stacks/prompts/collector.md", "Never threaten.", "Never shout.")
    project.dialform("hold", "collections", "-s", "dev", "--reason", "wrong amount")
    (one,) = json.loads(project.dialform("diff", "source:dev", "--json"))["presets"]
    assert one["effect"].startswith("refused: collections is held in dev")
    assert "wrong amount" in one["effect"]
    entries = project.log()
    project.up(ok=False)
    assert project.log() == entries
