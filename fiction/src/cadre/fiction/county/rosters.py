"""The county's rosters as xlsx files, each kind of unit with the layout its office likes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange

from cadre.contracts.event import YearMonth
from cadre.fiction.county.archive import reproducible
from cadre.fiction.county.county import County
from cadre.fiction.county.hazards import Cell, Labels, hazard_of
from cadre.fiction.county.model import Person, Unit, UnitKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

GRADES_SHOWN = 3
MONTH_FORMAT = 'yyyy"年"m"月"'


@dataclass(frozen=True, slots=True)
class Planted:
    """A row that was spoiled on purpose."""

    file: str
    row: int
    name: str
    told: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Column:
    """A label (of two parts where the header has two rows) and what stands under it."""

    label: str
    key: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    columns: tuple[Column, ...]
    month: Callable[[YearMonth], Cell]
    merges_units: bool = False

    @property
    def header_rows(self) -> int:
        return 2 if any(column.group for column in self.columns) else 1


def _columns(*pairs: str) -> tuple[Column, ...]:
    """From ``label`` or ``label=key`` or ``group/label=key``."""
    columns: list[Column] = []
    for pair in pairs:
        told, _, key = pair.partition("=")
        group, _, label = told.rpartition("/")
        columns.append(Column(label, key or label, group))
    return tuple(columns)


LAYOUTS = {
    UnitKind.BUREAU: Layout(
        _columns(
            *("序号", "姓名", "性别", "民族", "出生年月", "籍贯", "政治面貌", "入党时间"),
            *("参加工作时间", "学历", "毕业院校及专业", "在职学历", "工作单位", "职务"),
            *("职务层次", "任现职务层次时间", "职级", "任现职级时间", "身份证号"),
            *("近三年年度考核结果=年度考核结果", "备注"),
        ),
        month=lambda month: month.replace("-", "."),
    ),
    UnitKind.TOWN: Layout(
        _columns(
            *("序号", "姓名", "身份证号", "性别", "民族", "出生年月", "籍贯"),
            *("参加工作时间", "入党时间=入党"),
            *("全日制教育/学历=学历", "全日制教育/毕业院校及专业=毕业院校及专业"),
            *("在职教育/学历=在职学历", "在职教育/毕业院校及专业=在职院校"),
            *("工作单位及现任职务=单位及职务", "职务层次", "任现职务层次时间"),
            *("职级", "任现职级时间", "年度考核结果"),
        ),
        month=lambda month: int(month.replace("-", "")),
    ),
    UnitKind.SUBDISTRICT: Layout(
        _columns(
            *("单位名称=工作单位", "干部姓名=姓名", "性别", "民族", "出生日期=出生年月"),
            *("证件号码=身份证号", "籍贯", "政治面貌", "入党日期=入党时间"),
            *("参工时间=参加工作时间", "最高学历=最高学历", "毕业院校系及专业=毕业院校及专业"),
            *(
                "现任职务=职务",
                "职务层次",
                "任现职务层次时间",
                "现任职级=职级",
                "任职级时间=任现职级时间",
            ),
            "近三年考核结果=年度考核结果",
        ),
        month=lambda month: date(int(month[:4]), int(month[5:]), 1),
        merges_units=True,
    ),
}


def write_rosters(county: County, folder: Path) -> Iterator[tuple[Path, list[Planted]]]:
    """One file for each kind of unit of each district, with what was spoiled in it."""
    districts = dict.fromkeys(unit.district for unit in county.units)
    for district in districts:
        for kind, layout in LAYOUTS.items():
            units = [u for u in county.units if u.district == district and u.kind is kind]
            if units:
                path = folder / f"{district}{kind}干部名册.xlsx"
                roster = _Roster(path.name, layout)
                roster.write(county, units, f"{district}{kind}干部名册")
                path.write_bytes(roster.content())
                yield path, roster.planted


class _Roster:
    """One workbook, written row by row."""

    def __init__(self, file: str, layout: Layout) -> None:
        self.file = file
        self.layout = layout
        self.planted: list[Planted] = []
        self._workbook = Workbook(write_only=True)
        self._sheet = cast("Worksheet", self._workbook.create_sheet("名册"))
        self._row = 0
        self._above: Labels = {}

    def write(self, county: County, units: list[Unit], title: str) -> None:
        self._header(title, county.on)
        for unit in units:
            first_row = self._row + 1
            for number in unit.people:
                self._person(county.person(number), first_of_unit=self._row + 1 == first_row)
            if self.layout.merges_units and self._row > first_row:
                self._merge(f"A{first_row}:A{self._row}")
        self._repeat(county.person(units[0].first))
        self._hide(county.person(units[0].first))

    def content(self) -> bytes:
        """The finished workbook: equal rows give equal bytes."""
        content = BytesIO()
        self._workbook.save(content)
        return reproducible(content.getvalue())

    def _append(self, cells: list[Cell | None]) -> None:
        self._sheet.append([self._styled(cell) for cell in cells])
        self._row += 1

    def _merge(self, cells: str) -> None:
        self._sheet.merged_cells.ranges.add(CellRange(cells))

    def _styled(self, cell: Cell | None) -> object:
        if not isinstance(cell, date):
            return cell
        styled = WriteOnlyCell(self._sheet, datetime(cell.year, cell.month, cell.day))  # noqa: DTZ001  a spreadsheet has no zones
        styled.number_format = MONTH_FORMAT
        return styled

    def _header(self, title: str, on: date) -> None:
        columns = self.layout.columns
        last = get_column_letter(len(columns))
        for told in (title, f"（截至 {on:%Y年%m月%d日}）"):
            self._append([told])
            self._merge(f"A{self._row}:{last}{self._row}")
        if self.layout.header_rows == 1:
            self._append([column.label for column in columns])
            return
        self._append([column.group or column.label for column in columns])
        self._append([column.label if column.group else None for column in columns])
        for start, end, group in _groups(columns):
            left, right = get_column_letter(start), get_column_letter(end)
            bottom = self._row - 1 if group else self._row
            self._merge(f"{left}{self._row - 1}:{right}{bottom}")

    def _person(self, person: Person, *, first_of_unit: bool) -> None:
        facts = _facts(person, self.layout.month)
        hazard = hazard_of(person)
        if hazard:
            hazard.spoil(person, facts)
            self._plant(person, hazard.told, hazard.outcome)
        elif person.number % 12 == 2 and facts["民族"] == self._above.get("民族"):  # noqa: PLR2004
            facts["民族"] = "同上"
            self._plant(person, "民族写作“同上”", "warned")
        if self.layout.merges_units and not first_of_unit:
            facts["工作单位"] = ""
        self._above = {**facts, "民族": person.ethnicity}
        self._put(facts)

    def _repeat(self, person: Person) -> None:
        self._plant(person, "与本表前面一行重复", "refused")
        self._put(_facts(person, self.layout.month))

    def _hide(self, person: Person) -> None:
        self._plant(person, "隐藏行", "skipped")
        self._sheet.row_dimensions[self._row + 1].hidden = True
        self._put(_facts(person, self.layout.month))

    def _put(self, facts: Labels) -> None:
        facts["序号"] = self._row - self.layout.header_rows - 1
        self._append([facts.get(column.key, "") or None for column in self.layout.columns])

    def _plant(self, person: Person, told: str, outcome: str) -> None:
        self.planted.append(Planted(self.file, self._row + 1, person.full_name, told, outcome))


def _groups(columns: tuple[Column, ...]) -> Iterator[tuple[int, int, str]]:
    """First and last column, from 1, of each group of labels; single labels are their own."""
    start = 0
    while start < len(columns):
        group = columns[start].group
        end = start
        while group and end + 1 < len(columns) and columns[end + 1].group == group:
            end += 1
        yield start + 1, end + 1, group
        start = end + 1


def _facts(person: Person, month: Callable[[YearMonth], Cell]) -> Labels:
    def told(when: YearMonth | None) -> Cell:
        return month(when) if when else ""

    highest = person.on_job or person.full_time
    recent = person.grades[-GRADES_SHOWN:]
    return {
        "姓名": person.full_name,
        "性别": person.sex.zh,
        "民族": person.ethnicity,
        "出生年月": month(f"{person.birth_date:%Y-%m}"),
        "籍贯": person.native_place,
        "政治面貌": person.political.zh,
        "入党时间": told(person.party_since),
        "入党": told(person.party_since) or person.political.zh,
        "参加工作时间": month(person.work_since),
        "学历": person.full_time.told,
        "最高学历": highest.told,
        "毕业院校及专业": person.full_time.school,
        "在职学历": person.on_job.told if person.on_job else "",
        "在职院校": person.on_job.school if person.on_job else "",
        "工作单位": person.unit.name,
        "职务": person.title,
        "单位及职务": f"{person.unit.name}{person.title}",
        "职务层次": person.post.level.zh if person.post else "",
        "任现职务层次时间": told(person.level_since),
        "职级": person.rank.zh if person.rank else "",
        "任现职级时间": told(person.rank_since),
        "身份证号": person.id_number,
        "年度考核结果": ",".join(f"{year}年{grade.zh}" for year, grade in recent),
    }
