"""The providers over gRPC, as the engine drives them: ``python -m pulumi.dynamic``."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from dialform import providers
from dialform.presets.canonical import canonical, digest, load_json
from dialform.presets.documents import (
    bound_preset,
    environment_document,
    preset_document,
    profile_document,
)
from dialform.sandbox.seed import seed_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialform.sandbox import Sandbox

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends for a value that a preview can't know."""

PROFILE = canonical(profile_document({"maxDurationSeconds": 600, "openingLine": None}))
PRESET = canonical(preset_document({"agent": "collector"}, profile=digest(PROFILE)))


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


class Engine:
    """The engine's side of the conversation."""

    def __init__(self, address: str, **settings: str) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(address))
        self.stub.Configure(provider_pb2.ConfigureRequest(args=struct(settings)))

    def with_provider(self, kind: str, values: dict[str, Any]) -> struct_pb2.Struct:
        pickled = serialize_provider(getattr(providers, f"{kind}Provider")())
        return struct({**values, "__provider": pickled})

    def check(
        self, kind: str, news: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """The checked inputs, and the fault of each property."""
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                olds=self.with_provider(kind, olds or {}), news=self.with_provider(kind, news)
            )
        )
        inputs: dict[str, Any] = MessageToDict(answer.inputs)
        inputs.pop("__provider")
        return inputs, {one.property: one.reason for one in answer.failures}

    def diff(self, kind: str, olds: dict[str, Any], news: dict[str, Any]) -> tuple[str, list[str]]:
        answer = self.stub.Diff(
            provider_pb2.DiffRequest(
                id="x", olds=self.with_provider(kind, olds), news=self.with_provider(kind, news)
            )
        )
        return provider_pb2.DiffResponse.DiffChanges.Name(answer.changes), list(answer.replaces)

    def create(self, kind: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Create(
            provider_pb2.CreateRequest(properties=self.with_provider(kind, values))
        )
        return answer.id, MessageToDict(answer.properties)

    def update(self, kind: str, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id="x", olds=self.with_provider(kind, olds), news=self.with_provider(kind, news)
            )
        )
        outs: dict[str, Any] = MessageToDict(answer.properties)
        return outs

    def delete(self, kind: str, values: dict[str, Any]) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(id="x", properties=self.with_provider(kind, values))
        )

    def read(self, kind: str, id_: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(id=id_, properties=self.with_provider(kind, values))
        )
        return answer.id, MessageToDict(answer.properties)

    def read_inputs(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        """The inputs that a read gives, none where it gives none."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(id="x", properties=self.with_provider(kind, values))
        )
        inputs: dict[str, Any] = MessageToDict(answer.inputs)
        inputs.pop("__provider", None)
        return inputs


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Engine]:
    """The SDK's server in a project's folder. No variable holds a key, ``settings`` may."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:0"],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if "VOGENT" not in name},
            "PULUMI_PROJECT": "dialform",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Engine(f"127.0.0.1:{process.stdout.readline().strip()}", **settings)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A provider with the right key, in an empty project."""
    with serving(tmp_path_factory.mktemp("rpc"), **{"dialform:apiKey": "sandbox-dev"}) as running:
        yield running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The same with another workspace's key."""
    folder = tmp_path_factory.mktemp("stranger")
    with serving(folder, **{"dialform:apiKey": "sandbox-staging"}) as running:
        yield running


def good(kind: str, url: str) -> dict[str, Any]:
    """Inputs of each resource, as its program gives them."""
    shared = {
        "workspace": url,
        "keyvar": "VOGENT_API_KEY_DEV",
        "witness": seed_id("dev", "agents", "Collector"),
        "registry": ".dialform/registry",
    }
    voice = {"id": seed_id("dev", "agents", "Collector"), "name": "Collector"}
    own: dict[str, dict[str, Any]] = {
        "Voice": {"binding": "warm", "voiceId": seed_id("dev", "voices", "Ava")},
        "NumberPool": {"binding": "us", "poolId": "p"},
        "OverrideProfile": {
            "name": "collector",
            "document": PROFILE.decode(),
            "digest": digest(PROFILE),
            "references": "{}",
        },
        "DialPreset": {"name": "plain", "document": PRESET.decode(), "digest": digest(PRESET)},
        "Release": {
            "environment": "dev",
            "preset": "plain",
            "presetDigest": digest(PRESET),
            "boundDigest": digest(b"?"),
            "bindings": canonical({"agents": {"collector": voice}}).decode(),
            "deviation": "{}",
            "observed": "none",
            "writer": "dialform/dev",
        },
        "Environment": {
            "name": "dev",
            "document": canonical(
                environment_document("dev", {"url": url, "keyvar": "VOGENT_API_KEY_DEV"})
            ).decode(),
        },
    }
    return {**shared, **own[kind]}


KINDS = ("Voice", "NumberPool", "OverrideProfile", "DialPreset", "Release", "Environment")


@pytest.mark.parametrize("kind", KINDS)
def test_good_inputs_pass_and_equal_ones_are_no_change(
    engine: Engine, workspace: Sandbox, kind: str
) -> None:
    values = good(kind, workspace.url)
    inputs, faults = engine.check(kind, values)
    assert faults == {}
    assert engine.diff(kind, inputs, inputs) == ("DIFF_NONE", [])


SILENT = {
    "Voice": {"witness"},
    "NumberPool": {"witness"},
    "OverrideProfile": {"keyvar", "witness"},
    "DialPreset": {"keyvar", "witness", "workspace"},
    "Release": {"keyvar", "witness", "writer", "observed"},
    "Environment": {"keyvar", "witness"},
}
"""Inputs whose change alone is none. `refresh` reads the keyvar of voices and numbers."""


@pytest.mark.parametrize("kind", KINDS)
def test_any_input_may_be_unknown(engine: Engine, workspace: Sandbox, kind: str) -> None:
    """In a user's own program, during a preview: no crash, no fault, a change."""
    values, _ = engine.check(kind, good(kind, workspace.url))
    silent = {"witness", "writer"}
    silent |= set() if kind in ("Voice", "NumberPool") else {"keyvar"}
    silent |= {"workspace"} if kind == "DialPreset" else set()
    for key in values:
        unknown = {**values, key: UNKNOWN}
        _, faults = engine.check(kind, unknown)
        assert faults == {}, key
        changes, replaces = engine.diff(kind, values, unknown)
        assert (changes == "DIFF_NONE") == (key in silent), key
        content = {"name", "document", "digest", "environment", "preset"}
        assert set(replaces) <= {key} & content, key


def document(**changes: Any) -> dict[str, str]:
    """A profile's document with other fields, under its right digest."""
    data = canonical(profile_document({"maxDurationSeconds": 600, **changes}))
    return {"document": data.decode(), "digest": digest(data)}


def call(**fields: Any) -> dict[str, str]:
    """A preset's document with other fields, under its right digest."""
    data = canonical(preset_document({"agent": "collector", **fields}))
    return {"document": data.decode(), "digest": digest(data)}


class Wrong(NamedTuple):
    """A wrong value, and what is said of it."""

    kind: str
    changes: dict[str, Any]
    property: str
    words: str


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong("Voice", {"voiceId": ""}, "voiceId", "is required"),
        Wrong("Voice", {"voiceId": 5}, "voiceId", "must be a string, not 5"),
        Wrong("Voice", {"voiceName": ["Ava"]}, "voiceName", 'must be a string, not ["Ava"]'),
        Wrong("Voice", {"workspace": "ftp://x"}, "workspace", "write it as https://"),
        Wrong("Voice", {"keyvar": "sk-1234"}, "", "keyvar: must be the name of the environment"),
        Wrong("Voice", {"witness": 5}, "witness", "must be a string"),
        Wrong("NumberPool", {"poolId": ""}, "members", "needs a pool, members, or both"),
        Wrong("NumberPool", {"members": "+14155550100"}, "members", "must be a list"),
        Wrong(
            "NumberPool", {"members": ["+14155550100"]}, "members", "[0]: must be an object with"
        ),
        Wrong("NumberPool", {"members": [{"number": "+14155550100"}]}, "members", "id is required"),
        Wrong(
            "NumberPool", {"members": [{"id": "x", "number": "415"}]}, "members", "in E.164 form"
        ),
        Wrong("OverrideProfile", {"document": None}, "document", "is required"),
        Wrong(
            "OverrideProfile", {"document": {"a": 1}}, "document", "canonical JSON, as one string"
        ),
        Wrong("OverrideProfile", {"document": "{}"}, "document", "format 'dialform.profile/1'"),
        Wrong(
            "OverrideProfile", {"document": '{"b":1,"a":2}'}, "document", "not in canonical form"
        ),
        Wrong("OverrideProfile", {"digest": "sha256:00"}, "digest", "is not the document's"),
        Wrong("OverrideProfile", {"digest": ""}, "digest", "is required"),
        Wrong(
            "OverrideProfile", {"references": "[}"}, "references", "must be an object as JSON text"
        ),
        Wrong("OverrideProfile", {"references": '{"tools":{}}'}, "references", "no such kind"),
        Wrong(
            "OverrideProfile", {"references": '{"models":{"a":5}}'}, "references", "models.a: must"
        ),
        Wrong("OverrideProfile", {"registry": "s3://x"}, "registry", "is not s3://BUCKET/PREFIX"),
        Wrong(
            "OverrideProfile",
            document(maxDurationSeconds="ten"),
            "document",
            "agentOverrides.maxDurationSeconds: must be an integer, not 'ten'",
        ),
        Wrong(
            "OverrideProfile",
            document(voiceVolumeLevel=-301),
            "document",
            "agentOverrides.voiceVolumeLevel: must be at least -300, not -301",
        ),
        Wrong(
            "OverrideProfile",
            document(backgroundNoise="office"),
            "document",
            "agentOverrides.backgroundNoise: there is no such field",
        ),
        Wrong("OverrideProfile", document(ivrConfiguration="x"), "document", "agentOverrides"),
        Wrong(
            "DialPreset", call(timeoutMinutes="10"), "document", "call.timeoutMinutes: must be an"
        ),
        Wrong("DialPreset", call(tone="x"), "document", "call.tone: there is no such field"),
        Wrong("DialPreset", {"name": "../x"}, "name", "a name takes"),
        Wrong("DialPreset", {"name": 7}, "name", "7: a name takes"),
        Wrong("DialPreset", {"pinned": 0.0}, "pinned", "a version is 1 or higher, not 0"),
        Wrong("DialPreset", {"pinned": 1.5}, "pinned", "a version is 1 or higher, not 1.5"),
        Wrong("DialPreset", {"pinned": "7"}, "pinned", "a version is 1 or higher, not '7'"),
        Wrong("Release", {"boundDigest": "sha256:00"}, "boundDigest", "must be a digest"),
        Wrong("Release", {"environment": "A B"}, "environment", "a name takes"),
        Wrong("Release", {"deviation": "5"}, "deviation", "must be an object as JSON text: not 5"),
        Wrong(
            "Release", {"bindings": '{"agents":{"a":{}}}'}, "bindings", "agents.a: id is required"
        ),
        Wrong("Environment", {"document": "x"}, "document", "not JSON"),
        Wrong("Environment", {"name": "prod"}, "document", "is of environment 'dev', not 'prod'"),
    ],
)
def test_faults_name_property_and_rule(engine: Engine, workspace: Sandbox, wrong: Wrong) -> None:
    """Each alone; and no rule falls over what another is for."""
    values = {**good(wrong.kind, workspace.url), **wrong.changes}
    _, faults = engine.check(wrong.kind, values)
    assert wrong.words in faults.get(wrong.property, ""), faults
    assert set(faults) - {wrong.property} <= {"digest", "poolId"}


def test_value_that_may_be_a_key_is_not_shown(engine: Engine, workspace: Sandbox) -> None:
    """The engine prints the value of the property that a fault names: this one names none."""
    _, faults = engine.check("Voice", {**good("Voice", workspace.url), "keyvar": "sk-live-7"})
    assert list(faults) == [""]
    assert "sk-live-7" not in faults[""]


def test_nested_unknown_is_a_change(engine: Engine, workspace: Sandbox) -> None:
    known = {**good("NumberPool", workspace.url), "members": [{"id": "x"}]}
    unknown = {**known, "members": [{"id": UNKNOWN}]}
    assert engine.check("NumberPool", unknown)[1] == {}
    assert engine.diff("NumberPool", known, unknown) == ("DIFF_UNKNOWN", [])


def test_everything_missing_is_faults_and_no_crash(engine: Engine) -> None:
    for kind in KINDS:
        _, faults = engine.check(kind, {})
        assert len(faults) > 1, kind


def test_checked_inputs_are_not_checked_again(engine: Engine, workspace: Sandbox) -> None:
    """What an older dialform took stays, so that an upgrade fails no preview by itself."""
    old = {**good("DialPreset", workspace.url), **call(tone="x")}
    assert engine.check("DialPreset", old, old)[1] == {}


def test_what_was_observed_is_dropped_unless_somebody_moved_the_log(
    engine: Engine, workspace: Sandbox
) -> None:
    old = good("Release", workspace.url)
    del old["observed"]
    new = {**old, "boundDigest": digest(b"new")}
    for head, kept in {
        f"1 release live {old['boundDigest']}": False,
        f"2 release live {new['boundDigest']}": False,
        f"2 hold held {old['boundDigest']}": False,
        f"2 withdraw withdrawn {old['boundDigest']}": True,
        f"2 release live {digest(b'other')}": True,
        "none": True,
    }.items():
        inputs, faults = engine.check("Release", {**new, "observed": head}, old)
        assert faults == {}
        assert ("observed" in inputs) == kept, head
        changes, replaces = engine.diff("Release", old, {**old, "observed": head})
        assert (changes, replaces) == ("DIFF_UNKNOWN", [])
    inputs, _ = engine.check("Release", {**new, "observed": "none"})
    assert "observed" not in inputs
    inputs, _ = engine.check("Release", {**new, "boundDigest": UNKNOWN, "observed": "none"}, old)
    assert inputs["boundDigest"] == UNKNOWN


def test_content_replaces_and_settings_do_not(engine: Engine, workspace: Sandbox) -> None:
    values = good("OverrideProfile", workspace.url)
    other = canonical(profile_document({"maxDurationSeconds": 601}))
    edited = {**values, "document": other.decode(), "digest": digest(other)}
    changes, replaces = engine.diff("OverrideProfile", values, edited)
    assert (changes, sorted(replaces)) == ("DIFF_UNKNOWN", ["digest", "document"])
    moved = {**values, "references": '{"models":{}}'}
    assert engine.diff("OverrideProfile", values, moved) == ("DIFF_UNKNOWN", [])


def test_published_bytes_are_the_documents(engine: Engine, workspace: Sandbox) -> None:
    """Nulls and whole numbers survive the wire, which would drop and change them as objects."""
    profile, preset = (good(kind, workspace.url) for kind in ("OverrideProfile", "DialPreset"))
    id_, _ = engine.create("OverrideProfile", profile)
    assert id_ == f"collector@{digest(PROFILE)}"
    assert engine.create("OverrideProfile", profile)[0] == id_
    _, outs = engine.create("DialPreset", preset)
    assert outs["version"] == 1.0
    id_, found = engine.read("DialPreset", "x", preset)
    assert id_ == "x"
    assert found["document"] == PRESET.decode()
    assert found["version"] == 1.0
    gone, _ = engine.read("DialPreset", "x", {**preset, "name": "nobody"})
    assert gone == ""


def test_errors_are_one_line(engine: Engine, workspace: Sandbox) -> None:
    """A bound digest that isn't the bound preset's: the reason alone, without a traceback."""
    with pytest.raises(grpc.RpcError) as caught:
        engine.create("Release", good("Release", workspace.url))
    details = caught.value.details()
    assert "was declared. Nothing was released" in details
    assert "Traceback" not in details
    assert "\n" not in details


def test_key_of_another_workspace_says_nothing_of_what_is_there(
    stranger: Engine, workspace: Sandbox
) -> None:
    """A voice it doesn't show is not gone: `refresh` must not drop it."""
    voice = good("Voice", workspace.url)
    numbers = {**good("NumberPool", workspace.url), "members": [{"id": "x"}]}
    for kind, values in {"Voice": voice, "NumberPool": numbers}.items():
        with pytest.raises(grpc.RpcError, match="opens a workspace without the agent"):
            stranger.read(kind, "x", values)


@pytest.mark.parametrize("kind", KINDS)
def test_key_of_another_workspace_writes_nothing(
    stranger: Engine, workspace: Sandbox, kind: str
) -> None:
    values = good(kind, workspace.url)
    with pytest.raises(grpc.RpcError, match="Nothing was written") as caught:
        stranger.create(kind, values)
    assert "sandbox-staging" not in str(caught.value)
    with pytest.raises(grpc.RpcError, match="Nothing was written"):
        stranger.update(kind, values, values)


def released(engine: Engine, url: str, bindings: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a release that can be made: its preset is published."""
    engine.create("OverrideProfile", good("OverrideProfile", url))
    preset = canonical(preset_document({"agent": "collector", "voice": "warm"}))
    content = {"name": "spoken", "document": preset.decode(), "digest": digest(preset)}
    engine.create("DialPreset", {**good("DialPreset", url), **content})
    bound = bound_preset(
        environment="dev",
        workspace=url,
        name="spoken",
        preset=load_json(preset.decode()),
        preset_digest=digest(preset),
        profile=None,
        bindings=bindings,
    )
    return {
        **good("Release", url),
        "preset": "spoken",
        "presetDigest": digest(preset),
        "boundDigest": digest(canonical(bound)),
        "bindings": canonical(bound["bindings"]).decode(),
    }


def test_release_is_refused_where_the_workspace_lacks_what_it_binds(
    engine: Engine, workspace: Sandbox
) -> None:
    agent = {"id": seed_id("dev", "agents", "Collector"), "name": "Collector"}
    bindings = {"agents": {"collector": agent}, "voices": {"warm": {"id": "gone", "name": "Ava"}}}
    with pytest.raises(grpc.RpcError, match=r"voice 'warm' .id gone. is not in the workspace"):
        engine.create("Release", released(engine, workspace.url, bindings))


def test_release_needs_its_bindings_and_its_preset(engine: Engine, workspace: Sandbox) -> None:
    """What a program of one's own may forget, in words and not as a bug."""
    agent = {"id": seed_id("dev", "agents", "Collector"), "name": "Collector"}
    voice = {"id": seed_id("dev", "voices", "Ava"), "name": "Ava"}
    bindings = {"agents": {"collector": agent}, "voices": {"warm": voice}}
    values = released(engine, workspace.url, bindings)
    less = canonical({"agents": {"collector": agent}}).decode()
    with pytest.raises(grpc.RpcError, match="add it to the release's bindings"):
        engine.create("Release", {**values, "bindings": less})
    with pytest.raises(grpc.RpcError, match=r"blobs/sha256/.* no such document"):
        engine.create("Release", {**values, "presetDigest": digest(b"never published")})
    with pytest.raises(grpc.RpcError, match="this name; declare its DialPreset"):
        engine.create("Release", renamed(values, bindings))
    _, outs = engine.create("Release", values)
    assert (outs["seq"], outs["version"]) == (1.0, 1.0)
    assert engine.update("Release", values, values)["seq"] == 1.0
    engine.delete("Release", {**values, "writer": "other/dev"})
    assert engine.read("Release", "x", values)[0] == "x"
    engine.delete("Release", values)
    assert engine.read("Release", "x", values)[0] == ""


def renamed(values: dict[str, Any], bindings: dict[str, Any]) -> dict[str, Any]:
    """The same release for a name under which the preset was never published."""
    preset = preset_document({"agent": "collector", "voice": "warm"})
    bound = bound_preset(
        environment="dev",
        workspace=values["workspace"],
        name="unheard",
        preset=preset,
        preset_digest=values["presetDigest"],
        profile=None,
        bindings=bindings,
    )
    return {**values, "preset": "unheard", "boundDigest": digest(canonical(bound))}


def test_refresh_gives_no_inputs_without_drift(engine: Engine, workspace: Sandbox) -> None:
    """So that the engine keeps its own: what it hands over here may be older."""
    voice = {**good("Voice", workspace.url), "voiceName": "Ava"}
    assert engine.read_inputs("Voice", voice) == {}
    drifted = engine.read_inputs("Voice", {**voice, "voiceName": "Eva"})
    assert drifted == {**voice, "voiceName": "Ava"}
