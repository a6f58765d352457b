"""
A local server that speaks the Vogent API, for demos, tests and users' own CI.

Running one needs the extra ``dialform[sandbox]``; driving one that runs needs nothing more.
"""

from dialform.sandbox.control import Received, SandboxControl
from dialform.sandbox.seed import KEYS, WORKSPACES, seed_id
from dialform.sandbox.server import Sandbox

__all__ = ["KEYS", "WORKSPACES", "Received", "Sandbox", "SandboxControl", "seed_id"]
