"""
Infrastructure as code for outbound voice calls made with the Vogent API.

``Launcher`` places calls from Python. What it needs is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from typing import Any

    from dialform.launcher import Launcher

    __version__: str

__all__ = ["Launcher", "__version__"]


def __getattr__(name: str) -> Any:
    """Load an export when it is asked for (PEP 562)."""
    if name == "Launcher":
        from dialform.launcher import Launcher  # noqa: PLC0415 - `import dialform` stays light

        return Launcher
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - `import dialform` stays light

        return version("dialform")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The exports."""
    return sorted(__all__)
