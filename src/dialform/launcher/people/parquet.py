"""
People files as Parquet, read in batches with pyarrow: the extra ``dialform[parquet]``.

Reads a file that it is given. Rows are known by their number, from 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from dialform.errors import SettingError
from dialform.launcher.people.tables import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialform.launcher.people.tables import Record

_BATCH = 4096
_BUFFER = 1024 * 1024


class ParquetTable:
    """A Parquet file in ``file``."""

    text = False

    def __init__(self, file: BinaryIO) -> None:
        """
        Touch nothing yet.

        Raises:
            SettingError: pyarrow is not installed.

        """
        try:
            import pyarrow.parquet  # noqa: PLC0415 - an extra, and 60 ms
        except ImportError:
            raise SettingError("Parquet needs: pip install 'dialform[parquet]'") from None
        self._parquet: Any = pyarrow.parquet
        self._wrong: tuple[type[Exception], ...] = (pyarrow.ArrowException, ValueError, OSError)
        self._file = file

    def header(self) -> Sequence[str]:
        """As in `Table`."""
        names: list[str] = self._opened().schema_arrow.names
        return names

    def records(self) -> Iterator[Record]:
        """As in `Table`."""
        row = 0
        try:
            for batch in self._opened().iter_batches(batch_size=_BATCH, use_threads=False):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    row += 1
                    yield row, cells
        except self._wrong as error:
            raise Unreadable("format", f"is damaged Parquet: {_line(error)}", row + 1) from None

    def _opened(self) -> Any:
        self._file.seek(0)
        try:
            return self._parquet.ParquetFile(self._file, buffer_size=_BUFFER, pre_buffer=False)
        except self._wrong as error:
            raise Unreadable("format", f"is no Parquet that can be read: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
