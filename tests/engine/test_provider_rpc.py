"""The providers over gRPC, as the engine drives them: ``python -m pulumi.dynamic``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from dialform import providers
from dialform.presets.canonical import canonical, digest
from dialform.presets.documents import environment_document, preset_document, profile_document
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

    def __init__(self, address: str) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(address))
        self.stub.Configure(provider_pb2.ConfigureRequest(args=struct({})))

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
        inputs = MessageToDict(answer.inputs)
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

    def read(self, kind: str, id_: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Read(
            provider_pb2.ReadRequest(id=id_, properties=self.with_provider(kind, values))
        )
        return answer.id, MessageToDict(answer.inputs)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The SDK's server in an empty project."""
    folder: Path = tmp_path_factory.mktemp("rpc")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:0"],
        cwd=folder,
        env={**os.environ, "VOGENT_API_KEY_DEV": "sandbox-dev", "PULUMI_PROJECT": "dialform"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Engine(f"127.0.0.1:{process.stdout.readline().strip()}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


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


@pytest.mark.parametrize("kind", KINDS)
def test_any_input_may_be_unknown(engine: Engine, workspace: Sandbox, kind: str) -> None:
    """In a user's own program, during a preview: no crash, no fault, a change."""
    values, _ = engine.check(kind, good(kind, workspace.url))
    silent = {"keyvar", "witness", "writer"} | ({"workspace"} if kind == "DialPreset" else set())
    for key in values:
        unknown = {**values, key: UNKNOWN}
        _, faults = engine.check(kind, unknown)
        assert not faults.keys() - {"digest"}, key
        changes, _ = engine.diff(kind, values, unknown)
        assert (changes == "DIFF_NONE") == (key in silent), key


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("Voice", {"voiceId": ""}, "is required"),
        ("NumberPool", {"poolId": ""}, "needs a pool, members, or both"),
        ("OverrideProfile", {"document": "{}"}, "must have the format 'dialform.profile/1'"),
        ("OverrideProfile", {"document": '{"b":1,"a":2}'}, "not in canonical form"),
        ("OverrideProfile", {"digest": "sha256:00"}, "is not the document's"),
        ("OverrideProfile", {"references": "[}"}, "must be an object as JSON text"),
        ("DialPreset", {"name": "../x"}, "a name takes"),
        ("DialPreset", {"pinned": 0.0}, "a version is 1 or higher"),
        ("Release", {"boundDigest": "sha256:00"}, "must be a digest"),
        ("Release", {"environment": "A B"}, "a name takes"),
        ("Release", {"deviation": "5"}, "must be an object as JSON text"),
        ("Environment", {"document": "x"}, "not JSON"),
    ],
)
def test_faults_name_property_and_rule(
    engine: Engine, workspace: Sandbox, kind: str, changes: dict[str, Any], words: str
) -> None:
    _, faults = engine.check(kind, {**good(kind, workspace.url), **changes})
    (key,) = changes
    assert words in faults.get(key if kind != "NumberPool" else "members", "")


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
    id_, inputs = engine.read("DialPreset", "x", {**preset, "version": 1.0})
    assert id_ == "x"
    assert inputs["document"] == PRESET.decode()
    assert "version" not in inputs
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
