"""
Whether a ledger may dial: it is the newest of its kind, and lies where its last claim says.

A ledger that was restored from a backup, or copied with its folder, does not know of the dials
that were made since. Where its last claim is not the registry's newest, or names another place,
or its machine has seen it with more dials, nothing is sent until a person has looked: `adopt`.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from dialform.errors import ObjectCorrupt, Refused, RegistryError, UnknownFormat
from dialform.launcher.ledger.mark import Mark
from dialform.launcher.ledger.storage import written
from dialform.registry.authorship import author
from dialform.registry.claims import CampaignClaim, Claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.launcher.ledger.claiming import Standing
    from dialform.launcher.ledger.ledger import Ledger
    from dialform.registry import Registry

WAY_OUT = (
    "nothing was sent. Find out which of the two is in use and which calls it has made since "
    "(the workspace's list of calls has them), end the other one, then say that this one goes "
    'on: dialform ledger adopt --reason "..."'
)


def take_place(
    ledger: Ledger,
    registry: Registry,
    *,
    campaign: bool = False,
    mark: Callable[[str], Mark] = Mark,
) -> str | None:
    """
    Make sure that nobody has dialled with another copy of ``ledger``, and that none will.

    Reads the registry's newest claim of the ledger. Writes the first one, and the next for a
    campaign: a ledger that is restored from an earlier backup is behind it. A single dial
    writes none while the newest is the ledger's own from here.

    Args:
        ledger: which is to dial.
        registry: which it dials from; it must be there.
        campaign: whether many are to be called, which takes a claim of its own.
        mark: opens the high-water mark of a ledger, by its id.

    Returns:
        Why the claim could not be written, for a single dial; else None.

    Raises:
        Refused: the ledger is behind, or not alone, or lies elsewhere, or a campaign's claim
            can't be written; the message has the way out.
        LedgerError: the ledger can't be read or written.
        RegistryError: the registry can't be read.

    """
    here = ledger.standing()
    claim, is_there = _own(ledger, registry, here)
    if not ledger.is_shared:
        _check_mark(ledger, mark(ledger.id))
    trouble = None
    if claim is not None and not is_there:  # a process set out to claim, and was ended or refused
        trouble = _write(ledger, registry, claim)
    if trouble is None and (claim is None or campaign):
        following = _next(ledger, here, claim, reason=None)
        before = None if claim is None else _text(claim)
        claim = _claim(ledger.intend(registry.id, before, _text(following)))
        trouble = _write(ledger, registry, claim)
    if trouble is not None and campaign:
        raise Refused(
            f"ledger {ledger.shown} can't claim its place: {trouble}. A campaign needs the claim: "
            "without it a copy of the ledger could call everybody again; give this user the "
            "right to write there"
        )
    return trouble


def take_campaign(ledger: Ledger, registry: Registry, environment: str, name: str) -> None:
    """
    Claim a campaign's name for ``ledger``: another clone's ledger would call everybody again.

    Once more, and from an adopted copy, is no change: it is by the ledger's id.

    Raises:
        Refused: another ledger has opened a campaign of that name in the environment.
        UsageError: nothing can be named like that.
        RegistryError: the claim can't be read or written.

    """
    here = ledger.standing()
    mine = CampaignClaim(
        environment=environment,
        name=name,
        ledger=ledger.id,
        host=here.host,
        place=here.place,
        time=written(ledger.now()),
        by=author(),
    )
    standing = registry.claim_campaign(mine)
    if standing.ledger != mine.ledger:
        raise Refused(
            f"campaign {name} in {environment} was opened at {standing.time} by "
            f"{standing.by or 'somebody'} in another ledger, {standing.place} on "
            f"{standing.host}: this one, {ledger.shown}, knows nothing of whom that has called. "
            "Nothing was sent; launch it with that ledger (--ledger), or give it another name"
        )


def adopt(
    ledger: Ledger,
    registry: Registry,
    *,
    reason: str,
    mark: Callable[[str], Mark] = Mark,
) -> Claim:
    """
    Say that this copy of a ledger is the one that goes on: it claims the next number.

    Every dial that it has as reserved becomes unknown, and every running campaign is paused:
    its planned rows may have been called by another copy. The other copy is refused from now on.

    Raises:
        Refused: another copy was adopted at this moment.
        LedgerError: the ledger can't be read or written.
        RegistryError: the claim can't be read or written.

    """
    here = ledger.standing()
    newest = registry.newest_claim(ledger.id)
    claim = _next(ledger, here, newest, reason=reason)
    ledger.abandoned(is_pending=lambda _: False)
    for one in ledger.campaigns():
        if one.state == "running":
            ledger.set_campaign_state(one.id, "paused", f"the ledger was adopted: {reason}")
    ledger.set(f"claim:{registry.id}", _text(claim))
    standing = registry.claim(claim)
    if standing != claim:
        raise _behind(ledger, claim, standing)
    if not ledger.is_shared:
        kept = mark(ledger.id)
        kept.set(ledger.dials())
        kept.close()
    return claim


def _own(ledger: Ledger, registry: Registry, here: Standing) -> tuple[Claim | None, bool]:
    """
    The ledger's last claim, which no other copy has passed, and whether the registry has it.

    Read after the registry's newest: what any process of this ledger has claimed is in the
    ledger first.
    """
    newest = registry.newest_claim(ledger.id)
    kept = ledger.claimed(registry.id)
    own = None if kept is None else _claim(kept)
    if own is None:
        if newest is not None:
            raise _behind(ledger, None, newest)
        return None, False
    _check_place(ledger, here, own)
    if newest is not None and (newest.seq > own.seq or (newest.seq == own.seq and newest != own)):
        raise _behind(ledger, own, newest)
    if _seq(newest) < own.seq - 1 and _seq(registry.newest_claim(ledger.id)) < own.seq - 1:
        raise Refused(
            f"ledger {ledger.shown} has made claim {own.seq} in {registry.url}, which does not "
            "know the one before it: that registry was restored from a backup, or is another "
            f"copy; {WAY_OUT}"
        )
    return own, newest == own


def _write(ledger: Ledger, registry: Registry, claim: Claim) -> str | None:
    """Write a claim, unless it is there; what went wrong, in words, where it can't be written."""
    try:
        standing = registry.claim(claim)
    except (ObjectCorrupt, UnknownFormat):
        raise
    except RegistryError as error:
        return str(error)
    if standing != claim:
        raise _behind(ledger, claim, standing)
    return None


def _behind(ledger: Ledger, own: Claim | None, newest: Claim) -> Refused:
    what = "does not know" if own is None else f"has made claim {own.seq}, and that is not"
    return Refused(
        f"ledger {ledger.shown} {what} the newest claim of its id: claim {newest.seq}, by "
        f"{newest.by or 'somebody'} at {newest.time} from {newest.place} on {newest.host} with "
        f"{newest.dials} dials. It is a copy, or was restored from a backup, and another one may "
        f"have dialled; {WAY_OUT}"
    )


def _check_place(ledger: Ledger, here: Standing, claim: Claim) -> None:
    """Refuse unless ``claim`` is from here."""
    if (claim.host, claim.place) != here:
        raise Refused(
            f"ledger {ledger.shown} lies at {here.place} on {here.host}, and its claim {claim.seq} "
            f"at {claim.time} is from {claim.place} on {claim.host}: it was copied or moved, and "
            f"the other one may be in use; {WAY_OUT}"
        )


def _check_mark(ledger: Ledger, mark: Mark) -> None:
    known = mark.dials
    dials = ledger.dials()  # after the mark, which another process may raise at any time
    if known > dials:
        mark.close()
        raise Refused(
            f"ledger {ledger.shown} has {dials} dials on record, and this machine has seen it "
            f"with {known}: it was restored from a backup; {WAY_OUT}"
        )
    ledger.keep_mark(mark)


def _next(
    ledger: Ledger,
    here: Standing,
    newest: Claim | None,
    *,
    reason: str | None,
) -> Claim:
    return Claim(
        ledger=ledger.id,
        seq=1 if newest is None else newest.seq + 1,
        host=here.host,
        place=here.place,
        dials=ledger.dials(),
        token=os.urandom(8).hex(),
        time=written(ledger.now()),
        by=author(),
        reason=reason,
    )


def _seq(claim: Claim | None) -> int:
    return 0 if claim is None else claim.seq


def _text(claim: Claim) -> str:
    return json.dumps(claim._asdict(), sort_keys=True)


def _claim(text: str) -> Claim:
    return Claim(**json.loads(text))
