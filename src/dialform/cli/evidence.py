"""What the commands about recorded dials share: ledger, registry, and how a dial is told."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from dialform import lengths
from dialform.cli import context
from dialform.cli.parser import near
from dialform.errors import SettingError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dialform.launcher.evidence import Story
    from dialform.launcher.ledger import Ledger
    from dialform.registry import Registry


def add_dial(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add the dial's id, the registry, the ledger and ``--json``."""
    parser.add_argument(
        "dial",
        metavar="DIAL",
        nargs="?" if optional else None,
        help="the dial's id: the API's or the ledger's",
    )
    add_places(parser)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the registry, the ledger and ``--json``."""
    context.add_registry(parser)
    context.add_ledger(parser)
    context.add_json(parser)


@contextlib.contextmanager
def ledger_of(args: argparse.Namespace) -> Iterator[Ledger]:
    """
    The ledger that ``args`` mean, to look at, while the context lasts.

    Raises:
        SettingError: there is none.

    """
    from dialform.launcher.ledger import Ledger  # noqa: PLC0415 - where it is needed

    ledger = Ledger(context.ledger_of(args))
    if not ledger.is_there:
        raise SettingError(
            f"there is no ledger at {ledger.path}: name it with --ledger FILE or DIALFORM_LEDGER"
        )
    try:
        yield ledger
    finally:
        ledger.close()


def location_for(args: argparse.Namespace, environment: str) -> tuple[str, str]:
    """The registry that an environment's dials come from, and the folder it is relative to."""
    import argparse as parsing  # noqa: PLC0415 - light, and loaded by now

    given = parsing.Namespace(registry=args.registry)
    if environment in context.environments_here():
        given.stack = environment
    return context.registry_location(given)


def registry_for(args: argparse.Namespace, environment: str, *, trusting: bool = False) -> Registry:
    """The same, ready to be read; ``trusting``: held to the keys that are pinned there."""
    from dialform.registry import Registry  # noqa: PLC0415 - where it is needed

    url, base = location_for(args, environment)
    trust = context.trust_of(args, environment) if trusting else None
    return Registry.open(url, base=base, trust=trust)


def story_of(args: argparse.Namespace, ledger: Ledger) -> tuple[Story, Registry]:
    """The dial that ``args`` name, and the registry that it came from."""
    from dialform.launcher.evidence import Stories  # noqa: PLC0415 - where it is needed

    record = ledger.named(args.dial)
    registry = registry_for(args, record.environment)
    return Stories(ledger, registry).of(record), registry


def campaign_of(args: argparse.Namespace, ledger: Ledger) -> str:
    """
    The id of the campaign that ``args`` name, by its name or id.

    Raises:
        UsageError: there is none, or one of that name in several environments.

    """
    named = args.campaign
    campaigns = ledger.campaigns(args.stack)
    found = [one for one in campaigns if named in (one.name, one.id)]
    if len(found) == 1:
        return found[0].id
    if found:
        places = ", ".join(one.environment for one in found)
        raise UsageError(f"--campaign {named}: there is one in {places}: say which with -s ENV")
    hint = near(named, [one.name for one in campaigns])
    raise UsageError(f"--campaign {named}: the ledger {ledger.shown} has no such campaign{hint}")


def seconds_of(text: str) -> float:
    """The seconds in ``24h``, ``30m``, ``7d``. UsageError for anything else."""
    if not text[:-1].isdecimal() or text[-1:] not in tuple("mhd"):
        raise UsageError(f"--since {text}: write a length of time like 30m, 24h or 7d")
    return float(text[:-1]) * lengths.SECONDS[text[-1]]


def summary(story: Story) -> list[tuple[str, Any]]:
    """A dial for a person, a row for each thing that is known of it."""
    record, entry = story.record, story.entry
    version = "unreleased" if record.version is None else f"version {record.version}"
    rows: list[tuple[str, Any]] = [
        ("dial", record.dial_id),
        ("ledger id", record.id),
        ("time", record.reserved_at),
        ("to", "(erased)" if story.erased else record.to or "a browser"),
        ("campaign", _campaign(story)),
        ("outcome", outcome(story)),
        ("evidence", record.evidence),
        ("launched by", record.launched_by),
        ("environment", f"{record.environment} ({record.workspace})"),
        ("preset", f"{record.preset} {version}"),
        ("preset digest", record.preset_digest),
        ("bound preset", record.bound_digest),
        ("request", record.body_digest),
    ]
    if entry is not None:
        by = f" by {entry.by}" if entry.by else ""
        reason = f": {entry.reason}" if entry.reason else ""
        rows += [
            ("released", f"entry {entry.seq}, {entry.kind} at {entry.time}{by}{reason}"),
            ("change", entry.change),
            ("commit", entry.commit),
        ]
    for one in story.approvals:
        rows.append(
            ("approved", f"by {one.by} at {one.time}{f': {one.reason}' if one.reason else ''}")
        )
    return [row for row in rows if row[1]]


def _campaign(story: Story) -> str | None:
    """``november (people.csv), row 17, attempt 1``."""
    if story.record.campaign is None:
        return None
    campaign = story.campaign
    named = story.record.campaign if campaign is None else f"{campaign.name} ({campaign.source})"
    row = "" if story.row is None else f", row {story.row}"
    return f"{named}{row}, attempt {story.record.attempt}"


def outcome(story: Story) -> str:
    """``accepted, completed (AGENT_HANGUP)``."""
    record = story.record
    status = f", {record.call_status}" if record.call_status else ""
    result = f" ({record.result})" if record.result else ""
    return f"{record.state}{status}{result}"
