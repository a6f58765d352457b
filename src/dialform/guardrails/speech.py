"""Rules on what is said and told: disclosures, words, and how long and how tidy a prompt is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialform.guardrails.breaches import Breach
from dialform.guardrails.call import PROMPTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.declaration.rulesets import RuleSet
    from dialform.guardrails.call import Call, Path

OPENING: Path = ("profile", "openingLine", "content")
_OUTBOUND = "INBOUND_OUTBOUND"
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u2018": "'"})

SHORTEST_BLOCK = 40
"""Characters: shorter paragraphs and items may well be said twice ("Thank them.")."""

_HEADING = re.compile(r"#{1,6}\s+\S")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s+")


def disclosure(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """
    What must be said when the call opens, and is not, or not for certain.

    Only an opening line is said word for word. Where a flow's node or the model opens, or the
    agent's own opening line in the workspace, nothing here can promise a phrase.
    """
    for name, wanted in (rules.rules.disclosure or {}).items():
        said, why = _opening(call)
        if said is not None and any(_stands_in(phrase, said) for phrase in wanted):
            continue
        missing = " or ".join(repr(phrase) for phrase in wanted)
        message = f"doesn't say {missing}; add it" if said is not None else f"{why}: {missing}"
        yield Breach("disclosure", OPENING, message, ("disclosure", name), detail=name)


def _opening(call: Call) -> tuple[str | None, str]:
    """What is said first on an outbound call, word for word; or why that is not known."""
    say = "say there what must be said"
    line = call.at("profile", "openingLine")
    content = call.at(*OPENING)
    if not isinstance(content, str):
        if isinstance(call.fields.get("profile"), dict) and "openingLine" in call.fields["profile"]:
            return None, f"is null, so the call opens without one; {say}"
        return None, f"is not set, and the agent's own in the workspace is not known here; {say}"
    flow = call.at("profile", "prompt", "flow")
    if isinstance(flow, dict):
        kind = flow.get("openingLineType")
        if kind is None and flow.get("aiOpen") is False:
            kind = "NONE"
        if kind not in (None, _OUTBOUND):
            first = next(iter(flow["node"]), "")
            return None, (
                f"is not said on outbound calls: the flow, with openingLineType {kind!r}, opens "
                f"with node {first!r}, whose words are the model's own; write "
                f"openingLineType = {_OUTBOUND!r} in the flow, and {say}"
            )
    if line.get("lineType") != _OUTBOUND:
        return None, (
            f"is not said on outbound calls, with lineType {line.get('lineType')!r}; "
            f"write lineType = {_OUTBOUND!r}, and {say}"
        )
    return content, ""


def forbidden_words(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """Words that stand in a text that is said or told. Macros are not filled in."""
    for index, word in enumerate(rules.rules.forbiddenWords or ()):
        pattern = _pattern(word)
        for path, text in call.texts():
            found = list(pattern.finditer(_folded(text)))
            if found:
                times = f" ({len(found)} times)" if len(found) > 1 else ""
                yield Breach(
                    "forbiddenWords",
                    path,
                    f"says {word!r}{times}; say it otherwise",
                    ("forbiddenWords", index),
                    detail=word,
                    offset=found[0].start(),
                )


def prompts(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """Prompts that are too long, too short, or pasted twice, as far as they are known here."""
    limits = rules.rules.prompt
    if limits is None:
        return
    for prompt in PROMPTS:
        path = (*prompt, "prompt")
        text = call.at(*path)
        if not isinstance(text, str):
            continue
        most, fewest = limits.maxLength, limits.minLength
        if most is not None and len(text) > most:
            message = f"has {len(text)} characters, more than {most}; shorten it"
            yield Breach(
                "prompt.maxLength", path, message, ("prompt", "maxLength"), strictness=most
            )
        if fewest is not None and len(text) < fewest:
            message = f"has {len(text)} characters, fewer than {fewest}; say more"
            yield Breach(
                "prompt.minLength", path, message, ("prompt", "minLength"), strictness=-fewest
            )
        twice = duplicate(text) if limits.duplicates is False else None
        if twice is not None:
            message, offset = twice
            said_by = ("prompt", "duplicates")
            yield Breach("prompt.duplicates", path, message, said_by, offset=offset)


def duplicate(text: str) -> tuple[str, int] | None:
    """``(message, offset)`` of the first block that stands in ``text`` a second time."""
    seen: dict[str, int] = {}
    again: list[tuple[int, int, str]] = []
    for offset, block in blocks(text):
        words = " ".join(block.split())
        heading = _HEADING.match(words)
        if heading is None and len(words) < SHORTEST_BLOCK:
            continue
        if words.casefold() in seen:
            again.append((offset, seen[words.casefold()], words))
        seen.setdefault(words.casefold(), offset)
    if not again:
        return _halves(text)
    offset, first, words = again[0]
    shown = words if len(words) <= SHORTEST_BLOCK else f"{words[:SHORTEST_BLOCK]}..."
    message = f"says {shown!r} in line {_line(text, first)} and again in line {_line(text, offset)}"
    more = len(again) - 1
    if more:
        message += f", and {more} more {'block' if more == 1 else 'blocks'} twice"
    return f"{message}; drop one", offset


def _halves(text: str) -> tuple[str, int] | None:
    """A text in one piece that was pasted twice."""
    words = text.split()
    half = len(words) // 2
    if len(words) % 2 or words[:half] != words[half:]:
        return None
    if len(" ".join(words[:half])) < SHORTEST_BLOCK:
        return None
    return "says everything twice; drop one half", 0


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """The headings, paragraphs and list items of a text, each with its offset."""
    start, block, at = 0, "", 0
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if not bare or _HEADING.match(bare) or _ITEM.match(bare) or _HEADING.match(block.strip()):
            if block.strip():
                yield start, block
            start, block = at, ""
        if not block:
            start = at
        block += line
        at += len(line)
    if block.strip():
        yield start, block


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _folded(text: str) -> str:
    """As people hear it: without cases and kinds of apostrophes. Each letter keeps its place."""
    return text.translate(_APOSTROPHES)


def _stands_in(phrase: str, text: str) -> bool:
    return _pattern(phrase).search(_folded(text)) is not None


def _pattern(phrase: str) -> re.Pattern[str]:
    """The phrase as whole words, whatever the case and the white space between them."""
    words = r"\s+".join(re.escape(word) for word in _folded(phrase).split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
