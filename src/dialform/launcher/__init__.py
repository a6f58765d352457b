"""The launcher: what is released, a number and inputs become one call, and a record of it."""

from dialform.launcher.launcher import Launcher
from dialform.launcher.outcome import Dial
from dialform.launcher.request import Request, assembled, chosen_member
from dialform.launcher.resolve import Reference, Released, look_up, parse_reference, resolve
from dialform.launcher.script import script

__all__ = [
    "Dial",
    "Launcher",
    "Reference",
    "Released",
    "Request",
    "assembled",
    "chosen_member",
    "look_up",
    "parse_reference",
    "resolve",
    "script",
]
