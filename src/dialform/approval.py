"""
An approval of a plan: the digest of what `pulumi up` would do, and the check of one given.

The digest is over a canonical document: what the plan does to each release log and the head it
starts from, what would be live, the bindings that are verified, what launchers are told. So an
approval holds for exactly one move of one environment, and is used up by it. Reads the registry;
who approves, and where that is kept, is the affair of the system that runs `up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.errors import Refused, SettingError
from dialform.presets.canonical import canonical, digest, is_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.planning import Effect, Plan
    from dialform.presets.canonical import Digest

FORMAT = "dialform.plan/1"
APPROVED = "DIALFORM_APPROVED"
"""The environment variable that binds one run of `up` to an approved digest."""

VERIFIED = ("voices", "numbers")
"""The kinds of bindings that are resources of their own, used by a preset or not."""


def plan_document(plan: Plan, effects: Sequence[Effect]) -> dict[str, Any]:
    """
    What ``effects``, those of ``plan``, come to: the document that an approval is for.

    Why something is refused is not in it: that follows from the head, and is worded for people.
    """
    known = plan.registry.environment(plan.declared.name) if plan.registry.exists else None
    return {
        "format": FORMAT,
        "environment": plan.declared.name,
        "registry": {
            "url": plan.registry_url,
            "id": plan.registry.id if plan.registry.exists else None,
        },
        "writer": plan.writer,
        "document": {
            "live": None if known is None else digest(canonical(known)),
            "declared": digest(plan.declared.document),
        },
        "bindings": {kind: plan.declared.bindings.get(kind, {}) for kind in VERIFIED},
        "presets": {
            effect.preset: {
                "effect": effect.kind,
                "head": None if effect.head is None else effect.head.digest,
                "bound": None if effect.running is None else effect.running.bound_digest,
            }
            for effect in effects
        },
    }


def plan_digest(document: dict[str, Any]) -> Digest:
    """The digest of a `plan_document`: what is approved."""
    return digest(canonical(document))


def require_approved(plan: Plan, approved: str | None) -> None:
    """
    Refuse ``plan`` unless it is the one that was approved; None: nobody asked for an approval.

    Raises:
        SettingError: ``approved`` is no digest. An empty one is none either: a pipeline that
            lost its value must not run unbound.
        Refused: it is another plan's.

    """
    if approved is None:
        return
    name = plan.declared.name
    if not is_digest(approved):
        raise SettingError(
            f"{APPROVED} is {approved[:80]!r}, which is no digest: it takes the last line of "
            f"`dialform plan -s {name}`, sha256: and 64 hexadecimal digits"
        )
    found = plan_digest(plan_document(plan, plan.effects()))
    if found != approved:
        raise Refused(
            f"{name}: the plan {approved} was approved, and this is {found}: a file or a release "
            f"log has changed since, or it was another environment's; nothing was done. Read "
            f"`dialform plan -s {name}` and have that digest approved"
        )
