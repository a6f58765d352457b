"""
Planning a file of people, against ``csv`` and ``phonenumbers`` alone.

Whole processes. The floor reads each row into a dict and parses its number; ours reads, checks
every input, sorts out repeats, and makes the canonical bytes of the inputs; then it also writes
the rows to a ledger, as `dialform launch` does. Numbers of five countries, all different. The
memory is of ten times as many rows. Usage: ``people.py [ROWS]``.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from pathlib import Path

from harness import Place, clean_environment, peak_memory, processes, report, verdict

from dialform.declaration import Project

ROOT = Path(__file__).resolve().parents[1]
PRESET = "collections"
AIM = 1.0
MEMORY = 250
LEADS = ("+1", "+1", "+1", "+1", "+4420", "+49151", "+33612", "+61412")
LENGTHS = {"+1": 10, "+4420": 8, "+49151": 8, "+33612": 6, "+61412": 6}

FLOOR = """
import csv, sys
import phonenumbers
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        assert phonenumbers.is_possible_number(phonenumbers.parse(row["to"])), row
"""

OURS = """
import json, sys
from dialform.launcher.people import ledger_row, read_people
with open(sys.argv[2], encoding="utf-8") as file:
    bound = json.load(file)
with read_people(sys.argv[1], bound["inputs"]) as people:
"""

PLAN = (
    OURS
    + """
    count = sum(1 for _ in people.rows())
assert count == int(sys.argv[3]), count
"""
)

LEDGER = (
    OURS
    + """
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Campaign
    import os, tempfile
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(os.path.join(folder, "ledger.db"))
        campaign = Campaign(
            id="c", environment="dev", name="may", preset="collections", version=1, release=1,
            preset_digest="", bound_digest="", workspace="", source=people.name,
            source_digest=people.digest, opened_at="", opened_by="",
        )
        ledger.open_campaign(campaign, map(ledger_row, people.rows()))
        assert ledger.counts("c") == {"planned": int(sys.argv[3])}
        ledger.close()
"""
)


def number(at: int) -> str:
    """A number of its own for each row."""
    lead = LEADS[at % len(LEADS)]
    length = LENGTHS[lead]
    first = "2" if lead == "+1" else ""
    return f"{lead}{first}{at % 10 ** (length - len(first)):0{length - len(first)}}"


def write(path: Path, rows: int) -> None:
    """The file: the preset's required inputs."""
    names = ("name", "accountEnding", "postalCode", "amountDue", "dueDate", "daysPastDue")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("to", *names, "customerId"))
        for at in range(rows):
            tail = (f"{at % 10000:04}", f"{at % 100000:05}", f"${at % 999}.{at % 100:02}")
            when = ("November first", at % 90, f"C-{at % 1000000:06}")
            writer.writerow((number(at), f"Person {at}", *tail, *when))


def main(rows: int = 100_000) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), clean_environment())
        bound = Path(folder) / "bound.json"
        bound.write_text(json.dumps(Project(ROOT).environment("dev").bound(PRESET)), "utf-8")
        path = Path(folder) / "people.csv"
        write(path, rows)
        floor = [sys.executable, "-c", FLOOR, str(path)]
        for what, code in (("inputs", PLAN), ("a ledger", LEDGER)):
            ours = [sys.executable, "-c", code, str(path), str(bound), str(rows)]
            pairs = processes(ours, floor, place, runs=5, warm=1)
            report(f"{rows:,} rows to {what}, csv and phonenumbers", pairs, aim=AIM)
        write(path, rows * 10)
        many = [sys.executable, "-c", LEDGER, str(path), str(bound), str(rows * 10)]
        peak = peak_memory(many, place)
        told = verdict(peak, MEMORY, " MiB")
        print(f"{rows * 10:,} rows to a ledger: {peak:.0f} MiB at most{told}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
