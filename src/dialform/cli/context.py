"""
Where a command works: the project around it, the environment, the registry, the ledger.

Inside a checkout the stack file says which registry; outside of one ``--registry`` or
``DIALFORM_REGISTRY`` does. Reads that one setting and nothing else of a declaration, so that
a command that only dials loads neither pydantic nor the files it has no use for.
"""
# ruff: noqa: PTH100, PTH110, PTH112, PTH118, PTH120, PTH123, PTH208 - pathlib is an import more

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypedDict

from dialform.cli.parser import near
from dialform.errors import DeclarationError, Problem, SettingError, UsageError

if TYPE_CHECKING:
    import argparse

    from dialform.registry import Registry
    from dialform.registry.trust.guard import Trust
    from dialform.registry.trust.signers import Signer

REGISTRY_VARIABLE = "DIALFORM_REGISTRY"
STACKS = "stacks"


def add_stack(parser: argparse.ArgumentParser) -> None:
    """Add ``-s ENV``, which every command about an environment needs."""
    parser.add_argument("-s", "--stack", metavar="ENV", required=True, help="the environment")


def add_registry(parser: argparse.ArgumentParser) -> None:
    """Add ``--registry URL``."""
    parser.add_argument(
        "--registry",
        metavar="URL",
        help=f"the registry; default: ${REGISTRY_VARIABLE}, else what the stack file says",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def add_released(parser: argparse.ArgumentParser) -> None:
    """Add what every command about the releases of an environment takes."""
    add_stack(parser)
    add_registry(parser)
    add_json(parser)


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Add ``--ledger FILE``."""
    parser.add_argument(
        "--ledger",
        metavar="FILE",
        help="where dials are recorded, a file or postgresql://...; default: $DIALFORM_LEDGER, "
        "else .dialform/ledger.db in the project, else among the user's own files",
    )


def project_root() -> str | None:
    """The nearest folder upwards that is a project (Pulumi.yaml and stacks/); None outside."""
    folder = os.path.abspath(os.curdir)
    while True:
        if os.path.exists(os.path.join(folder, "Pulumi.yaml")) and os.path.isdir(
            os.path.join(folder, STACKS)
        ):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def environment_of(args: argparse.Namespace) -> str:
    """
    The environment that ``args.stack`` names.

    Raises:
        UsageError: in a checkout without ``--registry``: it has no such stack file; anywhere:
            no environment can have that name.

    """
    from dialform.registry.names import check_name  # noqa: PLC0415 - a light part of it

    name = check_name(args.stack, "environment")
    root = project_root()
    if root is not None and in_checkout(args):
        _stack_file(root, name)
    return name


def in_checkout(args: argparse.Namespace) -> bool:
    """Whether the project around says which registry, and so which environments there are."""
    return project_root() is not None and _given(args) is None


def registry_location(args: argparse.Namespace) -> tuple[str, str]:
    """
    The registry's URL, and the folder that a relative one starts from.

    Raises:
        SettingError: nothing says which registry.
        UsageError: the checkout has no such environment.
        DeclarationError: the stack file can't be read, or names no registry.

    """
    given = _given(args)
    root = project_root()
    if given is not None:
        return given, os.curdir
    if root is None:
        raise SettingError(
            "which registry? There is no project here (Pulumi.yaml and stacks/ in this folder or "
            f"above): name it with --registry URL or {REGISTRY_VARIABLE}, or run this in a project"
        )
    stack = getattr(args, "stack", None)
    if stack is None:
        return _only_registry(root), root
    return _declared_registry(root, stack), root


def registry_of(args: argparse.Namespace, *, trusting: bool = True) -> Registry:
    """
    The registry that ``args`` mean. Touches nothing yet. Raises as `registry_location`.

    ``trusting``: what is read is held to the keys that are pinned for ``args.stack``; False for
    what shows a registry as it is.
    """
    from dialform.registry import Registry  # noqa: PLC0415 - where it is needed

    url, base = registry_location(args)
    return Registry.open(url, base=base, trust=trust_of(args) if trusting else None, signer=signer)


def signer() -> Signer | None:
    """Who signs what this process writes; None: nobody."""
    from dialform.registry.trust.signers import signer_of  # noqa: PLC0415 - where one writes

    return signer_of(os.environ)


def add_strict(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict``."""
    parser.add_argument(
        "--strict",
        action="store_true",
        help="with pinned keys: refuse without a signed snapshot that has not expired",
    )


def pins_of(
    args: argparse.Namespace, stack: str | None = None
) -> tuple[tuple[str, ...], int | None]:
    """The keys and the threshold that the stack file pins; none outside of a checkout."""
    stack, root = stack or getattr(args, "stack", None), project_root()
    if stack is None or root is None or not os.path.exists(_path(root, stack)):
        return (), None
    tables = [document.get("registry") for _, document in _chain(root, stack)]
    found: dict[str, Any] = {}
    for table in reversed(tables):
        found.update(table if isinstance(table, dict) else {})
    keys, threshold = found.get("keys", []), found.get("threshold")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _wrong(stack, "registry.keys", "takes a list of public keys", rule="trust")
    if threshold is not None and type(threshold) is not int:
        raise _wrong(stack, "registry.threshold", "takes a whole number from 1", rule="trust")
    return tuple(keys), threshold


class Pinned(TypedDict):
    """What a `Launcher` takes of it."""

    keys: tuple[str, ...]
    threshold: int | None
    strict: bool


def pinned(args: argparse.Namespace, stack: str | None = None) -> Pinned:
    """What a launcher in the environment ``stack`` (None: ``args.stack``) is told to demand."""
    keys, threshold = pins_of(args, stack)
    return Pinned(keys=keys, threshold=threshold, strict=getattr(args, "strict", False))


def trust_of(
    args: argparse.Namespace, stack: str | None = None, *, remembers: bool = True
) -> Trust:
    """
    What is demanded of the registry, for the environment ``stack`` (None: ``args.stack``).

    ``remembers``: whether without pinned keys this machine remembers what it saw.
    """
    from dialform.registry.trust.settings import trust_of  # noqa: PLC0415 - where it is needed

    return trust_of(os.environ, **pinned(args, stack), remembers=remembers, warn=warn)


def ledger_of(args: argparse.Namespace) -> str:
    """The ledger's file."""
    from dialform.launcher.places import default_ledger  # noqa: PLC0415 - where one dials

    return args.ledger or default_ledger(project_root(), os.environ)


def known_ledger_of(args: argparse.Namespace) -> str:
    """
    The ledger, where what it does not know must not be taken for what did not happen.

    Raises:
        SettingError: there is none.

    """
    from dialform.launcher.ledger import Ledger  # noqa: PLC0415 - where it is asked for

    path = ledger_of(args)
    if not Ledger(path).is_there:
        raise SettingError(
            f"there is no ledger at {path}, so no call is known here: run this where calls are "
            "launched, or name their ledger with --ledger"
        )
    return path


def warn(message: str) -> None:
    """A warning, for what reports one while it works."""
    from dialform.cli import output  # noqa: PLC0415 - rarely needed

    output.warning(message)


def declares(stack: str, preset: str) -> str | None:
    """The stack file that declares ``preset`` for ``stack``; None where none around here does."""
    root = project_root()
    if root is None or not os.path.exists(_path(root, stack)):
        return None
    for name, document in _chain(root, stack):
        presets = document.get("presets")
        if isinstance(presets, dict) and preset in presets:
            return _shown(name)
    return None


def environments_here() -> list[str]:
    """The environments of the project around; none outside of one."""
    root = project_root()
    return [] if root is None else _stacks(root)


def _given(args: argparse.Namespace) -> str | None:
    return getattr(args, "registry", None) or os.environ.get(REGISTRY_VARIABLE) or None


def _declared_registry(root: str, stack: str) -> str:
    _stack_file(root, stack)
    for _, document in _chain(root, stack):
        table = document.get("registry")
        if isinstance(table, dict) and isinstance(table.get("url"), str):
            return str(table["url"])
    raise _wrong(stack, "registry", 'names no registry: write [registry] with url = "..."')


def _only_registry(root: str) -> str:
    """The registry that all environments of the project share."""
    found = {_declared_registry(root, stack) for stack in _stacks(root)}
    if len(found) != 1:
        raise SettingError(
            "which registry? The environments here name "
            f"{'none' if not found else 'several'}: say -s ENV or --registry URL"
        )
    return found.pop()


def _stack_file(root: str, stack: str) -> None:
    if not os.path.exists(_path(root, stack)):
        stacks = _stacks(root)
        hint = near(stack, stacks) or (f"; there are: {', '.join(stacks)}" if stacks else "")
        raise UsageError(f"there is no environment {stack!r}: no {_shown(stack)}{hint}")


def _stacks(root: str) -> list[str]:
    names = sorted(os.listdir(os.path.join(root, STACKS)))
    return [
        name.removesuffix(".toml")
        for name in names
        if name.endswith(".toml") and not name.startswith(".")
    ]


def _chain(root: str, stack: str) -> list[tuple[str, dict[str, Any]]]:
    """The stack file and those it extends, nearest first."""
    chain: list[tuple[str, dict[str, Any]]] = []
    at: object = stack
    while at is not None:
        seen = [name for name, _ in chain]
        if at in seen:
            raise _wrong(stack, "extends", f"extends itself: {' -> '.join([*seen, str(at)])}")
        if not isinstance(at, str) or not os.path.exists(_path(root, at)):
            raise _wrong(seen[-1], "extends", f"there is no {at!r} to extend")
        document = _read(root, at)
        chain.append((at, document))
        at = document.get("extends")
    return chain


def _read(root: str, stack: str) -> dict[str, Any]:
    import tomli  # noqa: PLC0415 - where a stack file is read

    try:
        with open(_path(root, stack), "rb") as file:
            return tomli.load(file)
    except OSError as error:
        raise SettingError(f"{_shown(stack)}: {error.strerror}") from None
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(stack, "", f"is not TOML: {error}", rule="toml-syntax") from None


def _wrong(stack: str, key: str, message: str, *, rule: str = "registry") -> DeclarationError:
    return DeclarationError([Problem(file=_shown(stack), key=key, rule=rule, message=message)])


def _path(root: str, stack: str) -> str:
    return os.path.join(root, STACKS, f"{stack}.toml")


def _shown(stack: str) -> str:
    return f"{STACKS}/{stack}.toml"
