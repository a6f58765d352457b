"""A project in git whose releases know their commits, with calls to look back at."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from cli_project import ANN, Project

from dialform.api.client import Client
from dialform.declaration import load_environment
from dialform.drift import references_document
from dialform.presets.canonical import Digest, canonical
from dialform.publishing import Workspace, WorkspaceRef
from dialform.registry import Meta

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.launcher.ledger import Ledger
    from dialform.registry import Entry
    from dialform.sandbox import Sandbox

OPENING = """\
[openingLine]
lineType = "INBOUND_OUTBOUND"
content = "Hello {{name}}, this is Acme."
"""


class Evidence(Project):
    """The small project, committed, with an opening line and a sensitive input."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        """Nothing is released yet."""
        super().__init__(root, sandbox)
        self.write(".gitignore", ".dialform/\n")
        self.edit("stacks/profiles/collector.toml", "[prompt]", f"{OPENING}[prompt]")
        self.edit(
            "stacks/presets/collections.toml",
            "[inputs.amount]",
            "[inputs.pin]\nsensitive = true\nusedElsewhere = true\n[inputs.amount]",
        )
        self.environment["VOGENT_API_KEY_PROD"] = "sandbox-prod"
        self.git("init", "-q", "-b", "main")

    @property
    def ledger(self) -> Ledger:
        """The project's ledger."""
        from dialform.launcher.ledger import Ledger  # noqa: PLC0415

        return Ledger(self.root / ".dialform" / "ledger.db")

    def git(self, *arguments: str) -> str:
        """Run git; what it prints."""
        who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.com")
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=self.root,
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        return done.stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commit everything; the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def publish(self, environment: str = "dev", preset: str = "collections", **meta: Any) -> Entry:
        """What `pulumi up` writes, pinned presets from the registry."""
        registry = self.registry
        declared = load_environment(self.root, environment)
        run = declared.run(preset)
        if run.follow is None:
            digest = Digest(str(run.digest))
            document = registry.read_document(digest, "dialform.preset/1")
            profile = registry.read_document(document["profile"], "dialform.profile/1")
            bound = declared.bind(preset, document, digest, profile)
        else:
            source = declared.source(preset)
            assert source.data is not None
            if source.profile is not None:
                assert source.profile.data is not None
                registry.publish_blob(source.profile.data)
            digest = registry.publish_blob(source.data)
            bound = declared.bound(preset)
        registry.publish_environment(environment, declared.document)
        written = Meta("2026-11-23T23:00:00Z", by="anna", writer=f"calls/{environment}")
        return registry.append(
            environment,
            preset,
            "release",
            expected=None,
            version=registry.publish_version(preset, digest),
            preset_digest=digest,
            bound_digest=registry.publish_blob(canonical(bound)),
            references=self.references(bound),
            meta=written._replace(**meta),
        )

    def references(self, bound: dict[str, Any]) -> Digest:
        """What a bound preset leans on in its workspace, recorded as `pulumi up` does."""
        environment = bound["environment"]
        ref = WorkspaceRef(bound["workspace"], "unused", None)
        with Client(bound["workspace"], f"sandbox-{environment}") as client:
            present = Workspace(ref, lambda: client).leaned_on(bound)
        listed = [(key, self.registry.publish_blob(data)) for key, data in present.items()]
        return self.registry.publish_blob(references_document(listed))

    def call(self, *arguments: str, environment: str = "dev", to: str = ANN) -> str:
        """Place a call with the real command; the API's id of it."""
        inputs = ("--input", "name=Ann", "--input", "amount=12.5", "--input", "pin=zebra")
        place = ("dial", "collections", "-s", environment, "--to", to)
        out, _ = self.run(*place, *inputs, "--json", *arguments)
        return str(json.loads(out)["dialId"])
