"""
The reference registry and ledger: one object of every format, of every kind that it has.

What stands in tests/golden/registry was made by this once, and is never made again: later
versions must read it as it is. ``python tests/unit/registry/reference_registry.py`` writes what
is not there yet, a new format's objects or a newer ledger, and leaves what is. The same code
in a test shows that today's writers give the same bytes.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from registry_world import MemoryStore

from dialform.drift.objects import Key, object_document, references_document
from dialform.launcher.idempotency import key_of_attempt, key_of_dial
from dialform.launcher.ledger import Ledger
from dialform.launcher.ledger.schema import VERSION
from dialform.launcher.records import Campaign, Reservation, Row
from dialform.launcher.request import Template
from dialform.launcher.sending import reserved
from dialform.presets.canonical import Digest, canonical, digest
from dialform.presets.documents import (
    bound_preset,
    environment_document,
    preset_document,
    profile_document,
)
from dialform.registry import CampaignClaim, Claim, Meta, Registry, Tally
from dialform.registry.documents import marker
from dialform.registry.entries import MOVING, Entry
from dialform.registry.names import MARKER, log_prefix, numbered
from dialform.registry.trust.keys import private_key
from dialform.registry.trust.signers import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from dialform.registry import Kind
    from dialform.registry.store import Store

GOLDEN = Path(__file__).parents[2] / "golden" / "registry"
OBJECTS = GOLDEN / "objects"
REGISTRY_ID = "7d1c5f0e-9d1b-4c55-8f0a-3a1f3c5b2e10"
LEDGER_ID = "5eed5eed5eed5eed5eed5eed5eed5eed"
WORKSPACE = "https://api.vogent.ai/api"
ANN, BEN, CYD, DAN = (f"+1415555012{last}" for last in range(3, 7))
START = 1795561200.0
"""2026-11-24T23:00:00Z"""

MEMBERS = [{"id": f"number-{one}", "number": f"+1415555015{one}"} for one in range(3)]
BINDINGS: dict[str, dict[str, Any]] = {
    "agents": {"collector": {"id": "agent-1", "name": "Collector"}},
    "voices": {"warm": {"id": "voice-1", "name": "Ava"}},
    "models": {"fast": {"id": "model-1", "name": "Atlas 2 mini"}},
    "numbers": {"us": {"members": MEMBERS}},
}
INPUTS: dict[str, dict[str, Any]] = {
    "name": {"required": True},
    "company": {"default": "Acme"},
    "amount": {"type": "number"},
    "pin": {"sensitive": True, "pattern": "[0-9]{4}"},
}
LINE = "Hello {{name}}, this is {{company}}."
PROMPT = "You help {{name}} to pay {{amount}}.\nZürich, naïve, 5 €, \U0001f4de."


def _profile(prompt: str) -> dict[str, Any]:
    return profile_document(
        {
            "openingLine": {"lineType": "INBOUND_OUTBOUND", "content": LINE},
            "defaultVersionedPrompt": {
                "name": "collector",
                "model": "fast",
                "agentType": "STANDARD",
                "prompt": prompt,
            },
        }
    )


PROFILE = _profile(PROMPT)
LETTER = _profile("\n".join([PROMPT, *("Be patient, and say it once more.",) * 20]))
CALL: dict[str, Any] = {"agent": "collector", "voice": "warm", "numbers": "us"}
EXTRA = {"pace": 1e-7, "slack": 0.00001, "share": 0.25, "\ue000": None, "\U0001f4de": [1, True]}
"""Numbers and keys whose canonical form is not what the encoder of ``json`` gives."""


class Seeded(Signer):
    """A signer whose key is made out of its name, so that the same object has the same bytes."""

    def _private(self) -> Ed25519PrivateKey:
        return private_key(sha256(self.target.encode()).digest())


CI, ANNA = Seeded("env", "CI", None), Seeded("env", "anna", None)


class Reference:
    """The reference registry in a store, written by today's writers."""

    def __init__(
        self,
        store: Store,
        workspace: str = WORKSPACE,
        bindings: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        """``workspace`` and ``bindings``: where its calls go, so that a sandbox can take them."""
        self.registry = Registry(store, signer=lambda: CI)
        self.workspace = workspace
        self.bindings = bindings or BINDINGS
        self.extra = EXTRA if bindings is None else None
        self.second = 0
        store.create(MARKER, marker(REGISTRY_ID))
        place = {"url": workspace, "keyvar": "VOGENT_KEY"}
        calls = {"destinations": ["+1"]}
        self._publish("prod", environment_document("prod", place))
        self._publish(
            "prod", environment_document("prod", place | {"idempotencyKeys": True}, calls)
        )
        self._publish("staging", environment_document("staging", place))
        self._reminder()
        self._hello()
        self._around()
        self._keys()
        self._letter()

    def _publish(self, name: str, document: dict[str, Any]) -> None:
        self.registry.publish_environment(name, canonical(document))

    def _reminder(self) -> None:
        """A preset with all that one can have; in prod its log has every kind of entry."""
        first, second = ({**CALL, "timeoutMinutes": minutes} for minutes in (10, 5))
        self.release("staging", "reminder", first)
        self.release("prod", "reminder", first, leans=True)
        self.release("prod", "reminder", second, deviation={"voiceVolumeLevel": -50})
        self.release("prod", "reminder", first, kind="rollback", writer=None, leans=True)
        for kind in ("hold", "resume", "resume", "withdraw"):
            self.brake("prod", "reminder", kind)
        self.release("prod", "reminder", first, leans=True)
        self.brake("prod", "reminder", "yank", yank=2)

    def _hello(self) -> None:
        """A browser call; its log has a hold as they were once written, less what it is on."""
        first, second = ({"agent": "collector", "browserCall": True, **more} for more in LATER)
        self.release("prod", "hello", first, profile=None)
        self.release("prod", "hello", second, profile=None)
        rolled = self.release("prod", "hello", first, kind="rollback", profile=None)
        written = self.meta(writer=rolled.writer)._asdict()
        held = rolled._replace(seq=4, kind="hold", state="held", previous=rolled.digest, **written)
        self.registry.store.create(numbered(log_prefix("prod", "hello"), 4), held.render())
        self.registry.sign("release", held.render())
        self.brake("prod", "hello", "resume")

    def _around(self) -> None:
        """What others write: approvals, evidence, claims."""
        registry, (version, content) = self.registry, self.registry.versions("reminder")[0]
        for who in ("anna", "ben"):
            registry.approve("prod", "reminder", content, self.meta(by=who))
        for placed in (2, 5):
            tally = Tally(placed=placed, answered=1, completed=1, failed=1, seconds=61)
            registry.publish_evidence("prod", "reminder", content, LEDGER_ID, tally, self.meta())
        assert version == 1
        time = self.meta().time
        for seq, reason in ((1, None), (2, "the disk was changed")):
            registry.claim(
                Claim(
                    LEDGER_ID, seq, "desk", "ledger.db", seq, f"token-{seq}", time, "anna", reason
                )
            )
        registry.claim_campaign(
            CampaignClaim("prod", "november", LEDGER_ID, "desk", "ledger.db", time, "anna")
        )

    def _keys(self) -> None:
        """Who may sign, which a second statement changes, and what was newest then."""
        issuer, before = self.registry.issuer, None
        for signers in ((CI,), (CI, ANNA)):
            keys = {one.public.line: one.target for one in signers}
            before = issuer.state(self.meta(), keys=keys, threshold=1, previous=before)
        for _ in range(2):
            issuer.snapshot("prod", self.meta(), expires="2126-12-24T00:00:00Z")

    def _letter(self) -> None:
        """A preset with so long a prompt that ledgers keep it once for all calls."""
        self.release("staging", "letter", {**CALL, "timeoutMinutes": 7}, profile=LETTER)

    def bound(
        self,
        environment: str,
        name: str,
        call: dict[str, Any],
        *,
        profile: dict[str, Any] | None = PROFILE,
        deviation: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The bound preset of a preset, whose documents are published."""
        profile_digest = self.registry.publish_blob(canonical(profile)) if profile else None
        document = preset_document(
            call,
            profile=profile_digest,
            inputs=INPUTS if profile else None,
            extra_fields=self.extra if profile else None,
        )
        return bound_preset(
            environment=environment,
            workspace=self.workspace,
            name=name,
            preset=document,
            preset_digest=self.registry.publish_blob(canonical(document)),
            profile=profile,
            bindings=self.bindings,
            deviation=deviation,
        )

    def release(  # noqa: PLR0913  # as many sides as the thing itself
        self,
        environment: str,
        name: str,
        call: dict[str, Any],
        *,
        kind: Kind = "release",
        profile: dict[str, Any] | None = PROFILE,
        deviation: dict[str, Any] | None = None,
        leans: bool = False,
        writer: str | None = "calls/prod",
    ) -> Entry:
        """A release or a rollback, and all that it refers to."""
        registry = self.registry
        bound = self.bound(environment, name, call, profile=profile, deviation=deviation)
        content = Digest(bound["preset"]["digest"])
        return registry.append(
            environment,
            name,
            kind,
            expected=None,
            version=registry.publish_version(name, content),
            preset_digest=content,
            bound_digest=registry.publish_blob(canonical(bound)),
            references=self._references() if leans else None,
            meta=self.meta(writer=writer),
        )

    def brake(self, environment: str, name: str, kind: Any, *, yank: int | None = None) -> Entry:
        """An entry that releases nothing."""
        assert kind not in MOVING
        because = self.meta(reason="wrong amount in the opening line, 5 € twice")
        return self.registry.append(
            environment, name, kind, expected=None, yank_version=yank, meta=because
        )

    def meta(
        self, *, by: str = "anna", reason: str | None = None, writer: str | None = None
    ) -> Meta:
        """A second later than the one before."""
        self.second += 1
        time = f"2026-11-23T23:00:{self.second:02}Z"
        return Meta(time, reason, by, "https://example.com/pull/12", "0" * 40, writer)

    def _references(self) -> Digest:
        objects: dict[Key, dict[str, Any]] = {
            Key("agents", "agent-1"): {"name": "Collector", "defaultVersionedPromptId": None},
            Key("voices", "voice-1"): {"name": "Ava", "speed": 1.5},
        }
        listed = [
            (key, self.registry.publish_blob(object_document(key, fields)))
            for key, fields in objects.items()
        ]
        return self.registry.publish_blob(references_document(listed))


LATER: tuple[dict[str, Any], ...] = ({}, {"timeoutMinutes": 3})


def write_ledger(path: Path, registry: Registry) -> None:
    """A ledger with dials of every sort: single and of a campaign, keyed, kept and erased."""
    ids = iter([LEDGER_ID, *(f"{number:032x}" for number in range(1, 30))])
    times = iter(START + tick for tick in range(1000))
    made: dict[str, Any] = {"clock": lambda: next(times), "identifier": lambda: next(ids)}
    with closing(Ledger(path, host="desk", process="17:1:boot", **made)) as ledger:
        assert ledger.id == LEDGER_ID
        said = {"name": "Ann", "amount": 12.5, "pin": "0042"}
        for environment, to, keyed, once in SINGLE:
            one = _dial(registry, environment, to, said, once=once)
            mine = ledger.new_id()
            record, _ = ledger.reserve(
                _keyed(registry, one, said, mine) if keyed else one, seconds=30
            )
            _accept(ledger, record.id)
        _campaign(ledger, registry)
        hello = registry.find_release("prod", "hello", version=1)
        browser = Template(registry.read_document(hello.bound_digest, "dialform.bound-preset/1"))
        ledger.reserve(
            reserved(browser.request(), version=1, release=hello.seq, once=None), seconds=30
        )
        tried = _dial(registry, "staging", DAN, said)._replace(version=None, release=None)
        ledger.reserve(tried, seconds=30)
        ledger.erase(CYD, reason="asked to be forgotten")
        ledger.reserve(_dial(registry, "staging", BEN, said, preset="letter"), seconds=30)


SINGLE = (
    ("staging", ANN, False, "visit-1"),
    ("prod", BEN, True, None),
    ("prod", CYD, False, None),
)


def _campaign(ledger: Ledger, registry: Registry) -> None:
    """Two people; the first is put off once, the second is erased later."""
    entry = registry.find_release("prod", "reminder", version=1)
    opened = Campaign(
        id="c1", environment="prod", name="november", preset="reminder", version=1,
        release=entry.seq, preset_digest=entry.preset_digest, bound_digest=entry.bound_digest,
        workspace=WORKSPACE, source="people.csv", source_digest=digest(b"people"),
        opened_at="2026-11-24T23:00:00.000000Z", opened_by="anna",
    )  # fmt: skip
    people = [Row(1, ANN, ANN, '{"name":"Ann"}'), Row(2, "cyd", CYD, '{"name":"Cyd"}')]
    ledger.open_campaign(opened, people)
    for row, deferred in ((people[0], True), (people[1], False), (people[0], False)):
        said = {"name": "Ann" if row.to == ANN else "Cyd"}
        key = key_of_attempt(ledger.id, "c1", row.person, 1)
        one = _dial(
            registry, "prod", row.to, said, key=key, campaign="c1", person=row.person,
            attempt=1, launched_by="anna",
        )  # fmt: skip
        record, fresh = ledger.reserve(one, seconds=30)
        assert fresh
        if deferred:
            ledger.settle(record.id, "deferred", status=429, words="busy", due=START)
        else:
            _accept(ledger, record.id)


def _dial(  # noqa: PLR0913  # what differs between dials
    registry: Registry,
    environment: str,
    to: str,
    said: dict[str, Any],
    *,
    preset: str = "reminder",
    key: str | None = None,
    **more: Any,
) -> Reservation:
    entry = registry.find_release(environment, preset, version=1)
    bound = registry.read_document(entry.bound_digest, "dialform.bound-preset/1")
    request = Template(bound).request(to=to, inputs=said, key=key)
    return reserved(request, version=entry.version, release=entry.seq, **{"once": None, **more})


def _keyed(
    registry: Registry, one: Reservation, said: dict[str, Any], identifier: str
) -> Reservation:
    assert one.to is not None
    key = key_of_dial(identifier)
    return _dial(registry, one.environment, one.to, said, key=key, id=identifier)


def _accept(ledger: Ledger, identifier: str) -> None:
    ledger.settle(
        identifier,
        "accepted",
        dial_id=f"dial-{int(identifier, 16)}",
        session_id=f"session-{int(identifier, 16)}",
        status=200,
        answer=b'{"dialId":"..."}',
    )


def dumped(path: Path) -> str:
    """A ledger as SQL: what is in the file, less how SQLite lays it out."""
    with closing(sqlite3.connect(path)) as connection:
        pragmas = [
            f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};"
            for name in ("application_id", "user_version")
        ]
        return "\n".join([*pragmas, *connection.iterdump(), ""])


def restored(text: str, path: Path) -> Path:
    """A ledger's file from its SQL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(text)
    return path


def ledger_file(version: int = VERSION) -> Path:
    """The golden ledger of a schema."""
    return GOLDEN / f"ledger-{version}.sql"


def golden_objects() -> dict[str, bytes]:
    """The golden registry's objects by key."""
    return dict(_files(OBJECTS))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.json")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def main() -> None:
    """Write what is not there yet."""
    store = MemoryStore()
    reference = Reference(store)
    with TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.db"
        write_ledger(ledger, reference.registry)
        files = {ledger_file(): dumped(ledger).encode()}
    files |= {OBJECTS / key: data for key, data in store.objects.items()}
    for path, data in files.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            sys.stdout.write(f"{path.name} written\n")


if __name__ == "__main__":
    main()
