"""docs/campaigns.md says what is so: its commands are run in their order, its tables are true."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from campaign_world import CampaignWorld

from dialform.cli.main import main, parse
from dialform.declaration import Project
from dialform.launcher.campaign import Settings
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.claiming import HOST_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres_server import PostgresServerProcess

    from dialform.sandbox import Sandbox

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "docs" / "campaigns.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(\S+\.csv)`:\n\n```csv\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
TOML = re.findall(r"^```toml\n# (\S+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
INPUTS = {"name": {"required": True}, "day": {"required": True}}
LOST = "When nobody knows whether a phone rang"
SHARED = "postgresql://dialform@db.example.com/dialform"


class Line(NamedTuple):
    """A command of the page."""

    section: str
    words: list[str]
    code: int
    """The exit code that the page says; 0 where it says none."""


def commands() -> Iterator[Line]:
    """All commands, in their order."""
    for part in TEXT.split("\n## ")[1:]:
        section = part.partition("\n")[0]
        for block in re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                command, _, said = line.partition("#")
                found = re.search(r"exit code (\d+)", said)
                yield Line(section, shlex.split(command), int(found[1]) if found else 0)


COMMANDS = list(commands())


@pytest.fixture
def documented(tmp_path: Path, sandbox: Sandbox) -> CampaignWorld:
    """The page's files and preset, and a sandbox in which calls end at once."""
    sandbox.speed(500)
    world = CampaignWorld(tmp_path, sandbox)
    world.registry = type(world.registry).open("documented", base=tmp_path)
    world.environment["DIALFORM_REGISTRY"] = str(tmp_path / "documented")
    world.publish_environment(world.url)
    world.release("reminder", inputs=INPUTS)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return world


def test_every_command_does_what_is_said(documented: CampaignWorld) -> None:
    """One after the other; `pulumi up` is a release, and waiting half an hour is a second."""
    world = documented
    said: dict[str, str] = {}
    section = ""
    for line in COMMANDS:
        words = ["busy:2:1s" if one == "busy:2:30m" else one for one in line.words]
        if line.section == LOST != section:
            world.sandbox.fail_next("dials", how="close", after="created")
        section = line.section
        if words[0] != "dialform":
            if words[0] == "pulumi":
                world.release("reminder", inputs=INPUTS, timeoutMinutes=5)
            continue
        if SHARED in words:
            continue
        if "DIAL" in words:
            with closing(Ledger(world.ledger)) as ledger:
                (lost,) = ledger.unknown()
            words[words.index("DIAL")] = lost.id
        out, notes = world.run(*words[1:], code=line.code)
        said[shlex.join(line.words)] = out.decode() + notes

    def told(*wanted: str) -> str:
        (one,) = [text for command, text in said.items() if all(w in command for w in wanted)]
        return one

    shown = re.findall(r"^    (.*)$", TEXT.split("## The calls")[0], re.MULTILINE)
    assert "\n".join(shown) in told("--dry-run")
    assert "0 to call, 0 live, 4 done, 1 skipped" in told("november --yes")
    assert (
        "goes on: 4 done, 1 skipped"
        in said["dialform launch reminder -s dev people.csv --name november"]
    )
    assert "1 person was added to november" in told("--append")
    assert "[canary]; go on with: dialform launch" in told("--canary")
    assert (
        "reminder is held in dev"
        in said["dialform launch reminder -s dev people.csv --name december"]
    )
    assert "7 dials to 5 people with reminder@1" in told("--heard")
    assert "those who remain are called with version 2" in told("--preset reminder@2")
    assert "0 to call, 0 live, 4 done, 1 skipped" in told("--preset reminder@2")
    with closing(Ledger(world.ledger)) as ledger:
        found = {one.name: ledger.counts(one.id) for one in ledger.campaigns()}
        retried = ledger.campaign("dev", "january")
        assert retried is not None
        busy = [one.attempt for one in ledger.find(campaign=retried.id, person="c-1001")]
        versions = {
            name: [one.version for one in ledger.find(campaign=campaign.id)][::-1]
            for name in ("november", "december")
            if (campaign := ledger.campaign("dev", name)) is not None
        }
    assert busy == [3, 2, 1]
    assert versions == {"november": [1] * 5, "december": [1, 1, 2, 2]}
    assert found["february"] == {"done": 2, "skipped": 3}
    assert found["march"] == {"done": 3, "skipped": 2}
    assert "1 of unknown outcome" in told("march --yes")
    assert "dialform replay DIAL --exact" in told("--unknown")
    assert "its campaign counts it as a call" in told("settle")
    rows = (world.folder / "november.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 7
    assert rows[0].startswith("to,person,day,name,dialform_row")


def test_the_command_with_postgres_shares_a_campaign(
    documented: CampaignWorld, postgres: PostgresServerProcess
) -> None:
    (line,) = [one for one in COMMANDS if SHARED in one.words]
    shared = postgres.new_database()
    words = [shared if one == SHARED else one for one in line.words[1:]]
    documented.run(*words)
    _, said = documented.run(*words)
    assert "goes on: 4 done, 1 skipped" in said
    alone = words[: words.index("--ledger")]
    _, said = documented.run(*alone, code=3)
    assert "in another ledger" in said
    assert len(documented.sandbox.dials("dev")) == 4


@pytest.mark.parametrize(("file", "text"), TOML)
def test_what_is_declared_there_is_without_a_finding(tmp_path: Path, file: str, text: str) -> None:
    """On top of what `dialform init` writes."""
    assert main(["init", str(tmp_path / "calls")]) == 0
    path = tmp_path / "calls" / file
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    assert Project(tmp_path / "calls").problems() == []


def test_the_limits_are_the_launchers() -> None:
    table = dict(re.findall(r"^\| `--([a-z-]+)` \| .* \| (.*) \|$", TEXT, re.MULTILINE))
    defaults = Settings()._asdict()
    limits = {name: value for name, value in defaults.items() if name not in ("retry", "suppress")}
    unsaid = {"total": "no limit", "canary": "none"}
    assert table == {
        name.replace("_", "-"): unsaid[name] if value is None else f"{value:g}"
        for name, value in limits.items()
    }
    args = parse(["launch", "p", "f", "-s", "dev", "--name", "n"])
    assert limits.keys() <= vars(args).keys()


def test_the_reasons_to_pause_are_the_engines() -> None:
    (listed,) = re.findall(r"^\| 3 \| (.*) \|$", TEXT, re.MULTILINE)
    folder = ROOT / "src" / "dialform" / "launcher" / "campaign"
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    for rule in re.findall(r"`([a-z-]+)`", listed):
        assert f'Stop(PAUSED, "{rule}"' in code
    assert f"export {HOST_VARIABLE}=" in TEXT


def test_its_links_lead_somewhere() -> None:
    for name, anchor in re.findall(r"\]\((\w+\.md)(?:#([a-z-]+))?\)", TEXT):
        page = (ROOT / "docs" / name).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
        made = {re.sub(r"[^a-z -]", "", one.lower()).replace(" ", "-") for one in headings}
        assert not anchor or anchor in made
