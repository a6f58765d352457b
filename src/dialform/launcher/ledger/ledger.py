"""
`Ledger`: its parts in one.

Nothing here but their sum: dials, campaigns, what comes from outside, and looking around.
"""

from __future__ import annotations

from dialform.launcher.ledger.campaigns import Campaigns
from dialform.launcher.ledger.claiming import Claiming
from dialform.launcher.ledger.counting import Counting
from dialform.launcher.ledger.erasing import Erasing
from dialform.launcher.ledger.events import Events, Suppressions
from dialform.launcher.ledger.looking import Looking
from dialform.launcher.ledger.reserving import Reserving
from dialform.launcher.ledger.seeing import Seeing
from dialform.launcher.ledger.settling import Settling
from dialform.launcher.ledger.summing import Summing
from dialform.launcher.ledger.waiting import Waiting


class Ledger(
    Reserving,
    Settling,
    Seeing,
    Looking,
    Erasing,
    Counting,
    Summing,
    Campaigns,
    Waiting,
    Events,
    Suppressions,
    Claiming,
):
    """
    A durable record of every dial, written before its first byte is sent and after.

    A file that this user alone can read, made when it is first used. It holds numbers, inputs
    (less those declared sensitive) and the exact bytes that were sent (with them), never a key
    or a dial token. ``--once`` rests on it: a key is taken by a dial in which a phone may ring,
    and by no other, whichever process asks. So do campaigns: a person's attempt is one dial.

    Thread-safe; several processes may use one at once. All methods raise LedgerError where the
    database can't do what they say.
    """
