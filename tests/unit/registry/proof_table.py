"""
The tables of docs/threats.md: what was done to the registry, and who notices.

``python tests/unit/registry/proof_table.py`` writes them anew after a change that is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mutations import forged, mutations
from reference_registry import ANN, CI, REGISTRY_ID, START, golden_objects
from registry_world import MemoryStore

from dialform.errors import DialformError, RegistryError
from dialform.launcher import Launcher, assembled
from dialform.presets.canonical import Digest, parse
from dialform.registry import Registry, documents
from dialform.registry.claims import parse_campaign_claim
from dialform.registry.trust.guard import Trust
from dialform.registry.trust.memory import Memory, Seen
from dialform.registry.trust.verifying import pinned
from dialform.registry.verify import verify
from dialform.verifying import verified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mutations import Mutation, Objects

PAGE = Path(__file__).parents[3] / "docs" / "threats.md"
CALLS = (("prod", "reminder"), ("prod", "reminder@1"), ("prod", "hello"), ("staging", "reminder"))
"""The calls that are asked for, of everything."""

SAME, EARLIER, ANOTHER = "the same call", "an earlier call", "**another call**"
REFUSED = "refused"
ALIKE, OTHERWISE = "as before", "otherwise"
NOTHING = "nothing"


class Watched(MemoryStore):
    """A store that notes what it is asked for."""

    def __init__(self, objects: Objects) -> None:
        super().__init__()
        self.objects = objects
        self.asked: set[str] = set()
        """Keys that were read, and listed prefixes with a slash at their end."""

    def read(self, key: str) -> bytes | None:
        self.asked.add(key)
        return super().read(key)

    def names(self, prefix: str) -> list[str]:
        self.asked.add(f"{prefix}/" if prefix else "")
        return super().names(prefix)


class Sent(NamedTuple):
    """What a call would send, and where."""

    body: bytes
    workspace: str


Look = Callable[[Watched], Any]


class Remembering(Memory):
    """A machine's memory, which keeps what it saw at first and nothing after that."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.learning = True
        self.seen: dict[str, dict[str, Seen]] = {}

    def recall(self, registry_id: str, log: str) -> dict[str, Seen]:
        assert registry_id == REGISTRY_ID
        return self.seen.get(log, {})

    def remember(self, registry_id: str, log: str, seen: Mapping[str, Seen]) -> None:
        assert registry_id == REGISTRY_ID
        if self.learning:
            self.seen[log] = {**self.seen.get(log, {}), **seen}


def call(environment: str, reference: str, trust: Trust | None = None) -> Look:
    """What a launcher with these keys and this memory would send."""
    preset = reference.partition("@")[0]
    said: dict[str, Any] = {"to": ANN, "inputs": {"name": "Ann"}} if preset == "reminder" else {}

    def look(store: Watched) -> Sent:
        launcher = Launcher("memory", environment)
        launcher._registry = Registry(store, trust=trust)
        request = launcher.request(reference, **said)
        return Sent(request.body, request.workspace)

    return look


def claims(environment: str, reference: str) -> Look:
    """The classes of the claims that do not hold."""

    def look(store: Watched) -> set[str]:
        found = verified(Registry(store), environment, reference).claims
        return {claim.group for claim in found if claim.status == "failed"}

    return look


def earlier(registry: Registry) -> set[Sent]:
    """All that was ever live anywhere."""
    found = set()
    for environment, reference in CALLS:
        preset = reference.partition("@")[0]
        to, inputs = (ANN, {"name": "Ann"}) if preset == "reminder" else (None, {})
        for entry in registry.entries(environment, preset):
            bound = registry.read_document(entry.bound_digest, documents.BOUND_PRESET)
            found.add(Sent(assembled(bound, to=to, inputs=inputs).body, bound["workspace"]))
    return found


def readers(objects: Objects) -> dict[str, Look]:
    """What else reads a registry: each of its methods, of each object that there is."""
    return {name: _read_by(method) for name, method in _methods(objects).items()}


def _read_by(method: Callable[[Registry], Any]) -> Look:
    return lambda store: method(Registry(store))


def _methods(  # noqa: C901  # a case for each kind of object
    objects: Objects,
) -> dict[str, Callable[[Registry], Any]]:
    found: dict[str, Callable[[Registry], Any]] = {"id": lambda registry: registry.id}
    for key, data in objects.items():
        kind, *rest = key.removesuffix(".json").split("/")
        method: Callable[[Registry], Any] | None = None
        match kind, rest:
            case "blobs", _:
                content = Digest(f"sha256:{rest[-1]}")
                method = methodcaller("read_document", content, parse(data)["format"])
            case "presets", [preset, _]:
                method = methodcaller("versions", preset)
            case "releases", [environment, preset, _]:
                method = methodcaller("entries", environment, preset)
            case "environments", [environment, _]:
                method = methodcaller("environment", environment)
            case "approvals", [environment, digits, _]:
                method = methodcaller("approvals", environment, f"sha256:{digits}")
            case "evidence", [environment, preset, version, _]:
                method = methodcaller("evidence", environment, preset, int(version))
            case "ledgers", [ledger, _]:
                method = methodcaller("newest_claim", ledger)
            case "campaigns", [environment, name]:
                claim = parse_campaign_claim(data, environment, name)
                method = methodcaller("claim_campaign", claim._replace(ledger="another"))
            case "trust", _:
                method = _statements
        if method is not None:
            found[key] = method
    return found


def _statements(registry: Registry) -> Any:
    return registry.issuer.statements()


class Observer:
    """Looks at a registry that was sound, and says what it notices."""

    def __init__(self, objects: Objects) -> None:
        """``objects``: as they should be."""
        self.objects = objects
        keys = pinned([CI.public.line], 1)
        memory = Remembering()
        trusts = (
            None,
            Trust(keys, clock=lambda: START),
            Trust(keys, memory=memory, clock=lambda: START),
        )
        self._calls = [
            {f"{at} {one}/{name}": call(one, name, trust) for one, name in CALLS}
            for at, trust in enumerate(trusts)
        ]
        self._readers = readers(objects)
        self._verified = {f"verify {one}/{name}": claims(one, name) for one, name in CALLS}
        self._sound: dict[str, tuple[Any, set[str]]] = {}
        for looks in (*self._calls, self._readers, self._verified):
            for name, look in looks.items():
                store = Watched(dict(objects))
                self._sound[name] = look(store), store.asked
        memory.learning = False
        assert memory.seen
        self._earlier = earlier(Registry(Watched(objects)))

    def verify(self, mutation: Mutation) -> set[str]:
        """The rules by which `registry verify` finds fault with it."""
        try:
            return {one.rule for one in verify(Registry(Watched(mutation.objects)))} or {NOTHING}
        except RegistryError:
            return {REFUSED}

    def launch(self, mutation: Mutation) -> list[set[str]]:
        """
        What comes of the calls that read what was changed; no other can notice.

        By launchers without keys, with keys and no memory, and with both.
        """
        return [
            {self._outcome(*one) for one in self._seen(looks, mutation)} for looks in self._calls
        ]

    def _outcome(self, name: str, one: Sent | DialformError) -> str:
        if isinstance(one, DialformError):
            return REFUSED
        if one == self._sound[name][0]:
            return SAME
        return EARLIER if one in self._earlier else ANOTHER

    def read(self, mutation: Mutation) -> set[str]:
        """What the readers make of it that read what was changed."""
        found = set()
        for name, one in self._seen(self._readers, mutation):
            sound, _ = self._sound[name]
            refused = isinstance(one, DialformError)
            found.add(REFUSED if refused else (ALIKE if one == sound else OTHERWISE))
        return found

    def claims(self, mutation: Mutation) -> set[str]:
        """The classes of claims that `dialform verify` finds to fail."""
        found: set[str] = set()
        for _, one in self._seen(self._verified, mutation):
            found |= {REFUSED} if isinstance(one, DialformError) else one or {NOTHING}
        return found

    def _seen(self, looks: dict[str, Look], mutation: Mutation) -> Iterator[tuple[str, Any]]:
        """What those give, or raise, that ask for one of the objects or list where it is."""
        for name, look in looks.items():
            _, asked = self._sound[name]
            if not any(self._touches(asked, key, mutation) for key in mutation.keys):
                continue
            try:
                yield name, look(Watched(dict(mutation.objects)))
            except DialformError as error:
                yield name, error

    def _touches(self, asked: set[str], key: str, mutation: Mutation) -> bool:
        if key in asked:
            return True
        if key in self.objects and key in mutation.objects:
            return False  # it is there as before: a list of names is the same
        return any(one.endswith("/") and key.startswith(one) for one in asked)


class Row(NamedTuple):
    """What was done to a kind of object, and what each observer makes of it, over all objects."""

    kind: str
    name: str
    verify: set[str]
    claims: set[str]
    launch: set[str]
    keyed: set[str]
    """By a launcher with keys that was never here."""

    remembering: set[str]
    """By one that was."""

    readers: set[str]

    @property
    def seen(self) -> set[str]:
        """Everything that anybody made of it."""
        return set().union(*self[2:])

    @property
    def unseen(self) -> bool:
        """Whether somebody does not notice, so that the table says why that is borne."""
        return bool({NOTHING} & self.verify or {EARLIER, ANOTHER, OTHERWISE} & self.seen)


def rows(observer: Observer, found: Iterable[Mutation]) -> list[Row]:
    """One row for each kind and mutation, in their order."""
    made: dict[tuple[str, str], Row] = {}
    for one in found:
        key = (one.kind, one.name)
        row = made.setdefault(key, Row(*key, *(set() for _ in range(6))))
        row.verify.update(observer.verify(one))
        row.claims.update(observer.claims(one))
        for outcomes, found_here in zip(row[4:7], observer.launch(one), strict=True):
            outcomes.update(found_here)
        row.readers.update(observer.read(one))
    return list(made.values())


def _cells(row: Row, why: str) -> str:
    cells = [row.name, *(", ".join(sorted(one)) or "not read" for one in row[2:]), why]
    return f"| {' | '.join(cells)} |"


def accidents(objects: Objects) -> list[Row]:
    """What happens to an object by itself, or by somebody who knows no checksum."""
    found = rows(Observer(objects), mutations(objects))
    return sorted(found, key=lambda row: row[:2])


def forgeries(objects: Objects) -> list[Row]:
    """What somebody does who knows them all."""
    return rows(Observer(objects), forged(objects, "prod", "reminder"))


def tables(damaged: Iterable[Row], made_up: Iterable[Row]) -> dict[str, str]:
    """The tables by the names of their places in the page."""
    heads = (
        "`registry verify` | `dialform verify` | launcher | with keys | with keys and memory | "
        "other readers | what remains"
    )
    lines = [f"| object | done to it | {heads} |", "|---" * 9 + "|"]
    lines += [
        f"| {row.kind} {_cells(row, REASONS.get((row.kind, row.name), ''))}" for row in damaged
    ]
    more = [f"| written by somebody | {heads} |", "|---" * 8 + "|"]
    more += [_cells(row, REASONS.get((row.kind, row.name), "")) for row in made_up]
    return {"damaged": "\n".join(lines), "written": "\n".join(more)}


def filled(page: str, found: dict[str, str]) -> str:
    """The page with its tables in their places."""
    for name, text in found.items():
        start, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        before, _, rest = page.partition(start)
        assert rest, f"the page has no place for the table {name}"
        page = f"{before}{start}\n{text}\n\n{end}{rest.partition(end)[2]}"
    return page


_AHEAD = "Only what comes after an object refers to it. A snapshot or this machine's memory tells."
_UNPINNED = "Where no keys are pinned, nobody looks at signatures."
_BELIEVED = "Nothing but a signature tells it from a release of the team's."

REASONS = {
    ("approval", "the newest dropped"): (
        "Whoever approved is not among those who did: a gate refuses what it let through."
    ),
    ("evidence", "the newest dropped"): "Counts are lower, so that a gate asks for more calls.",
    ("campaign claim", "dropped"): (
        "Another ledger can open a campaign of that name. The first still knows whom it called."
    ),
    ("ledger claim", "the newest dropped"): (
        "The ledger itself keeps its claim and how many dials it had, and writes the claim again."
    ),
    ("environment document", "the newest dropped"): (
        f"The rules for calls are those of the document before. {_AHEAD}"
    ),
    ("version", "the newest dropped"): "Verification names it where a release refers to it.",
    ("release", "the newest dropped"): (
        f"What was live before is called again, or stays held. {_AHEAD}"
    ),
    ("signature", "dropped"): "Launchers count those that there are; what is new waits for some.",
    ("trust statement", "the newest dropped"): (
        f"The keys of the statement before count again. {_AHEAD}"
    ),
    ("registry", "a release signed with a key of the writer's own"): _UNPINNED,
    ("registry", "the same, and a trust statement that names that key"): (
        "Statements count from the pinned keys on, each by the keys of the one before it."
    ),
    ("registry", "the same, and the trust statements begun anew"): _UNPINNED,
    ("registry", "a release beside which another's signature is put"): _UNPINNED,
    ("registry", "all signatures dropped"): (
        "Calls stop where keys are pinned, as they do where all is taken away."
    ),
    ("registry", "all as it was at an earlier time"): (
        "A machine that was never there can't tell, unless it demands a snapshot (`--strict`)."
    ),
    ("registry", "a hold that somebody wrote, ended"): (
        "A hold ends by an entry of anybody who may write."
    ),
    ("registry", "the log's first entry rewritten, and the chain after it"): (
        "What is called is the same; who released it, and why, is what the writer likes."
    ),
    ("registry", "a barred version released again"): (
        "Launchers go by the newest entry alone; verification reads those before it."
    ),
    ("registry", "another body released for the same preset"): (
        "`dialform verify` derives the body from preset and bindings, and finds another."
    ),
    ("registry", "the newest entry rewritten to name another bound preset"): (
        "As above, as long as the preset stays the same."
    ),
    ("registry", "another profile, preset, version and bound preset released"): _BELIEVED,
    ("registry", "another server, and a release that is bound to it"): (
        f"{_BELIEVED} The server is sent the key."
    ),
    ("registry", "an environment document that names another server"): (
        "Launchers refuse a release that is bound to another workspace: calls stop."
    ),
    ("registry", "the version index moved to other content"): (
        "Launchers take the content from the release."
    ),
}
"""Of each row where somebody does not notice: why that is so, and what does."""


def main() -> None:
    """Write the page's tables anew."""
    objects = golden_objects()
    found = tables(accidents(objects), forgeries(objects))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
