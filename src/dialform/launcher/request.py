"""
From a bound preset, a number and inputs to the exact bytes of ``POST /dials``.

Pure: the same three give the same bytes on every machine and at any time.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import InputError
from dialform.launcher.inputs import checked_inputs
from dialform.launcher.numbers import checked_number
from dialform.presets.canonical import (
    Digest,
    NotCanonical,
    canonical,
    canonical_text,
    digest,
    member_order,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Inputs = Mapping[str, Any] | Callable[[Mapping[str, Mapping[str, Any]]], Mapping[str, Any]]


class Request(NamedTuple):
    """One call as it would be sent."""

    body: bytes
    """The canonical bytes of the body of ``POST /dials``."""

    digest: Digest
    """The digest of ``body``."""

    environment: str
    """The environment whose ids it holds."""

    workspace: str
    """The base URL of the API that it is for."""

    preset: str
    """The preset's name."""

    preset_digest: Digest
    """The digest of the preset."""

    bound_digest: Digest
    """The digest of the bound preset."""

    to: str | None
    """Who is called, in E.164; None for a browser call."""

    from_number_id: str | None
    """The member of the numbers that was chosen; None where the binding names none."""

    inputs: dict[str, Any]
    """What is sent as ``callAgentInput``, defaults included."""

    sensitive: frozenset[str]
    """The names of inputs that are not to be shown or kept."""

    kept: str = "{}"
    """Canonical JSON of ``inputs`` less those that are not to be kept."""

    same: tuple[int, int] = (0, 0)
    """How many bytes at both ends of ``body`` are the same in all calls of the bound preset."""

    missing: tuple[str, ...] = ()
    """What a partial request lacks, as on the command line; () for one that can be sent."""

    def keyed(self, key: str) -> Request:
        """The same call with an ``idempotencyKey``."""
        from dialform.launcher.idempotency import keyed  # noqa: PLC0415 - where keys are used

        body = keyed(self.body, key)
        return self._replace(body=body, digest=digest(body), same=(0, 0))

    @property
    def url(self) -> str:
        """Where it is sent."""
        return f"{self.workspace.rstrip('/')}/dials"


class Template:
    """
    A bound preset, ready to be made into many requests: what is the same is written once.

    The bytes are those of the canonical form of the whole body, put together from pieces.
    """

    def __init__(self, bound: Mapping[str, Any], *, bound_digest: Digest | None = None) -> None:
        """
        Write what every request has.

        Args:
            bound: a bound preset document.
            bound_digest: its digest, where that is known already.

        """
        body: Mapping[str, Any] = bound["body"]
        self._bound = bound
        self._digest = bound_digest or digest(canonical(dict(bound)))
        self._inputs: Mapping[str, Any] = body.get("callAgentInput") or {}
        self._written = {key: canonical(value) for key, value in body.items()}
        self._names = [
            (key, canonical(key) + b":") for key in sorted({*body, *_OWN}, key=member_order)
        ]
        self.declared: Mapping[str, Mapping[str, Any]] = bound.get("inputs") or {}
        self._sensitive = frozenset(
            name for name, one in self.declared.items() if one.get("sensitive")
        )
        self._required = _required(self.declared)
        self._around: dict[frozenset[str], _Around] = {}
        self._forms: dict[tuple[str, ...], list[_Member]] = {}
        self._members: list[str] = []
        if "numbers" in bound:
            binding = bound["bindings"]["numbers"][bound["numbers"]]
            self._members = [one["id"] for one in binding.get("members") or ()]

    def request(
        self,
        *,
        to: str | None = None,
        inputs: Inputs | None = None,
        partial: bool = False,
        key: str | None = None,
    ) -> Request:
        """
        The request to ``to`` with ``inputs``. Arguments and errors as of `assembled`.

        ``key`` is an ``idempotencyKey``, where the workspace honours such.
        """
        bound, declared = self._bound, self.declared
        given = inputs(declared) if callable(inputs) else inputs or {}
        values = checked_inputs(declared, given, partial=partial)
        number = _number(bound["body"], to, partial=partial)
        written: dict[str, bytes] = {}
        member = None
        if number is not None:
            written["toNumber"] = canonical_text(number).encode()
            if self._members:
                member = chosen_member(self._members, number)
                written["fromNumberId"] = canonical_text(member).encode()
        kept = "{}"
        if values:
            written["callAgentInput"], kept = self._written_inputs(values)
        if key is not None:
            written["idempotencyKey"] = canonical_text(key).encode()
        missing = [f"--input {name}=..." for name in self._required if name not in values]
        if number is None and not bound["body"].get("browserCall"):
            missing.insert(0, "--to")
        names = frozenset(written)
        around = self._around.get(names) or self._framed(names)
        middle = b"".join(written[one] if isinstance(one, str) else one for one in around.between)
        found = around.hashed.copy()
        found.update(middle)
        found.update(around.tail)
        return Request(
            body=b"".join((around.head, middle, around.tail)),
            digest=Digest(f"sha256:{found.hexdigest()}"),
            environment=bound["environment"],
            workspace=bound["workspace"],
            preset=bound["preset"]["name"],
            preset_digest=bound["preset"]["digest"],
            bound_digest=self._digest,
            to=number,
            from_number_id=member,
            inputs=values,
            sensitive=self._sensitive,
            kept=kept,
            same=(len(around.head), len(around.tail)),
            missing=tuple(missing),
        )

    def _written_inputs(self, values: dict[str, Any]) -> tuple[bytes, str]:
        """``callAgentInput`` in canonical form, and what is kept of ``values`` likewise."""
        names = tuple(values)
        form = self._forms.get(names)
        if form is None:
            form = self._forms[names] = self._form(values)
        whole, kept = [], []
        try:
            for name, written, is_kept in form:
                member = written if name is None else written + canonical_text(values[name])
                whole.append(member)
                if is_kept:
                    kept.append(member)
            return f"{{{','.join(whole)}}}".encode(), f"{{{','.join(kept)}}}"
        except NotCanonical as error:
            raise InputError(f"inputs: {error}") from None

    def _form(self, names: Iterable[str]) -> list[_Member]:
        """The members of a ``callAgentInput`` with these inputs, in their order."""
        given = set(names)
        form = []
        for name in sorted({*self._inputs, *given}, key=member_order):
            start = f"{canonical(name).decode()}:"
            if name in given:
                form.append(_Member(name, start, name not in self._sensitive))
            else:
                fixed = canonical(self._inputs[name]).decode()
                form.append(_Member(None, start + fixed, is_kept=False))
        return form

    def _framed(self, own: frozenset[str]) -> _Around:
        """What stands around members of a request's own."""
        pieces: list[bytes | str] = []
        for key, name in self._names:
            if key in own:
                pieces += [b",", name, key]
            elif key in self._written:
                pieces += [b",", name + self._written[key]]
        pieces = [b"{", *pieces[1:], b"}"]
        places = [at for at, one in enumerate(pieces) if isinstance(one, str)]
        first, last = (places[0], places[-1] + 1) if places else (len(pieces), len(pieces))
        head = b"".join(one for one in pieces[:first] if isinstance(one, bytes))
        tail = b"".join(one for one in pieces[last:] if isinstance(one, bytes))
        made = _Around(head, tuple(pieces[first:last]), tail, hashlib.sha256(head))
        self._around[own] = made
        return made


class _Around(NamedTuple):
    """What all requests with the same members of their own have in common."""

    head: bytes
    between: tuple[bytes | str, ...]
    """Bytes, and names of members of the request's own."""

    tail: bytes
    hashed: Any
    """The hash of ``head``, to go on from."""


class _Member(NamedTuple):
    """One member of ``callAgentInput``."""

    name: str | None
    """The input that says its value; None where it is always the same."""

    written: str
    """Its name and a colon; and its value, where that is always the same."""

    is_kept: bool
    """Whether the ledger may keep it beside the bytes."""


_OWN = ("callAgentInput", "fromNumberId", "idempotencyKey", "toNumber")
"""The members that a request adds to a bound preset's body."""


def assembled(
    bound: Mapping[str, Any],
    *,
    to: str | None = None,
    inputs: Inputs | None = None,
    bound_digest: Digest | None = None,
    partial: bool = False,
) -> Request:
    """
    The request that calls ``to`` with ``inputs`` as ``bound`` declares.

    Args:
        bound: a bound preset document.
        to: who is called, in E.164; None for a browser call, which takes no number.
        inputs: values for the inputs that the preset declares, or a function that makes them
            from the declarations, as a command line does.
        bound_digest: the document's digest, where it is known already.
        partial: whether the number and required inputs may be missing, to look at the rest.

    Raises:
        InputError: the number or an input is missing, unknown or wrong.

    """
    template = Template(bound, bound_digest=bound_digest)
    return template.request(to=to, inputs=inputs, partial=partial)


def recalled(
    bound: Mapping[str, Any], body: bytes, *, bound_digest: Digest | None = None
) -> Request:
    """
    The request whose bytes are ``body`` less their key, which ``bound`` gave.

    Raises:
        InputError: ``bound`` does not give those bytes for that number and those inputs.

    """
    from dialform.launcher.idempotency import core_of  # noqa: PLC0415 - where one is recalled

    core = core_of(body).body
    value = parse(core)
    declared = bound.get("inputs") or {}
    given = value.get("callAgentInput") or {}
    request = assembled(
        bound,
        to=value.get("toNumber"),
        inputs={name: one for name, one in given.items() if name in declared},
        bound_digest=bound_digest,
    )
    if request.body != core:
        raise InputError(
            f"the recorded bytes are not what {bound['preset']['name']} with the bound preset "
            f"{request.bound_digest} gives: they can't be sent again as a released call"
        )
    return request


def chosen_member(members: Sequence[str], to: str) -> str:
    """
    The id among ``members`` that ``to`` is called from, by rendezvous hashing.

    The same person gets the same member whatever the order; a member that is added takes its
    share of the people and moves nobody else, one that is removed moves its own only.
    """
    return max(members, key=lambda member: (_weight(member, to), member))


def _weight(member: str, to: str) -> bytes:
    return hashlib.sha256(f"{member}\0{to}".encode()).digest()


def _number(body: Mapping[str, Any], to: str | None, *, partial: bool) -> str | None:
    if body.get("browserCall"):
        if to is not None:
            raise InputError("toNumber: the preset is a browser call, which takes no number")
        return None
    if to is None:
        if partial:
            return None
        raise InputError("toNumber: is required: say who is called, like +14155550123")
    return checked_number(to)


def _required(declared: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [name for name, one in declared.items() if one.get("required") and "default" not in one]
