from collections.abc import Callable, Sequence
from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from cadre.intake import Import, read_roster

HEADER = (
    *("姓名", "性别", "民族", "出生年月", "政治面貌", "入党时间", "参加工作时间", "学历"),
    *("工作单位", "职务", "职务层次", "任现职务层次时间", "职级", "任现职级时间", "身份证号"),
)
ROW: dict[str, object] = {
    "姓名": "林若安",
    "性别": "女",
    "民族": "汉族",
    "出生年月": "1985.06",
    "政治面貌": "中共党员",
    "入党时间": "2006.05",
    "参加工作时间": "2007.07",
    "学历": "大学",
    "工作单位": "青禾区财政局",
    "职务": "副局长",
    "职务层次": "乡科级副职",
    "任现职务层次时间": "2018.03",
    "职级": "三级主任科员",
    "任现职级时间": "2020.09",
    "身份证号": "990101198506150020",
}
MONTH_FORMAT = 'yyyy"年"m"月"'
DAY = date(2025, 12, 31)

type MakeBook = Callable[..., bytes]
type Read = Callable[..., Import]


@pytest.fixture
def book() -> MakeBook:
    """A workbook of rows; a datetime is formatted as a month, a tuple is (value, format)."""

    def make(
        *rows: Sequence[object], merged: Sequence[str] = (), hidden: Sequence[int] = ()
    ) -> bytes:
        workbook = Workbook()
        sheet = workbook.active
        for row_number, row in enumerate(rows, start=1):
            for column, told in enumerate(row, start=1):
                value, number_format = told if isinstance(told, tuple) else (told, None)
                cell = sheet.cell(row_number, column, value)
                if number_format or isinstance(value, datetime):
                    cell.number_format = number_format or MONTH_FORMAT
        for cells in merged:
            sheet.merge_cells(cells)
        for number in hidden:
            sheet.row_dimensions[number].hidden = True
        content = BytesIO()
        workbook.save(content)
        return content.getvalue()

    return make


@pytest.fixture
def read(book: MakeBook) -> Read:
    """Import rows that differ from ROW in the columns given; further options go to `book`."""

    def run(*changes: dict[str, object], **options: object) -> Import:
        rows = [[{**ROW, **change}[label] for label in HEADER] for change in changes]
        return read_roster(book(HEADER, *rows, **options), file="名册.xlsx", effective_on=DAY)

    return run
