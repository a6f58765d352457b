"""Mounts of a test's own, where this user may make such."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile

import pytest

PRIVATE = ["unshare", "--mount", "--propagation", "private", "--"]
"""What runs a command whose mounts nobody else sees."""


@functools.cache
def may_mount() -> bool:
    """Whether this user may mount, in a namespace of its own."""
    if shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "dialform", folder]
        return subprocess.run([*PRIVATE, *mount], capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(
    not may_mount(), reason="this user may not mount; limits and rights are tested all the same"
)
