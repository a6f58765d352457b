"""What the server's tests share: a real `dialform serve` over the launcher's world."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import httpx

from dialform.launcher.ledger import Ledger
from dialform.launcher.outcomes.signature import signature_of
from dialform.launcher.outcomes.work import AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from launcher_world import World

TOKEN = "a-token-of-this-test"  # noqa: S105 - opens nothing
SECRET = "sandbox-dev-signing"  # noqa: S105 - the sandbox's


class Served:
    """A running `dialform serve` of ``dev`` and a client of it."""

    def __init__(self, world: World, *options: str, **variables: str) -> None:
        self.world = world
        given = {"DIALFORM_SERVE_TOKEN": TOKEN, "DIALFORM_WEBHOOK_SECRET": SECRET, **variables}
        self.process = subprocess.Popen(
            world.command("serve", "-s", "dev", "--port", "0", "--json", *options),
            env=world.environment | {name: text for name, text in given.items() if text},
            cwd=world.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, said = self.process.communicate(timeout=30)
            raise AssertionError(said)
        self.told = json.loads(line)
        self.url: str = self.told["url"]
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30.0)
        self.ledger = Ledger(world.ledger)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, however it stands."""
        self.http.close()
        self.ledger.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=30)

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        """Stop it as a person does; what it said on stderr."""
        self.process.send_signal(number)
        out, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        assert out == ""
        assert "Traceback" not in said
        return said

    def webhook(self, raw: bytes, signature: str | None = None) -> httpx.Response:
        """Send a webhook, signed well unless a signature is given."""
        made = signature_of(raw, SECRET) if signature is None else signature
        return self.http.post("/webhooks/vogent", content=raw, headers={"X-Elto-Signature": made})

    def place(self, body: Any = None, **headers: str) -> httpx.Response:
        """Ask for a call; None is a good one to Ann."""
        if body is None:
            body = {
                "preset": "reminder",
                "to": "+14155550123",
                "inputs": {"name": "Ann"},
                "once": "visit-1",
            }
        allowed = {"authorization": f"Bearer {TOKEN}", **headers}
        return self.http.post("/dials", json=body, headers=allowed)

    def read(self, identifier: str) -> dict[str, Any]:
        """What is known of a call."""
        allowed = {"authorization": f"Bearer {TOKEN}"}
        found: dict[str, Any] = self.http.get(f"/dials/{identifier}", headers=allowed).json()
        return found


def until(condition: Callable[[], object], seconds: float = 2 * AGAIN) -> None:
    """Wait for it; longer than the server waits before it does again what did not work out."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
