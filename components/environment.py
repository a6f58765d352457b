"""An environment as a whole, and the Pulumi program that declares it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pulumi

from dialform.approval import APPROVED, require_approved
from dialform.components.presets import Presets
from dialform.components.speech import Speech
from dialform.components.telephony import Telephony
from dialform.declaration import load_environment
from dialform.errors import DialformError
from dialform.guardrails import planned
from dialform.planning import Plan, is_fixed
from dialform.registry.trust.guard import unsigned_message
from dialform.registry.trust.settings import KEYS
from dialform.registry.trust.signers import signer_of
from dialform.resources import Environment as EnvironmentDocument
from dialform.resources.base import refuse_plain_key

_RUNNER = "pulumi-language-python-exec"
"""Pulumi's script that runs a program."""

_WAS_SHOWN = 32
"""The exit code by which that script says that the user has read what is wrong."""


class Environment(pulumi.ComponentResource):
    """Everything that one stack declares: voices, numbers, profiles, presets, releases."""

    def __init__(self, name: str, plan: Plan, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Declare the environment of ``plan``.

        Raises:
            pulumi.RunError: outside of a preview, the guardrails that its calls break.

        """
        violations = _violations(plan)
        super().__init__("dialform:components:Environment", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.speech = Speech("speech", plan, opts=child)
        self.telephony = Telephony("telephony", plan, opts=child)
        verified = [*self.speech.voices.values(), *self.telephony.numbers.values()]
        self.document = EnvironmentDocument(
            name,
            name=name,
            document=plan.declared.document.decode(),
            registry=plan.registry_url,
            workspace=plan.workspace,
            keyvar=plan.keyvar,
            witness=plan.witness,
            opts=pulumi.ResourceOptions(parent=self, depends_on=verified),
        )
        self.presets = Presets(
            "presets",
            plan,
            profiles=self.speech.profiles,
            first=[*verified, self.document],
            violations=violations,
            opts=child,
        )
        self.register_outputs({})


def declare(root: Path | None = None, stack: str | None = None) -> Environment:
    """
    Declare this stack's environment: ``stacks/<stack>.toml`` and what it runs.

    ``root`` is the project's folder (None: where the program runs), ``stack`` the
    environment's name (None: the stack's). Exports ``versions``: preset -> version.

    Where ``DIALFORM_APPROVED`` is set, only the plan with that digest is declared.

    What is wrong ends the program with that message alone, all of it in one.

    Raises:
        pulumi.RunError: likewise, where it is not Pulumi's own script that runs the program.

    """
    try:
        return _declare(root, stack)
    except (DialformError, pulumi.RunError) as error:
        _end(str(error))


def _declare(root: Path | None, stack: str | None) -> Environment:
    name = stack or pulumi.get_stack()
    root = root or Path.cwd()
    refuse_plain_key()
    plan = Plan(
        load_environment(root, name),
        root=root,
        writer=f"{pulumi.get_project()}/{pulumi.get_stack()}",
    )
    require_approved(plan, os.environ.get(APPROVED))  # before anything is declared
    if not pulumi.runtime.is_dry_run():
        plan.require_signer(signer_of(os.environ))
    if plan.declared.is_unsigned and not os.environ.get(KEYS):
        pulumi.log.warn(unsigned_message(plan.registry_url, name))
    for running in plan.running:
        head = running.head
        if running.distrust is not None:
            pulumi.log.warn(running.distrust)
        if head is not None and is_fixed(head, running.digest):
            what = (
                "is held" if head.state == "held" else f"was rolled back to version {head.version}"
            )
            reason = f": {head.reason}" if head.reason else ""
            pulumi.log.warn(
                f"{running.name} {what} in {name} since {head.describe()}{reason}. "
                f"`up` does not move it; dialform resume {running.name} -s {name} --reason ..."
            )
    environment = Environment(name, plan)
    versions = {name: release.version for name, release in environment.presets.releases.items()}
    pulumi.export("versions", versions)
    return environment


def _end(message: str) -> NoReturn:
    """End the program. To a RunError Pulumi's script adds that an unhandled error occurred."""
    if not any(one.endswith(_RUNNER) for one in sys.orig_argv):
        raise pulumi.RunError(message)
    pulumi.log.error(message)
    sys.exit(_WAS_SHOWN)


def _violations(plan: Plan) -> dict[str, list[str]]:
    """By preset, the broken guardrails that stop its release. Warnings are said at once."""
    found: dict[str, list[str]] = {}
    for finding in planned(plan.declared, plan.running, datetime.now(UTC).date()):
        if finding.stops:
            found.setdefault(finding.preset, []).append(str(finding.problem))
        elif finding.waived is None:
            pulumi.log.warn(str(finding.problem))
    if found and not pulumi.runtime.is_dry_run():
        # A preview shows them release by release. An `up` without one would have published
        # presets and released others by the time that a release is checked.
        lines = [line for lines in found.values() for line in lines]
        raise pulumi.RunError("\n".join([*lines, "nothing was written"]))
    return found
