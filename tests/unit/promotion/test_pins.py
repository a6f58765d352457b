"""Pins are moved in whatever style they are written; every other byte of the file stays."""

from __future__ import annotations

import difflib

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from dialform.presets.canonical import digest
from dialform.promotion import Pin, moved

OLD = Pin(1, digest(b"old"))
NEW = Pin(12, digest(b"new"))
FILE = "stacks/prod.toml"

STYLES = {
    "a table": '[presets.reminder]\nversion = 1\ndigest = "OLD"\n',
    "a table with comments": (
        "# what runs\n\n[presets.reminder]   # since spring\nversion = 1   # the number\n"
        '# of the content:\ndigest   =   "OLD" # sha256\n\n# the end\n'
    ),
    "the digest first": '[presets.reminder]\ndigest = "OLD"\nversion = 1\n',
    "a literal string": "[presets.reminder]\nversion = 1\ndigest = 'OLD'\n",
    "an inline table": '[presets]\nreminder = { version = 1, digest = "OLD" }\nother = 1\n',
    "an inline table, tight": '[presets]\nreminder={version=1,digest="OLD"}  # tight\n',
    "an inline table with a deviation": (
        '[presets]\nreminder = { version = 1, digest = "OLD", deviation = { volume = 5 } }\n'
    ),
    "all of it inline": 'presets = { reminder = { version = 1, digest = "OLD" } }\n[x]\ny = 1\n',
    "dotted keys": '[presets]\nreminder.version = 1\nreminder.digest = "OLD"\n',
    "dotted keys from the top": 'presets.reminder.version = 1\npresets.reminder.digest = "OLD"\n',
    "a quoted name": '["presets"."reminder"]\n"version" = 1\n"digest" = "OLD"\n',
    "a table of deviations below": (
        '[presets.reminder]\nversion = 1\ndigest = "OLD"\n[presets.reminder.deviation]\n'
        'timeoutMinutes = 5  # less\n[presets.other]\nfollow = "source"\n'
    ),
    "tables between": (
        '[presets.other]\nfollow = "source"\n[agents]\na = { id = "1" }\n\n\n[presets.reminder]\n'
        'version = 1\ndigest = "OLD"\n[voices]\nb = { id = "2" }\n'
    ),
    "indented": '[presets]\n  [presets.reminder]\n    version = 1\n    digest = "OLD"\n',
    "no line end": '[presets.reminder]\nversion = 1\ndigest = "OLD"',
    "its deviation apart": (
        '[presets.reminder]\nversion = 1\ndigest = "OLD"\n[agents]\na = 1\n'
        "[presets.reminder.deviation]\ntimeoutMinutes = 5\n"
    ),
    "line ends of Windows": (
        '# a note\r\n[presets.reminder]\r\nversion = 1 # one\r\ndigest = "OLD"\r\n[x]\r\ny = 1\r\n'
    ),
}


def said(text: str, pin: Pin) -> str:
    """``text`` as it would say another pin: by replacing its two values as a person does."""
    for quote in "\"'":
        text = text.replace(f"{quote}OLD{quote}", f"{quote}{pin.digest}{quote}")
    return (
        text.replace("version = 1", f"version = {pin.version}")
        .replace("version=1", f"version={pin.version}")
        .replace('"version" = 1', f'"version" = {pin.version}')
    )


@pytest.mark.parametrize("style", STYLES)
def test_only_the_two_values_move(style: str) -> None:
    text = said(STYLES[style], OLD)
    made = moved(text, FILE, {"reminder": NEW})
    # A literal string may become a basic one: its value is one of the two that move.
    assert made.replace("'", '"') == said(STYLES[style], NEW).replace("'", '"')


@pytest.mark.parametrize("style", STYLES)
def test_the_same_pin_changes_no_byte(style: str) -> None:
    text = said(STYLES[style], OLD)
    there = moved(text, FILE, {"reminder": NEW})
    assert moved(there, FILE, {"reminder": NEW}) == there


NEW_PRESETS = {
    "no presets at all": "[agents]\na = 1\n",
    "presets as tables": '[presets.other]\nfollow = "source"  # tried here\n',
    "presets in one table": '[presets]\nother = { follow = "source" }\n',
    "presets in the middle": '[presets.other]\nfollow = "source"\n\n# ids\n[agents]\na = 1\n',
    "no line end": '[presets.other]\nfollow = "source"',
    "dotted": 'presets.other.follow = "source"\n[agents]\na = 1\n',
    "empty": "",
    "a deviation that waits for a pin": "[presets.reminder.deviation]\ntimeoutMinutes = 5\n",
}


@pytest.mark.parametrize("case", NEW_PRESETS)
def test_a_new_preset_only_adds_lines(case: str) -> None:
    text = NEW_PRESETS[case]
    made = moved(text, FILE, {"reminder": NEW})
    run = tomli.loads(made)["presets"]["reminder"]
    assert (run["version"], run["digest"]) == NEW
    lines = difflib.ndiff(text.splitlines(), made.splitlines())
    assert [line for line in lines if line.startswith("- ")] == []


NAMES = st.sampled_from(["a", "b", "c", "reminder"])


@given(
    st.dictionaries(NAMES, st.sampled_from(list(STYLES)[:4]), min_size=1),
    st.dictionaries(NAMES, st.integers(1, 99), min_size=1),
)
def test_any_pins_of_any_file(files: dict[str, str], wanted: dict[str, int]) -> None:
    """Those asked for are as asked for, all others as they were, and no comment is lost."""
    text = "".join(said(STYLES[how].replace("reminder", name), OLD) for name, how in files.items())
    pins = {name: Pin(number, digest(str(number).encode())) for name, number in wanted.items()}
    made = moved(text, FILE, pins)
    runs = tomli.loads(made)["presets"]
    for name in {*files, *pins}:
        pin = pins.get(name, OLD)
        assert (runs[name]["version"], runs[name]["digest"]) == pin
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in made.splitlines() if line.startswith("#")
    ]
