"""Make a dial's body again without dialform: rebuild.py REGISTRY-FOLDER LEDGER-FILE DIAL."""
# ruff: noqa: D103, E731, INP001, T201  # a script that is read from top to bottom

import hashlib
import json
import sqlite3
import sys
from base64 import b32encode
from pathlib import Path

Number = type("Number", (str,), {})  # stays as it is written: what is stored is canonical
parse = lambda data: json.loads(data, parse_int=Number, parse_float=Number)
digest = lambda data: f"sha256:{hashlib.sha256(data).hexdigest()}"
demand = lambda found, right, at: found == right or sys.exit(f"differs: {at}: {found}, not {right}")
sys.excepthook = lambda _, error, __: sys.stderr.write(f"error: {error}\n")


def canonical(value: object) -> bytes:  # RFC 8785
    if isinstance(value, dict):
        order = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return b"{%s}" % b",".join(canonical(key) + b":" + canonical(value[key]) for key in order)
    if isinstance(value, list):
        return b"[%s]" % b",".join(map(canonical, value))
    return (value if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)).encode()


root, file, name = Path(sys.argv[1]), Path(sys.argv[2]).resolve(), sys.argv[3]
ledger = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
ledger.row_factory = sqlite3.Row
row = ledger.execute("SELECT * FROM dial WHERE ? IN (id, dial_id)", [name]).fetchone()
dial = dict(row or sys.exit(f"error: the ledger has no dial {name}"))
wanted, blobs, entry, before = [dial["bound_digest"], dial["preset_digest"]], {}, {}, None
for seq in range(1, (dial["release"] or 0) + 1):  # the log up to the release, with its chain
    path = root / "releases" / dial["environment"] / dial["preset"] / f"{seq}.json"
    entry = parse(path.read_bytes())
    demand((entry.pop("checksum"), entry["previous"]), (digest(canonical(entry)), before), path)
    before = digest(path.read_bytes())
demand(entry.get("boundDigest", wanted[0]), wanted[0], "the release's bound preset")
for one in wanted:  # the bound preset, the preset, its profile
    demand(digest((path := root / f"blobs/sha256/{one[7:]}.json").read_bytes()), one, path)
    blobs[one] = parse(path.read_bytes())
    wanted += [blobs[one]["profile"]] if "profile" in blobs[one] else []
kept = dial.get("body") or b"{}"
if dial.get("frame"):  # what the preset's bodies have in common is kept once
    ends = ledger.execute("SELECT head, tail FROM frame WHERE id = ?", [dial["frame"]]).fetchone()
    kept = kept.join(ends)
body, sent = blobs[wanted[0]]["body"], parse(kept).get("callAgentInput", {})
said = {**(body.get("callAgentInput") or {}), **parse(dial["inputs"])}
said |= {one: sent[one] for one in parse(dial["withheld"]) if one in sent}  # the sensitive ones
own = (dial["to_number"], dial["from_number_id"], said)
own = zip(("toNumber", "fromNumberId", "callAgentInput"), own, strict=True)
body |= {key: value for key, value in own if value}
ids = [dial["id"]]  # of which the idempotency key is made, where calls have one
if dial.get("campaign"):
    ids = [*ledger.execute("SELECT value FROM meta WHERE key = 'id'").fetchone()]
    ids += [str(dial[name]) for name in ("campaign", "person", "attempt")]
key = "df1:" + b32encode(hashlib.sha256("\0".join(ids).encode()).digest()).decode()[:40]
made = {digest(one): one for one in map(canonical, (body, body | {"idempotencyKey": key}))}
lost = f"differs: the body of {dial.get('person')}, withheld from the ledger: {dial['withheld']}"
print((made.get(dial["body_digest"]) or sys.exit(lost)).decode(), "OK", sep="\n")
