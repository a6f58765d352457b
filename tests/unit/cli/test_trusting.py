"""The command line of keys and signatures, as somebody uses it who begins with them."""

from __future__ import annotations

import json
import os
import stat
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pytest

from dialform.cli import context
from dialform.errors import DeclarationError

if TYPE_CHECKING:
    from cli_project import Project

CALL = ("dial", "collections", "-s", "dev", "--to", "+14155550123", "--input", "name=A", "--json")


def keygen(project: Project, name: str) -> str:
    """Make a key; its public line."""
    out, said = project.run("registry", "keygen", f"{name}.pem")
    assert "private key" in said
    return out.strip()


def by(name: str) -> dict[str, str]:
    return {"DIALFORM_SIGNER": f"file:{name}.pem"}


def pin(project: Project, *lines: str, **more: int) -> None:
    text = f"keys = {json.dumps(lines)}\n" + "".join(f"{k} = {v}\n" for k, v in more.items())
    project.edit("stacks/dev.toml", "[registry]\n", f"[registry]\n{text}")


def told(project: Project, *arguments: str, **env: str) -> dict[str, Any]:
    out, _ = project.run(*arguments, "--json", env=env)
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.fixture
def keyed(project: Project) -> Project:
    """Keys of ci and anna; ci's is pinned, and signed what is released."""
    project.environment["DIALFORM_STATE"] = str(project.root / "state")
    line = keygen(project, "ci")
    keygen(project, "anna")
    pin(project, line)
    project.run("registry", "sign", "-s", "dev", "--yes", env=by("ci"))
    return project


def public(project: Project, name: str) -> str:
    return project.run("registry", "keygen", "--public", env=by(name))[0].strip()


def test_a_key_is_for_its_owner_alone_and_never_written_over(project: Project) -> None:
    line = keygen(project, "ci")
    path = project.root / "ci.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert line.startswith("ed25519:")
    assert public(project, "ci") == line
    before = path.read_bytes()
    _, said = project.run("registry", "keygen", "ci.pem", code=1)
    assert "never written over" in said
    assert path.read_bytes() == before
    for line_of_it in before.decode().splitlines()[1:-1]:
        assert line_of_it not in said
    project.run("registry", "keygen", "none/ci.pem", code=1)
    project.run("registry", "keygen", code=64)
    project.run("registry", "keygen", "x.pem", "--public", code=64)
    project.run("registry", "keygen", "--public", code=1)


def test_from_an_unsigned_registry_to_a_signed_one(project: Project) -> None:
    project.environment["DIALFORM_STATE"] = str(project.root / "state")
    project.run(*CALL)
    line = keygen(project, "ci")
    pin(project, line)
    _, said = project.run(*CALL, code=3)
    assert "[unsigned]" in said
    assert "`dialform registry sign -s dev`" in said or "document of environment dev" in said
    _, said = project.run("registry", "sign", "-s", "dev", code=1)
    assert "DIALFORM_SIGNER" in said
    _, said = project.run("registry", "sign", "-s", "dev", code=64, env=by("ci"))
    assert "entry 1 (release of version 1" in said
    assert "--yes" in said
    found = told(project, "registry", "sign", "-s", "dev", "--yes", **by("ci"))
    assert found["signatures"] == 2
    assert [one["seq"] for one in found["entries"]] == [1]
    project.run(*CALL)
    assert told(project, "registry", "sign", "-s", "dev", "--yes", **by("ci"))["signatures"] == 0
    project.run("registry", "verify")


def test_the_stack_file_s_keys_hold_wherever_the_registry_is_said_to_be(keyed: Project) -> None:
    """Neither ``--registry`` nor the variable makes a launcher in a checkout forget them."""
    keyed.edit("stacks/dev.toml", public(keyed, "ci"), public(keyed, "anna"))
    _, said = keyed.run(*CALL, "--registry", ".dialform/registry", code=3)
    assert "[unknown-key]" in said


def test_an_environment_has_its_parent_s_keys(keyed: Project) -> None:
    keyed.write("stacks/anna.toml", 'extends = "dev"\n[registry]\nthreshold = 1\n')
    assert context.pins_of(Namespace(stack="anna")) == ((public(keyed, "ci"),), 1)
    assert context.pins_of(Namespace(stack="dev")) == ((public(keyed, "ci"),), None)
    assert context.pins_of(Namespace(stack="none")) == ((), None)
    assert context.pins_of(Namespace(), "dev") == context.pins_of(Namespace(stack="dev"))
    keyed.write("stacks/anna.toml", 'extends = "dev"\n[registry]\nkeys = "ed25519:"\n')
    with pytest.raises(DeclarationError, match=r"registry\.keys"):
        context.pins_of(Namespace(stack="anna"))


def test_launchers_without_a_checkout_pin_by_variables(keyed: Project) -> None:
    outside = keyed.root / "elsewhere"
    outside.mkdir()
    where = {
        "DIALFORM_REGISTRY": str(keyed.root / ".dialform/registry"),
        "DIALFORM_LEDGER": str(keyed.root / "ledger.db"),
    }
    both = f"{public(keyed, 'ci')}, {public(keyed, 'anna')}"
    for keys, threshold, code, rule in (
        (public(keyed, "ci"), "", 0, ""),
        (both, "1", 0, ""),
        (both, "2", 3, "[threshold]"),
        (public(keyed, "anna"), "", 3, "[unknown-key]"),
        (both, "3", 1, "threshold"),
        (both, "x", 1, "DIALFORM_THRESHOLD"),
        ("ed25519:x", "", 1, "not base64"),
        ("", "2", 1, "is of the keys in DIALFORM_KEYS, which is not set"),
    ):
        env = where | {"DIALFORM_KEYS": keys, "DIALFORM_THRESHOLD": threshold}
        _, said = keyed.run(*CALL, cwd=outside, env=env, code=code)
        assert rule in said


def test_an_operator_stops_without_a_key_and_starts_with_one(keyed: Project) -> None:
    because = ("-s", "dev", "--reason", "wrong amount")
    keyed.run("hold", "collections", *because)
    _, said = keyed.run(*CALL, code=3)
    assert "is held in dev" in said
    _, said = keyed.run("resume", "collections", *because, code=3)
    assert "DIALFORM_SIGNER" in said
    keyed.run("resume", "collections", *because, env=by("ci"))
    keyed.run(*CALL)


def test_a_forged_head_is_held_and_shown_as_not_believed(keyed: Project) -> None:
    keyed.edit("stacks/prompts/collector.md", "polite", "rude")
    keyed.release()
    out, said = keyed.run("status", code=1)
    assert "[unsigned]" in said
    assert "not believed" in out
    out, _ = keyed.run("registry", "log", "collections", "-s", "dev")
    assert "release" in out, "the log shows what is there"
    keyed.run("hold", "collections", "-s", "dev", "--reason", "who wrote that?")
    _, said = keyed.run("resume", "collections", "-s", "dev", "--reason", "x", code=3, env=by("ci"))
    assert "goes on with version 2" in said


def test_keys_rotate(keyed: Project) -> None:
    trust = ("registry", "trust", "-s", "dev")
    _, said = keyed.run(*trust)
    assert "no trust statements" in said
    added = (f"ci={public(keyed, 'ci')}", f"anna={public(keyed, 'anna')}")
    keyed.run(*trust, "--add", added[0], "--add", added[1], "--reason", "begin", env=by("ci"))
    _, said = keyed.run(*trust, "--remove", "ci", code=3, env=by("anna"))
    assert "collections in dev would not be called any more" in said
    keyed.run("registry", "sign", "-s", "dev", "--yes", env=by("anna"))
    keyed.run(*trust, "--remove", "ci", "--reason", "left", env=by("anna"))
    found = told(keyed, *trust)
    assert [(one["signedBy"], one["counts"]) for one in found["statements"]] == [
        (["ci"], False),
        (["anna"], True),
    ]
    keyed.run(*CALL)
    _, said = keyed.run(*trust, "--threshold", "2", code=64, env=by("anna"))
    assert "a threshold of 2 of 1 keys" in said


def test_a_statement_waits_for_the_second_of_two(keyed: Project) -> None:
    trust = ("registry", "trust", "-s", "dev")
    added = (f"ci={public(keyed, 'ci')}", f"anna={public(keyed, 'anna')}")
    both = ("--add", added[0], "--add", added[1], "--threshold", "2")
    _, said = keyed.run(*trust, *both, code=3, env=by("ci"))
    assert "would not be called any more" in said
    keyed.run("registry", "sign", "-s", "dev", "--yes", env=by("anna"))
    keyed.run(*trust, *both, env=by("ci"))
    _, said = keyed.run(*CALL)
    assert "1 of 2 signatures of its own" in said
    _, said = keyed.run(*trust, "--remove", "ci", "--threshold", "1", code=3, env=by("ci"))
    assert "`dialform registry trust --sign 1`" in said
    keyed.run(*trust, "--sign", "1", env=by("anna"))
    assert told(keyed, *trust)["statements"][0]["counts"] is True
    keyed.run(*CALL)


def test_wrong_changes_of_trust_write_nothing(keyed: Project) -> None:
    trust = ("registry", "trust", "-s", "dev")
    line = public(keyed, "ci")
    for arguments, code in (
        (("--add", f"ci={line}"), 1),
        (("--add", "ci"), 64),
        (("--add", "ci=ed25519:x"), 1),
        (("--remove", "nobody"), 64),
        (("--sign", "1"), 1),
        (("--sign", "1", "--threshold", "1"), 64),
    ):
        env = None if code == 1 and arguments[1].endswith(line) else by("ci")
        keyed.run(*trust, *arguments, code=code, env=env)
    assert not os.path.exists(keyed.root / ".dialform/registry/trust")  # noqa: PTH110 - one look


def test_a_nightly_snapshot_and_strict_launchers(keyed: Project) -> None:
    _, said = keyed.run(*CALL, "--strict", code=3)
    assert "[expired]" in said
    _, said = keyed.run("registry", "snapshot", "-s", "dev", code=1)
    assert "DIALFORM_SIGNER" in said
    found = told(keyed, "registry", "snapshot", "-s", "dev", "--days", "2", **by("ci"))
    assert (found["seq"], found["presets"]) == (1, 1)
    keyed.run(*CALL, "--strict")
    keyed.run(*CALL, env={"DIALFORM_STRICT": "1"})
    keyed.run("registry", "snapshot", "-s", "dev", "--days", "0", code=64, env=by("ci"))

    keyed.edit("stacks/prompts/collector.md", "polite", "rude")
    keyed.release()
    _, said = keyed.run("registry", "snapshot", "-s", "dev", code=3, env=by("ci"))
    assert "[unsigned]" in said, "a job that signs what is not believed would hide it"


def test_the_key_is_in_nothing_printed(keyed: Project) -> None:
    secret = (keyed.root / "ci.pem").read_text().splitlines()[1]
    env = {"DIALFORM_SIGNER": f"env:{secret}", "KEY": secret}
    for reference in (f"env:{secret}", secret, f"file:{keyed.root}", "env:KEY"):
        _, said = keyed.run(
            *("registry", "sign", "-s", "dev", "--yes"),
            code=1,
            env=env | {"DIALFORM_SIGNER": reference},
        )
        assert secret not in said


def test_a_key_that_does_not_count_starts_nothing_and_says_so(keyed: Project) -> None:
    because = ("-s", "dev", "--reason", "wrong amount")
    keyed.run("hold", "collections", *because, env=by("anna"))
    _, said = keyed.run("resume", "collections", *because, code=3, env=by("anna"))
    assert "is none that counts" in said
    _, said = keyed.run("registry", "snapshot", "-s", "dev", code=3, env=by("anna"))
    assert "no snapshot of dev was written" in said
    assert not (keyed.root / ".dialform/registry/snapshots").exists()
    keyed.run("resume", "collections", *because, env=by("ci"))
    keyed.run(*CALL)


def test_what_too_few_signed_is_said_to_wait(keyed: Project) -> None:
    lines = [public(keyed, one) for one in ("ci", "anna")]
    keyed.run("registry", "sign", "-s", "dev", "--yes", env=by("anna"))
    keyed.environment.update(DIALFORM_KEYS=" ".join(lines), DIALFORM_THRESHOLD="2")
    because = ("-s", "dev", "--reason", "wrong amount")
    _, said = keyed.run("hold", "collections", *because)
    assert "waits for signatures" not in said
    _, said = keyed.run("resume", "collections", *because, env=by("ci"))
    assert "entry 3 (resume" in said
    assert "waits for signatures" in said
    keyed.run(*CALL, code=3)
    keyed.run("registry", "sign", "-s", "dev", "--yes", env=by("anna"))
    keyed.run(*CALL)


def test_a_statement_that_is_not_there_is_not_signed(keyed: Project) -> None:
    _, said = keyed.run("registry", "trust", "-s", "dev", "--sign", "4", code=1, env=by("ci"))
    assert "there is no trust statement 4" in said


def test_a_key_of_a_new_project_is_not_committed(project: Project) -> None:
    project.run("init", "fresh")
    assert "*.pem" in (project.root / "fresh/.gitignore").read_text().splitlines()
