"""What is told of one person, in a row of a roster or in a form, read item by item."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cadre.contracts.event import YearMonth
from cadre.contracts.vocabulary import Sex, Term
from cadre.intake import terms
from cadre.intake.dates import Ambiguous, Moment, half_width, read_date
from cadre.intake.issues import Findings, Problem
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.idnumber import IdNumber, read_id_number

NAME_MAX = 30
SHOWN_MIN = 12
"""A shorter number is hidden whole."""
TEXT_MAX = 2000
"""Longest text that the log takes in one field."""

SEVERAL = re.compile(r"[、，,；;/\n]")
LOST_DIGITS = re.compile(r"\d(\.\d+)?[Ee]\+?\d+|\d{15}0{3}")
NOTHING = {"无", "(无)", "（无）", "—", "-", "--", "/", "暂无"}


class Item(Term):
    """What a form or a roster tells of a person."""

    NAME = "name", "姓名"
    ID_NUMBER = "id-number", "身份证号"
    SEX = "sex", "性别"
    BIRTH = "birth", "出生年月"
    ETHNICITY = "ethnicity", "民族"
    NATIVE_PLACE = "native-place", "籍贯"
    POLITICAL = "political", "政治面貌"
    PARTY = "party", "入党时间"
    WORK_SINCE = "work-since", "参加工作时间"
    EDUCATION = "education", "学历"
    FULL_TIME_EDUCATION = "full-time-education", "全日制学历"
    ON_JOB_EDUCATION = "on-job-education", "在职学历"
    SCHOOL = "school", "毕业院校及专业"
    ON_JOB_SCHOOL = "on-job-school", "在职毕业院校及专业"
    MAJOR = "major", "专业"
    UNIT = "unit", "工作单位"
    POST = "post", "职务"
    UNIT_AND_POST = "unit-and-post", "工作单位及现任职务"
    LEVEL = "level", "职务层次"
    RANK = "rank", "职级"
    LEVEL_SINCE = "level-since", "任现职务层次时间"
    RANK_SINCE = "rank-since", "任现职级时间"
    STANDING_SINCE = "standing-since", "任现职级（层次）时间"
    GRADES = "grades", "年度考核结果"
    RESUME = "resume", "简历"
    AWARDS = "awards", "奖惩情况"
    IGNORED = "ignored", "不导入"


@dataclass(frozen=True, slots=True)
class Told:
    """The words given for an item, and the name of the column or tag they stand in."""

    text: str
    column: str


@dataclass(slots=True)
class Person:
    """Reads the items of one person and notes in ``findings`` what is wrong with them."""

    told: Mapping[Item, Told]
    findings: Findings
    _months: dict[Item, YearMonth | None] = field(default_factory=dict[Item, "YearMonth | None"])

    def text(self, item: Item) -> str:
        told = self.told.get(item)
        text = told.text.strip() if told else ""
        return "" if text in NOTHING else text

    def column(self, item: Item) -> str:
        told = self.told.get(item)
        return told.column if told else item.zh

    def error(self, item: Item, problem: Problem, what: str, remedy: str) -> None:
        column, value = self.column(item), self.text(item)
        self.findings.error(problem, what, remedy, column=column, value=value)

    def warn(self, item: Item, problem: Problem, what: str, remedy: str) -> None:
        column, value = self.column(item), self.text(item)
        self.findings.warn(problem, what, remedy, column=column, value=value)

    def missing(self, item: Item) -> None:
        self.error(item, Problem.MISSING, f"缺{item.zh}", "请补填后重新导入")

    def unknown(self, item: Item) -> None:
        self.error(item, Problem.UNKNOWN_TERM, f"{item.zh}无法识别", "请改用规范用语")

    def required[T](self, item: Item, value: T | None) -> T | None:
        """The value; an error if nothing was told, another if it was not understood."""
        if value is None:
            (self.unknown if self.text(item) else self.missing)(item)
        return value

    def name(self) -> str | None:
        text = self.text(Item.NAME)
        parts = [part for part in SEVERAL.split(text) if part.strip()]
        if len(parts) > 1 and any(len("".join(part.split())) > 1 for part in parts):
            self.error(Item.NAME, Problem.SEVERAL_PERSONS, "一格有多人", "请每人单独一行")
            return None
        name = "".join("".join(parts).split())
        return self.required(Item.NAME, name if 0 < len(name) <= NAME_MAX else None)

    def id_number(self) -> IdNumber | None:
        text = half_width(self.text(Item.ID_NUMBER)).lstrip("'`‘")
        if not text:
            self.missing(Item.ID_NUMBER)
            return None
        try:
            return read_id_number(text)
        except Malformed as error:
            self._bad_id_number(text, error)
            return None

    def _bad_id_number(self, text: str, error: Malformed) -> None:
        column = self.column(Item.ID_NUMBER)
        if LOST_DIGITS.fullmatch(text):
            what, remedy = "身份证号存为数字，末几位已丢失", "请将该列设为文本格式后重新录入"
            self.findings.error(Problem.ID_PRECISION_LOST, what, remedy, column=column, value=text)
        else:
            remedy = error.hint or "请核对身份证原件"
            self.findings.error(
                Problem.BAD_ID_NUMBER, "身份证号有误", remedy, column=column, value=masked(text)
            )

    def sex(self, number: IdNumber) -> Sex | None:
        if not self.text(Item.SEX):
            return number.sex
        told = self.required(Item.SEX, terms.sex(self.text(Item.SEX)))
        if told not in {None, number.sex}:
            what = f"性别与身份证号不一致（号码为{number.sex.zh}）"
            self.error(Item.SEX, Problem.CONTRADICTS_ID_NUMBER, what, "请核对身份证原件")
        return told

    def check_birth(self, number: IdNumber) -> None:
        """Compare the told birth with the number's; the number also settles 1985.1."""
        if not self.text(Item.BIRTH):
            return
        right = number.birth_date
        match read_date(self.text(Item.BIRTH)):
            case Ambiguous(candidates) if right.year == candidates[0].year and right.month in {
                c.month for c in candidates
            }:
                what = f"一月与十月写法相同，已按身份证号认定为 {right:%Y年%m月}"
                self.warn(Item.BIRTH, Problem.AMBIGUOUS_DATE, what, "请改写为四位年两位月")
            case Moment() as told if _agrees(told, right):
                self._note_serial(Item.BIRTH, told)
            case None:
                self.unreadable(Item.BIRTH)
            case _:
                what = f"出生年月与身份证号（{right:%Y.%m}）不一致"
                remedy = "请先按身份证填写，档案认定不同的，导入后再以档案材料更正"
                self.error(Item.BIRTH, Problem.CONTRADICTS_ID_NUMBER, what, remedy)

    def month(self, item: Item) -> YearMonth | None:
        """The month told for an item, each looked at once so that it is reported once."""
        if item not in self._months:
            told = self.text(item)
            self._months[item] = self._month(item, told) if told else None
        return self._months[item]

    def _month(self, item: Item, told: str) -> YearMonth | None:
        match read_date(told):
            case Moment() as moment:
                self._note_serial(item, moment)
                return moment.year_month
            case Ambiguous():
                what = "无法区分一月与十月"
                remedy = "请写为四位年两位月，如 1985.01 或 1985.10"
                self.error(item, Problem.AMBIGUOUS_DATE, what, remedy)
            case None:
                self.unreadable(item)
        return None

    def _note_serial(self, item: Item, moment: Moment) -> None:
        if moment.serial:
            what = f"日期存为序列号，已读作 {moment.year_month}"
            self.warn(item, Problem.EXCEL_SERIAL, what, "请将单元格设为日期或文本格式")

    def unreadable(self, item: Item) -> None:
        remedy = "请写为四位年两位月，如 1985.06"
        self.error(item, Problem.UNREADABLE_DATE, f"{item.zh}不是年月", remedy)


def masked(number: str) -> str:
    """An ID number for lists and screens: its area and its last four characters."""
    return f"{number[:6]}********{number[-4:]}" if len(number) > SHOWN_MIN else "*" * len(number)


def _agrees(told: Moment, right: date) -> bool:
    """Same month; a first of the month is often the spreadsheet's, not the writer's."""
    return (told.year, told.month) == (right.year, right.month) and (
        told.day in {None, 1, right.day}
    )
