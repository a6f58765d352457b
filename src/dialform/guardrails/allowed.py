"""Rules on what a call may use: voices, models, functions, and the hosts of webhooks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dialform.declaration.rulesets import BOUND
from dialform.guardrails.breaches import Breach
from dialform.guardrails.call import PROMPTS, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.declaration.rulesets import RuleSet
    from dialform.guardrails.call import Call, Path

_PLACES: dict[str, tuple[Path, ...]] = {
    "voices": (("voice",), ("profile", "voice"), ("profile", "ivrConfiguration", "voice")),
    "models": tuple((*prompt, "model") for prompt in PROMPTS),
    "functions": (
        ("profile", "linkedFunctions"),
        ("profile", "linkedFunctionDefinitionInputs", "function"),
        *((*prompt, "flow", "node", "*", "function") for prompt in PROMPTS),
    ),
    "webhooks": (("webhook",), ("profile", "inboundWebhook")),
}
"""Where a call names objects of each kind."""

_CLEAN = re.compile(r"[a-z0-9_.-]+")


def objects(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """Voices, models and functions that are not among the allowed ones."""
    for kind in BOUND:
        allowed: list[str] | None = getattr(rules.rules, kind)
        if allowed is None:
            continue
        for path, id_ in _named(call, kind):
            names = call.names(kind, id_)
            if set(names) & set(allowed):
                continue
            name = names[0] if names else str(id_)
            what = repr(name) if names else f"the id {id_!r}, which no name in [{kind}] stands for"
            message = f"is {what}, and only {_listed(allowed)} may be; use one of them"
            if not allowed:
                message = f"is {what}, and no {kind[:-1]} may be; drop it"
            yield Breach(kind, path, message, (kind,), detail=name, strictness=len(allowed))


def webhook_hosts(rules: RuleSet, call: Call) -> Iterator[Breach]:
    """Webhooks that lead to another host."""
    allowed = rules.rules.webhookHosts
    if allowed is None:
        return
    for path, url in _named(call, "webhooks"):
        host = host_of(str(url))
        if any(is_host(host, one) for one in allowed):
            continue
        names = call.names("webhooks", url)
        where = f"leads to {host!r}" if host else "names no host"
        message = f"{where}, and webhooks may lead to {_listed(allowed)} only; use one of them"
        yield Breach(
            "webhookHosts",
            path,
            message,
            ("webhookHosts",),
            detail=host,
            strictness=len(allowed),
            binding=("webhooks", names[0]) if names else None,
        )


def host_of(url: str) -> str:
    """A URL's host in lower case; empty where a reader might take it for another one."""
    try:
        host = (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""
    return host if _CLEAN.fullmatch(host) else ""


def is_host(host: str, pattern: str) -> bool:
    """Whether ``pattern`` means ``host``: itself, or with ``*.`` all below it."""
    pattern = pattern.lower()
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and host != pattern[1:]
    return bool(host) and host == pattern


def _named(call: Call, kind: str) -> Iterator[tuple[Path, Any]]:
    for pattern in _PLACES[kind]:
        for path, value in walk(call.fields, pattern):
            if value is not None:
                yield path, value


def _listed(names: list[str]) -> str:
    """``'a', 'b'``, and not without end."""
    few = 8
    return ", ".join(map(repr, names[:few])) + (", ..." if len(names) > few else "")
