"""An xlsx sheet as rows of displayed text.

The whole workbook is loaded, not streamed: merged ranges, hidden rows and number formats are only
known for a loaded sheet, and each of them changes what a roster says. The limits below bound the
memory that takes.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, cast
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from cadre.shared.deciding.errors import Malformed

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

SIZE_MAX = 64 * 1024 * 1024
UNPACKED_MAX = 192 * 1024 * 1024
"""Bytes of a workbook as a file and unpacked: some 100,000 rows, which take about 1 GB loaded."""

COLUMNS_MAX = 120
BLANK_RUN_MAX = 1000
"""After so many blank rows the sheet is taken to end, although formatted cells may follow."""

EXACT_MAX = 10**15
"""From here on a spreadsheet has rounded the number."""

FIXED_DECIMALS = re.compile(r"0\.(0+)(?:_.*)?")
QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    texts: tuple[str, ...]
    """What each cell shows; a merged range shows its value in all its cells."""
    hidden: bool
    from_above: frozenset[int]
    """Columns, from 0, that only repeat a merged cell of a row above."""
    across: frozenset[int]
    """Columns, from 0, that share one merged cell with their neighbours."""


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    hidden: bool
    rows: tuple[Row, ...]


@dataclass(slots=True)
class _Merges:
    """The cells that merged ranges cover, with the anchor that holds their value."""

    anchors: dict[tuple[int, int], tuple[int, int]]
    across: set[tuple[int, int]]

    @classmethod
    def of(cls, sheet: Worksheet) -> "_Merges":
        merges = cls({}, set())
        for cells in sheet.merged_cells.ranges:
            top, left = cells.min_row, cells.min_col
            for row in range(top, min(cells.max_row, sheet.max_row) + 1):
                for column in range(left, min(cells.max_col, COLUMNS_MAX) + 1):
                    merges.anchors[row, column] = (top, left)
                    if cells.max_col > left:
                        merges.across.add((row, column))
        return merges


def read_sheets(content: bytes) -> list[Sheet]:
    """The sheets of a workbook.

    Raises:
        Malformed: No xlsx, or larger than this machine should load.

    """
    _check_size(content)
    try:
        with warnings.catch_warnings():
            # Real workbooks carry extensions that openpyxl drops with a warning; none holds data.
            warnings.simplefilter("ignore", UserWarning)
            workbook = load_workbook(BytesIO(content), data_only=True)
    except Exception as error:
        # openpyxl raises whatever a damaged part makes it stumble over: KeyError, TypeError, …
        raise Malformed(
            f"工作簿无法打开 · the workbook cannot be loaded: {error!r}",
            hint="请用电子表格软件打开后另存为 .xlsx · "
            "Open it in a spreadsheet program and save it again as .xlsx",
        ) from error
    return [
        Sheet(str(sheet.title), sheet.sheet_state != "visible", tuple(_rows(sheet)))
        for sheet in workbook.worksheets
    ]


def _check_size(content: bytes) -> None:
    try:
        with ZipFile(BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except BadZipFile as error:
        raise Malformed(
            "该文件不是 xlsx 工作簿 · the file is no xlsx workbook",
            hint="请先把 .xls 另存为 .xlsx · Save .xls files as .xlsx first",
        ) from error
    if len(content) > SIZE_MAX or unpacked > UNPACKED_MAX:
        raise Malformed(
            f"工作簿过大 · the workbook has {len(content)} bytes, {unpacked} unpacked: too large",
            hint="请拆成几个文件 · Split it into several files",
        )


def _rows(sheet: Worksheet) -> Iterator[Row]:
    merges = _Merges.of(sheet)
    width = min(sheet.max_column, COLUMNS_MAX)
    blank_run = 0
    # Columns of merged anchors keep the text they showed; anchors always come before their cells.
    shown: dict[tuple[int, int], str] = {}
    for number in range(1, sheet.max_row + 1):
        texts = [""] * width
        for column in range(1, width + 1):
            place = (number, column)
            anchor = merges.anchors.get(place)
            if anchor is None or anchor == place:
                texts[column - 1] = show(cast("Cell", sheet.cell(number, column)))
                if anchor is not None:
                    shown[place] = texts[column - 1]
            else:
                texts[column - 1] = shown.get(anchor, "")
        blank_run = 0 if any(texts) else blank_run + 1
        if blank_run > BLANK_RUN_MAX:
            return
        yield _row(sheet, merges, number, texts)


def _row(sheet: Worksheet, merges: _Merges, number: int, texts: list[str]) -> Row:
    places = [(number, column) for column in range(1, len(texts) + 1)]
    return Row(
        number=number,
        texts=tuple(texts),
        hidden=number in sheet.row_dimensions and bool(sheet.row_dimensions[number].hidden),
        from_above=frozenset(
            c - 1 for r, c in places if merges.anchors.get((r, c), (number, 0))[0] < number
        )
        if merges.anchors
        else frozenset(),
        across=frozenset(c - 1 for r, c in places if (r, c) in merges.across)
        if merges.across
        else frozenset(),
    )


def show(cell: "Cell") -> str:
    """The text that a spreadsheet shows for a cell, as far as a roster needs it."""
    value: object = cell.value
    match value:
        case None:
            return ""
        case datetime() | date():
            day_shown = "d" in QUOTED.sub("", cell.number_format).lower()
            return f"{value:%Y-%m-%d}" if day_shown else f"{value:%Y-%m}"
        case bool():
            return str(value)
        case int() | float():
            return _number(value, cell.number_format)
        case _:
            return str(value).strip()


def _number(value: float, number_format: str) -> str:
    """1985.1 stays ``1985.1``, but under the format 0.00 a reader sees 1985.10.

    A number too long to be exact is shown as 9.90101198506150E+17, as a spreadsheet does.
    """
    if abs(value) >= EXACT_MAX:
        return f"{value:.14E}"
    if fixed := FIXED_DECIMALS.fullmatch(number_format):
        return f"{value:.{len(fixed[1])}f}"
    return f"{value:.15g}"
