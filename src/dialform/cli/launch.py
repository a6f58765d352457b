"""``dialform launch``: call a list of people, each at most once per attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import confirm, context, peoplefile
from dialform.errors import LedgerError, Refused, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from dialform.cli.parser import Parser
    from dialform.cli.progress import Progress
    from dialform.launcher.calling import Rules
    from dialform.launcher.campaign.engine import Engine, Stop
    from dialform.launcher.campaign.planning import Forecast
    from dialform.launcher.campaign.settings import Settings
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.people import People
    from dialform.launcher.records import Campaign, Row
    from dialform.launcher.resolve import Released
    from dialform.registry import Registry

_RECOUNT = 10
"""Seconds after which the rows are counted in the ledger again, for what is shown."""

_DESCRIPTION = """\
Call a list of people with what is released, each at most once per attempt.

FILE is CSV, JSON Lines or Parquet, - for stdin: a column `to` with numbers, one for each input
of the preset, and `timezone`, `person`, `not_before` where wanted. All rows are checked before
the first call. What is released now is what everybody is called with.

The same --name and FILE goes on where it was left, after any stop. Nobody is called again.
"""
_EPILOG = """\
Ctrl-C once: start no more calls, wait for the answers that are on their way. Twice: leave them
as unknown; `dialform ledger --unknown` lists them, and nothing dials them again by itself.

outcomes and exit codes:
  everybody was called 0 | paused by a hold, a rule, a canary, rejections 3
  interrupted 130 | wrong rows in the file 1

examples:
  dialform launch reminder -s prod people.csv --name november
  dialform launch reminder -s prod people.csv --name november --canary 20 --yes
  dialform launch reminder -s prod people.csv --name november --suppress do-not-call.csv
  dialform launch reminder -s prod more.csv --name november --append
  dialform launch reminder -s prod people.csv --name november --preset reminder@8
  dialform launch reminder -s dev - --name try --format jsonl --retry no-answer:2:30m
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``launch``."""
    parser = subparsers.add_parser(
        "launch",
        help="call a list of people",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("preset", metavar="PRESET", help="what is called with")
    peoplefile.add_people(parser)
    context.add_stack(parser)
    parser.add_argument("--name", metavar="N", required=True, help="the campaign's name")
    parser.add_argument(
        "--append", action="store_true", help="add the people of another file to the campaign"
    )
    parser.add_argument(
        "--preset",
        dest="instead",
        metavar="P@N",
        help="call those who remain with this version",
    )
    limits = parser.add_argument_group("limits", "kept when the campaign goes on")
    limits.add_argument("--rate", type=float, metavar="N", help="calls started per second (1)")
    limits.add_argument("--in-flight", type=int, metavar="N", help="requests at a time (8)")
    limits.add_argument("--live", type=int, metavar="N", help="calls at a time (5)")
    limits.add_argument("--total", type=int, metavar="N", help="calls of this campaign at most")
    limits.add_argument("--canary", type=int, metavar="N", help="pause once after so many calls")
    limits.add_argument(
        "--failures", type=float, metavar="PART", help="pause where more of the calls fail (0.5)"
    )
    limits.add_argument(
        "--retry",
        metavar="OUTCOME:TIMES:AFTER",
        action="append",
        default=[],
        help="call again, as no-answer:2:30m; may be repeated",
    )
    confirm.add_yes(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="check the file and show the plan; call nobody"
    )
    parser.add_argument(
        "--use-proxy", action="store_true", help="use the proxies that HTTPS_PROXY and so on name"
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines for programs")
    context.add_strict(parser)
    context.add_registry(parser)
    context.add_ledger(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan, ask, call."""
    from dialform.cli.extras import require_campaign  # noqa: PLC0415 - when run
    from dialform.launcher.ledger import Ledger  # noqa: PLC0415

    require_campaign()
    environment = context.environment_of(args)
    registry = context.registry_of(args)
    ledger = Ledger(context.ledger_of(args))
    try:
        campaign, released = _campaign(args, environment, registry, ledger)
        if campaign is None:
            return 0
        return _call(args, campaign, released, registry, ledger)
    finally:
        ledger.close()


def _campaign(
    args: argparse.Namespace, environment: str, registry: Registry, ledger: Ledger
) -> tuple[Campaign | None, Released]:
    """The campaign to go on with, opened where it is new; None where nobody is to be called."""
    from dialform.launcher.campaign.settings import Settings  # noqa: PLC0415 - when run
    from dialform.launcher.resolve import resolve  # noqa: PLC0415

    found = ledger.campaign(environment, args.name)
    if args.instead and args.instead.partition("@")[0] != args.preset.partition("@")[0]:
        raise UsageError(f"--preset {args.instead}: is another preset than {args.preset}")
    name = args.instead or (args.preset if found is None else _pinned(found))
    released = resolve(registry, environment, name)
    document = registry.environment(environment) or {}
    kept = Settings.of_document(document) if found is None else Settings.of_json(found.settings)
    settings = _within(args, _settings(args, kept), document)
    with _people(args, released, ledger, settings) as people:
        if found is None:
            return _open(args, people, released, settings, registry, ledger), released
        return _resume(args, found, people, released, settings, registry, ledger), released


def _pinned(campaign: Campaign) -> str:
    return f"{campaign.preset.partition('@')[0]}@{campaign.bound_digest}"


def _settings(args: argparse.Namespace, settings: Settings) -> Settings:
    import os  # noqa: PLC0415 - when run

    from dialform.launcher.calling.limits import CEILINGS, MOST  # noqa: PLC0415
    from dialform.launcher.campaign.settings import retries  # noqa: PLC0415

    names = ("rate", "in_flight", "live", "total", "canary", "failures")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    most = {field: MOST[key] for key, field in CEILINGS.items()}
    for name, value in given.items():
        # Not a number is neither above nor below anything: it fits nothing here.
        if name != "failures" and not 0 < value <= most.get(name, value):
            until = f", and at most {most[name]:g}" if name in most else ""
            raise UsageError(f"--{name.replace('_', '-')} {value:g}: must be more than 0{until}")
    if not 0 <= given.get("failures", 0) <= 1:
        raise UsageError(f"--failures {given['failures']:g}: is a part, from 0 to 1")
    if args.suppress:
        here = [os.path.abspath(one) for one in args.suppress]  # noqa: PTH100 - no pathlib here
        given["suppress"] = tuple(dict.fromkeys((*settings.suppress, *here)))
    if args.retry:
        given["retry"] = retries(args.retry)
    return settings._replace(**given)


def _within(args: argparse.Namespace, settings: Settings, document: Mapping[str, Any]) -> Settings:
    """
    The settings, none above what the environment allows now.

    What was kept from before is lowered; what is given now is refused.
    """
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.calling.limits import CEILINGS  # noqa: PLC0415

    for key, most in settings.above(document).items():
        field = CEILINGS[key]
        wanted = getattr(settings, field)
        if getattr(args, field) is not None:
            raise Refused(
                f"--{field.replace('_', '-')} {wanted:g} is more than the {most:g} that "
                f"{args.stack} allows [campaigns.{key}]: give less, or raise it in [campaigns] of "
                "its file and `pulumi up`"
            )
        output.note(
            f"{key} is lowered from {wanted:g} to {most:g}: {args.stack} allows no more "
            f"[campaigns.{key}]"
        )
        lowered: dict[str, Any] = {field: most}
        settings = settings._replace(**lowered)
    return settings


def _people(
    args: argparse.Namespace, released: Released, ledger: Ledger, settings: Settings
) -> People:
    lists = peoplefile.lists_of(args, settings.suppress, ledger)
    declared = released.bound.get("inputs") or {}
    return peoplefile.people_of(args, declared, suppressed=lists.at_once())


def _open(  # noqa: PLR0913, PLR0917 - as `_resume`
    args: argparse.Namespace,
    people: People,
    released: Released,
    settings: Settings,
    registry: Registry,
    ledger: Ledger,
) -> Campaign | None:
    """A new campaign with its people, after its plan was agreed to."""
    import os  # noqa: PLC0415 - when run
    import time  # noqa: PLC0415

    from dialform.launcher.ledger.storage import written  # noqa: PLC0415
    from dialform.launcher.records import Campaign  # noqa: PLC0415
    from dialform.registry.authorship import author  # noqa: PLC0415

    if args.append:
        raise UsageError(f"--append: there is no campaign {args.name!r} to add people to")
    entry = released.entry
    rows = _agreed_rows(args, people, released, settings, registry)
    if rows is None:
        return None
    campaign = Campaign(
        id=os.urandom(16).hex(),
        environment=entry.environment,
        name=args.name,
        preset=args.instead or args.preset,
        version=entry.version,
        release=entry.seq,
        preset_digest=entry.preset_digest,
        bound_digest=entry.bound_digest,
        workspace=released.bound["workspace"],
        source=people.name,
        source_digest=people.digest,
        opened_at=written(time.time()),
        opened_by=author() or "",
        settings=settings.as_json(),
    )
    # Before anything is written: a copy, or another clone's ledger, opens no campaign.
    _claim(ledger, registry, entry.environment, args.name)
    opened, _ = ledger.open_campaign(campaign, rows)
    return opened


def _resume(  # noqa: PLR0913, PLR0917 - all that a campaign is made of
    args: argparse.Namespace,
    found: Campaign,
    people: People,
    released: Released,
    settings: Settings,
    registry: Registry,
    ledger: Ledger,
) -> Campaign | None:
    """The campaign that is there, with what the command line changes of it."""
    from dialform.cli import output  # noqa: PLC0415 - when run

    entry = released.entry
    if not args.dry_run:
        _claim(ledger, registry, entry.environment, args.name)
    if args.preset.partition("@")[0] != found.preset.partition("@")[0]:
        raise UsageError(
            f"campaign {args.name!r} calls with {found.preset}, not with {args.preset}: give "
            "another --name"
        )
    if people.digest != found.source_digest:
        if not args.append:
            raise Refused(
                f"campaign {args.name!r} goes on with another file, the last one that it was given "
                f"({found.source}, {found.source_digest[:19]}): give that, add this one's people "
                "with --append, or give another --name"
            )
        rows = _agreed_rows(args, people, released, settings, registry)
        if rows is None:
            return None
        added = ledger.add_people(found.id, rows, source=people.name, source_digest=people.digest)
        who = "1 person was" if added == 1 else f"{added:,} people were"
        output.note(f"{who} added to {args.name}")
    counts = ledger.counts(found.id)
    remain = counts.get("planned", 0)
    output.note(f"campaign {args.name} goes on: {_counted(counts)}")
    if args.dry_run:
        return None
    _agree(args, remain)
    changed = found._replace(
        settings=settings.as_json(),
        version=entry.version,
        release=entry.seq,
        preset_digest=entry.preset_digest,
        bound_digest=entry.bound_digest,
        workspace=released.bound["workspace"],
    )
    if changed != found:
        ledger.repin_campaign(changed)
        if changed.bound_digest != found.bound_digest:
            output.note(f"those who remain are called with version {entry.version}")
    return changed


def _agreed_rows(
    args: argparse.Namespace,
    people: People,
    released: Released,
    settings: Settings,
    registry: Registry,
) -> Iterator[Row] | None:
    """The rows to keep, after the plan was shown; None where nobody is to be called."""
    forecast = _forecast(registry, released.entry.environment, settings)
    for _ in forecast.rows(people.rows()):
        pass
    peoplefile.note_numbers(people)
    _show(args, forecast, released, settings)
    if args.dry_run:
        return None
    _agree(args, forecast.people)
    return _forecast(registry, released.entry.environment, settings).rows(people.rows())


def _agree(args: argparse.Namespace, people: int) -> None:
    """Return if the calls may begin. The people that stdin gives can't answer."""
    if people and args.file == "-" and not args.yes:
        raise UsageError("there is no terminal to ask at: say --yes to call them")
    who = "1 person" if people == 1 else f"{people:,} people"
    if not confirm.agreed(f"Call {who}?", yes=args.yes or not people):
        raise Refused("nobody was called")


def _forecast(registry: Registry, environment: str, settings: Settings) -> Forecast:
    import time  # noqa: PLC0415 - when run

    from dialform.launcher.campaign.planning import Forecast  # noqa: PLC0415

    return Forecast(_rules(registry, environment), settings, time.time())


def _rules(registry: Registry, environment: str) -> Rules:
    from dialform.launcher.calling import Rules  # noqa: PLC0415 - when run

    return Rules.of(registry.environment(environment) or {})


def _show(
    args: argparse.Namespace, forecast: Forecast, released: Released, settings: Settings
) -> None:
    """Who would be called, where, when, how long."""
    from datetime import UTC, datetime  # noqa: PLC0415 - when run

    from dialform.cli import output  # noqa: PLC0415

    timeout = released.bound["body"].get("timeoutMinutes")
    minutes = forecast.minutes(timeout if isinstance(timeout, int) else None)
    end = datetime.fromtimestamp(forecast.end, UTC).strftime("%Y-%m-%d %H:%M UTC")
    plan: dict[str, Any] = {
        "people": forecast.people,
        "zones": dict(forecast.zones.most_common()),
        "skipped": dict(forecast.skipped.most_common()),
        "withinADay": forecast.today,
        "noHours": forecast.unreachable,
        "end": end,
        "mostMinutes": minutes,
    }
    if args.json:
        output.json_line({"event": "plan", **plan})
        return
    what = f"{released.reference.name} version {released.entry.version}"
    who = "1 person is" if forecast.people == 1 else f"{forecast.people:,} people are"
    output.note(f"{who} to be called with {what} in {args.stack}")
    few = 12
    for place, count in forecast.zones.most_common(few):
        output.note(f"  {count:>9,}  {place}")
    if len(forecast.zones) > few:
        output.note(f"  and {len(forecast.zones) - few} more places")
    for why, count in forecast.skipped.most_common():
        output.note(f"  {count:>9,}  not called: {why}")
    if forecast.unreachable:
        output.note(f"  {forecast.unreachable:>9,}  can't be called at any hour that is allowed")
    output.note(
        f"at most {settings.rate:g} calls a second, {settings.live} at a time: about "
        f"{forecast.today:,} within a day, the last about {end} if calls last two minutes"
    )
    most = "without a limit: the preset has no timeoutMinutes" if minutes is None else minutes
    output.note(f"minutes of calls at most: {most}")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items())) or "nobody"


def _call(
    args: argparse.Namespace,
    campaign: Campaign,
    released: Released,
    registry: Registry,
    ledger: Ledger,
) -> int:
    """Run the engine and show it."""
    import asyncio  # noqa: PLC0415 - when run
    import os  # noqa: PLC0415

    from dialform.cli.progress import Progress  # noqa: PLC0415
    from dialform.launcher.keys import key_of  # noqa: PLC0415

    key = key_of(released.keyvar, None, os.environ)
    _expire(ledger, registry.environment(campaign.environment) or {})
    counts = ledger.counts(campaign.id)
    again = _again(args)
    try:
        with Progress(campaign, counts, again, as_json=args.json) as progress:
            stop = asyncio.run(_engine(args, campaign, released, registry, ledger, key, progress))
        counts = ledger.counts(campaign.id)
    except LedgerError as error:
        raise LedgerError(f"{error}; then go on with: {again}") from None
    return progress.ended(stop, counts)


def _expire(ledger: Ledger, document: Mapping[str, Any]) -> None:
    """Erase what the environment does not keep any longer."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.ledger.erasing import keep_to  # noqa: PLC0415

    erased = keep_to(ledger, document)
    if erased:
        output.note(
            f"personal data of {erased:,} old dials was erased: [ledger] retention is "
            f"{document['ledger']['retention']}"
        )


def _claim(ledger: Ledger, registry: Registry, environment: str, name: str) -> None:
    """Make sure that no other ledger calls the same people. Raises Refused."""
    from dialform.launcher.ledger.alone import take_campaign, take_place  # noqa: PLC0415

    take_place(ledger, registry, campaign=True)
    take_campaign(ledger, registry, environment, name)


def _again(args: argparse.Namespace) -> str:
    """The command that goes on: with what says where and how the file is read; limits are kept."""
    import shlex  # noqa: PLC0415 - when run

    from dialform.launcher.places import without_password  # noqa: PLC0415

    words = ["dialform", "launch", args.preset, args.file, "-s", args.stack, "--name", args.name]
    for name in ("registry", "ledger", "format", "region", "person_column"):
        if getattr(args, name) is not None:
            words += [f"--{name.replace('_', '-')}", without_password(getattr(args, name))]
    for column in args.ignore_column:
        words += ["--ignore-column", column]
    if args.use_proxy:
        words.append("--use-proxy")
    return shlex.join(words)


async def _engine(  # noqa: PLR0913, PLR0917 - everything comes in
    args: argparse.Namespace,
    campaign: Campaign,
    released: Released,
    registry: Registry,
    ledger: Ledger,
    key: str,
    progress: Progress,
) -> Stop:
    import asyncio  # noqa: PLC0415 - when run
    import time  # noqa: PLC0415
    from functools import partial  # noqa: PLC0415

    from dialform.api.fast import FastClient  # noqa: PLC0415
    from dialform.launcher.campaign.engine import Engine  # noqa: PLC0415
    from dialform.launcher.campaign.settings import Settings  # noqa: PLC0415
    from dialform.launcher.campaign.watch import Watch  # noqa: PLC0415
    from dialform.launcher.campaign.writer import Writer  # noqa: PLC0415
    from dialform.launcher.launcher import TIMEOUT  # noqa: PLC0415
    from dialform.launcher.request import Template  # noqa: PLC0415

    settings = Settings.of_json(campaign.settings)
    watch = Watch(registry, campaign)
    writer = Writer(ledger)
    ledger.make_room()
    minutes = released.bound["body"].get("timeoutMinutes")
    lists = peoplefile.lists_of(args, settings.suppress, ledger)

    try:
        async with FastClient(
            campaign.workspace,
            key,
            timeout=TIMEOUT,
            connections=settings.in_flight + settings.live,
            trust_env=args.use_proxy,
        ) as transport:
            engine = Engine(
                campaign,
                settings,
                ledger=ledger,
                writer=writer,
                transport=transport,
                template=Template(released.bound, bound_digest=released.entry.bound_digest),
                now=time.time,
                gate=watch,
                stopped=watch.stopped,
                suppressed=lists.reason,
                report=progress.happened,
                key=_key(ledger.id, campaign) if released.keys else None,
                timeout=TIMEOUT,
                longest_call=60.0 * (minutes if isinstance(minutes, int) else 60),
            )
            progress.watches(engine)
            counts = partial(writer.call, ledger.counts, campaign.id)
            ticks = asyncio.ensure_future(_tick(progress, counts))
            try:
                return await _interruptible(engine, progress.interrupted)
            finally:
                ticks.cancel()
    finally:
        writer.close()


async def _tick(progress: Progress, counts: Callable[[], Awaitable[dict[str, int]]]) -> None:
    """Time passes also while nothing happens, and others may share the campaign."""
    import asyncio  # noqa: PLC0415 - when run
    from contextlib import suppress  # noqa: PLC0415
    from itertools import count  # noqa: PLC0415

    for second in count(1):
        await asyncio.sleep(1)
        if second % _RECOUNT == 0:
            with suppress(LedgerError):  # the engine comes upon it as well
                progress.recounted(await counts())
        progress.passes()


def _key(ledger: str, campaign: Campaign) -> Callable[[Row], str]:
    """What makes the idempotency key of a row's next attempt."""
    from dialform.launcher.idempotency import key_of_attempt  # noqa: PLC0415 - where keys are used

    return lambda row: key_of_attempt(ledger, campaign.id, row.person, row.attempt + 1)


async def _interruptible(engine: Engine, tell: Callable[[], None]) -> Stop:
    """Run it: the first signal drains, the second leaves what is on its way as unknown."""
    import asyncio  # noqa: PLC0415 - when run
    import signal  # noqa: PLC0415

    from dialform.launcher.campaign.engine import Stop  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(engine.run())
    asked = 0

    def interrupted() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            engine.drain("interrupted")
            tell()
        else:
            task.cancel()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` has it
        numbers.append(signal.SIGHUP)  # what a terminal that is closed sends
    for number in numbers:
        loop.add_signal_handler(number, interrupted)
    try:
        return await task
    except asyncio.CancelledError:
        if not asked:
            raise
        return Stop("running", "interrupted", "interrupted twice: see dialform ledger --unknown")
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
