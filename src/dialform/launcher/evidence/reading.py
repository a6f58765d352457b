"""
Reading dials back: each dial's workspace is asked for what it has under the dial's id.

Opens one client for each environment, by way of the registry's word for its workspace and key.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dialform.errors import ApiError, DialformError, RegistryError
from dialform.launcher.evidence.attesting import Attestation, attested
from dialform.launcher.keys import key_of
from dialform.launcher.resolve import workspace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from dialform.api.client import Client
    from dialform.launcher.evidence.story import Stories, Story
    from dialform.launcher.records import Record

REFERENCES_FORMAT = "dialform.references/1"
"""What a release leaned on in the workspace, as it was then."""


class Reader:
    """Attests dials of any environment. Thread-safe; a context manager."""

    def __init__(self, stories: Callable[[str], Stories], environment: Mapping[str, str]) -> None:
        """
        Touch nothing yet.

        ``stories`` gives those of an environment's registry; ``environment`` are the process's
        variables, which have the API keys.
        """
        self._stories = stories
        self._environment = environment
        self._lock = threading.Lock()
        self._clients: dict[str, Client] = {}
        self._workspaces: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def attest(self, record: Record) -> Attestation:
        """
        One dial, read back and compared. What goes wrong with it alone is its ``trouble``.

        Raises:
            SettingError: there is no API key for its environment.

        """
        stories = self._stories(record.environment)
        story = stories.of(record)
        if record.dial_id is None:
            trouble = f"{record.state}, and no dial id is known: there is nothing to read back"
            return Attestation(story, (), trouble)
        try:
            client = self._client(stories, record)
            if client is None:
                trouble = (
                    f"it was placed in {record.workspace}, which is not this environment's now"
                )
                return Attestation(story, (), trouble)
            shown = client.dial(record.dial_id)
        except (ApiError, RegistryError) as error:
            return Attestation(story, (), str(error))
        fields: dict[str, Any] = shown.model_dump(exclude_unset=True)
        return attested(story, fields, _own_prompt(stories, story))

    def _client(self, stories: Stories, record: Record) -> Client | None:
        """
        The API of the dial's environment; None for a dial that was placed elsewhere.

        The key goes to the workspace that is declared for it, whatever the ledger says.
        """
        from dialform.api.client import Client  # noqa: PLC0415 - httpx, where a dial is read

        with self._lock:
            workspace = self._workspaces.get(record.environment)
            if workspace is None:
                workspace = workspace_of(stories.registry, record.environment)
                self._workspaces[record.environment] = workspace
            if record.workspace != workspace["url"]:
                return None
            if record.environment not in self._clients:
                key = key_of(workspace["keyvar"], None, self._environment)
                self._clients[record.environment] = Client(workspace["url"], key)
            return self._clients[record.environment]


def _own_prompt(stories: Stories, story: Story) -> str | None:
    """The id of the prompt that was the agent's own at the release; None where nobody knows."""
    entry, bound = story.entry, story.bound
    if entry is None or bound is None or entry.references is None:
        return None
    try:
        listed = stories.registry.read_document(entry.references, REFERENCES_FORMAT)["objects"]
    except DialformError:
        return None
    named = {one["id"] for one in bound["bindings"].get("promptVersions", {}).values()}
    own = [one["id"] for one in listed if one["kind"] == "promptVersions"]
    return next((one for one in own if one not in named), None)
