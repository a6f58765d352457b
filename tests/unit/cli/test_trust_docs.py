"""docs/trust.md says what is so: its commands are run in order, and print what it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dialform.errors import Untrusted
from dialform.registry.trust import guard, settings, signers, verifying
from dialform.registry.trust.memory import VARIABLE

if TYPE_CHECKING:
    from cli_project import Project

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
CHANGING = {
    "<key>": r"ed25519:[A-Za-z0-9+/]{43}=",
    "<digest>": r"sha256:[0-9a-f]{64}",
    "<keyid>": r"\b[0-9a-f]{16}\b",
    "<time>": r"\b20\d\d-\d\d-\d\dT[0-9:.]+Z",
    " ": r"[ \t]+",
}


def plain(text: str) -> list[str]:
    """The lines with what changes from run to run named, one space for many, no rules of tables."""
    for name, pattern in CHANGING.items():
        text = re.sub(pattern, name, text)
    lines = [line.strip() for line in text.split("\n")]
    return [line for line in lines if line.strip("- ")]


def commands() -> list[tuple[str, str]]:
    """Each command of the page, in order, and what it is said to print."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```\n", TEXT, re.MULTILINE | re.DOTALL):
        for part in block.split("$ ")[1:]:
            line, _, shown = part.partition("\n")
            found.append((line, shown))
    return found


def test_the_page_s_commands_do_what_it_shows(project: Project) -> None:
    project.environment["DIALFORM_STATE"] = str(project.root / "state")
    lines: dict[str, str] = {}
    for line, shown in commands():
        for name, key in lines.items():
            line = line.replace(f"<{name}>", key)  # noqa: PLW2901 - as a reader would
        words = shlex.split(line)
        env = dict(word.split("=", 1) for word in words[: words.index("dialform")])
        arguments = words[words.index("dialform") + 1 :]
        code = (3 if "unsigned" in shown or "any more" in shown else 0) if "error:" in shown else 0
        out, said = project.run(*arguments, env=env, code=code)
        if "keygen" in arguments:
            name = arguments[-1].removesuffix(".pem")
            lines[name] = out.strip()
        if plain(shown) != ["..."]:
            assert plain(said + out) == plain(shown), line
        if arguments[1:] == ["keygen", "ci.pem"]:
            keys = f'keys = ["{lines["ci"]}"]'
            project.edit("stacks/dev.toml", "[registry]\n", f"[registry]\n{keys}\n")
    assert len(lines) == 2


def test_every_rule_has_its_row() -> None:
    table = TEXT.split("| rule | why |\n", 1)[1].split("\n\n", 1)[0]
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    code = "".join(Path(str(one.__file__)).read_text() for one in (guard, verifying))
    raised = set(re.findall(r'rule="([a-z-]+)"', code))
    raised |= set(re.findall(r'"(rolled-back-registry|forked)"', code))
    assert listed == raised
    assert listed == set(re.findall(r"``([a-z-]+)``", Untrusted.__doc__ or "")) - {"rule"}


def test_the_variables_are_called_so() -> None:
    names = (settings.KEYS, settings.THRESHOLD, settings.STRICT, VARIABLE)
    for name in (*names, signers.SIGNER, signers.SIGNER_PUBLIC):
        assert f"`{name}`" in TEXT or f"export {name}=" in TEXT
