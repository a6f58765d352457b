"""What no file of the repository may hold: machines, package indexes, people, keys."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written so that no pattern matches its own line.
RULES = {
    "a package index": re.compile(
        r"py[p]i\.org|pythonh[o]sted\.org|pr[o]xy\.golang|npm[j]s\.|(?:extra-)?ind[e]x-url\s*[=\s]\s*\S*://"
    ),
    "a path of somebody's machine": re.compile(
        r"(?<![\w.*}-])/(?:r[o]ot|w[o]rk|Us[e]rs/[a-z]|h[o]me/[a-z])\w*/"
    ),
    "a private key": re.compile(r"-----BEGI[N] [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}"),
    "a token": re.compile(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{20,}|glpat-[A-Za-z0-9_-]{20,}"
        r"|pul-[0-9a-f]{40}|(?:AKIA|ASIA)[A-Z0-9]{16}|sk-[A-Za-z0-9_-]{32,})\b"
    ),
    "a bearer token": re.compile(r"(?i)\bbearer\s+(?!sandbox)[a-z0-9._~+/-]{32,}"),
}
PHONE = re.compile(r"(?<![\w+/=])\+[0-9][0-9 ()-]{7,}[0-9](?![\w+/=])")
NOBODYS = re.compile(
    r"\+1[0-9]{3}5550(?:1[0-9]*)?"  # North America's numbers for fiction, cut or too long
    r"|\+44[2]0794600[0-9]{2}|\+33[1]9900[0-9]{4}|\+49[3]023125[0-9]{3,4}"  # those of Europe
    r"|\+(?:0|999|1[01])[0-9]+"  # no country or area has it
)
"""Numbers that can't ring at anybody's."""


def committed() -> list[tuple[str, str]]:
    """The path and text of each file that git holds or would take in."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace"))
        for path in paths
        if path.is_file()
    ]


def offences(text: str) -> list[str]:
    """What in ``text`` is against the rules: the rule and the words."""
    found = [f"{name}: {match[0]}" for name, rule in RULES.items() for match in rule.finditer(text)]
    for match in PHONE.finditer(text):
        digits = re.sub(r"[ ()-]", "", match[0])
        if not NOBODYS.fullmatch(digits):
            found.append(f"a phone number: {match[0]}")
    return found


def test_no_file_holds_what_must_not_leave_a_machine() -> None:
    assert [f"{path}: {each}" for path, text in committed() for each in offences(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "pypi" + ".org/simple",
        "--index" + "-url = https://mirror.example/simple",
        "file:///" + "root/checkout/x",
        "cd /" + "work/main/src",
        "call +1 212 " + "555 2368",
        "+4420" + "71234567",
        "Authorization: Bearer " + "a1" * 20,
        "ghp_" + "a1" * 18,
    ],
)
def test_each_rule_sees_an_offence(text: str) -> None:
    assert offences(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "+14155550123 and +1 415 555 0199",
        "https://example.com/work/flow and ./home/x",
        "2026-11-23T23:00:00+00:00",
        "Authorization: Bearer sandbox-dev",
        "--hash=sha256:" + "0" * 64,
    ],
)
def test_what_is_allowed_is_let_through(text: str) -> None:
    assert offences(text) == []
