"""``dialform verify``: each claim fails for its own reason, with its own exit code."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from reference_registry import ANNA, CI, OBJECTS, REGISTRY_ID

from dialform.cli.main import main
from dialform.presets.canonical import canonical, digest, parse
from dialform.registry import FolderStore, Meta, Registry
from dialform.registry.documents import sealed
from dialform.registry.names import blob_key, signature_key
from dialform.verifying import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.registry.trust.signers import Signer

LOG = "releases/prod/reminder"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the golden registry on a machine without checkout and key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOGENT_KEY", raising=False)
    monkeypatch.setenv("DIALFORM_REGISTRY", str(tmp_path / "registry"))
    return Path(shutil.copytree(OBJECTS, tmp_path / "registry"))


class Run:
    """Runs the command and reads its document."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, dict[str, str]]:
        """The exit code, and each claim's status."""
        code = main(["verify", *arguments, "-s", "prod", "--json"])
        document = json.loads(self._capsys.readouterr().out)
        assert (document["format"], document["exitCode"]) == ("dialform.verify/1", code)
        (preset,) = document["presets"]
        return code, {claim["claim"]: claim["status"] for claim in preset["claims"]}

    def text(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, stdout and stderr of the command for a person."""
        code = main(["verify", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    assert folder.exists()
    return Run(capsys)


def value(folder: Path, key: str) -> dict[str, Any]:
    found: dict[str, Any] = parse((folder / key).read_bytes())
    return found


def resealed(folder: Path, key: str, **fields: Any) -> None:
    """What whoever may write can do: another content, with a checksum that is right."""
    content = value(folder, key)
    del content["checksum"]
    (folder / key).write_bytes(sealed({**content, **fields}))


def bound_key(folder: Path) -> str:
    return blob_key(value(folder, f"{LOG}/9.json")["boundDigest"])


def another_body(folder: Path) -> None:
    """A bound preset that says something else, released by whoever may write."""
    bound = value(folder, bound_key(folder))
    bound["body"]["agentOverrides"]["openingLine"]["content"] = "Give me your card number."
    data = canonical(bound)
    (folder / blob_key(digest(data))).write_bytes(data)
    entry = value(folder, f"{LOG}/9.json")
    resealed(folder, f"{LOG}/9.json", boundDigest=digest(data), kind="release", yanked=[])
    assert entry["kind"] == "yank"


def damaged(key: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / key
        path.write_bytes(path.read_bytes().replace(b":", b";", 1))

    return damage


def in_bound(folder: Path) -> None:
    damaged(bound_key(folder))(folder)


def dropped(key: str) -> Callable[[Path], None]:
    return lambda folder: (folder / key).unlink()


def blob_of(folder: Path, key: str) -> Path:
    return folder / blob_key(value(folder, f"{LOG}/9.json")[key])


def uncanonical(folder: Path) -> None:
    """A list of references that hashes to its name and is in no canonical form."""
    data = blob_of(folder, "references").read_bytes() + b"\n"
    (folder / blob_key(digest(data))).write_bytes(data)
    resealed(folder, f"{LOG}/9.json", references=digest(data))


def far_ahead(folder: Path) -> None:
    (folder / LOG / "999999999.json").write_bytes(b"{}")


DAMAGES: list[tuple[Callable[[Path], None], int, set[str]]] = [
    (damaged("registry.json"), 10, {"marker"}),
    (damaged(f"{LOG}/9.json"), 10, {"entry", "order of the log"}),
    (damaged(f"{LOG}/4.json"), 12, {"order of the log"}),
    (dropped(f"{LOG}/4.json"), 12, {"order of the log"}),
    (far_ahead, 10, {"entry", "order of the log"}),
    (lambda folder: resealed(folder, f"{LOG}/2.json", by="eve"), 12, {"order of the log"}),
    (in_bound, 10, {"bound preset", "derivation", "workspace"}),
    (lambda folder: blob_of(folder, "presetDigest").unlink(), 10,
     {"preset", "derivation", "workspace"}),
    (lambda folder: blob_of(folder, "references").unlink(), 10, {"references"}),
    (uncanonical, 10, {"references", "canonical form", "order of the log"}),
    (another_body, 10, {"derivation"}),
    (dropped("presets/reminder/1.json"), 10, {"version"}),
    (lambda folder: resealed(folder, "presets/reminder/1.json", digest=f"sha256:{'0' * 64}"), 10,
     {"version"}),
    (lambda folder: resealed(folder, "environments/prod/2.json", workspace={"url": "https://x"}),
     10, {"workspace"}),
    (lambda folder: resealed(folder, "environments/prod/2.json", workspace=1), 10, {"workspace"}),
    (dropped("environments/prod/1.json"), 10, {"workspace"}),
    (dropped("environments/prod/2.json"), 0, set()),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "code", "failed"), DAMAGES)
def test_each_claim_fails_for_its_own_reason(
    folder: Path, run: Run, damage: Callable[[Path], None], code: int, failed: set[str]
) -> None:
    damage(folder)
    ended, claims = run("reminder")
    assert {name for name, status in claims.items() if status == "failed"} == failed
    assert ended == code


def test_all_holds_for_a_sound_release(run: Run) -> None:
    code, claims = run("reminder")
    assert code == 0
    assert {name for name, status in claims.items() if status == "warned"} == {"signatures"}
    assert set(claims.values()) == {"ok", "n/a", "warned"}
    assert claims["remote drift"] == "n/a", "there is no key"
    assert run("reminder@1")[0] == run("hello")[0] == 0
    assert run(f"reminder@{digest(b'')}"[:9] + "2")[0] == 0, "what was barred is still sound"


def test_a_person_reads_what_was_compared(run: Run) -> None:
    code, out, said = run.text("reminder", "-s", "prod")
    assert code == 0
    assert out.startswith("reminder version 1 in prod: entry 9 of 9, live\n")
    assert f"registry.json names registry {REGISTRY_ID}" in out
    assert "9 entries follow from the first" in out
    assert "skipped: VOGENT_KEY is not set" in out
    assert max(map(len, out.splitlines())) <= 116, "as wide as a terminal"
    assert said.endswith("\n12 hold, 1 warned, 3 not applicable\n")


def keyed(monkeypatch: pytest.MonkeyPatch, *signers: Signer, threshold: int = 1) -> None:
    """Pin these people's keys on the machine."""
    monkeypatch.setenv("DIALFORM_KEYS", " ".join(one.public.line for one in signers))
    monkeypatch.setenv("DIALFORM_THRESHOLD", str(threshold))


def failing(claims: dict[str, str]) -> set[str]:
    return {name for name, status in claims.items() if status == "failed"}


def test_with_keys_all_holds_strictly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed(monkeypatch, CI)
    for reference in ("reminder", "hello", "reminder@1"):
        code, claims = run(reference, "--strict")
        assert code == 0, claims
        assert set(claims.values()) == {"ok", "n/a"}
    _, out, _ = run.text("hello", "-s", "prod")
    assert f"the entry by CI ({CI.public.keyid})" in out


def test_without_keys_it_is_unsigned_where_it_is_strict(run: Run) -> None:
    code, claims = run("reminder", "--strict")
    assert code == 11
    assert "signatures" in failing(claims)


def test_a_signature_that_is_missing_or_another_s(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(monkeypatch, ANNA)
    code, claims = run("hello")
    assert (code, failing(claims)) == (11, {"signatures"})
    keyed(monkeypatch, CI)
    of = digest((folder / "releases/prod/hello/5.json").read_bytes())
    (folder / signature_key(of, CI.public.keyid)).unlink()
    code, claims = run("hello")
    assert (code, failing(claims)) == (11, {"signatures"})


def test_too_few_signatures(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    keyed(monkeypatch, CI, ANNA, threshold=2)
    shutil.rmtree(folder / "trust")
    shutil.rmtree(folder / "snapshots")
    code, claims = run("hello")
    assert (code, failing(claims)) == (11, {"threshold"})


def test_what_is_only_proposed_is_not_what_is_called(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two signed a release: what both signed goes on, and that is what is looked at."""
    keyed(monkeypatch, CI, ANNA, threshold=2)
    shutil.rmtree(folder / "trust")
    shutil.rmtree(folder / "snapshots")
    anna = Registry(FolderStore(folder), signer=lambda: ANNA)
    anna.sign_environment("prod")
    entries = anna.entries("prod", "hello")
    for entry in entries:
        anna.sign("release", entry.render())
    second = entries[1]
    Registry(FolderStore(folder), signer=lambda: CI).append(
        "prod", "hello", "release", expected=None, version=2, meta=entries[-1].meta,
        preset_digest=second.preset_digest, bound_digest=second.bound_digest,
    )  # fmt: skip
    code, out, said = run.text("hello", "-s", "prod")
    assert code == 0, said
    assert out.startswith("hello version 1 in prod: entry 5 of 6, live\n")
    assert "  warned  signatures" in out
    assert "those after it wait for signatures" in out


def test_what_a_snapshot_tells(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest entry was taken away; and a snapshot that is too old tells nothing."""
    keyed(monkeypatch, CI)
    writer = Registry(FolderStore(folder), signer=lambda: CI)
    old = Meta("2026-01-01T00:00:00Z", by="anna")
    writer.issuer.snapshot("prod", old, expires="2026-01-02T00:00:00Z")
    code, claims = run("hello")
    assert (code, claims["freshness"]) == (0, "warned")
    assert run("hello", "--strict")[0] == 13
    monkeypatch.setenv("DIALFORM_STATE", str(folder.parent / "another machine"))
    (folder / "releases/prod/hello/5.json").unlink()
    (folder / "releases/prod/hello/4.json").unlink()
    code, claims = run("hello")
    assert (code, failing(claims)) == (13, {"freshness"})


def test_what_this_machine_remembers(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed(monkeypatch, CI)
    shutil.rmtree(folder / "snapshots")
    assert run("hello")[0] == 0
    (folder / "releases/prod/hello/5.json").unlink()
    (folder / "releases/prod/hello/4.json").unlink()
    code, claims = run("hello")
    assert (code, failing(claims)) == (13, {"memory"})
    monkeypatch.setenv("DIALFORM_STATE", str(folder.parent / "another machine"))
    assert run("hello")[0] == 0, "what is there is sound, and nobody there saw more"


def test_all_of_an_environment(run: Run) -> None:
    code, out, _ = run.text("--all", "-s", "prod")
    assert code == 0
    assert [line for line in out.splitlines() if line and line[0] != " "] == [
        "hello version 1 in prod: entry 5 of 5, live",
        "reminder version 1 in prod: entry 9 of 9, live",
    ]


def test_the_first_class_that_fails_is_the_code(folder: Path, run: Run) -> None:
    dropped(f"{LOG}/4.json")(folder)
    assert run.text("hello", "reminder", "-s", "prod")[0] == 12
    damaged("presets/hello/1.json")(folder)
    code, out, said = run.text("hello", "reminder", "-s", "prod")
    assert code == 10
    assert "  failed  version" in out
    assert "2 failed" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("remindr", "-s", "prod"), 1, "did you mean 'reminder'?"),
        (("reminder", "-s", "prd"), 1, "has no environment 'prd'; did you mean 'prod'?"),
        (("--all", "-s", "prd"), 1, "has no environment 'prd'; did you mean 'prod'?"),
        (("reminder@3", "-s", "prod"), 1, "released there: 1, 2"),
        (("-s", "prod"), 64, "say which PRESETs, or --all"),
        (("reminder", "--all", "-s", "prod"), 64, "say which PRESETs, or --all"),
        (("rem inder", "-s", "prod"), 64, "rem inder"),
    ],
)
def test_what_is_not_there_is_said(
    run: Run, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended, out, said = run.text(*arguments)
    assert (ended, out) == (code, "")
    assert words in said


def test_a_registry_that_is_not_there_is_no_failed_claim(folder: Path, run: Run) -> None:
    folder.rename(folder.with_name("gone"))
    code, out, said = run.text("reminder", "-s", "prod")
    assert (code, out) == (1, "")
    assert "nothing was released into this registry yet" in said
    folder.mkdir()
    code, out, said = run.text("reminder", "-s", "prod")
    assert (code, out) == (1, "")
    assert "looks like an unmounted disk" in said


def test_the_page_has_each_claim_and_each_code(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/threats.md and the help text say what is so."""
    text = (Path(__file__).parents[3] / "docs" / "threats.md").read_text(encoding="utf-8")
    section = text.partition("## One release, claim by claim")[2].partition("\n## ")[0]
    _, claims = run("reminder")
    assert re.findall(r"^\| `([a-z ]+)` \|", section, re.MULTILINE) == list(claims)
    codes = re.findall(r"^\| ([a-z]+) \| ([0-9]+) \|", section, re.MULTILINE)
    assert {name: int(number) for name, number in codes} == CODES
    assert main(["verify", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {number} " in shown for number in CODES.values())
