"""An everyday 名册 (xlsx) as records, one per row."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from cadre.intake.baseline import read_person
from cadre.intake.header import Header, find_header
from cadre.intake.issues import Findings, Issue, Problem
from cadre.intake.person import Item, Told
from cadre.intake.records import Import, Record, Source, Unidentified
from cadre.intake.sheet import Row, Sheet, read_sheets
from cadre.intake.suggestions import unidentified
from cadre.shared.deciding.errors import Malformed

DITTO = {"同上", "〃", '"', "″", "''", "同上。"}
NEVER_DITTO = {Item.NAME, Item.ID_NUMBER}
TABLE_NOTES = ("合计", "总计", "小计", "备注", "注", "说明", "填表", "制表", "审核")


def read_roster(content: bytes, *, file: str, effective_on: date) -> Import:
    """Every person of a workbook; ``effective_on`` is the day for which the roster was made."""
    source = Source(Path(file).name, sha256(content).hexdigest())
    reading = _Reading(source, effective_on)
    try:
        sheets = read_sheets(content)
    except Malformed as error:
        findings = Findings(source.file)
        remedy = "请用表格软件打开并另存为 .xlsx"
        findings.error(Problem.UNREADABLE_FILE, "工作簿无法读取", remedy, value=error.detail)
        reading.issues.extend(findings.issues)
        sheets = []
    else:
        rosters = [sheet.title for sheet in sheets if reading.sheet(sheet)]
        if not rosters:
            findings = Findings(source.file)
            remedy = "表头须在前 20 行内，含“姓名”及其他常用栏目"
            findings.error(Problem.NO_HEADER, "所有工作表均未找到表头", remedy)
            reading.issues.extend(findings.issues)
    return Import(
        file=source.file,
        sha256=source.sha256,
        kind="roster",
        records=tuple(reading.records.values()),
        issues=tuple(reading.issues),
        unidentified=tuple(reading.unidentified),
        rows=reading.rows,
    )


@dataclass(slots=True)
class _Reading:
    """One pass over a workbook."""

    source: Source
    effective_on: date
    records: dict[str, Record] = field(default_factory=dict[str, Record])
    issues: list[Issue] = field(default_factory=list[Issue])
    unidentified: list[Unidentified] = field(default_factory=list[Unidentified])
    rows: int = 0

    def sheet(self, sheet: Sheet) -> bool:
        """Read a sheet; whether it is a roster."""
        header = find_header(sheet.rows)
        if sheet.hidden or header is None:
            if any(any(row.texts) for row in sheet.rows):
                self._skipped(sheet)
            return False
        above: dict[int, str] = {}
        for row in sheet.rows:
            if row.number > header.last_row and any(row.texts):
                above = self._row(header, row, above)
        return True

    def _skipped(self, sheet: Sheet) -> None:
        findings = Findings(self.source.file)
        what = "隐藏的工作表，未读取" if sheet.hidden else "未找到表头，未读取"
        remedy = "如含名册，请取消隐藏" if sheet.hidden else "如含名册，请补上表头"
        findings.warn(Problem.SKIPPED_SHEET, what, remedy, value=sheet.title)
        self.issues.extend(findings.issues)

    def _row(self, header: Header, row: Row, above: dict[int, str]) -> dict[int, str]:
        """Read a row; what its cells mean once 同上 is filled in, for the row below."""
        findings = Findings(self.source.file, row.number)
        texts = dict(_filled(header, row, above, findings))
        if self._is_person(header, row, texts, findings):
            self.rows += 1
            self._person(header, row, texts, findings)
        else:
            texts = above
        self.issues.extend(findings.issues)
        return texts

    def _is_person(
        self, header: Header, row: Row, texts: dict[int, str], findings: Findings
    ) -> bool:
        name_column = _column_of(header, Item.NAME)
        name = texts.get(name_column, "")
        if header.repeated_in(row) or (not name and _is_note(row)):
            findings.issues.clear()
            return False
        why = _why_skipped(
            row, name_column, name, texts.get(_column_of(header, Item.ID_NUMBER), "")
        )
        if why is None:
            return True
        findings.issues.clear()
        what, remedy = why
        findings.warn(Problem.SKIPPED_ROW, what, remedy, value=name)
        return False

    def _person(self, header: Header, row: Row, texts: dict[int, str], findings: Findings) -> None:
        told = {
            item: Told(texts[column], header.labels[column])
            for column, item in header.columns.items()
            if item is not Item.IGNORED
        }
        source = Source(self.source.file, self.source.sha256, row.number)
        record = read_person(told, findings, source, self.effective_on)
        if record is None:
            self.unidentified.extend(unidentified(told, source))
        elif (first := self.records.get(record.id_number)) is not None:
            what = f"身份证号与第 {first.sources[0].row} 行（{first.name}）重复，只取前者"
            remedy = "请删去重复的一行或更正身份证号"
            column = told[Item.ID_NUMBER].column
            findings.error(Problem.DUPLICATE, what, remedy, column=column, value=record.name)
        else:
            self.records[record.id_number] = record


def _filled(
    header: Header, row: Row, above: dict[int, str], findings: Findings
) -> Iterator[tuple[int, str]]:
    for column, item in header.columns.items():
        text = row.texts[column] if column < len(row.texts) else ""
        if text.strip() not in DITTO:
            yield column, text
            continue
        label = header.labels[column]
        if item in NEVER_DITTO or not above.get(column):
            what, remedy = "“同上”无所指", "请填写具体内容"
            findings.error(Problem.DITTO, what, remedy, column=label, value=text)
            yield column, ""
        else:
            what, remedy = f"“同上”已读作“{above[column]}”", "请填写具体内容"
            findings.warn(Problem.DITTO, what, remedy, column=label, value=text)
            yield column, above[column]


def _why_skipped(row: Row, name_column: int, name: str, id_number: str) -> tuple[str, str] | None:
    """Why a row is no person's to be read, and what to do; None if it is one."""
    if row.hidden:
        return "隐藏行，未读取", "如须导入，请取消隐藏或取消筛选"
    if name_column in row.across:
        return "合并单元格的标题行，未读取", "如为干部，请取消合并"
    if name_column in row.from_above:
        return "姓名与上一行合并，未读取", "每人请只占一行"
    if not name and not id_number:
        return "无姓名和身份证号，未读取", "如为干部，请补填"
    return None


def _is_note(row: Row) -> bool:
    """A line of totals or remarks below the table."""
    first = next((text for text in row.texts if text), "")
    return "".join(first.split()).startswith(TABLE_NOTES)


def _column_of(header: Header, item: Item) -> int:
    return next((column for column, i in header.columns.items() if i is item), -1)
