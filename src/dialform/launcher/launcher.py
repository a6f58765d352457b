"""
`Launcher`: one call from what is released, and a record of it before and after.

The order is what protects people: look whether the ``once`` key is taken, read and verify what
is released, check number and inputs, write the dial down, send it once, write down what came
of it. Only a dial of which not a byte was sent is sent again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from dialform.errors import CallRefused, DialformError, Refused, RegistryError
from dialform.launcher.clients import Clients
from dialform.launcher.once import aoutcome_of, outcome_of
from dialform.launcher.request import assembled, recalled
from dialform.launcher.resolve import environment_of, parse_reference, resolve

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dialform.api.client import Client
    from dialform.launcher.calling import Refusal
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.outcome import Dial
    from dialform.launcher.records import Record
    from dialform.launcher.request import Inputs, Request
    from dialform.launcher.sending import Call, Sending
    from dialform.registry import Registry

TIMEOUT = 30.0
"""Seconds that the API has for an answer."""

_GIVE_UP = 3
"""Timeouts after which a call that another process is sending counts as unknown."""


class Launcher:
    """
    Places calls in one environment. Thread-safe; a context manager, also for ``async with``.

    Needs no checkout: the registry's URL, the environment's name and the API key are enough.
    """

    def __init__(  # noqa: PLR0913 - settings, all but two with a default
        self,
        registry: str | Path,
        environment: str,
        *,
        key: str | None = None,
        ledger: str | Path | None = None,
        base: str | Path | None = None,
        timeout: float = TIMEOUT,
        trust_env: bool = False,
        warn: Callable[[str], None] | None = None,
        keys: Sequence[str] = (),
        threshold: int | None = None,
        strict: bool = False,
    ) -> None:
        """
        Touch nothing yet.

        Args:
            registry: its URL or folder.
            environment: whose releases are dialled.
            key: the workspace's API key; None takes it from the environment variable that the
                environment's declaration names.
            ledger: the file that dials are recorded in; None takes $DIALFORM_LEDGER, else
                ``.dialform/ledger.db`` in ``base`` if that is a project, else a file among
                the user's own.
            base: the project's folder, to which ``registry`` is relative; None takes the
                working directory.
            timeout: seconds that the API has for an answer.
            trust_env: whether the proxies that the environment names are used.
            keys: public keys, ``ed25519:...``: what the registry says is believed where they
                signed it; $DIALFORM_KEYS goes before them. None at all: whoever may write to the
                registry decides what is said.
            threshold: how many of the keys must have signed; None is 1.
            strict: whether a signed snapshot that has not expired is demanded as well.
            warn: is told what is not as it should be and stops no call: that the registry
                can't be written, so that a copy of the ledger would not be noticed.

        """
        self.environment = environment
        self._registry_url = os.fspath(registry)
        self._key = key
        self._ledger_path = ledger
        self._base = base
        self._timeout = timeout
        self._clients = Clients(timeout=timeout, trust_env=trust_env)
        self._warn = warn
        self._keys = tuple(keys)
        self._threshold = threshold
        self._strict = strict
        self._lock = threading.Lock()
        self._placing = threading.Lock()
        self._placed = False
        self._registry: Registry | None = None
        self._ledger: Ledger | None = None

    def __repr__(self) -> str:
        """Without the key."""
        return f"Launcher({self._registry_url!r}, {self.environment!r})"

    def dial(
        self,
        preset: str,
        *,
        to: str | None = None,
        inputs: Inputs | None = None,
        once: str | None = None,
        timezone: str | None = None,
    ) -> Dial:
        """
        Call ``to`` with what is released as ``preset``.

        Args:
            preset: ``name`` for what is live, ``name@7``, or ``name@sha256:...``.
            to: who is called, in E.164; None for a preset that is a browser call.
            inputs: values for the inputs that the preset declares, or a function that makes
                them from the declarations, as the command line does.
            once: a key for this very call. Asked again with the same key, the first outcome
                is returned and nothing is sent. Only a call in which a phone may ring takes
                the key: after a rejection the same key can be used again.
            timezone: the zone that the person is in, like ``America/New_York``; None takes
                every zone that the number may be in. It matters where hours are declared.

        Raises:
            UsageError: ``preset`` or ``once`` can't be what they are.
            InputError: number, inputs or timezone are wrong.
            Refused: held, withdrawn, yanked; or ``once`` was used for another call; or the
                ledger is a copy, or was restored from a backup.
            CallRefused: a rule of the environment says no: destinations, hours, caps; or the
                number is on the ledger's suppression list.
            RegistryError: what is released can't be read, or not trusted.
            SettingError: no API key.
            LedgerError: the call can't be recorded, so it was not sent.
            NotSent: no connection, after a few tries.
            Rejected: the API refused; nothing rang.
            Deferred: the API refused for now; nothing rang.
            OutcomeUnknown: a phone may be ringing; it is not sent again.

        """
        name = parse_reference(preset).name
        return self._earlier(name, to, once) or self._place(
            self._released_call(preset, to, inputs, timezone)._replace(once=once)
        )

    def try_dial(  # noqa: PLR0913 - those of `dial`, and what no registry says of it
        self,
        bound: Mapping[str, Any],
        *,
        keyvar: str,
        to: str | None = None,
        inputs: Inputs | None = None,
        once: str | None = None,
        timezone: str | None = None,
        document: Mapping[str, Any] | None = None,
        keys: bool = False,
    ) -> Dial:
        """
        Call ``to`` with a bound preset document that was not released; recorded as unreleased.

        ``keyvar`` names the environment variable with the API key, ``keys`` says whether the
        workspace honours idempotency keys. The rules for calls are those of the environment as
        it is published, and where it isn't yet, of ``document``. Otherwise as `dial`.
        """
        name = bound["preset"]["name"]
        earlier = self._earlier(name, to, once)
        if earlier is not None:
            return earlier
        request = assembled(bound, to=to, inputs=inputs)
        call = self._call(request, keyvar, keys=keys)._replace(once=once)
        published = self.registry.environment(self.environment) if self.registry.exists else None
        unsaid = {"environment": self.environment, "workspace": {"url": bound["workspace"]}}
        return self._place(self._gated(call, published or document or unsaid, timezone))

    def again(self, record: Record, body: bytes, *, reason: str) -> Dial:
        """
        Make a recorded call again: the same bytes, but for a key of its own where keys are used.

        A dial like any other: what is held, withdrawn, yanked or against a rule is refused.

        Args:
            record: the dial that is made again.
            body: what was sent for it.
            reason: why, for those who find it in the ledger.

        Raises:
            Refused: it is held, withdrawn, yanked, was never released, or nobody may call
                the number any more.
            All that `dial` raises.

        """
        if record.release is None:
            raise Refused(
                f"dial {record.dial_id or record.id} was placed from a working tree and never "
                "released, so nothing says that it may be made again; use `dialform try`"
            )
        released = resolve(
            self.registry, self.environment, f"{record.preset}@{record.bound_digest}"
        )
        request = recalled(released.bound, body, bound_digest=released.entry.bound_digest)
        call = self._call(request, released.keyvar, keys=released.keys)
        call = call._replace(
            version=released.entry.version,
            release=released.entry.seq,
            evidence=f"again of {record.id}: {reason}",
        )
        from dialform.launcher.calling import Gate  # noqa: PLC0415 - `request` needs none

        gate = Gate.of_record(released.document, self.ledger, record)
        return self._place(call._replace(gate=gate))

    async def adial(
        self,
        preset: str,
        *,
        to: str | None = None,
        inputs: Inputs | None = None,
        once: str | None = None,
        timezone: str | None = None,
    ) -> Dial:
        """`dial` for asyncio. Cancelled while it is being sent, it counts as unknown."""
        import asyncio  # noqa: PLC0415 - heavy, and `dial` needs none

        name = parse_reference(preset).name
        earlier = await self._aearlier(name, to, once)
        if earlier is not None:
            return earlier
        loop = asyncio.get_running_loop()
        call = await asyncio.to_thread(self._released_call, preset, to, inputs, timezone, loop)
        call = call._replace(once=once)
        while True:
            sending = await self._areserve(call)
            if sending is not None:
                return await sending.asend()
            earlier = await self._aearlier(name, to, once)
            if earlier is not None:
                return earlier

    def request(
        self,
        preset: str,
        *,
        to: str | None = None,
        inputs: Inputs | None = None,
    ) -> Request:
        """
        What `dial` would send, to the byte. Needs no key and no ledger, and sends nothing.

        Raises:
            UsageError: ``preset`` can't be a preset's name.
            InputError: number or inputs are wrong.
            Refused: it is held, withdrawn or yanked.
            RegistryError: what is released can't be read, or not trusted.

        """
        released = resolve(self.registry, self.environment, preset)
        return assembled(
            released.bound, to=to, inputs=inputs, bound_digest=released.entry.bound_digest
        )

    def refusal(self, to: str | None, *, timezone: str | None = None) -> Refusal | None:
        """
        Why the rules or the suppression list don't allow a call to ``to`` now; None: they do.

        Reads the ledger where there is one. Needs no key, and sends nothing.

        Raises:
            InputError: there is no such zone.
            RegistryError: what the registry says of the environment can't be read, or not trusted.
            LedgerError: the ledger can't be read.

        """
        from dialform.launcher.calling import Gate, Refusal  # noqa: PLC0415 - `request` needs none

        gate = Gate.of(environment_of(self.registry, self.environment), to, timezone)
        if self.ledger.is_there:
            try:
                self.ledger.refuse_suppressed(to)
            except CallRefused as error:
                return Refusal(error.rule, str(error), error.due)
        placed = partial(self.ledger.latest, self.environment) if gate.rules.counts else None
        return gate.refusal(time.time(), placed)

    @property
    def registry(self) -> Registry:
        """The registry that is dialled from."""
        with self._lock:
            if self._registry is None:
                from dialform.registry import Registry  # noqa: PLC0415 - where it is needed
                from dialform.registry.trust.settings import trust_of  # noqa: PLC0415

                trust = trust_of(
                    os.environ,
                    keys=self._keys,
                    threshold=self._threshold,
                    strict=self._strict,
                    warn=self._warn,
                )
                self._registry = Registry.open(
                    self._registry_url, base=self._base or os.curdir, trust=trust
                )
            return self._registry

    @property
    def ledger(self) -> Ledger:
        """The record of this launcher's dials."""
        with self._lock:
            if self._ledger is None:
                from dialform.launcher.ledger import Ledger  # noqa: PLC0415 - `request` needs none
                from dialform.launcher.places import default_ledger  # noqa: PLC0415

                path = self._ledger_path or default_ledger(self._base, os.environ)
                self._ledger = Ledger(path)
            return self._ledger

    def client(self) -> Client:
        """
        The API of the environment's workspace as it is declared now, to look at its dials.

        Raises:
            RegistryError: the environment can't be read.
            SettingError: no API key.

        """
        from dialform.launcher.keys import key_of  # noqa: PLC0415 - `request` needs none
        from dialform.launcher.resolve import workspace_of  # noqa: PLC0415

        workspace = workspace_of(self.registry, self.environment)
        key = key_of(workspace["keyvar"], self._key, os.environ)
        return self._clients.of(workspace["url"], key)

    def close(self) -> None:
        """Close what `dial` has opened. The launcher can be used again."""
        with self._lock:
            ledger, self._ledger = self._ledger, None
            self._placed = False
        self._clients.close()
        if ledger is not None:
            ledger.close()

    async def aclose(self) -> None:
        """Close what `dial` and, in this event loop, `adial` have opened."""
        import asyncio  # noqa: PLC0415 - heavy, and `dial` needs none

        await self._clients.aclose(asyncio.get_running_loop())
        self.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it, with what `adial` has opened."""
        await self.aclose()

    def _earlier(self, preset: str, to: str | None, once: str | None) -> Dial | None:
        """The first outcome of ``once``, if it is taken; a call under way is waited for."""
        if once is None:
            return None
        return outcome_of(self.ledger, self.environment, once, preset=preset, to=to)

    async def _aearlier(self, preset: str, to: str | None, once: str | None) -> Dial | None:
        """`_earlier`, which holds no thread while it waits."""
        if once is None:
            return None
        return await aoutcome_of(self.ledger, self.environment, once, preset=preset, to=to)

    def _released_call(
        self,
        preset: str,
        to: str | None,
        inputs: Inputs | None,
        timezone: str | None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> Call:
        released = resolve(self.registry, self.environment, preset)
        entry = released.entry
        request = assembled(released.bound, to=to, inputs=inputs, bound_digest=entry.bound_digest)
        call = self._call(request, released.keyvar, loop, keys=released.keys)
        call = call._replace(version=entry.version, release=entry.seq)
        return self._gated(call, released.document, timezone)

    @staticmethod
    def _gated(call: Call, document: Mapping[str, Any], timezone: str | None) -> Call:
        """The call with the rules that it is held against when it is written down."""
        from dialform.launcher.calling import Gate  # noqa: PLC0415 - `request` needs none

        return call._replace(gate=Gate.of(document, call.request.to, timezone))

    def _call(
        self,
        request: Request,
        keyvar: str,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        keys: bool,
    ) -> Call:
        from dialform.launcher.keys import key_of  # noqa: PLC0415 - `request` needs none
        from dialform.launcher.sending import Call  # noqa: PLC0415

        key = key_of(keyvar, self._key, os.environ)
        client = self._clients.of(request.workspace, key, loop)
        if not keys:
            return Call(request, client)
        from dialform.launcher.idempotency import key_of_dial  # noqa: PLC0415 - where it is used

        identifier = self.ledger.new_id()
        return Call(request.keyed(key_of_dial(identifier)), client, id=identifier, keyed=True)

    def _place(self, call: Call) -> Dial:
        """Write the call down and send it; or tell what came of the one that took its key."""
        while True:
            sending = self._reserve(call)
            if sending is not None:
                return sending.send()
            earlier = self._earlier(call.request.preset, call.request.to, call.once)
            if earlier is not None:
                return earlier

    def _reserve(self, call: Call) -> Sending | None:
        """
        The call written down; None where another has taken its key meanwhile.

        Raises CallRefused where the rules don't allow it at this moment, or never.
        """
        self._take_place()
        from dialform.launcher.sending import Sending  # noqa: PLC0415 - `request` sends nothing

        seconds, now, room = self._timeout * _GIVE_UP, time.time(), None
        self.ledger.refuse_suppressed(call.request.to)
        if call.gate is not None:
            call.gate.require(now)
            room = call.gate.room(now)
        record, ours = self.ledger.reserve(call.reservation(), seconds=seconds, room=room)
        return Sending(call, self.ledger, record) if ours else None

    def _take_place(self) -> None:
        """Once, before the first call: no copy of the ledger has dialled, and none will."""
        with self._placing:
            if self._placed:
                return
            from dialform.launcher.ledger.alone import take_place  # noqa: PLC0415 - not for `request`

            trouble: str | None = None
            try:
                exists = self.registry.exists  # no: nobody has released or dialled anything yet
            except RegistryError as error:
                exists, trouble = False, str(error)
            if exists:
                trouble = take_place(self.ledger, self.registry)
            if trouble is not None and self._warn is not None:
                self._warn(
                    f"the ledger could not claim its place in the registry: {trouble}; a copy of "
                    "it would not be noticed, and could call the same people again"
                )
            self._placed = True

    async def _areserve(self, call: Call) -> Sending | None:
        """`_reserve`; cancelled meanwhile, the call is written down as not sent."""
        import asyncio  # noqa: PLC0415 - as in `adial`

        reserving = asyncio.ensure_future(asyncio.to_thread(self._reserve, call))
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            with contextlib.suppress(DialformError):
                sending = await reserving
                if sending is not None:
                    await asyncio.to_thread(sending.abandon)
            raise
