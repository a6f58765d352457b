"""``dialform registry keygen``, ``sign``, ``trust`` and ``snapshot``: keys and signatures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dialform.cli import confirm, context
from dialform.errors import Refused, SettingError, Untrusted, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dialform.registry import Entry, Registry
    from dialform.registry.trust.statements import Keys, Statement

_SIGNER = "the key is named by DIALFORM_SIGNER: env:NAME, file:PATH or command:PROGRAM ARGUMENTS"
_KEYGEN = """\
Make an ed25519 key. The private one is written to FILE, which must not be there, readable by you
alone; the public one is printed, as it stands in [registry] keys and in DIALFORM_KEYS.
"""
_KEYGEN_EXAMPLES = """\
keep FILE where only who releases can read it: a secret of the publishing job, never the project

examples:
  dialform registry keygen ~/release.pem
  dialform registry keygen --public          the public line of the key in DIALFORM_SIGNER
"""
_SIGN = """\
Add your signature to what is newest in an environment: its document, and of each preset's log the
entries that say what is live. Shows them first, and asks. Each is held to the log's rules before.

It is the second signature of a threshold, and the first where a registry had none so far.
"""
_SIGN_EXAMPLES = """\
examples:
  dialform registry sign -s prod
  dialform registry sign -s prod collections@7 --yes
"""
_TRUST = """\
Show whose signatures count, statement by statement; or write the next statement with --add,
--remove or --threshold. A statement counts once the threshold of the one before it, and its own,
have signed it: --sign N adds your signature to one that waits.
"""
_TRUST_EXAMPLES = """\
who pins keys in [registry] or DIALFORM_KEYS has them as the root: the statements go on from there

examples:
  dialform registry trust -s prod
  dialform registry trust -s prod --add anna=ed25519:... --add ci=ed25519:... --threshold 2
  dialform registry trust -s prod --remove ci --reason "left the company"
  dialform registry trust -s prod --sign 2
"""
_SNAPSHOT = """\
Write down what is newest in an environment, signed, and until when that is worth anything. A reader
with pinned keys then misses a newest entry that was taken away, also on a machine that never saw
it; with --strict it demands a snapshot that has not expired. Made for a nightly job.
"""
_SNAPSHOT_EXAMPLES = """\
what is there must be believed to be written down: exit code 3 where it is not

examples:
  dialform registry snapshot -s prod
  dialform registry snapshot -s prod --days 2
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the four to ``registry``."""
    keygen = commands.add_parser(
        "keygen", help="make a key to sign with", description=_KEYGEN, epilog=_KEYGEN_EXAMPLES
    )
    keygen.add_argument("file", metavar="FILE", nargs="?", help="where the private key is written")
    keygen.add_argument(
        "--public", action="store_true", help="print the signer's public key, and make none"
    )
    keygen.set_defaults(run=run_keygen)
    sign = commands.add_parser(
        "sign",
        help="add your signature to what is live",
        description=_SIGN,
        epilog=f"{_SIGNER}\n\n{_SIGN_EXAMPLES}",
    )
    sign.add_argument(
        "preset", metavar="PRESET", nargs="*", help="only these; NAME@7 for an older release"
    )
    confirm.add_yes(sign)
    context.add_released(sign)
    sign.set_defaults(run=run_sign)
    trust = commands.add_parser(
        "trust",
        help="show or change whose signatures count",
        description=_TRUST,
        epilog=f"{_SIGNER}\n\n{_TRUST_EXAMPLES}",
    )
    trust.add_argument(
        "--add", metavar="NAME=KEY", action="append", default=[], help="a key that counts from now"
    )
    trust.add_argument(
        "--remove", metavar="NAME", action="append", default=[], help="a key that counts no more"
    )
    trust.add_argument("--threshold", type=int, metavar="N", help="how many must sign")
    trust.add_argument("--reason", metavar="TEXT", help="why, for those who find it so")
    trust.add_argument("--sign", type=int, metavar="N", help="add your signature to statement N")
    trust.add_argument(
        "--anyway",
        action="store_true",
        help="also where what is live lacks signatures of the keys that are left",
    )
    context.add_released(trust)
    trust.set_defaults(run=run_trust)
    snapshot = commands.add_parser(
        "snapshot",
        help="sign a list of what is newest",
        description=_SNAPSHOT,
        epilog=f"{_SIGNER}\n\n{_SNAPSHOT_EXAMPLES}",
    )
    snapshot.add_argument(
        "--days", type=int, metavar="N", default=7, help="days until it expires (7)"
    )
    context.add_released(snapshot)
    snapshot.set_defaults(run=run_snapshot)


def run_keygen(args: argparse.Namespace) -> None:
    """Make a pair, or print the signer's public key."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    if args.public == (args.file is not None):
        raise UsageError("say either FILE, where the private key is written, or --public")
    if args.public:
        found = context.signer()
        if found is None:
            raise SettingError("DIALFORM_SIGNER is not set: it says where the private key is")
        output.data(found.public.line)
        return
    from dialform.registry.trust.keys import new_key  # noqa: PLC0415

    public, pem = new_key()
    _create(args.file, pem)
    output.note(
        f"{args.file} holds the private key: DIALFORM_SIGNER=file:{args.file} signs with it. Its "
        f"public one ({public.keyid}) goes into [registry] keys, and into DIALFORM_KEYS of "
        "launchers without a checkout:"
    )
    output.data(public.line)


def run_sign(args: argparse.Namespace) -> None:
    """Show what is to be signed, ask, sign."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    environment = context.environment_of(args)
    registry = context.registry_of(args, trusting=False)
    public = registry.issuer.signer.public
    entries = list(_to_sign(registry, environment, args.preset))
    for entry in entries:
        output.note(f"{entry.preset}: {entry.describe()}, {entry.preset_digest}")
    what = f"what is live in {environment} ({len(entries)} entries"
    what += ")" if args.preset else " and the environment's document)"
    confirm.confirm(f"Sign {what} with {public.keyid}?", yes=args.yes)
    believing = context.registry_of(args)
    made = sum(believing.sign_entry(entry) for entry in entries)
    if not args.preset:
        made += registry.sign_environment(environment)
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-sign/1",
                "environment": environment,
                "key": public.line,
                "signatures": made,
                "entries": [
                    {"preset": one.preset, "seq": one.seq, "digest": one.digest} for one in entries
                ],
            }
        )
        return
    output.data(f"{environment}: {made} signatures added with {public.keyid}")


def run_trust(args: argparse.Namespace) -> None:
    """Show the statements, or write the next."""
    if args.sign is not None:
        if args.add or args.remove or args.threshold is not None:
            raise UsageError("--sign N signs a statement as it is: nothing is changed beside it")
        _sign_statement(args)
    elif args.add or args.remove or args.threshold is not None:
        _change_trust(args)
    _show_trust(args)


def run_snapshot(args: argparse.Namespace) -> None:
    """Look whether what is there is believed, and write it down."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - where the command is run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.registry.authorship import meta  # noqa: PLC0415

    if args.days < 1:
        raise UsageError(f"--days {args.days}: takes a whole number from 1")
    environment = context.environment_of(args)
    registry = context.registry_of(args)
    issuer = registry.issuer
    registry.environment(environment)
    guard = registry.guard
    fault = None if guard is None else guard.signer_fault(issuer.signer.public)
    if fault is not None:
        raise Refused(f"no snapshot of {environment} was written: {fault}")
    for _, head in registry.heads(environment):
        if isinstance(head, Exception):
            raise head
    written = meta(None)
    expires = datetime.now(UTC) + timedelta(days=args.days)
    made = issuer.snapshot(environment, written, expires=expires.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-snapshot/1",
                "environment": environment,
                "seq": made.seq,
                "digest": made.digest,
                "expires": made.expires,
                "presets": len(made.heads),
            }
        )
        return
    output.data(
        f"{environment}: snapshot {made.seq} of {len(made.heads)} presets is good until "
        f"{made.expires}"
    )


def _to_sign(registry: Registry, environment: str, named: list[str]) -> Iterator[Entry]:
    """The entries that say what is live: of each log from the newest release or rollback on."""
    from dialform.errors import ObjectAbsent  # noqa: PLC0415 - where the command is run
    from dialform.launcher.resolve import near, parse_reference  # noqa: PLC0415
    from dialform.registry.entries import MOVING  # noqa: PLC0415

    there = registry.presets(environment)
    for text in named or there:
        reference = parse_reference(text)
        if reference.name not in there:
            raise ObjectAbsent(
                f"{reference.name} was never released in {environment}{near(reference.name, there)}"
            )
        if str(reference) != reference.name:
            yield registry.find_release(
                environment, reference.name, version=reference.version, digest=reference.digest
            )
            continue
        entries = registry.entries(environment, reference.name)
        newest = max(at for at, entry in enumerate(entries) if entry.kind in MOVING)
        yield from entries[newest:]


def _sign_statement(args: argparse.Namespace) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    issuer = context.registry_of(args, trusting=False).issuer
    made = issuer.sign_statement(args.sign)
    output.note(f"trust statement {made.seq} has the signature of {issuer.signer.public.keyid}")


def _change_trust(args: argparse.Namespace) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.registry.authorship import meta  # noqa: PLC0415
    from dialform.registry.trust.statements import Keys  # noqa: PLC0415

    context.environment_of(args)
    registry = context.registry_of(args)
    issuer = registry.issuer
    _ = issuer.signer.public
    statements = issuer.statements()
    newest = statements[-1] if statements else None
    _refuse_waiting(registry, newest)
    keys = _changed_keys(args, dict(newest.names) if newest else {})
    threshold = args.threshold or (newest.threshold if newest else 1)
    if 1 <= threshold <= len(keys) and not args.anyway:
        from dialform.registry.trust.keys import public_key  # noqa: PLC0415

        _refuse_to_lock_out(registry, Keys(tuple(map(public_key, keys)), threshold))
    written = meta(None)._replace(reason=args.reason)
    made = issuer.state(written, keys=keys, threshold=threshold, previous=newest)
    output.note(f"trust statement {made.seq} is written")


def _changed_keys(args: argparse.Namespace, keys: dict[str, str]) -> dict[str, str]:
    """Public key's line -> name, as they are to be."""
    from dialform.cli.parser import near  # noqa: PLC0415 - where the command is run
    from dialform.registry.trust.keys import public_key  # noqa: PLC0415

    for named in args.remove:
        found = [line for line, name in keys.items() if named in (name, public_key(line).keyid)]
        if not found:
            raise UsageError(
                f"--remove {named}: no key counts under that name{near(named, keys.values())}"
            )
        for line in found:
            del keys[line]
    for text in args.add:
        name, equals, line = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--add {text!r}: write NAME=ed25519:...")
        if name in keys.values():
            raise UsageError(
                f"--add {name}: a key counts under that name; remove it, or name another"
            )
        keys[public_key(line).line] = name
    return keys


def _refuse_waiting(registry: Registry, newest: Statement | None) -> None:
    """A statement that nobody signed far enough is signed or taken away, not built upon."""
    standing = None if registry.guard is None else registry.guard.standing
    counts = None if standing is None else standing.statement
    if newest is not None and standing is not None and (counts is None or counts.seq != newest.seq):
        raise Refused(
            f"trust statement {newest.seq} does not count yet ({standing.pending}): "
            f"`dialform registry trust --sign {newest.seq}` adds a signature"
        )


def _refuse_to_lock_out(registry: Registry, keys: Keys) -> None:
    """What is live must have signatures enough of the keys that are left."""
    from dialform.registry.trust.guard import STOPPED  # noqa: PLC0415 - where keys change

    if registry.guard is None or registry.guard.trust.keys is None:
        return
    lacking: list[str] = []
    for environment in registry.environments():
        for preset, head in registry.heads(environment):
            if isinstance(head, Untrusted):
                continue  # it is not called now either
            if isinstance(head, Exception):
                raise head
            if head.state in STOPPED:
                continue
            signed = registry.guard.verifier.signers("release", head.digest, keys.keys)
            if len(signed) < keys.threshold:
                lacking.append(f"{preset} in {environment}")
    if lacking:
        few = 5
        more = f" and {len(lacking) - few} more" if len(lacking) > few else ""
        raise Refused(
            f"with these keys {', '.join(lacking[:few])}{more} would not be called any more, for "
            "want of signatures: add keys first, sign with them (`dialform registry sign`), then "
            "remove others; or stop those calls with --anyway"
        )


def _show_trust(args: argparse.Namespace) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    context.environment_of(args)
    registry = context.registry_of(args)
    issuer = context.registry_of(args, trusting=False).issuer
    statements = issuer.statements()
    trust = None if registry.guard is None else registry.guard.trust
    pins = None if trust is None else trust.keys
    standing = None if registry.guard is None else registry.guard.standing
    counts = None if standing is None or standing.statement is None else standing.statement.seq
    rows: list[dict[str, Any]] = []
    before: tuple[Any, ...] = () if pins is None else pins.keys
    for one in statements:
        signed = issuer.signed("trust", one.digest, {*one.trusted.keys, *before})
        names = {line: name for each in statements for line, name in each.names.items()}
        rows.append(
            {
                "seq": one.seq,
                "time": one.time,
                "threshold": one.threshold,
                "keys": {
                    key.keyid: one.names[key.line]
                    for key in sorted(one.trusted.keys, key=lambda key: one.names[key.line])
                },
                "signedBy": sorted(names.get(key.line, key.keyid) for key in signed),
                "counts": counts is not None and one.seq == counts,
                "by": one.by,
                "reason": one.reason,
            }
        )
        before = one.trusted.keys
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-trust/1",
                "registry": registry.url,
                "environment": args.stack,
                "pinned": [] if pins is None else sorted(key.line for key in pins.keys),
                "statements": rows,
            }
        )
        return
    if rows:
        output.table(
            ["seq", "time", "keys", "of", "signed by", "counts", "reason"],
            [
                [
                    row["seq"],
                    row["time"],
                    output.line(", ".join(f"{name} ({k})" for k, name in row["keys"].items())),
                    row["threshold"],
                    output.line(", ".join(row["signedBy"])),
                    "yes" if row["counts"] else "",
                    output.line(row["reason"] or ""),
                ]
                for row in rows
            ],
        )
    elif pins is not None:
        output.note(
            f"{registry.url} has no trust statements: the pinned keys count, {pins.threshold} of "
            f"{', '.join(sorted(key.line for key in pins.keys))}"
        )
    else:
        output.note(f"{registry.url} has no trust statements, and no keys are pinned")


def _create(path: str, data: bytes) -> None:
    """Write the private key into a new file that only its owner reads."""
    path = os.path.expanduser(path)  # noqa: PTH111 - as the signer's reference
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingError(f"{path} is there already; a key is never written over") from None
    except OSError as error:
        raise SettingError(f"{path}: can't be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        os.unlink(path)  # noqa: PTH108
        raise SettingError(f"{path}: can't be written: {error.strerror}") from None
