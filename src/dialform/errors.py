"""
Every error that dialform raises, split by what the caller must do.

    DialformError                    1   fix something and run it again
    ├── UsageError                  64   the command line or a call's arguments are wrong
    ├── DeclarationError             1   fix a file: carries one `Problem` per finding
    ├── SettingError                 1   fix a setting: a key variable, a URL, a folder
    ├── InputError                   1   fix what was given for one dial: number or inputs
    ├── PeopleError                  1   fix a file of people: carries what its rows do wrong
    ├── RegistryError                1   the registry can't serve
    │   ├── RegistryUnreachable      1   it did not answer: says nothing about what is in it
    │   ├── ObjectAbsent             1   it answered: there is no such object
    │   ├── ObjectCorrupt            1   an object is not what its name or form says
    │   ├── UnknownFormat            1   written by a newer dialform
    │   └── LostRace                 1   somebody else wrote first; look, then decide
    ├── Refused                      3   a hold, withdrawal, yank, gate or guardrail says no
    │   ├── CallRefused              3   a rule of the environment says no to this call, now or ever
    │   └── Untrusted                3   not signed, or older than it was; a RegistryError as well
    ├── LedgerError                  1   the dial can't be recorded, so it was not sent
    └── ApiError                         what came of a request to the Vogent API
        ├── NotSent                  1   no byte left: may be retried
        ├── Rejected                 4   the API said no: nothing rang
        ├── Deferred                75   not now (429): nothing rang, may be retried later
        └── OutcomeUnknown           5   sent, no readable answer: a phone may be ringing

The messages say where, what, the rule, and the next thing to do. None holds a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class DialformError(Exception):
    """The root. ``str()`` is the whole message for a person; ``exit_code`` is the process's."""

    exit_code: ClassVar[int] = 1


class UsageError(DialformError):
    """The command line or the arguments of a call are wrong."""

    exit_code = 64


class Problem:
    """One finding in a declaration: where, which rule, what, and what to do."""

    __slots__ = ("file", "key", "line", "message", "rule", "severity")

    def __init__(  # noqa: PLR0913 - a finding has that many sides
        self,
        *,
        file: str,
        key: str = "",
        line: int | None = None,
        rule: str,
        message: str,
        severity: str = "error",
    ) -> None:
        """``file`` is relative to the project, ``line`` counts from 1, ``key`` is dotted."""
        self.file = file
        self.key = key
        self.line = line
        self.rule = rule
        self.message = message
        self.severity = severity

    def __str__(self) -> str:
        """``file:line: key: message [rule]``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        warning = " warning:" if self.severity == "warning" else ""
        return f"{place}:{warning}{key} {self.message} [{self.rule}]"

    def __repr__(self) -> str:
        """For test output."""
        return f"Problem({self!s})"

    def as_json(self) -> dict[str, object]:
        """The fields, as ``validate --json`` prints them."""
        return {name: getattr(self, name) for name in self.__slots__}


class DeclarationError(DialformError):
    """Files that can't be released. Carries everything found, not the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """``problems`` holds at least one error."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class SettingError(DialformError):
    """A setting is missing or wrong: a key variable, a URL, a folder."""


class InputError(DialformError):
    """The number or the inputs given for one dial are wrong. Nothing was sent."""


class PeopleError(DialformError):
    """
    A file of people that can't be called as it is. Nobody was.

    ``errors`` are the first of `dialform.launcher.people.RowError`, ``tally`` says how many
    there are of each rule, those included that ``errors`` does not hold.
    """

    def __init__(
        self, message: str, *, errors: Sequence[object] = (), tally: Mapping[str, int] | None = None
    ) -> None:
        """``message`` has the errors in it, as a person reads them."""
        self.errors = tuple(errors)
        self.tally = dict(tally or {})
        super().__init__(message)


class RegistryError(DialformError):
    """The registry can't serve what was asked."""


class RegistryUnreachable(RegistryError):
    """The store did not answer, or it is not a registry. Says nothing about what is in it."""


class ObjectAbsent(RegistryError):
    """The store answered, its marker is readable, and there is no such object."""


class ObjectCorrupt(RegistryError):
    """An object's bytes are not what its name, digest or format says."""


class UnknownFormat(RegistryError):
    """The object's ``format`` is not one that this version reads."""


class LostRace(RegistryError):
    """The log's head is not the one that the author saw."""


class Refused(DialformError):
    """A hold, a withdrawal, a yank, a gate or a guardrail says no. Nothing was sent or moved."""

    exit_code = 3


class CallRefused(Refused):
    """
    A rule that the environment has for calls says no. Nothing was written down or sent.

    ``rule`` is its name, as ``calls.hours``; ``due`` the first instant at which the rules allow
    the call, in seconds since 1970, or None where waiting doesn't help.
    """

    def __init__(self, message: str, *, rule: str, due: float | None = None) -> None:
        """``message`` is complete in itself; the other fields are for programs."""
        self.rule = rule
        self.due = due
        super().__init__(message)


class Untrusted(Refused, RegistryError):
    """
    What the registry holds is not believed: by its signatures, or by what was seen before.

    ``rule`` is its name: ``unsigned``, ``threshold``, ``unknown-key``, ``rolled-back-registry``,
    ``forked``, ``expired`` or ``dropped``.
    """

    def __init__(self, message: str, *, rule: str) -> None:
        """``message`` is completed with the rule's name."""
        self.rule = rule
        super().__init__(f"{message} [{rule}]")


class LedgerError(DialformError):
    """The ledger can't record the dial, so the dial was not sent."""


class ApiError(DialformError):
    """
    What came of a request to the Vogent API.

    ``status`` is the HTTP status (None where no answer came), ``words`` the API's own words
    (at most 4 KiB), ``request`` the method and path.
    """

    def __init__(
        self, message: str, *, request: str = "", status: int | None = None, words: str = ""
    ) -> None:
        """``message`` is complete in itself; the other fields are for programs."""
        self.request = request
        self.status = status
        self.words = words
        super().__init__(message)


class NotSent(ApiError):
    """No connection: not a byte was sent. May be retried."""


class Rejected(ApiError):
    """The API refused. Nothing rang."""

    exit_code = 4


class Deferred(ApiError):
    """The API refused for now (429, concurrency). Nothing rang; may be retried later."""

    exit_code = 75

    def __init__(
        self,
        message: str,
        *,
        request: str = "",
        status: int | None = None,
        words: str = "",
        retry_after: float | None = None,
    ) -> None:
        """``retry_after`` is the API's Retry-After in seconds, where it gave one."""
        super().__init__(message, request=request, status=status, words=words)
        self.retry_after = retry_after


class OutcomeUnknown(ApiError):
    """Sent, but no readable answer came: a phone may be ringing. Never sent again by itself."""

    exit_code = 5
