"""
What signatures cost a dial: a release verified by pinned keys, before the call is made of it.

Against the same without keys. The files are in the system's cache; `cryptography` is loaded, which
a process does once. Usage: ``signed.py [RUNS]``, by default 200.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from harness import in_turn, report, verdict
from released import release_all

from dialform.launcher import resolve
from dialform.registry import Meta, Registry
from dialform.registry.trust.keys import new_key
from dialform.registry.trust.settings import trust_of
from dialform.registry.trust.signers import Signer
from dialform.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.registry.trust.guard import Trust

PRESET = "lead"
AIM = 2.0
"""Milliseconds."""

META = Meta("2026-11-24T00:00:00Z", by="ci")


def timed(registry: Callable[[], Registry]) -> Callable[[], float]:
    """Seconds that it takes to know what to call with."""

    def run() -> float:
        opened = registry()
        begun = time.perf_counter()
        resolve(opened, "dev", PRESET)
        return time.perf_counter() - begun

    return run


def main(runs: int = 200) -> None:
    """Measure one dial of a process, and those after it."""
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        release_all(folder, sandbox)
        url = ".dialform/registry"
        keys = []
        for person in ("ci", "anna"):
            public, pem = new_key()
            (folder / f"{person}.pem").write_bytes(pem)
            keys.append(public)
            signer = Signer("file", str(folder / f"{person}.pem"), None)
            signing = Registry.open(url, base=folder, signer=lambda one=signer: one)  # type: ignore[misc]
            signing.sign_environment("dev")
            signing.sign_entry(signing.entries("dev", PRESET)[-1])
        environment = {"DIALFORM_STATE": str(folder / "state")}

        def opened(trust: Trust) -> Callable[[], Registry]:
            return lambda: Registry.open(url, base=folder, trust=trust)

        plain = opened(trust_of(environment))
        one = opened(trust_of(environment, keys=[keys[0].line]))
        pairs = in_turn(timed(one), timed(plain), runs, 5)
        report("a signed release, first dial of a process, against an unsigned one", pairs)
        cost = median(ours - floor for ours, floor in pairs) * 1000
        print(f"  more than without keys: {cost:.2f} ms{verdict(cost, AIM, ' ms')}")

        kept = one()
        pairs = in_turn(timed(lambda: kept), timed(plain), runs, 5)
        report("the same, next dial of a launcher", pairs)

        names = {key.line: who for key, who in zip(keys, ("ci", "anna"), strict=True)}
        ci = Signer("file", str(folder / "ci.pem"), None)
        issuer = Registry.open(url, base=folder, signer=lambda: ci).issuer
        issuer.state(META, keys=names, threshold=2, previous=None)
        anna = Signer("file", str(folder / "anna.pem"), None)
        Registry.open(url, base=folder, signer=lambda: anna).issuer.sign_statement(1)
        issuer.snapshot("dev", META, expires="2099-01-01T00:00:00Z")
        pairs = in_turn(timed(one), timed(plain), runs, 5)
        report("two of two keys, a trust statement, a snapshot, first dial", pairs)
        cost = median(ours - floor for ours, floor in pairs) * 1000
        print(f"  more than without keys: {cost:.2f} ms")


if __name__ == "__main__":
    os.environ.pop("DIALFORM_KEYS", None)
    main(*map(int, sys.argv[1:]))
