"""
Sets of guardrails: the tables with their places, and whether what they name exists.

Pure. A set is a file in ``stacks/guardrails``, which holds in all environments, or an
environment's own ``[guardrails]``. What a call breaks is found by `dialform.guardrails`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dialform.declaration.fields import field_of, is_number
from dialform.declaration.findings import problems_of
from dialform.declaration.guardrails import RULES, Guardrails, covers, rule_named
from dialform.declaration.merging import BadPath, near
from dialform.declaration.source import dotted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dialform.declaration.merging import Layered
    from dialform.errors import Problem

Path = tuple[str | int, ...]

BOUND = ("voices", "models", "functions")
"""The rules that list names of bindings, which are the kinds of binding as well."""


class RuleSet:
    """One table of guardrails. ``problems`` holds what is wrong with it."""

    def __init__(
        self, layered: Layered, rules: Guardrails | None = None, *, prefix: tuple[str, ...] = ()
    ) -> None:
        """``prefix``: where the table stands in its file; ``rules`` None: the file is the table."""
        self.layered = layered
        self.problems: list[Problem] = []
        self._prefix = prefix
        self.shared = rules is None
        """Whether it holds in all environments."""
        if rules is None:
            for source in layered.sources:
                self.problems += source.problems
            try:
                rules = Guardrails.model_validate(layered.value)
            except ValidationError as error:
                self.problems += problems_of(layered, Guardrails, error)
                rules = Guardrails()
        self.rules = rules
        self.limits: dict[str, dict[Path, tuple[float, Path]]] = {}
        """``max`` and ``min``: by field the limit, and the path at which the table says it."""
        self._check_fields()
        self._check_rules()

    def place(self, path: Path) -> str:
        """``file:line`` of what the table says at ``path``."""
        found = self.layered.problem((*self._prefix, *path), "", "")
        return f"{found.file}:{found.line}"

    def warning(self, path: Path, rule: str, message: str) -> Problem:
        """A warning about what the table says at ``path``."""
        path = (*self._prefix, *path)
        return self.layered.problem(path, rule, message, severity="warning")

    def warns(self, rule: str, detail: str) -> bool:
        """Whether a breach of the rule is a warning in this set."""
        return any(covers(one, rule, detail) for one in self.rules.warn or ())

    def _report(self, path: Path, rule: str, message: str) -> None:
        path = (*self._prefix, *path)
        self.problems.append(self.layered.problem(path, rule, message))

    def _check_fields(self) -> None:
        for key in ("required", "forbidden"):
            for index, text in enumerate(getattr(self.rules, key) or ()):
                self._field((key, index), text)
        for key in ("max", "min"):
            limits = self.limits[key] = {}
            for written, text, limit in _leaves(getattr(self.rules, key) or {}):
                field = self._field((key, *written), text)
                if field is None:
                    continue
                if isinstance(limit, bool) or not isinstance(limit, (int, float)):
                    self._report((key, *written), "guardrail", "must be a number")
                elif not is_number(field):
                    self._report((key, *written), "guardrail", f"{text} is no number")
                else:
                    limits[field] = (limit, (key, *written))

    def _field(self, path: Path, text: str) -> Path | None:
        try:
            return field_of(text)
        except BadPath as error:
            self._report(path, "guardrail", str(error))
            return None

    def _check_rules(self) -> None:
        named: list[tuple[Path, str]] = [
            (("warn", index), one) for index, one in enumerate(self.rules.warn or ())
        ]
        named += [
            (("waivers", index, "rule"), one.rule)
            for index, one in enumerate(self.rules.waivers or ())
        ]
        for path, one in named:
            if rule_named(one) is None:
                message = f"there is no rule {one!r}{near(one, RULES)}"
                self._report(path, "guardrail", message)

    def check_names(
        self, bindings: Mapping[str, Collection[str]], presets: Collection[str], where: str
    ) -> Iterator[Problem]:
        """What names a binding or a preset that there isn't ``where``."""
        for kind in BOUND:
            known = bindings.get(kind, ())
            for index, name in enumerate(getattr(self.rules, kind) or ()):
                if name not in known:
                    message = f"{name!r} is not bound in {where}{near(name, known)}"
                    path: Path = (*self._prefix, kind, index)
                    yield self.layered.problem(path, "guardrail", message)
        for index, waiver in enumerate(self.rules.waivers or ()):
            if waiver.preset not in presets:
                message = f"there is no preset {waiver.preset!r}{near(waiver.preset, presets)}"
                path = (*self._prefix, "waivers", index, "preset")
                yield self.layered.problem(path, "guardrail", message)


def _leaves(
    table: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[Path, str, Any]]:
    """Each value of nested tables: its path, the field that it names, and itself."""
    for key, value in table.items():
        at = (*path, key)
        if isinstance(value, dict):
            yield from _leaves(value, at)
        else:
            yield at, _field_text(at), value


def _field_text(path: tuple[str, ...]) -> str:
    """``("profile", "a")`` and ``("profile.a",)`` are one field: a key in quotes may be dotted."""
    return ".".join(part if "." in part and '"' not in part else dotted((part,)) for part in path)
