"""``dialform drift`` against the sandbox, and what was recorded for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli_project import Project

from dialform.api.client import Client
from dialform.declaration import load_environment
from dialform.drift import FieldChange, Key, changes, object_document
from dialform.errors import Refused
from dialform.presets.canonical import canonical
from dialform.publishing import (
    Wanted,
    Workspace,
    WorkspaceRef,
    publish_preset,
    publish_profile,
    release,
)
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.registry import Entry
    from dialform.sandbox import Sandbox

AGENT = seed_id("dev", "agents", "Collector")
VOICE = seed_id("dev", "voices", "Ava")
PROMPT = seed_id("dev", "versioned_prompts", "Collector v2")


class Recorded(Project):
    """A project that is released as `pulumi up` does it, with what it leans on."""

    def up(self) -> Entry:
        environment = load_environment(self.root, "dev")
        source = environment.source("collections")
        assert source.digest is not None
        assert source.data is not None
        bound = environment.bound("collections")
        ref = WorkspaceRef(self.sandbox.url, "VOGENT_API_KEY_DEV", None)
        with Client(self.sandbox.url, "sandbox-dev") as client:
            workspace = Workspace(ref, lambda: client)
            if source.profile is not None:
                assert source.profile.data is not None
                publish_profile(self.registry, workspace, source.profile.data, {})
            publish_preset(self.registry, workspace, "collections", source.data)
            self.registry.publish_environment("dev", environment.document)
            head = self.registry.head("dev", "collections")
            wanted = Wanted(
                environment="dev",
                workspace=self.sandbox.url,
                preset="collections",
                preset_digest=source.digest,
                bindings=bound["bindings"],
                deviation=bound["deviation"],
                bound_digest=_digest(bound),
            )
            saw = 0 if head is None else head.seq
            return release(self.registry, workspace, wanted, writer="calls/dev", saw=saw)

    def look(self, *args: str, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.run("drift", "-s", "dev", "--json", *args, code=code)[0]
        )
        return found["presets"][0]  # type: ignore[no-any-return]


def _digest(bound: dict[str, Any]) -> Any:
    from dialform.presets.canonical import digest  # noqa: PLC0415 - beside its use

    return digest(canonical(bound))


@pytest.fixture
def recorded(tmp_path: Path, sandbox: Sandbox) -> Recorded:
    made = Recorded(tmp_path, sandbox)
    made.up()
    return made


def test_a_release_leans_on_what_it_names(recorded: Recorded) -> None:
    entry = recorded.registry.head("dev", "collections")
    assert entry is not None
    assert entry.references is not None
    rows = recorded.registry.read_document(entry.references, "dialform.references/1")["objects"]
    assert {row["kind"] for row in rows} == {"agents", "models", "voices", "numbers"}
    assert recorded.look()["class"] == "clean"


def test_fields_are_shown_with_both_values(recorded: Recorded) -> None:
    recorded.sandbox.edit("dev", "voices", VOICE, voiceTier="STANDARD")
    found = recorded.look("--exit-code", code=2)
    (one,) = found["objects"]
    assert (found["class"], one["kind"], one["name"]) == ("workspace ahead", "voices", "Ava")
    assert one["fields"] == [{"path": "voiceTier", "before": "PREMIUM", "after": "STANDARD"}]
    said, _ = recorded.run("drift", "-s", "dev")
    assert 'voiceTier: "PREMIUM" -> "STANDARD"' in said
    assert "leaned on by collections" in said


def test_what_changes_by_itself_is_no_drift(recorded: Recorded) -> None:
    recorded.sandbox.edit("dev", "voices", VOICE, updatedAt="2026-12-01", usageCount=7)
    number = seed_id("dev", "phone_numbers", "+14155550150")
    recorded.sandbox.edit("dev", "phone_numbers", number, agentId=AGENT)
    assert recorded.look("--exit-code")["class"] == "clean"


def test_an_object_that_is_gone_is_said(recorded: Recorded) -> None:
    recorded.sandbox.remove("dev", "voices", VOICE)
    (one,) = recorded.look()["objects"]
    assert one["gone"]
    assert "voices 'Ava'" in recorded.run("drift", "-s", "dev")[0]


def test_the_agents_own_prompt_counts_where_it_speaks(recorded: Recorded) -> None:
    """It can be changed in place: the id alone pins nothing that is said."""
    recorded.edit("stacks/presets/collections.toml", 'profile = "collector"\n', "")
    recorded.edit(
        "stacks/presets/collections.toml", "[inputs.name]", "[inputs.name]\nusedElsewhere = true"
    )
    recorded.edit(
        "stacks/presets/collections.toml",
        "[inputs.amount]",
        "[inputs.amount]\nusedElsewhere = true",
    )
    recorded.up()
    assert recorded.look()["class"] == "clean"
    recorded.sandbox.edit("dev", "versioned_prompts", PROMPT, prompt="Be brief.\nShout.")
    (one,) = recorded.look()["objects"]
    assert [field["path"] for field in one["fields"]] == ["prompt"]
    assert "+ Shout." in recorded.run("drift", "-s", "dev")[0]


def test_a_declaration_that_is_ahead_is_told_apart(recorded: Recorded) -> None:
    recorded.edit("stacks/prompts/collector.md", "Be polite", "Be kind")
    assert recorded.look()["class"] == "declaration ahead"
    recorded.sandbox.edit("dev", "voices", VOICE, voiceTier="STANDARD")
    assert recorded.look()["class"] == "both"


def test_a_release_over_drift_is_refused_by_name_and_field(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.edit("stacks/prompts/collector.md", "Be polite", "Be kind")
    recorded.sandbox.edit("dev", "agents", AGENT, language="es")
    with pytest.raises(Refused, match=r'agents .Collector. \(.*language: "en" -> "es"'):
        recorded.up()
    monkeypatch.setenv("DIALFORM_ACCEPT_DRIFT", "0")
    with pytest.raises(Refused, match="DIALFORM_ACCEPT_DRIFT=1"):
        recorded.up()
    monkeypatch.setenv("DIALFORM_ACCEPT_DRIFT", "1")
    assert recorded.up().version == 2
    monkeypatch.delenv("DIALFORM_ACCEPT_DRIFT")
    assert recorded.look()["class"] == "clean"


def test_nothing_secret_is_kept(recorded: Recorded) -> None:
    secret = "hunter2-hunter2-hunter2"  # noqa: S105 - made up
    recorded.sandbox.edit(
        "dev", "agents", AGENT, authToken=secret, tool={"headers": {"Authorization": secret}}
    )
    recorded.edit("stacks/prompts/collector.md", "Be polite", "Be kind")
    with pytest.raises(Refused) as refused:
        recorded.up()
    assert secret not in str(refused.value)
    assert secret not in recorded.run("drift", "-s", "dev")[0]
    held = [path.read_text() for path in (recorded.root / ".dialform/registry").rglob("*.json")]
    assert not any(secret in text for text in held)


def test_a_release_from_before_it_was_recorded_says_so(tmp_path: Path, sandbox: Sandbox) -> None:
    old = Recorded(tmp_path, sandbox)
    old.release()
    assert old.look("--exit-code")["class"] == "not recorded"
    assert "references" not in old.registry.head("dev", "collections").as_json()  # type: ignore[union-attr]
    old.run("registry", "verify", "-s", "dev")


def test_a_registry_with_recorded_objects_verifies_and_a_lost_one_is_named(
    recorded: Recorded,
) -> None:
    recorded.run("registry", "verify", "-s", "dev")
    entry = recorded.registry.head("dev", "collections")
    assert entry is not None
    assert entry.references is not None
    row = recorded.registry.read_document(entry.references, "dialform.references/1")["objects"][0]
    name = row["digest"].removeprefix("sha256:")
    (recorded.root / f".dialform/registry/blobs/sha256/{name}.json").unlink()
    assert name in recorded.run("registry", "verify", "-s", "dev", code=1)[0]


def test_brakes_carry_it_on(recorded: Recorded) -> None:
    before = recorded.registry.head("dev", "collections")
    recorded.run("hold", "collections", "-s", "dev", "--reason", "look")
    after = recorded.registry.head("dev", "collections")
    assert before is not None
    assert after is not None
    assert after.references == before.references
    assert recorded.look()["class"] == "clean"


def test_without_a_key_the_variable_is_named(recorded: Recorded) -> None:
    said = recorded.run("drift", "-s", "dev", code=1, env={"VOGENT_API_KEY_DEV": ""})[1]
    assert "VOGENT_API_KEY_DEV" in said


def test_outside_of_a_checkout_the_registry_is_enough(
    recorded: Recorded, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = str(recorded.root / ".dialform/registry")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    said, notes = recorded.run("drift", "-s", "dev", "--registry", url, cwd=elsewhere)
    assert "clean" in said
    assert "no declaration is known here" in notes


def test_unknown_names_are_answered_with_near_ones(recorded: Recorded) -> None:
    assert (
        "did you mean 'collections'" in recorded.run("drift", "colections", "-s", "dev", code=64)[1]
    )


def test_no_list_is_asked_for_twice(recorded: Recorded) -> None:
    """Recording reads what the verification has read already."""
    recorded.edit("stacks/prompts/collector.md", "Be polite", "Be kind")
    before = len(recorded.sandbox.received())
    recorded.up()
    asked = [one.path for one in recorded.sandbox.received()[before:]]
    assert len(asked) == len(set(asked)), asked


def test_status_and_board_say_it_where_they_are_asked_to(recorded: Recorded) -> None:
    assert "drift" not in recorded.run("status")[0]
    cells = json.loads(recorded.run("status", "--drift", "--json")[0])["cells"]
    assert [cell["drift"] for cell in cells] == ["clean"]
    recorded.sandbox.edit("dev", "voices", VOICE, voiceTier="STANDARD")
    said, _ = recorded.run("status", "--drift")
    assert "drift: workspace ahead; see `dialform drift collections -s dev`" in said
    recorded.run("board", "-o", "board.html", "--drift")
    assert "workspace ahead" in (recorded.root / "board.html").read_text(encoding="utf-8")


def test_every_shape_of_a_secret_is_kept_as_its_digest() -> None:
    secret = "hunter2-hunter2"  # noqa: S105 - made up
    shapes: tuple[dict[str, Any], ...] = (
        {"headers": {"X-Auth": secret}},
        {"headers": [{"name": "X-Auth", "value": secret}]},
        {"tool": [{"name": "Authorization", "value": secret}]},
        {"clientSecret": {"value": secret}},
        {"api-key": secret},
        {"password": 12345678},
        {"auth": {"token": secret}},
        {"refreshToken": secret},
        {"private_key": secret},
        {"tool": [{"key": "Authorization", "value": secret}]},
        {"url": f"https://hooks.example.com/x?a=1&token={secret}"},
    )
    for at, shape in enumerate(shapes):
        document = object_document(Key("agents", str(at)), {"id": str(at), **shape}).decode()
        assert secret not in document
        assert "12345678" not in document
        assert "sha256:" in document
    assert "300" in object_document(Key("models", "m"), {"id": "m", "maxTokens": "300"}).decode()


def test_a_rollback_brings_back_what_the_old_release_leaned_on(recorded: Recorded) -> None:
    first = recorded.registry.head("dev", "collections")
    recorded.edit("stacks/prompts/collector.md", "Be polite", "Be kind")
    recorded.up()
    recorded.run("rollback", "collections", "-s", "dev", "--now", "--reason", "bad")
    head = recorded.registry.head("dev", "collections")
    assert first is not None
    assert head is not None
    assert head.references == first.references is not None
    assert recorded.look()["class"] == "declaration ahead"


def test_a_long_text_is_shown_where_it_differs() -> None:
    said = str(FieldChange("prompt", "x" * 500 + "yes", "x" * 500 + "no"))
    assert "yes" in said
    assert "no" in said
    assert len(said) < 200


def test_a_null_that_is_left_out_is_no_drift() -> None:
    key = Key("agents", "a")
    assert changes({key: {"name": "A", "x": None}}, {key: {"name": "A"}}) == []


def test_another_workspaces_key_is_not_taken_for_objects_that_are_gone(recorded: Recorded) -> None:
    said = recorded.run("drift", "-s", "dev", code=1, env={"VOGENT_API_KEY_DEV": "sandbox-prod"})[1]
    assert "opens a workspace without any agent" in said


def test_a_prompt_that_an_agent_left_is_not_gone(recorded: Recorded) -> None:
    recorded.edit("stacks/presets/collections.toml", 'profile = "collector"\n', "")
    for name in ("name", "amount"):
        recorded.edit(
            "stacks/presets/collections.toml",
            f"[inputs.{name}]",
            f"[inputs.{name}]\nusedElsewhere = true",
        )
    recorded.up()
    older = seed_id("dev", "versioned_prompts", "Collector v1")
    recorded.sandbox.edit("dev", "agents", AGENT, defaultVersionedPromptId=older)
    (one,) = recorded.look()["objects"]
    assert (one["kind"], one["gone"]) == ("agents", False)


def test_a_damaged_record_is_named_and_ends_with_an_error(recorded: Recorded) -> None:
    entry = recorded.registry.head("dev", "collections")
    assert entry is not None
    name = str(entry.references).removeprefix("sha256:")
    path = recorded.root / f".dialform/registry/blobs/sha256/{name}.json"
    path.write_bytes(path.read_bytes().replace(b"voices", b"voiced", 1))
    said = recorded.run("drift", "-s", "dev", code=1)[1]
    assert "collections could not be looked at" in said
    assert name in said


def test_what_a_get_says_in_another_way_is_no_drift(recorded: Recorded) -> None:
    zeroed = {"enabled": False, "messages": [], "idleDurationMilliseconds": 0}
    recorded.sandbox.edit("dev", "agents", AGENT, idleMessageConfig=zeroed, keywords=[])
    recorded.sandbox.edit("dev", "voices", VOICE, accent="")
    assert recorded.look("--exit-code")["class"] == "clean"
    recorded.sandbox.edit("dev", "agents", AGENT, idleMessageConfig={"enabled": True})
    (one,) = recorded.look()["objects"]
    assert [field["path"] for field in one["fields"]] == ["idleMessageConfig"]


def test_half_a_character_stops_no_release(tmp_path: Path, sandbox: Sandbox) -> None:
    """It is recorded in letters, and compared so."""
    project = Recorded(tmp_path, sandbox)
    agents = sandbox.objects("dev", "agents")

    def answer(note: str) -> None:
        """The next list of agents, in a JSON that escapes what UTF-8 can't hold."""
        listed = [{**one, "note": note} for one in agents]
        body = json.dumps({"data": listed, "cursor": None})
        sandbox.fail_next("agents", status=200, body=body)

    answer("Hello \ud83d")
    project.up()
    answer("Hello \ud83d")
    assert project.look()["class"] == "clean"
    answer("Hello \ud83e")
    (one,) = project.look()["objects"]
    assert one["fields"] == [{"path": "note", "before": "Hello \\ud83d", "after": "Hello \\ud83e"}]


def test_an_environment_without_a_key_variable_is_an_error_and_no_bug(recorded: Recorded) -> None:
    """What was published by hand may lack anything."""
    document = {"format": "dialform.environment/1", "environment": "dev", "workspace": {"url": "x"}}
    recorded.registry.publish_environment("dev", canonical(document))
    said = recorded.run("drift", "-s", "dev", code=1)[1]
    assert "has no workspace with url and keyvar" in said
