"""
Whether an environment can be dialled from here: registry, key, clock, ledger, keys of calls.

Each part is looked at on its own, so that one that fails hides none of the others. Places no
call; the probe of `probing` is asked for apart.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dialform.errors import DialformError
from dialform.launcher.evidence import probing
from dialform.launcher.keys import key_of
from dialform.launcher.resolve import BOUND_FORMAT, environment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dialform.api.client import Client
    from dialform.launcher.ledger import Ledger
    from dialform.registry import Registry

State = Literal["ok", "warning", "failed", "skipped"]

SKEW = 30.0
"""Seconds by which this machine's clock may differ from the API's."""


class Finding(NamedTuple):
    """One part, and how it is."""

    part: str
    state: State
    message: str

    def as_json(self) -> dict[str, Any]:
        """As ``dialform doctor --json`` prints it."""
        return self._asdict()


class Checkup:
    """Looks at one environment."""

    def __init__(  # noqa: PLR0913 - all that is looked at
        self,
        registry: Registry,
        environment: str,
        ledger: Ledger,
        *,
        variables: Mapping[str, str],
        connect: Callable[[str, str], Client],
        clock: Callable[[], float],
    ) -> None:
        """
        Touch nothing yet.

        Args:
            registry: where the environment's releases are.
            environment: its name.
            ledger: where its dials are recorded.
            variables: the process's, which have the API key.
            connect: opens a client by URL and key.
            clock: the time, in seconds since 1970.

        """
        self._registry = registry
        self._environment = environment
        self._ledger = ledger
        self._variables = variables
        self._connect = connect
        self._clock = clock
        self.document: dict[str, Any] | None = None
        """What launchers are told of it; None where that can't be read."""
        self.client: Client | None = None
        """Of the workspace, where the key works."""
        self._opened: Client | None = None
        self.agent: str | None = None
        """The id of an agent of it that a released preset names."""

    @property
    def workspace(self) -> dict[str, Any] | None:
        """What launchers are told of the workspace."""
        return None if self.document is None else dict(self.document["workspace"])

    def published(self) -> dict[str, Any] | None:
        """What launchers are told; None where nothing is published. Raises RegistryError."""
        if not self._registry.exists:
            return None
        return self._registry.environment(self._environment)

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened.close()

    def findings(self) -> Iterator[Finding]:
        """Part by part."""
        yield from self._of_registry()
        yield from self._of_key()
        yield self._of_rules()
        yield self._of_ledger()
        yield self._of_keys()

    def _of_registry(self) -> Iterator[Finding]:
        url = self._registry.url
        try:
            self.document = environment_of(self._registry, self._environment)
            glance = self._registry.glance()
            heads = [glance.head(self._environment, one) for one in self._presets()]
        except DialformError as error:
            yield Finding("registry", "failed", str(error))
            return
        presets = f"{len(heads)} {'preset' if len(heads) == 1 else 'presets'}"
        yield Finding("registry", "ok", f"{url}, {presets} in {self._environment}")
        for head in heads:
            if head is None or self.agent is not None:
                continue
            try:
                bound = self._registry.read_document(head.bound_digest, BOUND_FORMAT)
            except DialformError as error:
                yield Finding("registry", "failed", str(error))
                continue
            agents = bound.get("bindings", {}).get("agents", {})
            self.agent = next((one["id"] for one in agents.values()), None)

    def _presets(self) -> list[str]:
        return self._registry.presets(self._environment)

    def _of_key(self) -> Iterator[Finding]:
        if self.workspace is None:
            yield Finding("key", "skipped", "which variable holds it is not known")
            return
        url, keyvar = self.workspace["url"], self.workspace["keyvar"]
        try:
            client = self._opened = self._connect(url, key_of(keyvar, None, self._variables))
            before = self._clock()
            there = client.date()
            after = self._clock()
            agents = {one.id for one in client.agents()}
        except DialformError as error:
            yield Finding("key", "failed", str(error))
            return
        if self.agent is not None and self.agent not in agents:
            yield Finding(
                "key",
                "failed",
                f"{keyvar} opens a workspace of {url} without the agent {self.agent}, which a "
                "released preset calls with: it is another workspace's key",
            )
        else:
            self.client = client
            yield Finding("key", "ok", f"{keyvar} opens {url}, {len(agents)} agents")
        yield self._of_clock(there, before, after)

    @staticmethod
    def _of_clock(there: float | None, before: float, after: float) -> Finding:
        """The API's clock has whole seconds, and its answer took a while."""
        if there is None:
            return Finding("clock", "skipped", "the API's answers have no Date")
        off = max(0.0, before - (there + 1), there - after)
        told = "this machine's clock and the API's"
        if off > SKEW:
            way = "ahead" if there < before else "behind"
            message = (
                f"{told} differ: this one is {off:.0f} seconds {way}; calling hours and the age of "
                "keys are counted by it: set it right"
            )
            return Finding("clock", "failed", message)
        return Finding("clock", "ok", f"{told} agree within {off + 1:.0f} seconds")

    def _of_rules(self) -> Finding:
        """What calls are held against when they are dialled."""
        if self.document is None:
            return Finding("rules", "skipped", "what is declared is not known")
        from dialform.launcher.calling import Rules  # noqa: PLC0415 - where one looks

        try:
            rules = Rules.of(self.document)
        except DialformError as error:
            return Finding("rules", "failed", str(error))
        if rules.destinations is None and not rules.sandbox:
            return Finding("rules", "failed", rules.undeclared)
        where = "any, as this is a sandbox"
        if rules.destinations is not None:
            where = ", ".join(rules.destinations)
        said = sorted((self.document.get("calls") or {}).keys() - {"destinations"})
        more = f"; rules for {', '.join(said)}" if said else "; no hours and no caps"
        return Finding("rules", "ok", f"destinations: {where}{more}")

    def _of_ledger(self) -> Finding:
        try:
            self._ledger.set("doctor", str(self._clock()))
            unknown = len(self._ledger.unknown())
        except DialformError as error:
            return Finding("ledger", "failed", str(error))
        if unknown:
            dials = f"{unknown} {'dial' if unknown == 1 else 'dials'} of unknown outcome"
            what = f"{dials}: dialform ledger --unknown"
            return Finding("ledger", "warning", f"{self._ledger.shown} can be written; {what}")
        return Finding("ledger", "ok", f"{self._ledger.shown} can be written")

    def _of_keys(self) -> Finding:
        """What is declared of idempotency keys, against what was probed."""
        if self.workspace is None:
            return Finding("idempotency keys", "skipped", "what is declared is not known")
        declared = self.workspace.get("idempotencyKeys") is True
        try:
            known = probing.known(self._ledger, self.workspace["url"])
        except (DialformError, ValueError, TypeError) as error:
            return Finding("idempotency keys", "failed", f"the verdict can't be read: {error}")
        return judged(declared=declared, known=known)


def judged(*, declared: bool, known: probing.Probe | None) -> Finding:
    """Whether what is declared of idempotency keys fits what was probed."""
    part = "idempotency keys"
    sent = "declared: each call carries one" if declared else "not declared: none is sent"
    if known is None:
        what = "whether the workspace honours them was never probed: --probe-idempotency"
        return Finding(part, "warning" if declared else "ok", f"{sent}; {what}")
    if declared and not known.honours:
        way = "take idempotencyKeys out of [workspace]: such a key protects from nothing"
        return Finding(part, "failed", f"{sent}; {known}; {way}")
    if known.honours and not declared:
        way = "idempotencyKeys = true below [workspace] would let unknown outcomes be settled"
        return Finding(part, "ok", f"{sent}; {known}; {way}")
    return Finding(part, "ok", f"{sent}; {known}")


def declared_document(published: Mapping[str, Any] | None, declared: bytes) -> Finding:
    """Whether launchers are told what the files say."""
    if published is None:
        return Finding("declaration", "warning", "nothing of it is published yet: `pulumi up` does")
    if json.loads(declared) == published:
        return Finding("declaration", "ok", "launchers are told what the files say")
    message = "the files say something else than launchers are told: `pulumi up` publishes it"
    return Finding("declaration", "warning", message)
