"""
Where a command runs: the project around it, the environment it names, the registry of that.

Light: a launcher's commands start through here, so a stack file is read for its ``[registry]``
alone and not validated.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dialform.errors import SettingError, UsageError

if TYPE_CHECKING:
    import argparse

    from dialform.registry import Registry

VARIABLE = "DIALFORM_REGISTRY"


def add_stack(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add ``-s/--stack``, as Pulumi has it."""
    parser.add_argument(
        "-s", "--stack", metavar="ENV", required=required, help="the environment, a Pulumi stack"
    )


def add_registry(parser: argparse.ArgumentParser) -> None:
    """Add ``--registry``."""
    parser.add_argument(
        "--registry",
        metavar="URL",
        help=f"a folder, or file:///absolute/path; default: ${VARIABLE}, else the stack file's",
    )


def project_root() -> str | None:
    """The nearest folder from here upwards with Pulumi.yaml and stacks/."""
    at = os.getcwd()  # noqa: PTH109 - pathlib costs the launcher's start
    while True:
        if os.path.isdir(os.path.join(at, "stacks")) and os.path.isfile(  # noqa: PTH112, PTH113, PTH118
            os.path.join(at, "Pulumi.yaml")  # noqa: PTH118
        ):
            return at
        parent = os.path.dirname(at)  # noqa: PTH120
        if parent == at:
            return None
        at = parent


def required_root() -> str:
    """
    The project's folder.

    Raises:
        SettingError: there is none here.

    """
    root = project_root()
    if root is None:
        raise SettingError(
            "there is no project here or above: no folder with Pulumi.yaml and stacks/; "
            "go to one, or make one with `dialform init DIR`"
        )
    return root


def registry_url(args: argparse.Namespace) -> tuple[str, str]:
    """
    The registry's URL, and the folder that it is relative to.

    ``--registry``, else $DIALFORM_REGISTRY, else what the environment's file says.

    Raises:
        SettingError: none of them says one.
        UsageError: the project has no such environment.

    """
    here = os.getcwd()  # noqa: PTH109 - pathlib costs the launcher's start
    given = getattr(args, "registry", None) or os.environ.get(VARIABLE)
    if given:
        return given, here
    root = project_root()
    stack = getattr(args, "stack", None)
    if root is None or stack is None:
        raise SettingError(
            f"which registry? Give --registry URL or set {VARIABLE}"
            + ("" if root is None else ", or name an environment: -s ENV")
        )
    url = _declared_url(os.path.join(root, "stacks"), stack)  # noqa: PTH118
    return url, root


def _declared_url(folder: str, stack: str) -> str:
    """``[registry] url`` of an environment's file, or of the nearest parent that says it."""
    import tomli  # noqa: PLC0415 - where no URL is given

    name, seen = stack, [stack]
    while True:
        path = os.path.join(folder, f"{name}.toml")  # noqa: PTH118
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                value: dict[str, Any] = tomli.load(file)
        except FileNotFoundError:
            raise UsageError(_no_environment(folder, name)) from None
        except (OSError, ValueError) as error:
            raise SettingError(
                f"stacks/{name}.toml can't be read: {error}; `dialform validate` says more"
            ) from None
        registry = value.get("registry")
        url = registry.get("url") if isinstance(registry, dict) else None
        if isinstance(url, str):
            return url
        parent = value.get("extends")
        if not isinstance(parent, str) or parent in seen:
            raise SettingError(f"stacks/{stack}.toml says no [registry] url")
        seen.append(parent)
        name = parent


def _no_environment(folder: str, name: str) -> str:
    from dialform.launcher.resolve import near  # noqa: PLC0415 - errors only

    names = [entry[:-5] for entry in os.listdir(folder) if entry.endswith(".toml")]  # noqa: PTH208
    return f"there is no environment {name!r}: no stacks/{name}.toml{near(name, names)}"


def registry_of(args: argparse.Namespace) -> Registry:
    """The registry that a command is about."""
    from dialform.registry import Registry  # noqa: PLC0415 - where it is needed

    url, base = registry_url(args)
    return Registry.open(url, base=base)
