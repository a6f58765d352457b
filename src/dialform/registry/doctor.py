"""
Tries a store out: whether it keeps what a registry is built on, and what this role may do there.

Some stores that speak S3 take the header that says "only if absent" and overwrite all the same,
some honour it until two ask at once. It writes below ``doctor/``, which no reader looks at, and
removes that again where it may.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from dialform.errors import RegistryError, RegistryUnreachable
from dialform.registry import names
from dialform.registry.documents import Damage, parse_marker
from dialform.registry.store import Store, origin

if TYPE_CHECKING:
    from collections.abc import Iterator

Verdict = Literal["yes", "no", "warning", "failed"]
"""``no`` is a role's limit and no fault; ``failed``: no registry can be kept or reached so."""

_WRITERS = 16


class Check(NamedTuple):
    """One claim about a store."""

    check: str
    """In a word: ``reach``, ``registry``, ``create``, ``if-absent``, ..."""

    verdict: Verdict
    message: str


@runtime_checkable
class Yielding(Store, Protocol):
    """A store that can be asked to do what no registry does."""

    def overwrite(self, key: str, data: bytes) -> bool:
        """Put ``data`` whatever is there; whether that was allowed."""

    def remove(self, key: str) -> bool:
        """Delete the object; whether that was allowed."""


def examine(store: Store, token: str) -> Iterator[Check]:
    """All checks, one after the other. ``token``: a name that nobody else tries at this time."""
    store = origin(store)
    try:
        if not store.present():
            yield Check("reach", "failed", "the place is not there: correct the URL or make it")
            return
        yield Check("reach", "yes", "it answers, and this role may list it")
        marker = store.read(names.MARKER)
    except RegistryError as error:
        yield Check("reach", "failed", str(error))
        return
    yield _registry(marker)
    folder = f"{names.DOCTOR}/{token}"
    key = f"{folder}/1.json"
    try:
        created = store.create(key, _text("first"))
    except RegistryUnreachable as error:
        yield Check("create", "failed", str(error))
        return
    except RegistryError as error:
        yield Check("create", "no", f"this role may read, and not publish: {error}")
        return
    if not created:
        yield Check("create", "failed", f"{key} was never there, and the store says that it is")
        return
    yield Check("create", "yes", "this role may publish")
    for check in (_if_absent, _at_once, _listing):
        try:
            yield check(store, folder)
        except RegistryError as error:
            yield Check(check.__name__.strip("_").replace("_", "-"), "failed", str(error))
    yield from _limits(store, folder)


def _text(writer: str) -> bytes:
    return b'{"writer":"%s"}' % writer.encode()


def _registry(marker: bytes | None) -> Check:
    if marker is None:
        return Check("registry", "no", "there is none yet: `dialform registry init` makes one")
    try:
        return Check("registry", "yes", f"its id is {parse_marker(marker)}")
    except Damage as damage:
        return Check("registry", "failed", f"registry.json: {damage}")


def _if_absent(store: Store, folder: str) -> Check:
    key = f"{folder}/1.json"
    if store.create(key, _text("second")):
        return Check(
            "if-absent",
            "failed",
            "the store overwrites what is to be created only if it is absent: two publishers "
            "would lose each other's releases, so keep no registry here",
        )
    if store.read(key) != _text("first"):
        return Check("if-absent", "failed", "what was created is not what is read after that")
    return Check("if-absent", "yes", "a taken name is refused, and what is there stays readable")


def _at_once(store: Store, folder: str) -> Check:
    key = f"{folder}/2.json"
    with ThreadPoolExecutor(_WRITERS) as pool:
        attempts = pool.map(lambda n: store.create(key, _text(str(n))), range(_WRITERS))
        winners = [number for number, created in enumerate(attempts) if created]
    if len(winners) != 1 or store.read(key) != _text(str(winners[0])):
        return Check(
            "at-once",
            "failed",
            f"of {_WRITERS} creations at once {len(winners)} were told that they made it: two "
            "publishers would lose each other's releases, so keep no registry here",
        )
    return Check("at-once", "yes", f"of {_WRITERS} creations at once one came through")


def _listing(store: Store, folder: str) -> Check:
    found = store.names(folder)
    if found != ["1.json", "2.json"]:
        return Check("listing", "failed", f"right after two creations the listing shows {found}")
    return Check("listing", "yes", "what was created is listed at once")


def _limits(store: Store, folder: str) -> Iterator[Check]:
    """What a registry never does: better if this role can't either."""
    if not isinstance(store, Yielding):
        return
    for check, message, attempt in (
        ("overwrite", "overwrite objects", lambda key: store.overwrite(key, _text("third"))),
        ("delete", "delete objects", store.remove),
    ):
        try:
            allowed = attempt(f"{folder}/2.json")
        except RegistryError as error:
            yield Check(check, "warning", f"it can't be told whether this role may: {error}")
            continue
        if allowed:
            advice = "docs/registry.md has grants and policies that forbid it"
            yield Check(check, "warning", f"this role may {message}: {advice}")
        else:
            yield Check(check, "yes", f"this role may not {message}")
    try:
        gone = store.remove(f"{folder}/1.json")
    except RegistryError:
        gone = False
    if not gone:
        yield Check("left", "yes", f"{folder}/ stays: it may not be removed, and does no harm")
