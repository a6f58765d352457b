"""``dialform trace``: from a dial to the release, and the file and line of each part of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dialform.cli import evidence

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dialform.cli.parser import Parser
    from dialform.declaration.origins import Origins, Wanted
    from dialform.declaration.places import Place
    from dialform.launcher.evidence import Story
    from dialform.registry import Registry

FORMAT = "dialform.trace/1"
_DESCRIPTION = """\
Say where a call came from: bound preset, preset version, release, approvals, commit, and the file
and line of each value of its request.

Looks the dial up in the ledger, the release in the registry, and the files at the commits that
the release logs name, taken only where they give the very digests. A value of a shared file that
is a name has a second line: the binding that gives the id. Sends nothing."""
_EPILOG = """\
What can't be had (the commit is not in this clone, there is no checkout) is said on stderr, and
the rest is shown. Sensitive inputs are not shown.

examples:
  dialform trace 57555c5e-8a48-4a0f-b8a4-5c4d1a3f0b1e
  dialform trace 57555c5e-8a48-4a0f-b8a4-5c4d1a3f0b1e --json
"""
_SHOWN = 44


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``trace``."""
    parser = subparsers.add_parser(
        "trace",
        help="where a call came from, to the file and line",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    evidence.add_dial(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Look it up and print it."""
    from pathlib import Path  # noqa: PLC0415 - where the command is run

    from dialform.cli import context, output  # noqa: PLC0415
    from dialform.declaration.origins import origins  # noqa: PLC0415 - needs pydantic
    from dialform.launcher.evidence import commits  # noqa: PLC0415

    with evidence.ledger_of(args) as ledger:
        story, registry = evidence.story_of(args, ledger)
    root = context.project_root()
    place = None if root is None else Path(root)
    with origins(place, _wanted(registry, story), commits(registry, story)) as found:
        rows = list(_rows(story, found))
    if args.json:
        output.json_document(_document(story, found, rows))
        return
    output.table(["", ""], [*evidence.summary(story), *_files(found)])
    if rows:
        output.data("")
        output.table(
            ["field", "value", "said by", "where", "binding"], [_cells(row) for row in rows]
        )
    for note in (*story.notes, *found.notes):
        output.warning(note)


def _wanted(registry: Registry, story: Story) -> Wanted:
    """What the files must give, with the documents that the registry has."""
    from dialform.declaration.origins import Wanted  # noqa: PLC0415 - needs pydantic
    from dialform.errors import RegistryError  # noqa: PLC0415
    from dialform.presets.canonical import Digest  # noqa: PLC0415
    from dialform.presets.documents import PRESET_FORMAT, PROFILE_FORMAT  # noqa: PLC0415

    record = story.record
    document = profile = None
    try:
        document = registry.read_document(Digest(record.preset_digest), PRESET_FORMAT)
        if "profile" in document:
            profile = registry.read_document(document["profile"], PROFILE_FORMAT)
    except RegistryError:
        document = None  # the files may give it
    return Wanted(
        record.environment,
        record.preset,
        record.preset_digest,
        record.bound_digest,
        document,
        profile,
    )


def _rows(story: Story, found: Origins) -> Iterator[dict[str, Any]]:
    """Each leaf of the body, as the document has it."""
    from dialform.declaration.places import leaves  # noqa: PLC0415 - where it is needed
    from dialform.declaration.source import dotted  # noqa: PLC0415
    from dialform.launcher.evidence import HIDDEN  # noqa: PLC0415

    bound = story.bound or found.bound  # what was never released only the files may give
    if bound is None:
        return
    body = story.value or bound["body"]
    for leaf in leaves(body, bound, preset=found.preset, environment=found.environment):
        is_input = leaf.path[0] == "callAgentInput" and len(leaf.path) > 1
        yield {
            "field": dotted(leaf.path),
            "value": HIDDEN if is_input and leaf.path[1] in story.sensitive else leaf.value,
            "saidBy": leaf.said_by,
            "shared": _place(leaf.shared, found),
            "own": _place(leaf.own, found),
        }


def _place(place: Place | None, found: Origins) -> dict[str, Any] | None:
    """A file and line, with the commit that they are of."""
    if place is None:
        return None
    ref, _, file = place.file.partition(":")
    commit = found.commits.get(ref)
    shown = place.file if commit is None else file
    return {"file": shown, "line": place.line, "key": place.key, "commit": commit}


def _document(story: Story, found: Origins, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **story.as_json(),
        "files": {"preset": found.preset_at, "environment": found.environment_at},
        "missing": found.notes,
        "body": rows,
    }


def _files(found: Origins) -> list[tuple[str, str]]:
    """Of which commits the files are that are named below."""
    rows = [("files of", found.preset_at), ("bindings of", found.environment_at)]
    return [(name, at) for name, at in rows if at is not None]


def _cells(row: dict[str, Any]) -> list[str]:
    value = row["value"]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    places = (row["shared"], row["own"])
    where = ["" if one is None else f"{one['file']}:{one['line']}" for one in places]
    return [
        row["field"],
        text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...",
        row["saidBy"],
        *where,
    ]
