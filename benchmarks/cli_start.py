"""
What the command line costs: its help, the request of a dial, a dial, and a dial's memory.

Whole processes, against a bare interpreter and ``import httpx``. The preset is the reference
project's largest, a flow of a dozen nodes. Usage: ``cli_start.py [RUNS]``, by default 40.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import Place, clean_environment, peak_memory, processes, report, verdict
from released import example_inputs, release_all

from dialform.sandbox import KEYS, Sandbox

HELP_AIM = 3.0
DRY_RUN_AIM = 1.0
DIAL_AIM = 1.5
MEMORY_AIM = 80.0

PRESET = "lead"
DIALFORM = str(Path(sys.executable).parent / "dialform")
BARE = (sys.executable, "-c", "pass")
HTTPX = (sys.executable, "-c", "import httpx")


def main(runs: int = 40) -> None:
    """Measure, in turn."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        project = folder / "project"
        project.mkdir()
        bound = release_all(project, sandbox).environment("dev").bound(PRESET)
        command = (
            *(DIALFORM, "dial", PRESET, "-s", "dev", "--to", "+14155550123"),
            *example_inputs(bound),
        )
        environment = clean_environment(
            VOGENT_API_KEY_DEV=KEYS["dev"],
            DIALFORM_REGISTRY=str(project / ".dialform/registry"),
            DIALFORM_LEDGER=str(folder / "ledger.db"),
        )
        alone = Place(folder, environment)
        checkout = Place(project, clean_environment(VOGENT_API_KEY_DEV=KEYS["dev"]))

        def against(floor: tuple[str, ...], what: str, aim: float, *ours: str) -> None:
            report(what, processes(ours, floor, alone, runs=runs), aim=aim)

        against(BARE, "dialform --help, against a bare interpreter", HELP_AIM, DIALFORM, "--help")
        dry = (*command, "--dry-run")
        against(HTTPX, "dialform dial --dry-run, against import httpx", DRY_RUN_AIM, *dry)
        against(HTTPX, "dialform dial, against import httpx", DIAL_AIM, *command)
        pairs = processes(command, HTTPX, checkout, runs=runs)
        report("dialform dial in a checkout, against import httpx", pairs, aim=DIAL_AIM)

        peak = peak_memory(command, alone)
        print(f"memory of one dial: {peak:.1f} MiB{verdict(peak, MEMORY_AIM, ' MiB')}")
        bare = peak_memory(HTTPX, alone)
        print(f"  of which import httpx alone: {bare:.1f} MiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
