"""The rules of the layout, held by reading the source: which room may touch what."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]

PULUMI = ("providers.py", "resources/", "components/")
"""The layer that may import pulumi."""

PRINTERS = {
    "cli/": "the one place that prints",
    "providers.py": "says at `up` what became of a release that is no longer declared",
}

CONNECTIONS = {
    "api/client.py": "speaks to Vogent",
    "api/fast.py": "speaks to Vogent, many requests at a time",
    "sandbox/": "a server and the client of its own controls; neither reaches Vogent",
    "registry/clouds.py": "opens a bucket",
    "registry/objects.py": "the registry's store in a bucket",
}

WRITERS = {
    "registry/folder.py": "the registry's store",
    "registry/cache.py": "what was read of a remote registry",
    "registry/trust/memory.py": "what this machine saw of a registry, outside of it",
    "launcher/ledger/sqlite.py": "the ledger's own file",
    "launcher/people/source.py": "stdin, in a temporary file without a name",
    "launcher/ledger/mark.py": "how far a ledger has come, outside of it",
    "sandbox/statefile.py": "the sandbox's own file",
    "declaration/git.py": "a commit's declarations, in a temporary folder",
    "cli/": "the user's own declarations: init, import, bind, schema; and the standard streams",
}

DIRECTION = {
    "errors.py": (),
    "lengths.py": (),
    "presets/": ("errors", "presets"),
    "api/": ("errors", "presets", "api"),
    "registry/": ("errors", "presets", "registry"),
    "declaration/": (
        *("errors", "presets", "api", "declaration"),
        *("registry.names", "registry.trust.keys", "launcher.calling"),
    ),
    "launcher/": ("errors", "lengths", "presets", "api", "registry", "launcher"),
    "checking.py": (
        *("errors", "presets", "api", "registry", "declaration.words", "launcher.calling"),
    ),
    "diff/": (
        *("errors", "presets", "declaration", "registry", "planning", "diff"),
        "launcher.calling",
    ),
    "verifying/": (
        *("errors", "presets", "api.location", "registry", "launcher.resolve", "verifying"),
    ),
    "planning.py": ("errors", "presets", "declaration", "registry"),
    "promotion/": (
        *("errors", "lengths", "presets", "declaration", "registry", "guardrails"),
        "promotion",
    ),
    "drift/": ("errors", "presets", "declaration.redaction", "drift"),
    "publishing.py": ("errors", "presets", "api", "registry", "drift"),
    "providers.py": ("errors", "presets", "api", "registry", "drift", "checking", "publishing"),
    "approval.py": ("errors", "presets", "planning"),
    "board/": ("errors", "presets", "registry", "launcher", "diff", "promotion", "board"),
    "resources/": ("errors", "presets", "publishing", "providers", "resources"),
    "guardrails/": ("errors", "presets", "api", "declaration", "planning", "diff", "guardrails"),
    "components/": (
        *("errors", "presets", "declaration", "registry", "planning", "publishing"),
        *("approval", "guardrails", "providers", "resources", "components"),
    ),
    "sandbox/": ("errors", "presets", "api", "sandbox"),
}
"""What each room may know of the others, where it isn't the command line, which knows them all."""


def modules() -> dict[str, str]:
    """The package's sources, by path below src/dialform."""
    package = ROOT / "src" / "dialform"
    found = {
        path.relative_to(package).as_posix(): path
        for path in package.rglob("*.py")
        if "template" not in path.parts and "components" not in path.parts
    }
    found |= {f"components/{path.name}": path for path in (ROOT / "components").glob("*.py")}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(found.items())}


SOURCES = modules()


def imported(source: str) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of each import, those inside functions included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute here"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def called(source: str) -> Iterator[tuple[int, str, ast.Call]]:
    """The line and the name of each call, as it stands: ``print``, ``x.write_text``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def pulumi_imports(source: str) -> list[int]:
    """The lines that import pulumi."""
    return [line for line, name in imported(source) if name.split(".")[0].startswith("pulumi")]


def heavy_imports(source: str) -> list[int]:
    """The lines that import what a thin launcher does without."""
    heavy = {"pulumi", "deepdiff", "pydantic", "pydantic_core", "rich", "click"}
    return [line for line, name in imported(source) if name.split(".")[0] in heavy]


def prints(source: str) -> list[int]:
    """The lines that print or name a standard stream."""
    named = [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
    ]
    return named + [line for line, name, _ in called(source) if name in {"print", "pprint.pprint"}]


def connections(source: str) -> list[int]:
    """The lines that import an HTTP client or open a socket."""
    clients = (
        "httpx",
        "httpcore",
        "requests",
        "aiohttp",
        "urllib3",
        "urllib.request",
        "http.client",
        "obstore",
    )
    lines = [
        line
        for line, name in imported(source)
        if any(f"{name}.".startswith(f"{c}.") for c in clients)
    ]
    sockets = {"socket.socket", "socket.create_connection", "asyncio.open_connection"}
    return lines + [line for line, name, _ in called(source) if name in sockets]


def writes(source: str) -> list[int]:
    """The lines that make, change or remove a file, as far as a call's name shows it."""
    functions = ("link", "symlink", "rename", "replace", "unlink", "remove", "mkdir", "makedirs")
    always = {f"os.{name}" for name in (*functions, "rmdir", "truncate", "fsync")}
    methods = {"write_text", "write_bytes", "mkdir", "unlink", "touch", "symlink_to", "hardlink_to"}
    lines = []
    for line, name, call in called(source):
        words = ast.unparse(call).removeprefix(name)
        if name in always or (name.partition(".")[2] and name.rpartition(".")[2] in methods):
            lines.append(line)
        elif name == "os.open":
            lines += (
                [line] if any(f"O_{flag}" in words for flag in ("WRONLY", "RDWR", "CREAT")) else []
            )
        elif name == "open" or name.endswith(".open"):
            modes = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
            lines += [line for mode in modes if isinstance(mode, str) and is_writing(mode)]
        elif name.startswith(("shutil.", "tempfile.")):
            lines.append(line)
    return lines


def is_writing(mode: str) -> bool:
    """Whether ``mode`` is one of open()'s that writes."""
    return set(mode) <= set("rwaxbt+") and bool(set(mode) & set("wax+"))


def stores(source: str) -> list[int]:
    """The lines that take hold of the registry's store rather than of the registry."""
    inner = ("dialform.registry.folder", "dialform.registry.store", "dialform.registry.place")
    names = {"dialform.registry.FolderStore", "dialform.registry.Store"}
    return [line for line, name in imported(source) if name.startswith(inner) or name in names]


def outside(
    places: tuple[str, ...] | dict[str, str], rule: Callable[[str], list[int]]
) -> list[str]:
    """``file:line`` of each finding of ``rule`` outside of ``places``."""
    return [
        f"{name}:{line}"
        for name, source in SOURCES.items()
        if not name.startswith(tuple(places))
        for line in rule(source)
    ]


def test_only_the_pulumi_layer_imports_pulumi() -> None:
    assert outside(PULUMI, pulumi_imports) == []


def test_only_the_command_line_prints() -> None:
    assert outside(PRINTERS, prints) == []


def test_only_the_client_opens_connections_to_vogent() -> None:
    assert outside(CONNECTIONS, connections) == []


def test_the_sandbox_imports_an_http_client_where_it_sends() -> None:
    assert [
        name for name in SOURCES if name.startswith("sandbox/") and connections(SOURCES[name])
    ] == ["sandbox/control.py", "sandbox/webhooks.py"]


def test_only_the_registry_touches_its_store() -> None:
    assert outside(("registry/",), stores) == []


def test_only_the_listed_places_write_files() -> None:
    assert outside(WRITERS, writes) == []


@pytest.mark.parametrize("exceptions", [PRINTERS, CONNECTIONS, WRITERS])
def test_no_exception_outlives_its_need(exceptions: dict[str, str]) -> None:
    rule = {id(PRINTERS): prints, id(CONNECTIONS): connections, id(WRITERS): writes}[id(exceptions)]
    used = {
        place
        for place in exceptions
        for name, source in SOURCES.items()
        if name.startswith(place) and rule(source)
    }
    assert set(exceptions) - used == set()


def test_the_launchers_source_imports_nothing_heavy() -> None:
    found = [
        f"{name}:{line}"
        for name, source in SOURCES.items()
        if name.startswith(("launcher/", "registry/", "presets/canonical"))
        for line in heavy_imports(source)
    ]
    assert found == []


SOME_KEY = "ed25519:1+MiAIAfRt4DHqAekZvBZIV71y3k5pnwdM/I7WKbU9k="


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import dialform", ("httpx", "pydantic", "pulumi")),
        ("import dialform.cli.main", ("httpx", "pydantic", "pulumi", "tomlkit", "phonenumbers")),
        ("import dialform.launcher", ("pydantic", "pulumi", "deepdiff", "rich", "click")),
        ("import dialform.api.client", ("pydantic", "pulumi", "deepdiff")),
        ("import dialform.registry", ("httpx", "pydantic", "pulumi", "cryptography")),
        (
            "import dialform.registry.trust.settings as s; s.trust_of({})",
            ("cryptography", "platformdirs", "dataclasses", "base64", "subprocess"),
        ),
        (
            f"import dialform.registry.trust.settings as s; s.trust_of({{}}, keys=['{SOME_KEY}'])",
            ("cryptography", "platformdirs", "dataclasses", "subprocess"),
        ),
    ],
)
def test_an_import_brings_in_no_more_than_it_needs(statement: str, absent: tuple[str, ...]) -> None:
    """What the source can't show: what comes in by way of others."""
    code = f"{statement}; import sys; print(*(set({absent}) & sys.modules.keys()))"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == []


@pytest.mark.parametrize("room", DIRECTION)
def test_the_data_goes_one_way(room: str) -> None:
    """A room imports only what comes before it."""
    allowed = tuple(f"dialform.{name}." for name in DIRECTION[room])
    found = [
        f"{name}:{line} {target}"
        for name, source in SOURCES.items()
        if name.startswith(room)
        for line, target in imported(source)
        if target.startswith("dialform.") and not f"{target}.".startswith(allowed)
    ]
    assert found == []


def test_each_room_has_its_rule() -> None:
    entrances = {"__init__.py", "__main__.py", "cli/"}
    rooms = {name.partition("/")[0] + ("/" if "/" in name else "") for name in SOURCES}
    assert rooms - set(DIRECTION) - entrances == set()


def more_than_exports(source: str) -> list[int]:
    """The lines of an ``__init__`` that are neither docstring, import nor ``__all__``."""
    return [
        node.lineno
        for node in ast.parse(source).body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and ast.unparse(node).partition("=")[0].partition(":")[0].strip() == "__all__"
        )
    ]


PACKAGES = [name for name in SOURCES if name.endswith("/__init__.py")]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_packages_init_only_exports(name: str) -> None:
    """The root's own, which loads its one export when asked for, is not among them."""
    source = SOURCES[name]
    assert more_than_exports(source) == []

    names = {target.rpartition(".")[2] for _, target in imported(source)} - {"annotations"}
    stated = [
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    ]
    assert (set(stated[0]) if stated else set()) == names
    assert all(exports == sorted(exports, key=is_constant_first) for exports in stated)


def is_constant_first(name: str) -> tuple[int, str]:
    """The order that ruff keeps in ``__all__``: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(ast.parse(SOURCES[name])), name


@pytest.mark.parametrize(
    ("rule", "offence"),
    [
        (pulumi_imports, "import pulumi.dynamic"),
        (pulumi_imports, "def f():\n    from pulumi import Output"),
        (heavy_imports, "from pydantic import BaseModel"),
        (prints, "print('x')"),
        (prints, "import sys\nout = sys.stdout"),
        (connections, "import httpx"),
        (connections, "from urllib import request"),
        (connections, "import socket\nsocket.create_connection(('a', 1))"),
        (stores, "from dialform.registry import FolderStore"),
        (stores, "from dialform.registry.folder import FolderStore"),
        (writes, "path.write_text('x')"),
        (writes, "open('x', 'w')"),
        (writes, "path.open(mode='ab')"),
        (writes, "os.open(path, os.O_WRONLY | os.O_CREAT)"),
        (writes, "shutil.rmtree(path)"),
        (more_than_exports, "x = 1"),
        (more_than_exports, "def f(): ..."),
    ],
)
def test_each_rule_sees_an_offence(rule: Callable[[str], list[int]], offence: str) -> None:
    assert rule(textwrap.dedent(offence)) != []


@pytest.mark.parametrize(
    ("rule", "fine"),
    [
        (pulumi_imports, "from dialform import providers"),
        (connections, "import socket\nsocket.gethostname()\nfrom urllib.parse import quote"),
        (writes, "open('w.txt', 'rb')\npath.read_text()\n'a'.replace('b', 'c')"),
        (writes, "os.open(path, os.O_RDONLY)"),
        (more_than_exports, '"""Doc."""\nfrom a import b\n__all__ = ["b"]'),
    ],
)
def test_no_rule_sees_one_where_there_is_none(rule: Callable[[str], list[int]], fine: str) -> None:
    assert rule(fine) == []
