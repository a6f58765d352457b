"""
What `dialform serve` needs to know, from the command line or from environment variables.

Reads the environment that it is given, and nothing else. Secrets are taken from variables alone,
and are in no repr.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dialform.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "DIALFORM_SERVE_TOKEN"  # noqa: S105 - the variable's name
"""Holds the bearer token that callers of ``/dials`` send."""

SECRET = "DIALFORM_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
"""Holds the workspace's signing secret for webhooks."""

REGISTRY, ENVIRONMENT, LEDGER = "DIALFORM_REGISTRY", "DIALFORM_ENVIRONMENT", "DIALFORM_LEDGER"
"""What `create_app` without arguments reads besides."""

TRANSCRIPTS = "DIALFORM_TRANSCRIPTS"
"""``no``: transcripts are not kept."""

SHORTEST = 16
"""Characters of a token or a secret, at least: shorter ones can be guessed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One environment is served."""

    registry: str
    environment: str
    ledger: str | None = None
    """None: where `Launcher` keeps it."""

    base: str | None = None
    """The folder that a relative registry starts from; None: the working directory."""

    token: str | None = field(default=None, repr=False)
    """None: no dials are taken."""

    secret: str | None = field(default=None, repr=False)
    """None: no webhooks are taken."""

    transcripts: bool = True
    """Whether what people said is kept with the events that tell it, if the environment does."""

    poll: bool = True
    """Whether live calls are looked at besides."""

    keys: tuple[str, ...] = ()
    """As for `Launcher`, which takes $DIALFORM_KEYS before them."""

    threshold: int | None = None
    strict: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """
        All from environment variables.

        Raises:
            SettingError: one is missing, or can't be right.

        """
        for name in (REGISTRY, ENVIRONMENT):
            if not environment.get(name):
                raise SettingError(f"{name} is not set: it says what is served; set it")
        token, secret = secrets_of(environment)
        return cls(
            environment[REGISTRY],
            environment[ENVIRONMENT],
            environment.get(LEDGER) or None,
            token=token,
            secret=secret,
            transcripts=environment.get(TRANSCRIPTS) != "no",
        )


def secrets_of(environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """
    Token and signing secret; None where a variable is not set.

    Raises:
        SettingError: neither is, so that nothing could be served; or one can be guessed.

    """
    token, secret = environment.get(TOKEN), environment.get(SECRET)
    if token is None and secret is None:
        raise SettingError(
            f"neither {TOKEN} nor {SECRET} is set, so there is nothing to serve: the first lets "
            "programs place calls, the second is the workspace's signing secret for webhooks"
        )
    for name, value in ((TOKEN, token), (SECRET, secret)):
        if value is not None and len(value) < SHORTEST:
            raise SettingError(
                f"{name}: takes at least {SHORTEST} characters, so that nobody guesses it"
            )
    return token, secret


def may_enter(authorization: str | None, token: str) -> bool:
    """Whether an ``Authorization`` header has the token; takes as long for any wrong one."""
    scheme, _, given = (authorization or "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    return same and scheme.lower() == "bearer"
