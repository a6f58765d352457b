"""Rules on fields: what must be set, what must not, how high and how low."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.declaration.fields import table_at
from dialform.declaration.merging import parse_path
from dialform.declaration.models import PresetFile
from dialform.declaration.source import dotted
from dialform.guardrails.breaches import Breach
from dialform.guardrails.call import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.api.models import Model
    from dialform.declaration.rulesets import RuleSet
    from dialform.guardrails.call import Call, Path

UNLIMITED = {("timeoutMinutes",)}
"""Fields without which the API knows no limit, so that leaving one out breaks a ceiling."""


def required(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """What must be set, and is not. A null and an empty value say nothing."""
    for index, text in enumerate(rules.rules.required or ()):
        for path in _missing(call.fields, parse_path(text)):
            message = "must be set; set it"
            yield Breach("required", path, message, ("required", index), detail=text)


def _missing(value: Any, pattern: Path) -> Iterator[Path]:
    """Where ``pattern`` leads to nothing: the whole path, by element of lists on the way."""
    if not pattern:
        if _is_nothing(value):
            yield ()
        return
    part, rest = pattern[0], pattern[1:]
    below: list[tuple[Path, Any, Path]]
    if isinstance(value, list) and value and not isinstance(part, int):
        below = [((index,), item, pattern) for index, item in enumerate(value)]
    elif isinstance(value, list) and isinstance(part, int):
        below = [((part,), value[part] if part < len(value) else None, rest)]
    else:
        below = [((part,), value.get(part) if isinstance(value, dict) else None, rest)]
    for at, item, left in below:
        for path in _missing(item, left):
            yield (*at, *path)


def _is_nothing(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {})


def forbidden(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """What must not be set, and is. A null says nothing."""
    for index, text in enumerate(rules.rules.forbidden or ()):
        pattern = parse_path(text)
        patterns = [pattern]
        if pattern[0] == "extraFields":
            patterns.append(("profile", *pattern))  # said of both files
        for one in patterns:
            for path in _set(call.fields, one):
                said_by = ("forbidden", index)
                yield Breach("forbidden", path, "must not be set; drop it", said_by, detail=text)


def _set(fields: dict[str, Any], pattern: Path) -> Iterator[Path]:
    """What is set at ``pattern``; a list as a whole, where the pattern ends at it."""
    above, last = pattern[:-1], pattern[-1]
    for path, table in walk(fields, above):
        if isinstance(table, dict) and table.get(last) is not None:
            yield (*path, last)


def limits(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """What is above a ceiling or below a floor."""
    for rule, above in (("max", True), ("min", False)):
        for field, (limit, said_by) in rules.limits[rule].items():
            strictness = limit if above else -limit
            found = [(path, value) for path, value in walk(call.fields, field) if value is not None]
            if not found and above and field in UNLIMITED:
                found = [(field, None)]
            for path, value in found:
                message = _limit_fault(value, limit, above=above)
                if message is not None:
                    yield Breach(
                        rule, path, message, said_by, detail=dotted(field), strictness=strictness
                    )


def _limit_fault(value: Any, limit: float, *, above: bool) -> str | None:
    if value is None:
        return f"is not set, which is no limit to the API; set it to {limit} at most"
    number = _number(value)
    if number is None:
        return f"is {value!r}, which is no number to hold against {limit}"
    if above and number > limit:
        return f"is {value}, above the ceiling of {limit}; lower it"
    if not above and number < limit:
        return f"is {value}, below the floor of {limit}; raise it"
    return None


def _number(value: Any) -> float | None:
    """A number; the values of options are numbers as text."""
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return None if number is None or number != number else number  # noqa: PLR0124 - not a number


def deprecated(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """What the API deprecates, and is set."""
    if rules.rules.deprecated is False:
        for path, instead in _deprecated(PresetFile, call.fields):
            message = f"is deprecated by the API; {instead}"
            text = dotted(path)
            yield Breach("deprecated", path, message, ("deprecated",), detail=text)


def _deprecated(model: type[Model], value: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for name, field in model.model_fields.items():
        found = value.get(name)
        if found is None:
            continue
        if field.deprecated:
            yield (name,), str(field.deprecated)
        below = table_at(model, name)
        if below is not None and isinstance(found, dict):
            for path, instead in _deprecated(below, found):
                yield (name, *path), instead
