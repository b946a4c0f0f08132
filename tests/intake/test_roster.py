from collections.abc import Callable, Sequence
from datetime import date, datetime

import pytest

from cadre.contracts.selection.profile import Standing
from cadre.contracts.vocabulary import Education, Political, PostLevel, Rank, Sex, unit_id
from cadre.intake import Import, Problem, read_roster, sheet
from cadre.shared.deciding.idnumber import check_character

DAY = date(2025, 12, 31)

type Read = Callable[..., Import]
type MakeBook = Callable[..., bytes]


def numbered(first_17: str) -> str:
    return first_17 + check_character(first_17)


OTHER = {
    "姓名": "赵明远",
    "性别": "男",
    "身份证号": numbered("99010119790203011"),
    "出生年月": "1979.02",
}


def problems(read: Import) -> list[tuple[str, Problem]]:
    return [(issue.severity, issue.problem) for issue in read.issues]


def test_a_plain_row(read: Read):
    imported = read({})
    (record,) = imported.records
    assert imported.issues == ()
    person = record.baseline
    assert (person.full_name, person.sex, person.ethnicity) == ("林若安", Sex.FEMALE, "汉族")
    assert (person.birth_date, person.birth_month) == (date(1985, 6, 15), "1985-06")
    assert (person.political, person.education) == (Political.PARTY_MEMBER, Education.BACHELOR)
    assert person.standing == Standing(
        unit_id=unit_id("青禾区财政局"),
        unit_name="青禾区财政局",
        post_title="副局长",
        level=PostLevel.SECTION_DEPUTY,
        level_since="2018-03",
        rank=Rank.OFFICER_3,
        rank_since="2020-09",
        work_since="2007-07",
        party_since="2006-05",
    )
    assert (record.effective_on, person.source_row) == (DAY, 2)
    assert person.source_sha256 == imported.sha256


@pytest.mark.parametrize(
    "written",
    [
        "1985.6",
        "1985.06",
        "198506",
        198506,
        1985.6,
        "１９８５．０６",
        "1985年6月",
        datetime(1985, 6, 1),  # noqa: DTZ001
    ],
)
def test_birth_months_as_they_are_written(read: Read, written: object):
    imported = read({"出生年月": written})
    assert imported.issues == ()
    assert imported.records[0].baseline.birth_month == "1985-06"


def test_a_bare_serial_is_read_and_told(read: Read):
    imported = read({"参加工作时间": 39264})
    assert imported.records[0].baseline.standing.work_since == "2007-07"
    assert problems(imported) == [("warning", Problem.EXCEL_SERIAL)]


@pytest.mark.parametrize("written", ["2007.1", 2007.1])
def test_january_or_october_keeps_the_row_out(read: Read, written: object):
    imported = read({"参加工作时间": written})
    assert imported.records == ()
    (issue,) = imported.issues
    assert (issue.problem, issue.row, issue.column) == (Problem.AMBIGUOUS_DATE, 2, "参加工作时间")


def test_a_number_shown_with_two_decimals_is_october(read: Read):
    imported = read({"参加工作时间": (2007.1, "0.00")})
    assert imported.issues == ()
    assert imported.records[0].baseline.standing.work_since == "2007-10"


@pytest.mark.parametrize(("month", "day"), [("01", "20"), ("10", "07")])
def test_the_id_number_settles_a_birth_in_january_or_october(read: Read, month: str, day: str):
    number = numbered(f"9901011985{month}{day}002")
    imported = read({"出生年月": 1985.1, "身份证号": number})
    assert problems(imported) == [("warning", Problem.AMBIGUOUS_DATE)]
    assert imported.records[0].baseline.birth_month == f"1985-{month}"


def test_the_id_number_of_another_month_settles_nothing(read: Read):
    imported = read({"出生年月": 1985.1})
    assert imported.records == ()
    assert problems(imported) == [("error", Problem.CONTRADICTS_ID_NUMBER)]


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("身份证号", 990101198506150020, Problem.ID_PRECISION_LOST),
        ("身份证号", 9.9010119850615e17, Problem.ID_PRECISION_LOST),
        ("身份证号", "9.90101E+17", Problem.ID_PRECISION_LOST),
        ("身份证号", None, Problem.MISSING),
        ("身份证号", "990101198506150025", Problem.BAD_ID_NUMBER),
        ("身份证号", "99010119850615002", Problem.BAD_ID_NUMBER),
        ("身份证号", "990101850615002", Problem.BAD_ID_NUMBER),
        ("身份证号", numbered("99010119851315002"), Problem.BAD_ID_NUMBER),
        ("出生年月", "1985.07", Problem.CONTRADICTS_ID_NUMBER),
        ("性别", "男", Problem.CONTRADICTS_ID_NUMBER),
        ("性别", "乾", Problem.UNKNOWN_TERM),
        ("姓名", "林若安、赵明远", Problem.SEVERAL_PERSONS),
        ("姓名", "林若安\n赵明远", Problem.SEVERAL_PERSONS),
        ("民族", None, Problem.MISSING),
        ("政治面貌", "不详", Problem.UNKNOWN_TERM),
        ("学历", "不详", Problem.UNKNOWN_TERM),
        ("工作单位", "局" * 101, Problem.UNKNOWN_TERM),
        ("入党时间", "2006.5.32", Problem.UNREADABLE_DATE),
        ("入党时间", "入学前", Problem.UNREADABLE_DATE),
        ("参加工作时间", "工作多年", Problem.UNREADABLE_DATE),
    ],
)
def test_what_keeps_a_row_out(read: Read, column: str, value: object, problem: Problem):
    imported = read({column: value}, OTHER)
    assert [record.name for record in imported.records] == ["赵明远"]
    (issue,) = imported.issues
    assert (issue.severity, issue.problem) == ("error", problem)
    assert (issue.file, issue.row, issue.column) == ("名册.xlsx", 2, column)


def test_all_errors_of_a_row_are_told_at_once(read: Read):
    imported = read({"身份证号": None, "参加工作时间": 2007.1, "学历": None})
    assert {issue.column for issue in imported.issues} == {"身份证号", "参加工作时间", "学历"}


@pytest.mark.parametrize(
    "number", ["99010119850615002 0", "９９０１０１１９８５０６１５００２０", "'990101198506150020"]
)
def test_an_id_number_is_cleaned(read: Read, number: str):
    imported = read({"身份证号": number, "姓名": "林　若安"})
    assert imported.issues == ()
    assert imported.records[0].id_number == "990101198506150020"
    assert imported.records[0].name == "林若安"


def test_a_lower_case_x_is_accepted(read: Read):
    number = next(
        n for i in range(100) if (n := numbered(f"99010119850615{i * 2:03}")).endswith("X")
    )
    assert read({"身份证号": number.lower()}).records[0].id_number == number


def test_a_bad_id_number_is_not_repeated_in_clear(read: Read):
    (issue,) = read({"身份证号": "990101198506150025"}).issues
    assert "19850615" not in str(issue)


def test_ditto_takes_the_value_above(read: Read):
    imported = read(
        {"工作单位": "青禾区教育局"},
        {**OTHER, "工作单位": "同上"},
    )
    assert imported.records[1].baseline.standing.unit_name == "青禾区教育局"
    assert problems(imported) == [("warning", Problem.DITTO)]


@pytest.mark.parametrize("changes", [[{"民族": "同上"}], [{}, {**OTHER, "身份证号": "同上"}]])
def test_ditto_that_points_at_nothing_or_at_another_person(
    read: Read, changes: Sequence[dict[str, object]]
):
    imported = read(*changes)
    assert len(imported.records) == len(changes) - 1
    assert ("error", Problem.DITTO) in problems(imported)


def test_hidden_rows_are_left_out_and_told(read: Read):
    imported = read({}, OTHER, hidden=[2])
    assert [record.name for record in imported.records] == ["赵明远"]
    (issue,) = imported.issues
    assert (issue.severity, issue.problem, issue.row) == ("warning", Problem.SKIPPED_ROW, 2)


def test_an_id_number_twice_in_a_file(read: Read):
    imported = read({}, OTHER, {"姓名": "林若晴"})
    assert [record.name for record in imported.records] == ["林若安", "赵明远"]
    (issue,) = imported.issues
    assert (issue.severity, issue.problem, issue.row) == ("error", Problem.DUPLICATE, 4)
    assert "第 2 行" in issue.what


def test_a_merged_unit_column_holds_for_all_its_rows(read: Read):
    imported = read({}, {**OTHER, "工作单位": None}, merged=["I2:I3"])
    assert imported.issues == ()
    assert {r.baseline.standing.unit_name for r in imported.records} == {"青禾区财政局"}


def test_a_person_over_two_rows_is_read_once(read: Read):
    imported = read({}, {}, merged=["A2:A3"])
    assert len(imported.records) == 1
    assert problems(imported) == [("warning", Problem.SKIPPED_ROW)]


ROSTER = (
    ["青禾区干部名册", *[None] * 9],
    ["（截至2025年12月31日）", *[None] * 9],
    [
        "序号",
        "姓名",
        "性别",
        "民族",
        "证件号码",
        "入党\n时间",
        "全日制教育",
        None,
        "工作单位及现任职务",
        "任现职级时间",
    ],
    [None, None, None, None, None, None, "学历", "毕业院校\n及专业", None, None],
    [
        1,
        "林若安",
        "女",
        "汉",
        "990101198506150020",
        "群众",
        "大学",
        "北原大学会计学专业",
        "青禾区财政局四级主任科员",
        "202009",
    ],
    ["一、第二部分", *[None] * 9],
    [
        "序号",
        "姓名",
        "性别",
        "民族",
        "证件号码",
        "入党时间",
        "学历",
        None,
        "工作单位及现任职务",
        "任现职级时间",
    ],
    [
        2,
        "赵明远",
        "男",
        "回族",
        OTHER["身份证号"],
        200105,
        "大专",
        None,
        "青禾区松岭镇党委副书记、镇长",
        201803,
    ],
    ["合计", None, 2, *[None] * 7],
)
MERGED = ("A1:J1", "A2:J2", "G3:H3", *(f"{c}3:{c}4" for c in "ABCDEFIJ"), "A6:J6")


def test_a_header_in_two_rows_below_titles(book: MakeBook):
    imported = read_roster(book(*ROSTER, merged=MERGED), file="名册.xlsx", effective_on=DAY)
    first, second = (record.baseline for record in imported.records)
    assert (first.political, first.major, first.ethnicity) == (Political.MASSES, "会计学", "汉族")
    assert (first.standing.unit_name, first.standing.rank) == ("青禾区财政局", Rank.OFFICER_4)
    assert first.standing.post_title is None
    assert second.standing.post_title == "党委副书记、镇长"
    assert (second.political, second.standing.party_since) == (Political.PARTY_MEMBER, "2001-05")
    assert imported.rows == 2
    assert problems(imported) == [("warning", Problem.SKIPPED_ROW)]
    assert imported.issues[0].row == 6


def test_a_level_dated_under_the_old_word_for_it(read: Read):
    imported = read({"职级": None, "任现职务层次时间": None, "任现职级时间": "2016.04"})
    standing = imported.records[0].baseline.standing
    assert (standing.level_since, standing.rank_since) == ("2016-04", None)


def test_a_workbook_without_a_header(book: MakeBook):
    imported = read_roster(book(["甲", "乙"], ["丙", "丁"]), file="x.xlsx", effective_on=DAY)
    assert problems(imported) == [("warning", Problem.SKIPPED_SHEET), ("error", Problem.NO_HEADER)]


@pytest.mark.parametrize(
    "content", [b"", b"\xd0\xcf\x11\xe0 an old xls", b"PK\x05\x06" + b"\0" * 18]
)
def test_what_is_no_workbook(content: bytes):
    imported = read_roster(content, file="x.xls", effective_on=DAY)
    assert problems(imported) == [("error", Problem.UNREADABLE_FILE)]


def test_a_workbook_that_unpacks_too_large_is_not_loaded(
    book: MakeBook, monkeypatch: pytest.MonkeyPatch
):
    content = book(*ROSTER)
    monkeypatch.setattr(sheet, "UNPACKED_MAX", 1000)
    imported = read_roster(content, file="名册.xlsx", effective_on=DAY)
    assert problems(imported) == [("error", Problem.UNREADABLE_FILE)]
    assert "too large" in imported.issues[0].value


def test_repeating_an_import_repeats_its_command_ids(book: MakeBook):
    content = book(*ROSTER, merged=MERGED)
    runs = [
        read_roster(content, file=name, effective_on=day)
        for name, day in [("名册.xlsx", DAY), ("名册 (1).xlsx", date(2026, 6, 1))]
    ]
    first, again = ([record.command_id for record in run.records] for run in runs)
    assert first == again
    assert len(set(first)) == 2
    other = read_roster(book(*ROSTER[:-1], merged=MERGED), file="名册.xlsx", effective_on=DAY)
    assert not set(first) & {record.command_id for record in other.records}
