"""
Whether a dial is what was released and sent, by what the API shows of it.

Pure. The API shows a part of a dial (agent, voice, prompt version, numbers, inputs); what it
does not show is said so and proves nothing either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dialform.launcher.evidence.story import is_released

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.launcher.evidence.story import Story

Verdict = Literal["match", "differs", "not shown", "not declared", "not recorded"]
"""
``not shown``: by the API. ``not declared``: the request leaves it to the workspace, as a number
of a pool or the agent's own voice. ``not recorded``: erased, or placed without a release.
"""

_NOTHING: Any = object()


class Check(NamedTuple):
    """One field of a dial."""

    field: str
    """As ``GET /dials/{id}`` names it; ``released`` is of the record alone."""

    verdict: Verdict
    declared: Any = None
    shown: Any = None

    def as_json(self) -> dict[str, Any]:
        """As ``dialform attest --json`` prints it."""
        return self._asdict()


class Attestation(NamedTuple):
    """What was found of one dial."""

    story: Story
    checks: tuple[Check, ...]
    trouble: str | None = None
    """Why it could not be looked at: no dial id, or the API's answer."""

    @property
    def differs(self) -> list[Check]:
        """The fields that are not what was released and sent."""
        return [one for one in self.checks if one.verdict == "differs"]

    @property
    def verdict(self) -> str:
        """``match``, ``differs``, or ``unattested`` where it could not be looked at."""
        return "unattested" if self.trouble else "differs" if self.differs else "match"

    def as_json(self) -> dict[str, Any]:
        """As ``dialform attest --json`` prints it."""
        return {
            **self.story.as_json(),
            "attested": self.verdict,
            "trouble": self.trouble,
            "checks": [self.hidden(one).as_json() for one in self.checks],
        }

    def hidden(self, check: Check) -> Check:
        """``check`` without the values of sensitive inputs."""
        if check.field != "inputs":
            return check
        declared, shown = (shown_inputs(one, self.story) for one in (check.declared, check.shown))
        return check._replace(declared=declared, shown=shown)


def attested(story: Story, shown: Mapping[str, Any], prompt: str | None = None) -> Attestation:
    """
    Hold what the API shows of a dial against its record and its release.

    Args:
        story: the dial's.
        shown: the answer of ``GET /dials/{id}``: a field that it lacks is not shown.
        prompt: the agent's own prompt when the preset was released, where that speaks; None
            where it is not known.

    """
    return Attestation(story, (*_of_record(story), *_of_dial(story, shown, prompt)))


def _of_record(story: Story) -> Iterator[Check]:
    """What was sent is, to the byte, what was released."""
    if story.body is None or story.bound is None or story.entry is None:
        yield Check("released", "not recorded")
    elif is_released(story.bound, story.body):
        yield Check("released", "match")
    else:
        yield Check("released", "differs", story.record.bound_digest, story.record.body_digest)


def _of_dial(story: Story, shown: Mapping[str, Any], prompt: str | None) -> Iterator[Check]:
    sent = story.value
    # Of an erased call the ids of the bound preset are left to compare.
    body: Mapping[str, Any] = sent or ({} if story.bound is None else story.bound["body"])
    overrides = body.get("agentOverrides") or {}
    agent = shown.get("agent", _NOTHING)
    yield _check("agent", body.get("callAgentId", _NOTHING), _id(agent))
    yield _prompt(body, overrides, shown, prompt)
    voice = body.get("aiVoiceId") or overrides.get("defaultVoiceId") or _NOTHING
    yield _check("voiceId", voice, shown.get("voiceId", _NOTHING))
    number = body.get("fromNumberId") or story.record.from_number_id or _NOTHING
    yield _check("fromNumberId", number, shown.get("fromNumberId", _NOTHING))
    if sent is None:
        yield from (Check(field, "not recorded") for field in ("toNumber", "inputs"))
        return
    yield _check("toNumber", body.get("toNumber"), shown.get("toNumber", _NOTHING))
    yield _check("inputs", body.get("callAgentInput") or {}, shown.get("inputs", _NOTHING))


def _prompt(
    body: Mapping[str, Any], overrides: Mapping[str, Any], shown: Mapping[str, Any], own: str | None
) -> Check:
    """A prompt by its version's id; the text of an inline one the API does not show."""
    there = shown.get("versionedPromptId", _NOTHING)
    if body.get("versionedModelId"):
        return _check("versionedPromptId", body["versionedModelId"], there)
    if overrides.get("defaultVersionedPrompt"):
        return Check("versionedPromptId", "not shown", "(in the request)", _shown(there))
    return _check("versionedPromptId", own or _NOTHING, there)


def _check(field: str, declared: Any, shown: Any) -> Check:
    if declared is _NOTHING:
        return Check(field, "not declared", None, _shown(shown))
    if shown is _NOTHING:
        return Check(field, "not shown", declared)
    return Check(field, "match" if declared == shown else "differs", declared, shown)


def _shown(value: Any) -> Any:
    return None if value is _NOTHING else value


def _id(agent: Any) -> Any:
    """The API shows the agent as an object, or as its id."""
    return agent.get("id", _NOTHING) if isinstance(agent, dict) else agent


def shown_inputs(inputs: Any, story: Story) -> Any:
    """Inputs as they may be shown: of sensitive ones the names."""
    if not isinstance(inputs, dict):
        return inputs
    return {name: HIDDEN if name in story.sensitive else one for name, one in inputs.items()}


HIDDEN = "(sensitive)"
"""What stands in the place of a sensitive input."""
