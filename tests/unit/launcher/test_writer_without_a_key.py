"""Whoever may write to the registry, and has no key that counts, gets nothing launched."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from dialform.errors import DialformError, ObjectCorrupt, Refused, Untrusted
from dialform.presets.canonical import Digest, canonical, parse
from dialform.presets.documents import environment_document
from dialform.registry import Entry, Meta, Registry
from dialform.registry.documents import marker, version
from dialform.registry.trust.keys import PublicKey, new_key
from dialform.registry.trust.signers import Signer
from dialform.registry.trust.statements import Snapshot, Statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from launcher_world import World

LOG = "releases/dev/reminder"
LAUNCH = ("launch", "reminder", "people.csv", "-s", "dev", "--name", "may", "--yes")
EVIL = {"timeoutMinutes": 60}
META = Meta("2026-11-24T00:00:00Z", by="eve", writer="dialform/dev")


class Attack:
    """What somebody has who may write to the registry's folder, and a key that counts nowhere."""

    def __init__(self, world: World, key: PublicKey) -> None:
        """``key`` is the publisher's public one."""
        self.world = world
        self.key = key
        self.folder = world.folder / "registry"
        self.first = self.entry(1)
        self.eve = signer(world.folder, "eve")
        self.registry = Registry.open("registry", base=world.folder)

    def entry(self, number: int, registry: Registry | None = None) -> Entry:
        entries = (registry or self.world.registry).entries("dev", "reminder")
        return entries[number - 1]

    def evil(self, **fields: Any) -> Entry:
        """The entry that would have other calls made, in the place of ``number``."""
        bound = self.world.bound("reminder", **EVIL)
        preset = Digest(bound["preset"]["digest"])
        version = self.registry.publish_version("reminder", preset)
        made = self.first._replace(
            version=version,
            preset_digest=preset,
            bound_digest=self.registry.publish_blob(canonical(bound)),
            by="eve",
        )
        return made._replace(**fields)

    def put(self, key: str, data: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def second(self, **fields: Any) -> Entry:
        """The evil entry as the log's second."""
        return self.evil(seq=2, previous=self.first.digest, **fields)


def signer(folder: Path, name: str) -> Signer:
    path = folder / f"{name}.pem"
    if not path.exists():
        path.write_bytes(new_key()[1])
    return Signer("file", str(path), None)


def append(attack: Attack) -> None:
    attack.put(f"{LOG}/2.json", attack.second().render())


def append_signed_by_eve(attack: Attack) -> None:
    append(attack)
    mine = Registry.open("registry", base=attack.world.folder, signer=lambda: attack.eve)
    mine.sign_entry(attack.entry(2, mine))


def append_with_the_signature_of_another_entry(attack: Attack) -> None:
    made = attack.second()
    attack.put(f"{LOG}/2.json", made.render())
    made = attack.entry(2)
    there = attack.folder / "signatures" / attack.first.digest[7:]
    shutil.copytree(there, attack.folder / "signatures" / made.digest[7:])


def append_with_eves_signature_under_the_publishers_name(attack: Attack) -> None:
    append_signed_by_eve(attack)
    there = attack.folder / "signatures" / attack.entry(2).digest[7:]
    (there / f"{attack.eve.public.keyid}.json").rename(there / f"{attack.key.keyid}.json")


def alter_an_entry(attack: Attack) -> None:
    attack.put(f"{LOG}/1.json", attack.evil().render())


def swap_the_version(attack: Attack) -> None:
    """A version's file is an index only: what is called stands in the signed entry."""
    attack.put("presets/reminder/1.json", version("reminder", 1, attack.evil().preset_digest))


def an_unsigned_snapshot(attack: Attack) -> None:
    heads = {"reminder": (9, attack.first.digest)}
    made = Snapshot("dev", 1, None, heads, None, None, META.time, "2099-01-01T00:00:00Z", "eve")
    attack.put("snapshots/dev/1.json", made.render())


def an_unsigned_statement(attack: Attack) -> None:
    """A second one; a first that the pins don't verify is refused."""
    eves_keys_after_the_publishers(attack, appends=False)


def flip_a_byte_of_an_entry(attack: Attack) -> None:
    data = (attack.folder / f"{LOG}/1.json").read_bytes()
    attack.put(f"{LOG}/1.json", data.replace(b'"by":"anna"', b'"by":"anne"'))


def alter_a_blob(attack: Attack) -> None:
    key = f"blobs/sha256/{attack.first.bound_digest[7:]}.json"
    value = parse((attack.folder / key).read_bytes())
    value["body"]["timeoutMinutes"] = 60
    attack.put(key, canonical(value))


def replay_an_entry_as_a_new_one(attack: Attack) -> None:
    attack.put(f"{LOG}/2.json", (attack.folder / f"{LOG}/1.json").read_bytes())


def roll_back(attack: Attack) -> None:
    attack.registry.append(
        "dev",
        "reminder",
        "rollback",
        expected=None,
        version=attack.first.version,
        preset_digest=attack.first.preset_digest,
        bound_digest=attack.first.bound_digest,
        meta=META,
    )


def end_a_hold(attack: Attack) -> None:
    attack.registry.append("dev", "reminder", "hold", expected=None, meta=META)
    attack.registry.append("dev", "reminder", "resume", expected=None, meta=META)


def a_bar_with_other_content(attack: Attack) -> None:
    attack.put(f"{LOG}/2.json", attack.second(kind="yank", yanked=(9,)).render())


def a_hold_that_holds_nothing(attack: Attack) -> None:
    attack.put(f"{LOG}/2.json", attack.second(kind="hold").render())


def the_entry_of_another_registry(attack: Attack) -> None:
    """Signed by the publisher's own key, where it was released."""
    other = attack.world.folder / "other"
    shutil.copytree(attack.folder, other)
    (other / "registry.json").write_bytes(marker("00000000-0000-4000-8000-000000000000"))
    publisher = signer(attack.world.folder, "ci")
    theirs = Registry.open("other", base=attack.world.folder, signer=lambda: publisher)
    evil = attack.evil()
    for kind in ("presets", "blobs"):
        shutil.copytree(attack.folder / kind, other / kind, dirs_exist_ok=True)
    theirs.append(
        "dev",
        "reminder",
        "release",
        expected=1,
        version=evil.version,
        preset_digest=evil.preset_digest,
        bound_digest=evil.bound_digest,
        meta=META,
    )
    for kind in ("releases", "signatures"):
        shutil.copytree(other / kind, attack.folder / kind, dirs_exist_ok=True)


def another_environment_s_entry(attack: Attack) -> None:
    made = attack.evil(environment="staging")
    attack.put(f"{LOG}/2.json", made.render())


def another_environment_document(attack: Attack) -> None:
    """It would have the API key sent to a server of eve's."""
    workspace = {"url": "http://127.0.0.1:9/api", "keyvar": "VOGENT_API_KEY_DEV"}
    attack.registry.publish_environment("dev", canonical(environment_document("dev", workspace)))


def take_the_signatures_away(attack: Attack) -> None:
    shutil.rmtree(attack.folder / "signatures")


def another_registry_s_id(attack: Attack) -> None:
    attack.put("registry.json", marker("00000000-0000-4000-8000-000000000000"))


def eves_own_keys(attack: Attack) -> None:
    """A first trust statement, and an entry that its key signed."""
    mine = Registry.open("registry", base=attack.world.folder, signer=lambda: attack.eve)
    names = {attack.eve.public.line: "ci"}
    mine.issuer.state(META, keys=names, threshold=1, previous=None)
    append_signed_by_eve(attack)


def eves_keys_after_the_publishers(attack: Attack, *, appends: bool = True) -> None:
    """The statement that follows the publisher's, which only eve signed."""
    publisher = signer(attack.world.folder, "ci")
    theirs = Registry.open("registry", base=attack.world.folder, signer=lambda: publisher)
    first = theirs.issuer.state(META, keys={attack.key.line: "ci"}, threshold=1, previous=None)
    names = {attack.key.line: "ci", attack.eve.public.line: "eve"}
    made = Statement(2, first.digest, names, 1, META.time, "ci", None)
    attack.put("trust/2.json", made.render())
    mine = Registry.open("registry", base=attack.world.folder, signer=lambda: attack.eve)
    mine.issuer.sign_statement(2)
    if appends:
        append_signed_by_eve(attack)


def a_registry_of_eves_own(attack: Attack) -> None:
    """All of it, under the same id, signed by eve."""
    there = attack.registry.id
    shutil.rmtree(attack.folder)
    attack.folder.mkdir()
    attack.put("registry.json", marker(there))
    mine = Registry.open("registry", base=attack.world.folder, signer=lambda: attack.eve)
    attack.world.registry = mine
    attack.world.publish_environment(attack.world.url)
    attack.world.release("reminder", **EVIL)


REFUSED: dict[Callable[[Attack], None], str] = {
    append: "unsigned",
    append_signed_by_eve: "unknown-key",
    append_with_the_signature_of_another_entry: "unknown-key",
    append_with_eves_signature_under_the_publishers_name: "unknown-key",
    alter_an_entry: "unsigned",
    flip_a_byte_of_an_entry: "corrupt",
    alter_a_blob: "corrupt",
    replay_an_entry_as_a_new_one: "corrupt",
    another_environment_s_entry: "corrupt",
    roll_back: "unsigned",
    end_a_hold: "unsigned",
    a_bar_with_other_content: "unsigned",
    a_hold_that_holds_nothing: "unsigned",
    the_entry_of_another_registry: "unknown-key",
    another_environment_document: "unsigned",
    take_the_signatures_away: "unsigned",
    another_registry_s_id: "unknown-key",
    eves_own_keys: "unknown-key",
    eves_keys_after_the_publishers: "unknown-key",
    a_registry_of_eves_own: "unknown-key",
}
"""What a writer can do -> the rule that refuses it; ``corrupt`` is no entry of that place."""

HARMLESS: tuple[Callable[[Attack], None], ...] = (
    swap_the_version,
    an_unsigned_snapshot,
    an_unsigned_statement,
)
"""What changes nothing of what is called."""


@pytest.fixture
def attack(world: World) -> Attack:
    """A registry that the publisher signed, and somebody who may write to it."""
    world.sandbox.speed(10_000)
    publisher = signer(world.folder, "ci")
    signing = Registry.open("registry", base=world.folder, signer=lambda: publisher)
    signing.sign_entry(signing.entries("dev", "reminder")[0])
    signing.sign_environment("dev")
    (world.folder / "people.csv").write_text("to,name\n+14155550123,Ann\n", encoding="utf-8")
    world.environment["DIALFORM_KEYS"] = publisher.public.line
    world.environment["DIALFORM_STATE"] = str(world.folder / "state")
    return Attack(world, publisher.public)


def dial(attack: Attack, key: PublicKey | None = None) -> dict[str, Any]:
    """Call Ann with pinned keys, on a machine that never saw the registry: the body sent."""
    world = attack.world
    before = len(world.sandbox.received())
    with world.launcher(keys=[(key or attack.key).line]) as launcher:
        launcher.dial("reminder", to="+14155550123", inputs={"name": "Ann"})
    (sent,) = world.sandbox.received()[before:]
    found: dict[str, Any] = parse(sent.body)
    return found


def refused(attack: Attack) -> str:
    """By which rule a call is refused."""
    try:
        dial(attack)
    except Untrusted as refusal:
        return refusal.rule
    except ObjectCorrupt:
        return "corrupt"
    return "-"


def test_what_the_publisher_signed_is_launched(attack: Attack) -> None:
    """So that a refusal below is not one of everything."""
    assert dial(attack)["timeoutMinutes"] == 10
    attack.world.dial()
    attack.world.run(*LAUNCH)
    assert len(attack.world.sandbox.received()) == 3


def test_without_pins_the_writer_decides(attack: Attack) -> None:
    """What the pins are for."""
    append(attack)
    with attack.world.launcher() as launcher:
        request = launcher.request("reminder", to="+14155550123", inputs={"name": "Ann"})
    assert parse(request.body)["timeoutMinutes"] == 60


@pytest.mark.parametrize("do", REFUSED)
def test_nothing_of_it_is_launched(do: Callable[[Attack], None], attack: Attack) -> None:
    do(attack)
    rule = REFUSED[do]
    assert refused(attack) == rule
    code = 1 if rule == "corrupt" else 3
    _, said = attack.world.run(*LAUNCH, code=code)
    assert rule == "corrupt" or f"[{rule}]" in said
    assert attack.world.sandbox.received() == []


@pytest.mark.parametrize("do", HARMLESS)
def test_it_alters_nothing_of_what_is_called(do: Callable[[Attack], None], attack: Attack) -> None:
    before = dial(attack)
    do(attack)
    assert dial(attack) == before


def test_the_newest_taken_away_is_missed_by_a_machine_and_by_a_snapshot(attack: Attack) -> None:
    """By the one that saw it, and by one that never did."""
    world, publisher = attack.world, signer(attack.world.folder, "ci")
    world.registry = Registry.open("registry", base=world.folder, signer=lambda: publisher)
    world.release("reminder", timeoutMinutes=5)
    world.dial()
    (attack.folder / f"{LOG}/2.json").unlink()
    _, said = world.dial(code=3)
    assert "[rolled-back-registry]" in said
    _, said = world.run(*LAUNCH, code=3)
    assert "[rolled-back-registry]" in said

    world.release("reminder", timeoutMinutes=5)
    world.registry.issuer.snapshot("dev", META, expires="2099-01-01T00:00:00Z")
    (attack.folder / f"{LOG}/2.json").unlink()
    fresh = {"DIALFORM_STATE": str(world.folder / "fresh")}
    for command in (("dial", "reminder", "-s", "dev", "--to", "+14155550123"), LAUNCH):
        _, said = world.run(*command, code=3, env=fresh)
        assert "[dropped]" in said
    assert len(world.sandbox.received()) == 1


def test_a_hold_needs_no_key(attack: Attack) -> None:
    attack.registry.append("dev", "reminder", "hold", expected=None, meta=META)
    with pytest.raises(DialformError, match="is held in dev"):
        dial(attack)


def test_a_running_campaign_stops_where_its_release_is_not_believed_any_more(
    attack: Attack,
) -> None:
    """As keys rotate in the middle of one: it pauses, and goes on once somebody has signed."""
    world = attack.world
    people = "".join(f"+1415555012{last},N\n" for last in range(4))
    (world.folder / "people.csv").write_text(f"to,name\n{people}", encoding="utf-8")
    world.run(*LAUNCH, "--canary", "1", code=3)
    ci, anna = (signer(world.folder, one) for one in ("ci", "anna"))
    issuing = Registry.open("registry", base=world.folder, signer=lambda: ci)
    both = {ci.public.line: "ci", anna.public.line: "anna"}
    first = issuing.issuer.state(META, keys=both, threshold=1, previous=None)
    alone = Registry.open("registry", base=world.folder, signer=lambda: anna)
    alone.issuer.state(META, keys={anna.public.line: "anna"}, threshold=1, previous=first)
    _, said = world.run(*LAUNCH, code=3)
    assert "[unknown-key]" in said
    assert len(world.sandbox.received()) == 1

    alone.sign_entry(attack.first)
    alone.sign_environment("dev")
    world.run(*LAUNCH)
    assert len(world.sandbox.received()) == 4


def test_a_stop_that_nothing_below_it_made_is_obeyed_as_it_stands(attack: Attack) -> None:
    """Held by its state, though no entry of the log is a hold."""
    made = attack.first._replace(seq=2, previous=attack.first.digest, kind="yank", yanked=(9,))
    attack.put(f"{LOG}/2.json", made._replace(state="held").render())
    with pytest.raises(Refused, match="is held in dev since"):
        dial(attack)


def test_a_registry_s_id_is_no_path(attack: Attack) -> None:
    """What this machine saw is kept under it."""
    attack.put("registry.json", marker("../../../elsewhere"))
    _, said = attack.world.run("show", "reminder", "-s", "dev", code=1)
    assert "its id is '../../../elsewhere'" in said
    assert not (attack.world.folder / "elsewhere").exists()
