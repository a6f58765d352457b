"""``dialform promote``, ``rollback`` and ``stop``, against a real registry, without the engine."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import tomli
from cli_project import ANN, DEV, Project

from dialform.declaration import load_environment
from dialform.presets.canonical import canonical
from dialform.registry import Meta
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.registry import Entry
    from dialform.sandbox import Sandbox

PIN = """
# What runs here.
[presets.collections]            # moved by promotions
version = {version}              # the number
digest = "{digest}"  # the content
deviation = {{ timeoutMinutes = 5 }}

[presets.zzz]    # another one
follow = "source"
"""


def git(root: Path, *args: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *name, *args], cwd=root, check=True, capture_output=True)


class Two(Project):
    """A project with ``staging``, which follows the source, and ``prod``, which is pinned."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        """Version 1 is live in both."""
        super().__init__(root, sandbox)
        (root / "stacks/dev.toml").unlink()
        self.write("stacks/presets/zzz.toml", 'agent = "collector"\nnumbers = "us"\n')
        for name, number in (("staging", "+14155550160"), ("prod", "+14155550170")):
            self.write(f"stacks/{name}.toml", self.stack(name, number))
        (entry,) = [self.up("staging")]
        self.edit(
            "stacks/prod.toml",
            '[presets.collections]\nfollow = "source"\n',
            PIN.format(version=1, digest=entry.preset_digest),
        )
        self.up("prod")
        git(root, "init", "-q")
        self.commit()

    def stack(self, name: str, number: str) -> str:
        return (
            DEV.format(
                url=self.sandbox.url,
                agent=seed_id(name, "agents", "Collector"),
                model=seed_id(name, "models", "Atlas 2 mini"),
                voice=seed_id(name, "voices", "Ava"),
                number=seed_id(name, "phone_numbers", number),
            )
            .replace("VOGENT_API_KEY_DEV", f"VOGENT_API_KEY_{name.upper()}")
            .replace("+14155550150", number)
        )

    def commit(self) -> None:
        git(self.root, "add", "stacks")
        git(self.root, "commit", "-q", "-m", "x", "--allow-empty")

    def up(self, name: str, **meta: Any) -> Entry:
        """What `pulumi up` writes for ``collections``."""
        registry = self.registry
        environment = load_environment(self.root, name)
        run = environment.run("collections")
        if run.follow is not None:
            source = environment.source("collections")
            assert source.profile is not None
            assert source.profile.data is not None
            assert source.data is not None
            registry.publish_blob(source.profile.data)
            digest = registry.publish_blob(source.data)
            version = registry.publish_version("collections", digest)
            bound = environment.bound("collections")
        else:
            assert run.version is not None
            version, digest = run.version, registry.preset_digest("collections", run.version)
            document = registry.read_document(digest, "dialform.preset/1")
            profile = registry.read_document(document["profile"], "dialform.profile/1")
            bound = environment.bind("collections", document, digest, profile)
        registry.publish_environment(name, environment.document)
        return registry.append(
            name,
            "collections",
            "release",
            expected=None,
            version=version,
            preset_digest=digest,
            bound_digest=registry.publish_blob(canonical(bound)),
            meta=Meta("2026-11-23T23:00:00Z", by="anna", writer=f"calls/{name}", **meta),
        )

    def change(self, text: str) -> Entry:
        """Another version, live in staging."""
        self.write(
            "stacks/prompts/collector.md", f"You are calling {{{{name}}}} {{{{amount}}}} {text}.\n"
        )
        self.commit()
        return self.up("staging")

    def pin(self) -> dict[str, Any]:
        found: dict[str, Any] = tomli.loads(self.text("prod"))["presets"]["collections"]
        return found

    def text(self, name: str) -> str:
        return (self.root / f"stacks/{name}.toml").read_text(encoding="utf-8")


@pytest.fixture
def two(tmp_path: Path, sandbox: Sandbox) -> Two:
    return Two(tmp_path, sandbox)


PROMOTE = ("promote", "collections", "--from", "staging", "--to", "prod")


def test_a_promotion_moves_the_pin_and_nothing_else(two: Two) -> None:
    live = two.change("again")
    before = two.text("prod")
    said, notes = two.run(*PROMOTE)
    after = two.text("prod")
    old = PIN.format(version=1, digest=two.registry.preset_digest("collections", 1))
    assert after == before.replace(old, PIN.format(version=2, digest=live.preset_digest))
    assert "version 1 -> 2 in prod" in said
    assert "again" in said, "the diff shows what is said now"
    assert "pulumi up -s prod" in notes


def test_what_is_released_then_is_equal_content(two: Two) -> None:
    two.change("again")
    two.run(*PROMOTE)
    released = two.up("prod")
    assert released.preset_digest == two.registry.head("staging", "collections").preset_digest  # type: ignore[union-attr]
    assert released.version == 2


def test_a_dry_run_shows_and_writes_nothing(two: Two) -> None:
    two.change("again")
    before = two.text("prod")
    said, _ = two.run(*PROMOTE, "--dry-run")
    assert "version 1 -> 2" in said
    assert "again" in said
    assert two.text("prod") == before


def test_a_dry_run_shows_what_the_promotion_shows(two: Two) -> None:
    """A preset that is new there as well."""
    two.change("again")
    shown, _ = two.run(*PROMOTE, "--dry-run")
    assert two.run(*PROMOTE)[0] == shown
    text = two.text("prod")
    two.write("stacks/prod.toml", text.partition("\n# What runs here.")[0] + "\n")
    two.commit()
    shown, _ = two.run(*PROMOTE, "--dry-run")
    assert "new in prod" in shown
    assert two.run(*PROMOTE)[0] == shown


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_cannot_be_shown_is_not_written(two: Two, more: tuple[str, ...]) -> None:
    """The diff needs what else prod pins, and the registry has it no more."""
    two.change("again")
    two.write(
        "stacks/prod.toml",
        two.text("prod").replace(
            'follow = "source"', f'version = 1\ndigest = "{"sha256:" + "0" * 64}"'
        ),
    )
    two.commit()
    before = two.text("prod")
    _, said = two.run(*PROMOTE, *more, code=1)
    assert "zzz" in said
    assert two.text("prod") == before


def test_the_same_pin_is_no_change(two: Two) -> None:
    before = two.text("prod")
    said, _ = two.run(*PROMOTE)
    assert "pinned in prod already" in said
    assert two.text("prod") == before


def test_all_is_every_pinned_preset(two: Two) -> None:
    two.change("again")
    said = json.loads(two.run("promote", "--all", "--from", "staging", "--to", "prod", "--json")[0])
    assert [(one["preset"], one["moved"]) for one in said["moves"]] == [("collections", True)]
    assert two.pin()["version"] == 2


def test_a_new_preset_is_added(two: Two) -> None:
    text = two.text("prod")
    two.write("stacks/prod.toml", text.partition("\n# What runs here.")[0] + "\n")
    two.commit()
    said, _ = two.run(*PROMOTE)
    assert "new in prod, pinned to version 1" in said
    assert two.text("prod").startswith(text.partition("\n# What runs here.")[0])
    assert two.pin()["version"] == 1


def test_line_ends_stay(two: Two) -> None:
    live = two.change("again")
    path = two.root / "stacks/prod.toml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    two.commit()
    before = path.read_bytes()
    old = two.registry.preset_digest("collections", 1)
    two.run(*PROMOTE)
    assert path.read_bytes() == before.replace(b"version = 1 ", b"version = 2 ").replace(
        old.encode(), live.preset_digest.encode()
    )


def test_a_target_that_is_wrong_is_not_edited(two: Two) -> None:
    two.change("again")
    two.write("stacks/prod.toml", two.text("prod").replace('follow = "source"', "folow = 1"))
    two.commit()
    before = two.text("prod")
    _, said = two.run(*PROMOTE, code=1)
    assert "stacks/prod.toml" in said
    assert two.text("prod") == before


def test_a_pin_of_a_parent_is_overridden_in_the_own_file(two: Two) -> None:
    """The parent may be another environment's as well."""
    live = two.change("again")
    parent = two.text("prod")
    two.write("stacks/base.toml", parent)
    two.write("stacks/prod.toml", '# as base\nextends = "base"\n')
    two.commit()
    two.run(*PROMOTE)
    assert two.text("base") == parent
    assert two.text("prod").startswith('# as base\nextends = "base"\n')
    run = load_environment(two.root, "prod").run("collections")
    assert (run.version, run.digest) == (2, live.preset_digest)
    assert run.deviation is not None, "what else the parent says stays"


# What refuses


def held(two: Two) -> None:
    two.run("hold", "collections", "-s", "staging", "--reason", "look")


def withdrawn(two: Two) -> None:
    two.run("withdraw", "collections", "-s", "staging", "--reason", "over")


def rolled_back(two: Two) -> None:
    two.run("rollback", "collections", "-s", "staging", "--now", "--reason", "bad")


def rolled_back_there(two: Two) -> None:
    """Version 2 is pinned in the target, and somebody put version 1 back."""
    two.run(*PROMOTE)
    two.up("prod")
    two.change("for the third time")
    two.run("rollback", "collections", "-s", "prod", "--now", "--reason", "bad")


def held_there(two: Two) -> None:
    """On top of that."""
    rolled_back_there(two)
    two.run("hold", "collections", "-s", "prod", "--reason", "look")


def yanked_there(two: Two) -> None:
    two.run("yank", "collections@2", "-s", "prod", "--reason", "bad")


def yanked_here(two: Two) -> None:
    two.run("yank", "collections@2", "-s", "staging", "--reason", "bad")


def dirty(two: Two) -> None:
    two.write("stacks/prod.toml", two.text("prod") + "\n# a note\n")


def edited(two: Two) -> None:
    """By hand, to a version that is neither live nor what is promoted."""
    two.change("for the third time")
    two.edit("stacks/prod.toml", "version = 1 ", "version = 2 ")
    two.edit(
        "stacks/prod.toml",
        two.registry.preset_digest("collections", 1),
        two.registry.preset_digest("collections", 2),
    )
    two.commit()


def unbound(two: Two) -> None:
    text = two.text("prod")
    at = text.index("[voices]")
    two.write("stacks/prod.toml", text[:at] + text[text.index("[numbers.us]") :])
    two.commit()


REFUSALS = {
    "held": (held, "is held in staging", "not-live"),
    "withdrawn": (withdrawn, "is withdrawn in staging", "not-live"),
    "rolled back": (rolled_back, "is rolled back in staging", "not-live"),
    "rolled back in the target": (rolled_back_there, "rolled back to version 1", "rolled-back"),
    "held when rolled back": (held_there, "rolled back to version 1", "rolled-back"),
    "yanked in the target": (yanked_there, "version 2 is yanked in prod", "yanked"),
    "yanked in the source": (yanked_here, "version 2 is yanked in staging", "yanked"),
    "uncommitted": (dirty, "not committed", "dirty"),
    "edited pin": (edited, "version 2 and version 1 is live", "edited-pin"),
    "unbound": (unbound, "[voices] warm", "unbound"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_refuses_a_promotion(two: Two, case: str) -> None:
    arrange, words, rule = REFUSALS[case]
    two.change("again")
    arrange(two)
    before = two.text("prod")
    _, said = two.run(*PROMOTE, code=3)
    assert words in said
    assert f"[{rule}]" in said
    assert two.text("prod") == before


def test_a_dirty_file_is_edited_where_that_is_allowed(two: Two) -> None:
    two.change("again")
    dirty(two)
    two.run(*PROMOTE, "--allow-dirty")
    assert two.pin()["version"] == 2
    assert two.text("prod").endswith("# a note\n")


def test_nothing_moves_unless_all_can(two: Two) -> None:
    two.change("again")
    before = two.text("prod")
    _, said = two.run("promote", "collections", "zzz", "--from", "staging", "--to", "prod", code=3)
    assert "zzz: was never released in staging" in said
    assert "zzz: follows the source in prod" in said
    assert two.text("prod") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("promote", "collections", "--from", "stagign", "--to", "prod"), "did you mean 'staging'"),
        (("promote", "collections", "--from", "staging", "--to", "prd"), "did you mean 'prod'"),
        (
            ("promote", "colections", "--from", "staging", "--to", "prod"),
            "did you mean 'collections'",
        ),
        (("promote", "--from", "staging", "--to", "prod"), "say which presets, or --all"),
        (
            ("promote", "x", "--all", "--from", "staging", "--to", "prod"),
            "say which presets, or --all",
        ),
        (("promote", "--all", "--from", "prod", "--to", "prod"), "are both prod"),
        (("rollback", "collections", "-s", "prod", "--to", "x"), "a version's number"),
        (("rollback", "collections", "-s", "prod", "--now"), "--now needs --reason"),
        (
            ("rollback", "collections", "-s", "prod", "--reason", "x", "--to", "1"),
            "goes with --now",
        ),
        (("stop", "-s", "prod", "--reason", "x"), "say which presets, or --all"),
        (("stop", "--all", "-s", "prod", "--reason", " "), "--reason is empty"),
    ],
)
def test_wrong_usage_names_what_is_right(two: Two, arguments: tuple[str, ...], words: str) -> None:
    assert words in two.run(*arguments, code=64)[1]


def test_of_two_promotions_at_once_one_wins(two: Two) -> None:
    """The other says so, and nothing is lost."""
    two.change("again")
    processes = [
        subprocess.Popen(
            two.command(*PROMOTE, "--allow-dirty"),
            cwd=two.root,
            env=two.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    said = [(process.communicate(timeout=60)[0], process.returncode) for process in processes]
    assert two.pin()["version"] == 2
    assert {code for _, code in said} <= {0, 3}
    assert sum("version 1 -> 2" in text for text, _ in said) == 1
    for text, code in said:
        assert code == 0 or "another promotion or rollback" in text
        assert code != 0 or "version 1 -> 2" in text or "already" in text


# Rollback


def moved_on(two: Two) -> None:
    """Version 2 is live in prod."""
    two.change("again")
    two.run(*PROMOTE)
    two.up("prod")
    two.commit()


def test_a_rollback_moves_the_pin_back(two: Two) -> None:
    moved_on(two)
    said, _ = two.run("rollback", "collections", "-s", "prod")
    assert "version 2 -> 1 in prod" in said
    assert two.pin()["version"] == 1
    assert two.up("prod").version == 1


def test_a_rollback_now_is_dialled_and_stays(two: Two) -> None:
    """Calls go on with the old version, as it was; what is declared otherwise does not move it."""
    first = two.registry.head("prod", "collections")
    assert first is not None
    moved_on(two)
    said, _ = two.run("rollback", "collections", "-s", "prod", "--now", "--reason", "wrong day")
    head = two.registry.head("prod", "collections")
    assert head is not None
    assert "calls go on with version 1" in said
    assert (head.kind, head.state, head.version) == ("rollback", "rolled-back", 1)
    assert (head.preset_digest, head.bound_digest) == (first.preset_digest, first.bound_digest)
    assert (head.reason, head.writer) == ("wrong day", first.writer)
    call = (
        "dial",
        "collections",
        "-s",
        "prod",
        "--to",
        "+14155550123",
        "--input",
        "name=Ann",
        "--input",
        "amount:=1",
        "--dry-run",
    )
    assert json.loads(two.run(*call)[0])["timeoutMinutes"] == 5
    again, _ = two.run(
        "rollback", "collections", "-s", "prod", "--to", "1", "--now", "--reason", "x"
    )
    assert "was so already" in again
    diff = ("diff", "source:prod", "--preset", "collections", "--json")
    (effect,) = json.loads(two.run(*diff)[0])["presets"]
    assert "was rolled back to version 1 in prod" in effect["effect"]
    two.run("rollback", "collections", "-s", "prod", "--to", "1")
    agreed = two.up("prod")
    assert (agreed.state, agreed.version) == ("live", 1)


def test_what_follows_the_source_has_no_pin_to_move(two: Two) -> None:
    two.change("again")
    _, said = two.run("rollback", "collections", "-s", "staging", code=3)
    assert "use --now" in said


def test_there_must_be_something_to_go_back_to(two: Two) -> None:
    assert "was ever live in prod" in two.run("rollback", "collections", "-s", "prod", code=1)[1]
    _, said = two.run("rollback", "collections", "-s", "prod", "--to", "9", code=1)
    assert "version 9 of collections was ever live in prod; there was: 1" in said


def test_a_yanked_version_is_passed_over_and_refused(two: Two) -> None:
    moved_on(two)
    two.run("yank", "collections@1", "-s", "prod", "--reason", "bad")
    two.run("rollback", "collections", "-s", "prod", code=1)
    assert "yanked" in two.run("rollback", "collections", "-s", "prod", "--to", "1", code=3)[1]
    now = ("--now", "--reason", "x")
    assert (
        "yanked" in two.run("rollback", "collections", "-s", "prod", "--to", "1", *now, code=3)[1]
    )


def test_a_hold_on_a_rollback_gives_it_back(two: Two) -> None:
    """And `resume` once more ends it; `resume --all` ends holds alone."""
    moved_on(two)
    two.run("rollback", "collections", "-s", "prod", "--now", "--reason", "wrong day")
    two.run("stop", "--all", "-s", "prod", "--reason", "blocked")
    said, _ = two.run("resume", "collections", "-s", "prod", "--reason", "free")
    assert "version 1 is rolled back to as before the hold" in said
    said, _ = two.run("plan", "-s", "prod", code=3)
    assert "was rolled back to version 1 in prod" in said
    assert "nothing is held" in two.run("resume", "--all", "-s", "prod", "--reason", "free")[1]
    said, _ = two.run("resume", "collections", "-s", "prod", "--reason", "it was right")
    assert "version 1 is live again" in said
    assert "release version 2 in place of version 1" in two.run("plan", "-s", "prod")[0]


# Stop


def test_stop_holds_each_and_goes_on_after_a_failure(two: Two) -> None:
    said, notes = two.run("stop", "nothere", "collections", "-s", "prod", "--reason", "x", code=1)
    assert "collections in prod: version 1 is held" in said
    assert "nothere was never released in prod" in notes
    assert "1 of 2 held" in notes
    head = two.registry.head("prod", "collections")
    assert head is not None
    assert head.state == "held"


def test_stop_all_holds_everything_there(two: Two) -> None:
    said = json.loads(two.run("stop", "--all", "-s", "prod", "--reason", "x", "--json")[0])
    assert [(one["preset"], one["held"], one["changed"]) for one in said["presets"]] == [
        ("collections", True, True)
    ]
    again = json.loads(two.run("stop", "--all", "-s", "prod", "--reason", "x", "--json")[0])
    assert [one["changed"] for one in again["presets"]] == [False]


# Gates


def gated(two: Two, gates: str) -> None:
    two.write("stacks/prod.toml", f"{two.text('prod')}\n[gates]\n{gates}\n")
    two.commit()


def test_a_soak_that_is_not_over_refuses_and_says_when_it_is(two: Two) -> None:
    two.change("again")  # live in staging since a fixed day long ago
    gated(two, 'from = "staging"\nsoak = "9999d"')
    before = two.text("prod")
    _, said = two.run(*PROMOTE, code=3)
    assert "[soak]" in said
    assert "met at 20" in said
    assert two.text("prod") == before
    two.edit("stacks/prod.toml", "9999d", "1m")
    two.commit()
    two.run(*PROMOTE)
    assert two.pin()["version"] == 2


def test_an_approval_of_the_digest_opens_the_gate(two: Two) -> None:
    two.change("again")
    gated(two, 'approvals = ["ben"]')
    _, said = two.run(*PROMOTE, code=3)
    assert "[approvals]" in said
    assert "dialform approve collections@2 -s prod" in said
    approved, _ = two.run("approve", "collections@2", "-s", "prod", env={"DIALFORM_BY": "ben"})
    assert "again" in approved, "what is approved is shown"
    two.run(*PROMOTE)
    assert two.pin()["version"] == 2


def test_dials_completed_in_staging_open_the_gate(two: Two) -> None:
    """Called, waited for, published: then the very content may go on."""
    two.change("again")
    gated(two, 'from = "staging"\ndials = 1\nfailureRate = 0.2')
    _, said = two.run(*PROMOTE, code=3)
    assert "0 of 1 dials with version 2 completed in staging" in said
    assert "[failureRate]" in said
    key = {"VOGENT_API_KEY_STAGING": "sandbox-staging"}
    call = ("--to", ANN, "--input", "name=Ann", "--input", "amount:=2")
    out, _ = two.run("dial", "collections", "-s", "staging", *call, "--json", env=key)
    two.run("results", "-s", "staging", "--publish")
    _, said = two.run(*PROMOTE, code=3)
    assert "0 of 1 dials" in said, "it has not ended"
    two.sandbox.advance(600)
    two.run("wait", json.loads(out)["dialId"], "-s", "staging", env=key)
    two.run("results", "-s", "staging", "--publish")
    status = json.loads(two.run("status", "--json")[0])
    cells = {(one["preset"], one["environment"]): one for one in status["cells"]}
    verdicts = {one["gate"]: one["met"] for one in cells["collections", "prod"]["gates"]}
    assert verdicts == {"from": True, "dials": True, "failureRate": True}
    two.run(*PROMOTE)
    assert two.pin()["version"] == 2


def test_a_version_comes_from_where_the_gate_says(two: Two) -> None:
    two.change("again")
    two.write("stacks/qa.toml", 'extends = "staging"\n')
    gated(two, 'from = "qa"')
    assert "[from]" in two.run(*PROMOTE, code=3)[1]


def test_a_diff_of_environments_says_what_is_not_released_there(two: Two) -> None:
    two.run("withdraw", "collections", "-s", "prod", "--reason", "over")
    said, _ = two.run("diff", "staging", "prod")
    assert "collections  not released in prod, version 1 in the other" in said
    said, _ = two.run("diff", "prod", "staging")
    assert "collections  not released in prod, version 1 in the other" in said
