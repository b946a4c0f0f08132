"""Finds the header of a roster: below title rows, in one row or two, under many names."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cadre.intake.person import Item
from cadre.intake.sheet import Row

SEARCHED_ROWS = 20
RECOGNISED_MIN = 3
"""Columns that must be recognised, 姓名 among them, before a row is taken for a header."""

ALIASES: dict[Item, tuple[str, ...]] = {
    Item.NAME: ("姓名", "名字", "干部姓名"),
    Item.ID_NUMBER: ("身份证号", "身份证", "身份证号码", "证件号码", "公民身份号码"),
    Item.SEX: ("性别",),
    Item.BIRTH: ("出生年月", "出生日期", "出生年月日", "出生时间"),
    Item.ETHNICITY: ("民族",),
    Item.NATIVE_PLACE: ("籍贯",),
    Item.POLITICAL: ("政治面貌", "党派"),
    Item.PARTY: ("入党时间", "入党年月", "入党日期"),
    Item.WORK_SINCE: ("参加工作时间", "参工时间", "参加工作年月", "工作时间"),
    Item.EDUCATION: ("学历", "最高学历", "文化程度", "学历学位"),
    Item.FULL_TIME_EDUCATION: (
        *("全日制学历", "全日制学历学位", "全日制教育", "全日制教育学历", "全日制教育学历学位"),
        "全日制学历学位及院校专业",
    ),
    Item.ON_JOB_EDUCATION: (
        *("在职学历", "在职学历学位", "在职教育", "在职教育学历", "在职教育学历学位"),
        "在职学历学位及院校专业",
    ),
    Item.SCHOOL: (
        *("毕业院校及专业", "毕业院校系及专业", "全日制毕业院校及专业"),
        *("全日制教育毕业院校及专业", "全日制教育毕业院校系及专业"),
    ),
    Item.ON_JOB_SCHOOL: (
        *("在职毕业院校及专业", "在职教育毕业院校及专业", "在职教育毕业院校系及专业"),
    ),
    Item.MAJOR: ("专业", "所学专业"),
    Item.UNIT: ("单位", "工作单位", "所在单位", "单位名称"),
    Item.POST: ("职务", "现任职务", "现职务", "职务名称"),
    Item.UNIT_AND_POST: ("工作单位及现任职务", "工作单位及职务", "单位及职务", "现工作单位及职务"),
    Item.LEVEL: ("职务层次", "职务级别", "领导职务层次"),
    Item.RANK: ("职级", "现任职级", "现职级"),
    Item.LEVEL_SINCE: ("任现职务层次时间", "任职务层次时间", "任现层次时间"),
    Item.RANK_SINCE: ("任现职级时间", "任职级时间", "晋升现职级时间"),
    Item.STANDING_SINCE: ("任现职级层次时间", "任同职级时间", "任现职级(层次)时间"),
    Item.GRADES: ("年度考核结果", "近三年年度考核结果", "年度考核", "近三年考核结果"),
    Item.IGNORED: (
        *("序号", "编号", "备注", "联系电话", "手机号码", "年龄", "到龄年月", "任现职时间"),
        *("任现职务时间", "专业技术职务", "出生地", "健康状况"),
    ),
}
BY_LABEL = {label: item for item, labels in ALIASES.items() for label in labels}
IN_BRACKETS = re.compile(r"\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Header:
    """Which column holds what; ``last_row`` is the row above the first person."""

    columns: dict[int, Item]
    labels: dict[int, str]
    last_row: int
    rows: int

    def repeated_in(self, row: Row) -> bool:
        """Whether a row is the header again, as printed on top of each page."""
        return any(
            item is Item.NAME and item_of(row.texts[column]) is Item.NAME
            for column, item in self.columns.items()
            if column < len(row.texts)
        )


def item_of(label: str) -> Item | None:
    plain = "".join(unicodedata.normalize("NFKC", label).split()).rstrip(":")
    return BY_LABEL.get(plain) or BY_LABEL.get(IN_BRACKETS.sub("", plain))


def find_header(rows: Sequence[Row]) -> Header | None:
    """The header among the first rows that recognises most columns; None if none has 姓名."""
    candidates: list[Header] = []
    for place, row in enumerate(rows[:SEARCHED_ROWS]):
        candidates.append(_header(row.texts, row.number, rows=1))
        if place + 1 < len(rows):
            below = rows[place + 1]
            candidates.append(_header(_joined(row, below), below.number, rows=2))
    usable = [
        header
        for header in candidates
        if len(header.columns) >= RECOGNISED_MIN and Item.NAME in header.columns.values()
    ]
    # Of two that recognise as much, the one in a single row: the row above it is a title.
    return max(usable, key=lambda header: (len(header.columns), header.rows == 1), default=None)


def _joined(upper: Row, lower: Row) -> tuple[str, ...]:
    """Labels of a header in two rows: 全日制教育 over 学历 is 全日制教育学历."""
    pairs = zip(upper.texts, lower.texts, strict=True)
    return tuple(a if a == b else f"{a}{b}" for a, b in pairs)


def _header(texts: Sequence[str], last_row: int, *, rows: int) -> Header:
    columns: dict[int, Item] = {}
    for column, text in enumerate(texts):
        item = item_of(text) if text else None
        if item is Item.IGNORED or (item is not None and item not in columns.values()):
            columns[column] = item
    labels = {column: "".join(texts[column].split()) for column in columns}
    return Header(columns, labels, last_row, rows)
