"""What the launcher's tests share: a registry with a released preset, and real CLI processes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from dialform.launcher import Launcher
from dialform.presets.canonical import Digest, canonical, digest
from dialform.presets.documents import (
    bound_preset,
    environment_document,
    preset_document,
    profile_document,
)
from dialform.registry import Entry, Meta, Registry
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dialform.sandbox import Sandbox

KEYVAR = "VOGENT_API_KEY_DEV"
KEY = "sandbox-dev"
PIN = "00*42"
"""A value that stands in no digest, id or time by chance."""

ANN = "+14155550123"
BEN = "+14155550124"
MEMBERS = [
    {"id": seed_id("dev", "phone_numbers", f"+1415555015{last}"), "number": f"+1415555015{last}"}
    for last in range(3)
]
BINDINGS: dict[str, dict[str, Any]] = {
    "agents": {"collector": {"id": seed_id("dev", "agents", "Collector"), "name": "Collector"}},
    "voices": {"warm": {"id": seed_id("dev", "voices", "Ava"), "name": "Ava"}},
    "models": {"fast": {"id": seed_id("dev", "models", "Atlas 2 mini"), "name": "Atlas 2 mini"}},
    "numbers": {"us": {"members": MEMBERS}},
}
INPUTS: dict[str, dict[str, Any]] = {
    "name": {"required": True},
    "company": {"default": "Acme"},
    "amount": {"type": "number"},
    "pin": {"sensitive": True, "pattern": "[0-9]{2}[*]?[0-9]{2}"},
}
PROFILE = profile_document(
    {
        "openingLine": {
            "lineType": "INBOUND_OUTBOUND",
            "content": "Hello {{name}}, this is {{company}}.",
        },
        "defaultVersionedPrompt": {
            "name": "collector",
            "model": "fast",
            "agentType": "STANDARD",
            "prompt": "You help {{name}} to pay {{amount}}. Zürich, naïve, 5 €.",
        },
    }
)
CALL = {"agent": "collector", "voice": "warm", "numbers": "us", "timeoutMinutes": 10}


class World:
    """A registry in a folder, an environment ``dev`` of the sandbox, a ledger beside it."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        """The preset ``reminder`` is released there as version 1."""
        self.folder = folder
        self.sandbox = sandbox
        self.url = sandbox.url
        self.ledger = folder / "ledger.db"
        self.registry = Registry.open("registry", base=folder)
        self.environment = {
            **{
                name: os.environ[name]
                for name in ("PATH", "HOME", "XDG_STATE_HOME")
                if name in os.environ
            },
            KEYVAR: KEY,
            "DIALFORM_REGISTRY": str(folder / "registry"),
            "DIALFORM_LEDGER": str(self.ledger),
            "DIALFORM_BY": "anna",
            "PYTHONWARNINGS": "error",
        }
        self.publish_environment(self.url)
        self.release("reminder")

    def publish_environment(
        self, url: str, calls: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """Say which workspace ``dev`` is, ``more`` of it, and which rules it has for calls."""
        workspace = {"url": url, "keyvar": KEYVAR, **more}
        document = environment_document("dev", workspace, calls)
        self.registry.publish_environment("dev", canonical(document))

    def amend_environment(self, **tables: Any) -> None:
        """Publish ``dev`` with these tables besides what it says already."""
        document = self.registry.environment("dev")
        assert document is not None
        self.registry.publish_environment("dev", canonical({**document, **tables}))

    def bound(self, name: str = "reminder", **call: Any) -> dict[str, Any]:
        """The bound preset of a preset with these fields, its documents published."""
        inputs = call.pop("inputs", INPUTS)
        profile = None if call.get("browserCall") else PROFILE
        document = preset_document(
            {key: value for key, value in {**CALL, **call}.items() if value is not None},
            profile=None if profile is None else digest(canonical(profile)),
            inputs=inputs,
        )
        if profile is not None:
            self.registry.publish_blob(canonical(profile))
        return bound_preset(
            environment="dev",
            workspace=self.url,
            name=name,
            preset=document,
            preset_digest=self.registry.publish_blob(canonical(document)),
            profile=profile,
            bindings=BINDINGS,
        )

    def release(self, name: str = "reminder", **call: Any) -> Entry:
        """Release a preset with these fields: the same gets its old version."""
        bound = self.bound(name, **call)
        preset_digest = Digest(bound["preset"]["digest"])
        return self.registry.append(
            "dev",
            name,
            "release",
            expected=None,
            version=self.registry.publish_version(name, preset_digest),
            preset_digest=preset_digest,
            bound_digest=self.registry.publish_blob(canonical(bound)),
            meta=Meta("2026-11-23T23:00:00Z", by="anna", writer="dialform/dev"),
        )

    def launcher(self, **settings: Any) -> Launcher:
        """A launcher of ``dev``."""
        given: dict[str, Any] = {
            "key": KEY,
            "ledger": self.ledger,
            "base": self.folder,
            "timeout": 5.0,
        }
        return Launcher("registry", "dev", **(given | settings))

    def command(self, *arguments: str) -> list[str]:
        """A command line of the real CLI."""
        return [sys.executable, "-m", "dialform", *arguments]

    def run(
        self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None
    ) -> tuple[bytes, str]:
        """Run the real CLI outside of any project: stdout as bytes, stderr as text."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            timeout=60,
            check=False,
        )
        said = done.stderr.decode()
        assert done.returncode == code, f"{done.returncode}: {said}"
        assert "Traceback" not in said
        assert KEY not in said + done.stdout.decode()
        return done.stdout, said

    def dial(
        self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None
    ) -> tuple[bytes, str]:
        """`run` of ``dialform dial reminder`` to Ann."""
        call = ("dial", "reminder", "-s", "dev", "--to", ANN, "--input", "name=Ann")
        return self.run(*call, *arguments, code=code, env=env)
