"""``dialform schema``: JSON Schemas for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

_DESCRIPTION = """\
Print the JSON Schema of a kind of file, or write all of them into a folder. `diff` is what
`dialform diff --json` prints.

An editor that knows TOML schemas completes and checks a file whose first line is
`#:schema PATH`, the path being relative to the file."""

_EXAMPLES = """\
examples:
  dialform schema preset
  dialform schema -o .dialform/schemas
"""

_KINDS = ("preset", "profile", "flow", "environment", "guardrails", "diff")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``schema``."""
    parser = subparsers.add_parser(
        "schema",
        help="write the JSON Schemas that editors use",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("kind", nargs="?", choices=_KINDS, help="the kind of file; default: all")
    parser.add_argument("-o", "--output", metavar="DIR", help="write KIND.json files there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print or write."""
    import json  # noqa: PLC0415 - when run
    from pathlib import Path  # noqa: PLC0415

    from dialform.cli import output  # noqa: PLC0415
    from dialform.errors import SettingError, UsageError  # noqa: PLC0415

    kinds = _KINDS if args.kind is None else (args.kind,)
    if args.output is None:
        if args.kind is None:
            raise UsageError("say which kind, or where to write all: -o DIR")
        output.json_document(_schema(args.kind))
        return 0
    folder = Path(args.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            text = json.dumps(_schema(kind), indent=2, ensure_ascii=False) + "\n"
            (folder / f"{kind}.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{folder}: can't be written: {error.strerror}") from None
    output.note(f"wrote {', '.join(f'{kind}.json' for kind in kinds)} into {folder}")
    return 0


def _schema(kind: str) -> dict[str, Any]:
    """A kind's schema, draft 2020-12."""
    if kind == "diff":
        from dialform.declaration.schema import DIALECT  # noqa: PLC0415 - when run
        from dialform.diff.document import DiffJson  # noqa: PLC0415

        made = DiffJson.model_json_schema(mode="serialization")
        return {"$schema": DIALECT, **made, "title": "dialform diff"}
    from dialform.declaration.schema import schema  # noqa: PLC0415 - when run

    return schema(kind)
