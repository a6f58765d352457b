"""
An environment: its workspace, its bindings, and what runs there.

Pure. Checks that every name a running preset needs is bound, and binds presets to the
exact body that is sent. A pinned preset's documents come from the registry, so whoever
binds one brings them along.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dialform.api.location import is_loopback
from dialform.declaration import flows
from dialform.declaration.calling import CallRules
from dialform.declaration.findings import problems_of
from dialform.declaration.keeping import too_short
from dialform.declaration.merging import near
from dialform.declaration.models import EnvironmentFile
from dialform.declaration.redaction import redacted
from dialform.declaration.rulesets import RuleSet
from dialform.declaration.trusting import trust_problems
from dialform.errors import DeclarationError, Problem, UsageError
from dialform.presets.canonical import canonical
from dialform.presets.documents import (
    PRESET_FORMAT,
    bound_preset,
    environment_document,
    references,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dialform.declaration.merging import Layered
    from dialform.declaration.models import Gates, Registry, Run, Workspace
    from dialform.declaration.objects import Preset, Profile
    from dialform.declaration.source import Source
    from dialform.presets.canonical import Digest

    Path = tuple[str | int, ...]
    Place = Callable[[str, str], Problem]

KINDS = ("agents", "models", "voices", "functions", "extractors", "promptVersions")
"""The kinds of binding that name one object of the workspace by id."""


@dataclass(frozen=True, slots=True)
class Unbound:
    """A name that an environment doesn't bind, with what it does bind of that kind."""

    problem: Problem
    kind: str
    name: str
    bound: frozenset[str]


class Environment:
    """An environment as declared. ``problems`` holds what is wrong with it and what it runs."""

    def __init__(
        self,
        layered: Layered,
        presets: Mapping[str, Preset],
        unreadable: Mapping[str, list[Problem]],
        guardrails: Sequence[RuleSet] = (),
        read: Callable[[str], Source] | None = None,
    ) -> None:
        """
        ``presets`` are those of the working tree; ``unreadable`` ones have a file as well.

        ``guardrails`` are those of all environments; ``read`` gives a file of ``stacks/``.
        """
        self._unreadable = unreadable
        self.name = layered.name
        self.layered = layered
        self.problems: list[Problem] = []
        self.unbound: list[Unbound] = []
        self.runs: dict[str, Run] = {}
        self.bindings: dict[str, dict[str, Any]] = {}
        self._presets = presets
        self._model: EnvironmentFile | None = None
        self.calls: dict[str, Any] | None = None
        """What of ``[calls]`` is published; None where there is no such table."""
        self.campaigns: dict[str, Any] | None = None
        """The same of ``[campaigns]``."""
        self.ledger: dict[str, Any] | None = None
        """The same of ``[ledger]``."""
        self.guardrails: list[RuleSet] = list(guardrails)
        """What every call here must keep to: first what holds everywhere."""
        for rules in guardrails:
            self.problems += rules.problems
        for source in layered.sources:
            self.problems += source.problems
        try:
            model = EnvironmentFile.model_validate(layered.value)
        except ValidationError as error:
            self.problems += problems_of(layered, EnvironmentFile, error)
            return
        self._model = model
        self.runs = dict(model.presets or {})
        self.bindings = model.model_dump(
            exclude_unset=True, include={*KINDS, "numbers", "webhooks"}
        )
        for kind in ("extractors", "promptVersions"):
            for binding in self.bindings.get(kind, {}).values():
                binding.pop("agent", None)
        self._check_bound()
        self._check_gates()
        self._add_guardrails(model)
        calls = CallRules(layered, model.calls, workspace=model.workspace.url, read=read)
        self.calls = calls.document
        tables = model.model_dump(exclude_unset=True, include={"campaigns", "ledger"})
        self.campaigns, self.ledger = tables.get("campaigns"), tables.get("ledger")
        fault = None if model.ledger is None else too_short(model.ledger, model.calls)
        if fault is not None:
            self._report(("ledger", "retention"), "retention", fault)
        self.problems += calls.problems
        self.problems += trust_problems(layered, model.registry, model.workspace.url)
        for name, run in self.runs.items():
            self._check_run(name, run)

    @property
    def workspace(self) -> Workspace:
        """The Vogent account."""
        return self.model.workspace

    @property
    def registry(self) -> Registry:
        """Where versions and releases are kept."""
        return self.model.registry

    @property
    def is_unsigned(self) -> bool:
        """Whether its calls are real, and no keys are pinned."""
        return not self.registry.keys and not is_loopback(self.workspace.url)

    @property
    def gates(self) -> Gates | None:
        """What must be so before a version is promoted to here; None where nothing is said."""
        return self.model.gates

    @property
    def model(self) -> EnvironmentFile:
        """The file as typed; DeclarationError where it is wrong."""
        if self._model is None:
            raise DeclarationError(self.problems)
        return self._model

    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        """What calls, campaigns and ledgers keep to, as published, by the table's name."""
        found = {"calls": self.calls, "campaigns": self.campaigns, "ledger": self.ledger}
        return {name: table or {} for name, table in found.items()}

    @property
    def document(self) -> bytes:
        """The canonical bytes of what launchers need."""
        workspace: dict[str, Any] = {"url": self.workspace.url, "keyvar": self.workspace.keyvar}
        if self.workspace.idempotencyKeys:
            workspace["idempotencyKeys"] = True
        return canonical(
            environment_document(self.name, workspace, self.calls, self.campaigns, self.ledger)
        )

    def _report(self, path: tuple[str | int, ...], rule: str, message: str) -> None:
        self.problems.append(self.layered.problem(path, rule, message))

    def _add_guardrails(self, model: EnvironmentFile) -> None:
        """Add what the file itself says, with what is wrong with it."""
        if model.guardrails is None:
            return
        own = RuleSet(self.layered, model.guardrails, prefix=("guardrails",))
        known = {*self.runs, *self._presets, *self._unreadable}
        self.guardrails.append(own)
        self.problems += [*own.problems, *own.check_names(self.bindings, known, self.name)]

    def _check_bound(self) -> None:
        """Every binding says which object it stands for."""
        for kind in KINDS:
            for name, binding in self.bindings.get(kind, {}).items():
                if "id" not in binding:
                    what = "has no id" if "name" in binding else "is empty: it needs name or id"
                    self._report((kind, name), "unbound", f"{what}; {self._look_up}")
        for name, numbers in self.bindings.get("numbers", {}).items():
            self._check_numbers(name, numbers)
        agents = self.bindings.get("agents", {})
        for kind in ("extractors", "promptVersions"):
            for name, part in (getattr(self._model, kind) or {}).items():
                if part.agent is not None and part.agent not in agents:
                    message = f"there is no {part.agent!r} in [agents]{near(part.agent, agents)}"
                    self._report((kind, name, "agent"), "reference", message)

    def _check_gates(self) -> None:
        """The gates can be met. That ``from`` is an environment is for the project to know."""
        gates = None if self._model is None else self._model.gates
        if gates is None:
            return
        if gates.from_ == self.name:
            message = "is this environment itself; name the one that versions come from"
            self._report(("gates", "from"), "gates", message)
        asked = {"soak": gates.soak, "dials": gates.dials, "failureRate": gates.failureRate}
        for key, value in asked.items() if gates.from_ is None else ():
            if value is not None:
                message = 'needs from = "ENV" beside it: where a version must have been live'
                self._report(("gates", key), "gates", message)
        if gates.approvals is None:
            return
        people = gates.approvals.of
        doubles = sorted({one for one in people if people.count(one) > 1})
        if doubles:
            message = f"{doubles[0]!r} is there twice; drop one"
            self._report(("gates", "approvals"), "gates", message)
        if (gates.approvals.count or 0) > len(people):
            message = f"is more than the {len(people)} people of `of`"
            self._report(("gates", "approvals", "count"), "gates", message)

    @property
    def _look_up(self) -> str:
        return f"look it up with: dialform bind -s {self.name}"

    def _check_numbers(self, name: str, numbers: Mapping[str, Any]) -> None:
        if not numbers:
            self._report(("numbers", name), "unbound", "needs a pool, members, or both")
        seen: set[tuple[str, str]] = set()
        for index, member in enumerate(numbers.get("members", ())):
            path = ("numbers", name, "members", index)
            if "id" not in member:
                self._report(path, "unbound", f"has no id; {self._look_up}")
            double = [one for one in member.items() if one in seen]
            if double:
                message = f"the {double[0][0]} {double[0][1]!r} is there already; drop one"
                self._report(path, "member-double", message)
            seen |= set(member.items())

    def _check_run(self, name: str, run: Run) -> None:
        path = ("presets", name)
        pinned = run.version is not None or run.digest is not None
        if pinned == (run.follow is not None):
            message = 'takes either version and digest, or follow = "source"'
            self._report(path, "pin", message)
            return
        if pinned:
            self._check_pin(path, run)
            source = self._presets.get(name)
            if source is None or source.digest != run.digest:
                return  # its documents are in the registry; binding checks them
        preset = self._presets.get(name)
        if preset is None:
            self._report_absent(name)
            return
        if not pinned:
            self.problems += preset.all_problems()
        if preset.document is None or preset.data is None:
            return
        profile = preset.profile
        self._check_names(
            name,
            preset.document,
            None if profile is None else profile.document,
            places=preset,
        )

    def _check_pin(self, path: tuple[str, ...], run: Run) -> None:
        if run.version is None:
            message = "has a digest without its version: write version = NUMBER beside it"
            self._report(path, "pin", message)
        if run.digest is None:
            message = 'has a version without its digest: write digest = "sha256:..." beside it'
            self._report(path, "pin", message)

    def _report_absent(self, name: str) -> None:
        if name in self._unreadable:
            self.problems += self._unreadable[name]
            return
        known = {*self._presets, *self._unreadable}
        message = f"there is no preset {name!r} in stacks/presets{near(name, known)}"
        self._report(("presets", name), "reference", message)

    def _check_names(
        self,
        name: str,
        preset: Mapping[str, Any],
        profile: Mapping[str, Any] | None,
        places: Preset | None = None,
    ) -> None:
        """Every name that the preset needs must be bound here."""
        path = ("presets", name)
        run = self.runs[name]
        if run.deviation is not None and run.deviation.profile is not None and profile is None:
            message = f"preset {name!r} has no profile to deviate from"
            self._report((*path, "deviation", "profile"), "deviation", message)

        def at(owner: Preset | Profile | None, where: Path) -> Place:
            if owner is None:
                return partial(self.layered.problem, path)
            return partial(owner.problem, where)

        owner = None if places is None else places.profile
        named = [(kind, one, at(places, where)) for kind, one, where in references(preset)]
        if profile is not None:
            named += [(kind, one, at(owner, where)) for kind, one, where in references(profile)]
        if run.deviation is not None and run.deviation.webhook is not None:
            webhook = partial(self.layered.problem, (*path, "deviation", "webhook"))
            named.append(("webhooks", run.deviation.webhook, webhook))
        for kind, one, place in named:
            if one not in self.bindings.get(kind, {}):
                self._report_unbound(kind, one, place)
        self._check_from_number(preset, at(places, ("call", "extraFields", "fromNumberId")))
        if profile is not None:
            self._check_function_ids(name, profile)

    def _report_unbound(self, kind: str, name: str, place: Place) -> None:
        bound = self.bindings.get(kind, {})
        message = f"{name!r} is not bound in {self.name}; bind it in [{kind}]{near(name, bound)}"
        problem = place("reference", message)
        if str(problem) not in {str(one) for one in self.problems}:
            self.problems.append(problem)
            self.unbound.append(Unbound(problem, kind, name, frozenset(bound)))

    def _check_from_number(self, preset: Mapping[str, Any], place: Place) -> None:
        """A number beside members, one of which is chosen for each call."""
        if preset.get("extraFields", {}).get("fromNumberId") in (None, {}):
            return
        numbers = self.bindings.get("numbers", {}).get(preset["call"].get("numbers"), {})
        if numbers.get("members"):
            message = f"belongs to each call, as the numbers have members in {self.name}; drop it"
            self.problems.append(place("extra-field", message))

    def _check_function_ids(self, name: str, profile: Mapping[str, Any]) -> None:
        """An id in a flow's JSON must be one that this environment binds."""
        bound = {binding.get("id") for binding in self.bindings.get("functions", {}).values()}
        overrides = profile["agentOverrides"]
        prompts = [
            overrides.get("defaultVersionedPrompt"),
            (overrides.get("ivrConfiguration") or {}).get("versionedPrompt"),
        ]
        for prompt in prompts:
            for _, one in flows.function_ids((prompt or {}).get("flowDefinition") or {}):
                if one not in bound:
                    message = (
                        f"its flow calls the function {one!r}, which no name in [functions] "
                        f'stands for; bind it, or write "function": NAME in the flow'
                    )
                    self._report(("presets", name), "id-in-shared-file", message)

    def check_source(self, environments: Iterable[str]) -> None:
        """Versions come from an environment that there is."""
        source = None if self._model is None or self.gates is None else self.gates.from_
        if source is not None and source not in environments:
            message = f"there is no environment {source!r}{near(source, environments)}"
            self._report(("gates", "from"), "reference", message)

    def require(self) -> None:
        """Raises DeclarationError if anything is wrong with it or what it runs."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        if errors:
            raise DeclarationError(_unique(errors))

    def follows(self, preset: str) -> bool:
        """Whether the preset follows the working tree here. UsageError if it does not run here."""
        return self.run(preset).follow is not None

    def run(self, preset: str) -> Run:
        """How the preset runs here."""
        try:
            return self.runs[preset]
        except KeyError:
            raise UsageError(
                f"preset {preset!r} is not declared in environment {self.name!r}"
                + near(preset, self.runs)
            ) from None

    def source(self, preset: str) -> Preset:
        """The preset as the working tree has it."""
        return self._presets[preset]

    def bound(self, preset: str) -> dict[str, Any]:
        """The bound preset of the working tree's preset."""
        source = self.source(preset)
        if source.document is None or source.digest is None:
            raise DeclarationError(source.all_problems())
        profile = source.profile
        return self.bind(
            preset, source.document, source.digest, None if profile is None else profile.document
        )

    def bind(
        self,
        preset: str,
        document: Mapping[str, Any],
        digest: Digest,
        profile: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """
        The bound preset of any preset's documents.

        Raises:
            DeclarationError: a name that this environment doesn't bind.

        """
        assert document["format"] == PRESET_FORMAT  # noqa: S101 - the registry has checked it
        before = len(self.problems)
        self._check_names(preset, document, profile)
        if len(self.problems) > before:
            raise DeclarationError(self.problems[before:])
        deviation = self.run(preset).deviation
        return bound_preset(
            environment=self.name,
            workspace=self.workspace.url,
            name=preset,
            preset=document,
            preset_digest=digest,
            profile=profile,
            bindings=self.bindings,
            deviation=None if deviation is None else deviation.model_dump(exclude_unset=True),
        )


def merged_unbound(environments: Iterable[Environment]) -> list[Problem]:
    """One finding for a name that several environments don't bind."""
    found: dict[tuple[object, ...], list[tuple[Environment, Unbound]]] = {}
    bound: dict[str, set[str]] = {}
    for environment in environments:
        for kind, entries in environment.bindings.items():
            bound.setdefault(kind, set()).update(entries)
        for one in environment.unbound:
            key = (one.problem.file, one.problem.line, one.problem.key, one.kind, one.name)
            found.setdefault(key, []).append((environment, one))
    problems: list[Problem] = []
    for group in found.values():
        one = group[0][1]
        names = ", ".join(sorted(environment.name for environment, _ in group))
        hint = ""
        if one.name not in bound.get(one.kind, ()):
            hint = near(one.name, frozenset.union(*(other.bound for _, other in group)))
        message = f"{one.name!r} is not bound in {names}; bind it in [{one.kind}]{hint}"
        problems.append(
            Problem(
                file=one.problem.file,
                key=one.problem.key,
                line=one.problem.line,
                rule=one.problem.rule,
                message=redacted(message),
            )
        )
    return problems


def _unique(problems: list[Problem]) -> list[Problem]:
    return list({str(problem): problem for problem in problems}.values())
