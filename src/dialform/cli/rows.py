"""How result rows are written: CSV, JSON Lines, Parquet. A stream in, bytes out."""

from __future__ import annotations

import io
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from dialform.errors import SettingError
from dialform.launcher.outcomes.table import OUTCOME, cell_text, cells, columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from dialform.launcher.outcomes.table import Result

    Stream = Callable[[], Iterator[Result]]

_GROUP = 10_000
"""Rows of a Parquet row group, the most that is held at once."""


def write_csv(stream: Stream, file: BinaryIO) -> None:
    """CSV as RFC 4180 has it, in UTF-8; the stream is read twice, first for its columns."""
    import csv  # noqa: PLC0415 - where it is asked for

    named = columns(stream())
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([cell_text(name) for name, _ in named])
    for result in stream():
        writer.writerow([cell_text(value) for value in cells(result, named)])
    text.detach()


def write_json_lines(stream: Stream, file: BinaryIO) -> None:
    """A document ``dialform.result/1`` on each line."""
    file.writelines(
        json.dumps(result.as_json(), ensure_ascii=False).encode() + b"\n" for result in stream()
    )


def write_parquet(stream: Stream, file: BinaryIO) -> None:
    """
    Parquet: inputs as text, what came of them typed. The stream is read twice.

    Raises:
        SettingError: without the extra ``dialform[parquet]``.

    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - likewise
    except ImportError:
        raise SettingError("Parquet needs pyarrow: pip install 'dialform[parquet]'") from None
    kinds = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}
    named = columns(stream())
    schema = pa.schema([(name, kinds[OUTCOME.get(name, str)]) for name, _ in named])
    rows = stream()
    with pq.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, _GROUP)):
            values = [list(cells(one, named)) for one in group]
            table = [
                [
                    _text(row[at]) if schema.field(at).type == pa.string() else row[at]
                    for row in values
                ]
                for at in range(len(named))
            ]
            writer.write_table(
                pa.table(
                    [pa.array(one, kind.type) for one, kind in zip(table, schema, strict=True)],
                    schema=schema,
                )
            )


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


CSV, JSON_LINES, PARQUET = write_csv, write_json_lines, write_parquet
