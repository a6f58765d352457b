"""
The dynamic providers: the names in this module are a state format.

Pulumi's state stores each provider as a pickled reference: this module's path and the class's
name. Never move or rename one; a golden test holds their serialised form. The classes hold no
state and no key. They are glue: properties in, the answers that the engine wants out; the work
is in `dialform.publishing`.

`check` and `diff` use no network and no disk. Over the wire numbers become floats and nulls
are dropped, which is why documents travel as one string.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from dialform import checking, publishing
from dialform.errors import DialformError, ObjectAbsent
from dialform.presets.canonical import Digest, canonical
from dialform.registry import Registry
from dialform.registry.trust.signers import signer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from dialform.api.client import Client
    from dialform.registry import Entry

Props = dict[str, Any]
Rules = dict[str, "checking.Rule"]

_WORKSPACE: Rules = {
    "workspace": checking.workspace,
    "keyvar": checking.keyvar,
    "witness": checking.optional_text,
}
"""What every resource has."""

_PUBLISHED: Rules = {"registry": checking.registry, **_WORKSPACE}
"""What every resource of the registry has."""


class _Provider(ResourceProvider):
    """What all providers share. Subclasses say what they compare, check and do."""

    serialize_as_secret_always = False

    outputs: ClassVar[tuple[str, ...]] = ()
    """Properties that are results and no inputs."""

    noticed: ClassVar[tuple[str, ...]] = ()
    """Properties that only a refresh sets, and takes away: no program has them."""

    replaced_by: ClassVar[tuple[str, ...]] = ()
    """Inputs whose change makes a new object."""

    silent: ClassVar[tuple[str, ...]] = ("keyvar", "witness")
    """Inputs that say how to work and not what is wanted: their change is none."""

    rules: ClassVar[Rules]
    """What may stand in each input."""

    def configure(self, req: ConfigureRequest) -> None:
        """Keep this process's settings at hand; the key is read when a call is made."""
        self._setting: Callable[[str], Any] = req.config.get
        _answer_errors_in_one_line()

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Validate the inputs, unless they were before; each fault is shown with its property."""
        inputs = _inputs(news)
        before = _inputs(olds)
        if before and inputs == before:
            return CheckResult(inputs, [])
        known = {key: value for key, value in inputs.items() if not _has_unknown(value)}
        unknown = inputs.keys() - known.keys()
        return CheckResult(inputs, list(self._faults(known, unknown)))

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare what is wanted; the engine then shows the changed properties."""
        changed = self._changed(olds, news)
        if not changed:
            return DiffResult(changes=False)
        replaces = [key for key in changed if key in self.replaced_by]
        return DiffResult(changes=None, replaces=replaces, delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Do the work. It can be repeated, so what an interrupted run left is completed."""
        inputs = _inputs(props)
        return CreateResult(self._id(inputs), {**inputs, **self._apply(inputs, {})})

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Do the work again."""
        inputs = _inputs(news)
        return UpdateResult({**inputs, **self._apply(inputs, olds)})

    def delete(self, _id: str, _props: Props) -> None:
        """Remove nothing: what was published stays."""

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        What is there now, as inputs, so that drift shows by property.

        Without drift no inputs are given, and the engine keeps its own: ``props`` are outputs,
        which hold what silent inputs were when something else last changed.
        """
        before = {key: value for key, value in _inputs(props).items() if key not in self.outputs}
        inputs = {key: value for key, value in before.items() if key not in self.noticed}
        found = self._read(inputs)
        if found is None:
            return ReadResult(None, {})
        kept = {key: value for key, value in _inputs(props).items() if key not in self.noticed}
        outs = {**kept, **found}
        now = {key: outs[key] for key in (*inputs, *self.noticed) if key in outs}
        return ReadResult(id_, outs, inputs=None if now == before else now)

    def _changed(self, olds: Props, news: Props) -> list[str]:
        keys = {*_inputs(olds), *_inputs(news)} - {*self.outputs, *self.silent}
        return sorted(key for key in keys if olds.get(key) != news.get(key))

    def _faults(self, props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
        """What is wrong with ``props``; ``unknown`` are those that a preview can't know yet."""
        for key, rule in self.rules.items():
            fault = None if key in unknown else rule(props.get(key))
            if fault is not None:
                yield _failure(key, fault)

    def _id(self, props: Props) -> str:
        raise NotImplementedError

    def _apply(self, props: Props, olds: Props) -> Props:
        """Make it so, where it was ``olds`` (nothing, when created); gives the outputs."""
        raise NotImplementedError

    def _read(self, inputs: Props) -> Props | None:
        """The inputs and outputs that are different now; None where it is gone."""
        raise NotImplementedError

    def _workspace(self, props: Props) -> publishing.Workspace:
        ref = publishing.WorkspaceRef(props["workspace"], props["keyvar"], props.get("witness"))
        return _workspace(ref, getattr(self, "_setting", _no_setting))


class VoiceProvider(_Provider):
    """A voice: verified to exist and to be called what the file says."""

    silent = ("witness",)
    rules: ClassVar[Rules] = {
        "binding": checking.text,
        "voiceId": checking.text,
        "voiceName": checking.optional_text,
        **_WORKSPACE,
    }

    def _id(self, props: Props) -> str:
        return str(props["voiceId"])

    def _apply(self, props: Props, _olds: Props) -> Props:
        binding = {"id": props["voiceId"], "name": props.get("voiceName")}
        workspace = self._workspace(props)
        workspace.prove()
        workspace.verify("voices", {props["binding"]: binding})
        return {}

    def _read(self, inputs: Props) -> Props | None:
        workspace = self._workspace(inputs)
        name = workspace.names("voices").get(inputs["voiceId"])
        if name is None:
            workspace.prove()
            return None
        return {"voiceName": name} if "voiceName" in inputs else {}


class NumberPoolProvider(_Provider):
    """The numbers called from: the phone numbers verified; the API knows no list of pools."""

    silent = ("witness",)
    rules: ClassVar[Rules] = {
        "binding": checking.text,
        "poolId": checking.optional_text,
        "members": checking.members,
        **_WORKSPACE,
    }

    def _faults(self, props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
        yield from super()._faults(props, unknown)
        if not ({"poolId", "members"} & unknown or props.get("poolId") or props.get("members")):
            yield _failure("members", "needs a pool, members, or both")

    def _id(self, props: Props) -> str:
        return str(props["binding"])

    def _apply(self, props: Props, _olds: Props) -> Props:
        workspace = self._workspace(props)
        workspace.prove()
        workspace.verify_members(props["binding"], props.get("members") or ())
        return {}

    def _read(self, inputs: Props) -> Props | None:
        if not inputs.get("members"):
            return {}
        workspace = self._workspace(inputs)
        there = workspace.names("phone_numbers")
        members = []
        for member in inputs["members"]:
            if member["id"] in there:
                known = {"number": there[member["id"]]} if "number" in member else {}
                members.append({**member, **known})
            else:
                workspace.prove()
        return {"members": members}


class OverrideProfileProvider(_Provider):
    """A profile's document: published once, never changed."""

    replaced_by = ("name", "document", "digest")

    rules: ClassVar[Rules] = {
        "name": checking.text,
        "document": checking.profile,
        "references": checking.references,
        **_PUBLISHED,
    }

    def _faults(self, props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
        yield from super()._faults(props, unknown)
        yield from _digest_faults(props, unknown)

    def _id(self, props: Props) -> str:
        return f"{props['name']}@{props['digest']}"

    def _apply(self, props: Props, _olds: Props) -> Props:
        publishing.publish_profile(
            _registry(props["registry"]),
            self._workspace(props),
            props["document"].encode(),
            checking.table(props.get("references")),
        )
        return {}

    def _read(self, inputs: Props) -> Props | None:
        try:
            _registry(inputs["registry"]).read_blob(Digest(inputs["digest"]))
        except ObjectAbsent:
            return None
        return {}


class DialPresetProvider(_Provider):
    """A preset's document and its version: published once, never changed."""

    outputs = ("version",)
    replaced_by = ("name", "document", "digest")
    silent = ("keyvar", "witness", "workspace", "pinned")

    rules: ClassVar[Rules] = {
        "name": checking.name,
        "document": checking.preset,
        "pinned": checking.version,
        **_PUBLISHED,
    }

    def _faults(self, props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
        yield from super()._faults(props, unknown)
        yield from _digest_faults(props, unknown)

    def _id(self, props: Props) -> str:
        return f"{props['name']}@{props['digest']}"

    def _apply(self, props: Props, _olds: Props) -> Props:
        pinned = props.get("pinned")
        version = publishing.publish_preset(
            _registry(props["registry"]),
            self._workspace(props),
            props["name"],
            props["document"].encode(),
            None if pinned is None else int(pinned),
        )
        return {"version": version}

    def _read(self, inputs: Props) -> Props | None:
        registry = _registry(inputs["registry"])
        version = registry.version_of(inputs["name"], Digest(inputs["digest"]))
        return None if version is None else {"version": version}


class ReleaseProvider(_Provider):
    """What an environment launches for a preset: the head of its release log."""

    outputs = ("seq", "version")
    noticed = ("drift",)
    replaced_by = ("environment", "preset")
    silent = ("keyvar", "witness", "writer", "observed")

    rules: ClassVar[Rules] = {
        "environment": checking.name,
        "preset": checking.name,
        "presetDigest": checking.content_digest,
        "boundDigest": checking.content_digest,
        "bindings": checking.bindings,
        "deviation": checking.any_table,
        "observed": checking.optional_text,
        "writer": checking.text,
        **_PUBLISHED,
    }

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Validate, and drop what was observed where nobody else moved the log.

        So `observed` shows only where somebody did: a log that moves as declared changes no
        input, reviewers see no noise, and the engine has no state to write.
        """
        result = super().check(olds, news)
        seen = result.inputs.get("observed")
        if isinstance(seen, str):
            fresh = seen == observed(None) and not _inputs(olds)
            declared = {olds.get("boundDigest"), news.get("boundDigest")}
            known = tuple(f" {state} {one}" for state in ("live", "held") for one in declared)
            if fresh or seen.endswith(known):
                del result.inputs["observed"]
        return result

    def _faults(self, props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
        yield from super()._faults(props, unknown)
        # No property is named: the engine would show all of them with each.
        yield from (CheckFailure("", str(one)) for one in props.get("violations") or ())

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """What is wanted, and whether the log says otherwise."""
        result = super().diff(id_, olds, news)
        if result.changes is None or not news.get("observed"):
            return result
        # The log was moved by somebody else. Where the inputs show it, the engine prints how.
        shown = olds.get("observed") != news.get("observed")
        return DiffResult(changes=None if shown else True)

    def delete(self, _id: str, props: Props) -> None:
        """What is no longer declared is no longer launched: append ``withdraw``."""
        preset, environment, writer = props["preset"], props["environment"], props["writer"]
        head = publishing.withdraw(_registry(props["registry"]), environment, preset, writer)
        if head is None:
            return
        said = "is withdrawn"
        if head.state != "withdrawn":
            said = f"is not withdrawn, because {head.writer} writes its log now,"
        sys.stderr.write(
            f"dialform: {preset} {said} in {environment}; "
            f"its versions and its log stay in the registry\n"
        )

    def _id(self, props: Props) -> str:
        return f"{props['environment']}/{props['preset']}"

    def _apply(self, props: Props, olds: Props) -> Props:
        wanted = publishing.Wanted(
            environment=props["environment"],
            workspace=props["workspace"],
            preset=props["preset"],
            preset_digest=Digest(props["presetDigest"]),
            bindings=checking.table(props.get("bindings")),
            deviation=checking.table(props.get("deviation")),
            bound_digest=Digest(props["boundDigest"]),
        )
        seen = (props.get("observed") or observed(None)).partition(" ")[0]
        known = "observed" not in props and "boundDigest" in olds
        entry = publishing.release(
            _registry(props["registry"]),
            self._workspace(props),
            wanted,
            writer=props["writer"],
            saw=Digest(olds["boundDigest"]) if known else int(seen) if seen.isdecimal() else 0,
        )
        return {"seq": entry.seq, "version": entry.version}

    def _read(self, inputs: Props) -> Props | None:
        registry = _registry(inputs["registry"])
        head = registry.head(inputs["environment"], inputs["preset"])
        if head is None or head.state == "withdrawn":
            return None
        workspace = self._workspace(inputs)
        drift = publishing.drift_of(registry, head, workspace)
        if any(one.gone for one in drift or ()):
            workspace.prove()
        return {
            "presetDigest": head.preset_digest,
            "boundDigest": head.bound_digest,
            "seq": head.seq,
            "version": head.version,
            **({"drift": "\n".join(map(str, drift))} if drift else {}),
        }


class EnvironmentProvider(_Provider):
    """What launchers need to know of an environment."""

    outputs = ("seq",)
    replaced_by = ("name",)

    rules: ClassVar[Rules] = {
        "name": checking.name,
        "document": checking.environment,
        **_PUBLISHED,
    }

    def _faults(self, props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
        yield from super()._faults(props, unknown)
        if not {"name", "document"} & unknown:
            fault = checking.owner_fault(props.get("document"), props.get("name"))
            if fault is not None:
                yield _failure("document", fault)

    def _id(self, props: Props) -> str:
        return str(props["name"])

    def _apply(self, props: Props, _olds: Props) -> Props:
        seq = publishing.publish_environment(
            _registry(props["registry"]),
            self._workspace(props),
            props["name"],
            props["document"].encode(),
        )
        return {"seq": seq}

    def _read(self, inputs: Props) -> Props | None:
        document = _registry(inputs["registry"]).environment(inputs["name"])
        return None if document is None else {"document": canonical(document).decode()}


def observed(head: Entry | None) -> str:
    """A log's head as an input: ``5 hold held sha256:...``, or ``none``."""
    return "none" if head is None else f"{head.seq} {head.kind} {head.state} {head.bound_digest}"


def _inputs(props: Props) -> Props:
    return {key: value for key, value in props.items() if key != "__provider"}


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return isinstance(value, Unknown)


def _failure(key: str, fault: str) -> CheckFailure:
    """The engine shows the property's value, unless none is named: a key might stand there."""
    return CheckFailure("", f"keyvar: {fault}") if key == "keyvar" else CheckFailure(key, fault)


def _digest_faults(props: Props, unknown: AbstractSet[str]) -> Iterator[CheckFailure]:
    if not {"document", "digest"} & unknown:
        fault = checking.digest_fault(props.get("document"), props.get("digest"))
        if fault is not None:
            yield _failure("digest", fault)


def _no_setting(_name: str) -> None:
    return None


_LOCK = threading.Lock()


def _workspace(
    ref: publishing.WorkspaceRef, setting: Callable[[str], str | None]
) -> publishing.Workspace:
    """One workspace for the whole process, so that each list is read once."""

    def connect() -> Client:
        from dialform.api.client import Client  # noqa: PLC0415 - previews need none

        return Client(ref.url, publishing.key_of(ref, setting(publishing.KEY_SETTING)))

    with _LOCK:
        return _WORKSPACES.setdefault(ref, publishing.Workspace(ref, connect))


_WORKSPACES: dict[publishing.WorkspaceRef, publishing.Workspace] = {}


@functools.cache
def _registry(url: str) -> Registry:
    """The engine starts providers in the program's folder, the project."""
    return Registry.open(url, base=Path.cwd(), signer=lambda: signer_of(os.environ))


def _answer_errors_in_one_line() -> None:
    """
    Let the engine show an error's message without Python's traceback.

    From 3.272 on the SDK's server answers every exception with ``traceback.format_exc()``,
    and offers no other way. Its module is the main program of this process: the name it
    calls there gives the message alone for our own errors, and one line for any other unless
    DIALFORM_DEBUG is set. Elsewhere than in that server nothing is touched.
    """
    server = sys.modules["__main__"]
    spec = getattr(server, "__spec__", None)
    if spec is None or spec.name != "pulumi.dynamic.__main__" or not hasattr(server, "traceback"):
        return
    vars(server)["traceback"] = _Errors


class _Errors:
    @staticmethod
    def format_exc() -> str:
        error = sys.exc_info()[1]
        if os.environ.get("DIALFORM_DEBUG"):
            return traceback.format_exc()
        if isinstance(error, DialformError):
            return str(error)
        return (
            f"{type(error).__name__}: {error}. This is a bug in dialform; "
            f"DIALFORM_DEBUG=1 shows where"
        )
