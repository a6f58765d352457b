"""
Loading and validating 1,000 presets, against parsing the same TOML files with tomli.

Each preset has a profile and a prompt of its own; what is timed includes reading the files,
every check, and the canonical bytes of every document. Usage: ``declare.py [PRESETS]``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tomli
from harness import calls, report

from dialform.declaration import Project

AIM = 3.0

ENVIRONMENT = """\
[workspace]
url = "http://127.0.0.1:8421/api"
keyvar = "VOGENT_API_KEY_DEV"
[registry]
url = ".dialform/registry"
[agents]
collector = { id = "a", name = "Collector" }
[models]
fast = { id = "m", name = "Atlas 2 mini" }
[voices]
warm = { id = "v", name = "Ava" }
[numbers.us]
members = [{ id = "n", number = "+14155550150" }]
"""

PRESET = """\
# A preset with a few inputs.
agent = "collector"
profile = "NAME"
voice = "warm"
numbers = "us"
timeoutMinutes = 10
voiceVolumeLevel = -50
voiceOptionValues = { speed = "1.1" }

[inputs.name]
required = true
description = "The person's name."
example = "Sam"

[inputs.amount]
type = "number"
required = true

[inputs.company]
default = "Acme"
"""

PROFILE = """\
language = "en"
maxDurationSeconds = 600
backgroundNoiseType = "office"
fillEmptyStringVariables = true

[openingLine]
lineType = "INBOUND_OUTBOUND"
content = "Hello {{name}}, this is {{company}}."

[prompt]
name = "NAME"
model = "fast"
file = "prompts/NAME.md"
modelOptionValues = { temperature = "0.7" }

[idleMessageConfig]
enabled = true
messages = ["Are you still there?"]
idleDurationMilliseconds = 7000
maxIdleMessages = 2
"""

PROMPT = "You call {{name}} for {{company}} about {{amount}}. Be polite and factual.\n" * 20


def write(root: Path, presets: int) -> list[Path]:
    """The project; its TOML files."""
    environment = ENVIRONMENT
    for folder in ("presets", "profiles", "prompts"):
        (root / "stacks" / folder).mkdir(parents=True)
    for at in range(presets):
        name = f"p{at:04}"
        texts = {f"presets/{name}.toml": PRESET, f"profiles/{name}.toml": PROFILE}
        texts[f"prompts/{name}.md"] = f"{PROMPT}{at}\n"
        for path, text in texts.items():
            (root / "stacks" / path).write_text(text.replace("NAME", name), encoding="utf-8")
        environment += f'[presets.{name}]\nfollow = "source"\n'
    (root / "stacks/dev.toml").write_text(environment, encoding="utf-8")
    return sorted((root / "stacks").rglob("*.toml"))


def main(presets: int = 1000) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = write(root, presets)

        def ours() -> None:
            assert Project(root).problems() == []  # noqa: S101 - what is timed must be right

        def floor() -> None:
            for path in files:
                tomli.loads(path.read_text(encoding="utf-8"))

        pairs = calls(ours, floor, runs=7, repeat=1)
        report(f"load and validate {presets} presets, against tomli alone", pairs, aim=AIM)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
