import csv
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cadre.cli.importing import write_issues
from cadre.contracts.vocabulary import Grade
from cadre.intake import Import, Problem, combine, files_in, plan, plan_import, read_form
from cadre.intake.lrmx import Lrmx, write_lrmx
from cadre.intake.suggestions import near
from cadre.shared.deciding.idnumber import check_character
from cadre.shared.deciding.texts import faults

DAY = date(2025, 12, 31)
ID_NUMBER = "990101198506150020"
FORM = {
    "XingMing": "林若安",
    "XingBie": "女",
    "ChuShengNianYue": "198506",
    "MinZu": "汉族",
    "JiGuan": "云泽青禾",
    "RuDangShiJian": "200605",
    "CanJiaGongZuoShiJian": "200707",
    "QuanRiZhiJiaoYu_XueLi": "大学",
    "XianRenZhiWu": "青禾区财政局副局长",
    "JianLi": "2007.07--         青禾区财政局副局长",
    "NianDuKaoHeJieGuo": "2023年优秀",
    "TianBiaoShiJian": "20250630",
    "ShenFenZheng": ID_NUMBER,
}

type Read = Callable[..., Import]


def form(file: str = "林若安.lrmx", **changes: str) -> Import:
    content = write_lrmx(Lrmx.of({**FORM, **changes}))
    return read_form(content, file=file, effective_on=DAY)


def test_a_form_leads_and_the_roster_fills_what_it_leaves_out(read: Read):
    plan = combine([read({}), form()])
    (record,) = plan.records
    standing = record.baseline.standing
    assert (standing.level_since, standing.rank_since) == ("2018-03", "2020-09")
    assert record.baseline.native_place == "云泽青禾"
    assert record.effective_on == date(2025, 6, 30)
    assert [source.file for source in record.sources] == ["林若安.lrmx", "名册.xlsx"]
    assert record.baseline.source_file == "林若安.lrmx"
    assert (plan.merged, plan.rows, plan.issues) == (1, 2, ())


def test_where_sources_differ_the_form_holds_and_both_are_named(read: Read):
    plan = combine([read({"参加工作时间": "2008.07"}), form()])
    assert plan.records[0].baseline.standing.work_since == "2007-07"
    (issue,) = plan.issues
    assert (issue.severity, issue.problem) == ("warning", Problem.SOURCES_DIFFER)
    assert (issue.file, issue.row, issue.column) == ("名册.xlsx", 2, "参加工作时间")
    assert "2008-07" in str(issue)
    assert "林若安.lrmx 的“2007-07”" in str(issue)


def test_of_two_forms_the_newer_leads_and_grades_are_joined():
    old = form("old.lrmx", TianBiaoShiJian="20240630", NianDuKaoHeJieGuo="2022年称职,2023年称职")
    plan = combine([old, form("new.lrmx")])
    (record,) = plan.records
    assert record.baseline.source_file == "new.lrmx"
    grades = {e.begins[:4]: e.grade for e in record.baseline.career if e.kind == "grade"}
    assert grades == {"2022": Grade.COMPETENT, "2023": Grade.EXCELLENT}


def test_the_order_of_files_does_not_matter_for_the_leading_source(read: Read):
    there, back = combine([read({}), form()]), combine([form(), read({})])
    assert there.records[0].baseline == back.records[0].baseline


def test_one_id_number_under_two_names_is_not_merged(read: Read):
    plan = combine([form(), read({"姓名": "赵明远"})])
    (record,) = plan.records
    assert record.name == "林若安"
    assert len(record.sources) == 1
    assert [(i.severity, i.problem) for i in plan.issues] == [("error", Problem.SOURCES_DIFFER)]


def test_a_name_that_differs_in_one_character_is_merged_with_a_warning(read: Read):
    plan = combine([form(), read({"姓名": "林若按"})])
    assert plan.merged == 1
    assert [(i.severity, i.column) for i in plan.issues] == [("warning", "姓名")]


def test_equal_name_and_birth_month_are_two_persons_and_a_suggestion(read: Read):
    first_17 = "99010119850622004"
    plan = combine([form(), read({"身份证号": first_17 + check_character(first_17)})])
    assert len(plan.records) == 2
    assert [i.problem for i in plan.issues] == [Problem.PERHAPS_SAME_PERSON]


@pytest.mark.parametrize("name", ["林若安", "林若按", "林安"])
def test_a_refused_row_without_an_id_number_is_only_suggested(read: Read, name: str):
    plan = combine([form(), read({"身份证号": None, "姓名": name})])
    (record,) = plan.records
    assert len(record.sources) == 1
    suggestion = plan.issues[-1]
    assert (suggestion.severity, suggestion.row) == ("warning", 2)
    assert "林若安.lrmx 的林若安" in suggestion.what


def test_a_refused_row_of_another_month_is_not_suggested(read: Read):
    plan = combine([form(), read({"身份证号": None, "出生年月": "1986.06"})])
    assert [i.problem for i in plan.issues] == [Problem.MISSING]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("林若安", "林若安", True),
        ("林若安", "林若按", True),
        ("林若安", "林安", True),
        ("林安", "林若安", True),
        ("林若安", "赵若云", False),
        ("林若安", "赵明远", False),
    ],
)
def test_near_names(one: str, other: str, alike: bool):
    assert near(one, other) is alike


def test_command_ids_rest_on_all_sources(read: Read):
    roster = read({})
    together = combine([roster, form()]).records[0].command_id
    assert together == combine([form(), roster]).records[0].command_id
    assert together not in {combine([roster]).records[0].command_id, form().records[0].command_id}


def test_files_that_cannot_be_planned_are_told(tmp_path: Path):
    content = write_lrmx(Lrmx.of(FORM))
    (tmp_path / "a.lrmx").write_bytes(content)
    (tmp_path / "b.lrmx").write_bytes(content)
    (tmp_path / "~$c.xlsx").write_bytes(b"lock")
    old = tmp_path / "old.xls"
    old.write_bytes(b"")
    plan = plan_import(files_in([tmp_path, old, tmp_path / "missing.lrmx"]), effective_on=DAY)
    assert len(plan.records) == 1
    assert [(i.severity, i.problem, i.file) for i in plan.issues] == [
        ("warning", Problem.DUPLICATE, "b.lrmx"),
        ("error", Problem.UNREADABLE_FILE, "old.xls"),
        ("error", Problem.UNREADABLE_FILE, "missing.lrmx"),
    ]
    assert (plan.files, plan.errors, plan.warnings) == (1, 2, 1)


def test_several_processes_read_what_one_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in range(6):
        content = write_lrmx(Lrmx.of({**FORM, "TianBiaoShiJian": f"2025060{number + 1}"}))
        (tmp_path / f"{number}.lrmx").write_bytes(content)
    (tmp_path / "old.xlsx").write_bytes(b"no workbook")
    alone = plan_import(files_in([tmp_path]), effective_on=DAY)
    monkeypatch.setattr(plan, "ALONE_BYTES_MAX", 0)
    monkeypatch.setattr(plan.os, "cpu_count", lambda: 2)
    told: list[tuple[int, int]] = []
    together = plan_import(
        files_in([tmp_path]), effective_on=DAY, advance=lambda *step: told.append(step)
    )
    assert together == alone
    assert (len(alone.records), len(alone.issues)) == (1, 1)
    assert told == [(number, 7) for number in range(1, 8)]


def test_a_file_may_have_a_name_that_is_no_text(tmp_path: Path):
    content = write_lrmx(Lrmx.of(FORM))
    names = [b"\xff\x1b[2J.lrmx", "\u202e.lrmx".encode(), b"\xfe.xls", b"\xfd.xlsx"]
    paths = [tmp_path / os.fsdecode(name) for name in names]
    for path in paths:
        path.write_bytes(content)
    plan = plan_import(files_in(paths), effective_on=DAY)
    (record,) = plan.records
    assert not list(faults(record.baseline))
    assert len(plan.issues) == 3
    told = tmp_path / "issues.csv"
    write_issues(told, plan.issues)
    assert "\\udcff\\u001b[2J.lrmx" in told.read_text("utf-8-sig")


def test_issues_in_a_file_are_shown_escaped_and_compute_nothing(tmp_path: Path):
    issues = form(XingMing="=1+1", ChuShengNianYue="\u202e198506\x9b2J").issues
    told = tmp_path / "issues.csv"
    write_issues(told, issues)
    rows = list(csv.reader(told.read_text("utf-8-sig").splitlines()))
    assert len(rows) == len(issues) + 1 > 1
    assert not {"\u202e", "\x9b"} & set(told.read_text("utf-8"))
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
