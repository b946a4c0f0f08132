from datetime import date

import pytest

from cadre.contracts.selection.profile import CareerEntry
from cadre.contracts.vocabulary import Education, Grade, Political, Rank
from cadre.intake import Import, Problem, read_form
from cadre.intake.lrmx import Lrmx, write_lrmx

OTHERWISE = date(2026, 1, 31)
VALUES = {
    "XingMing": "林 若安",
    "XingBie": "女",
    "ChuShengNianYue": "198506",
    "MinZu": "汉族",
    "JiGuan": "云泽青禾",
    "RuDangShiJian": "200605",
    "CanJiaGongZuoShiJian": "200707",
    "QuanRiZhiJiaoYu_XueLi": "大学",
    "QuanRiZhiJiaoYu_XueWei": "管理学学士",
    "QuanRiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": "北原大学管理学院会计学专业",
    "ZaiZhiJiaoYu_XueLi": "研究生",
    "ZaiZhiJiaoYu_XueWei": "法学博士",
    "XianRenZhiWu": "青禾区财政局党组成员、副局长、三级主任科员",
    "JianLi": "2003.09--2007.07  北原大学会计学专业学习\n2007.07--         青禾区财政局副局长",
    "JiangChengQingKuang": "2021年06月被评为优秀共产党员；2019.03受党内警告处分；曾获表扬",
    "NianDuKaoHeJieGuo": "2023年优秀,2024年称职",
    "TianBiaoShiJian": "20250630",
    "ShenFenZheng": "990101198506150020",
    "Version": "3.2.1.16",
    "DaoLingNianYue": "204009",
    "GaiGeQianRenZhiNianLingJieXian": "改革前任职年龄界限为55岁",
}


def read(**changes: str) -> Import:
    content = write_lrmx(Lrmx.of({**VALUES, **changes}))
    return read_form(content, file="林若安.lrmx", effective_on=OTHERWISE)


def test_a_form_becomes_a_baseline():
    imported = read()
    (record,) = imported.records
    person = record.baseline
    assert (person.full_name, person.major) == ("林若安", "会计学")
    assert person.education is Education.DOCTORATE
    assert (person.standing.unit_name, person.standing.post_title) == (
        "青禾区财政局",
        "党组成员、副局长",
    )
    assert person.standing.rank is Rank.OFFICER_3
    assert person.career == (
        CareerEntry(kind="study", begins="2003-09", ends="2007-07", text="北原大学会计学专业学习"),
        CareerEntry(kind="work", begins="2007-07", text="青禾区财政局副局长"),
        CareerEntry(kind="grade", begins="2023-01", ends="2023-12", grade=Grade.EXCELLENT),
        CareerEntry(kind="grade", begins="2024-01", ends="2024-12", grade=Grade.COMPETENT),
        CareerEntry(
            kind="award", begins="2021-06", ends="2021-06", text="2021年06月被评为优秀共产党员"
        ),
        CareerEntry(kind="other", begins="2019-03", ends="2019-03", text="2019.03受党内警告处分"),
    )
    assert [(i.severity, i.problem, i.value) for i in imported.issues] == [
        ("warning", Problem.DAMAGED_FIELD, "曾获表扬")
    ]
    assert (record.sources[0].row, person.source_file) == (None, "林若安.lrmx")


@pytest.mark.parametrize(
    ("filled_in", "ages_on", "holds_from"),
    [
        ("20250630", "20241231", date(2025, 6, 30)),
        ("202506", "20241231", date(2025, 6, 30)),
        ("", "2024.12", date(2024, 12, 31)),
        ("", "", OTHERWISE),
        ("去年", "", OTHERWISE),
    ],
)
def test_the_day_from_which_a_form_holds(filled_in: str, ages_on: str, holds_from: date):
    imported = read(TianBiaoShiJian=filled_in, JiSuanNianLingShiJian=ages_on)
    assert imported.records[0].effective_on == holds_from
    assert any(i.column == "TianBiaoShiJian" for i in imported.issues) == (filled_in == "去年")


@pytest.mark.parametrize(
    ("told", "status", "since"),
    [
        ("200605", Political.PARTY_MEMBER, "2006-05"),
        ("2006.05", Political.PARTY_MEMBER, "2006-05"),
        ("民盟", Political.CDL, None),
        ("九三学社社员", Political.JIUSAN, None),
        ("202506（预备）", Political.PROBATIONARY_MEMBER, "2025-06"),
    ],
)
def test_the_mixed_field_of_party_and_date(told: str, status: Political, since: str | None):
    (record,) = read(RuDangShiJian=told, JiangChengQingKuang="(无)").records
    assert (record.baseline.political, record.baseline.standing.party_since) == (status, since)
    assert record.issues == ()


def test_two_parties_in_the_mixed_field_are_told():
    (record,) = read(RuDangShiJian="199806；民盟", JiangChengQingKuang="").records
    assert record.baseline.political is Political.PARTY_MEMBER
    assert record.baseline.standing.party_since == "1998-06"
    assert [issue.column for issue in record.issues] == ["RuDangShiJian"]


def test_no_party_reads_as_none_with_a_warning_unless_the_status_is_told():
    (record,) = read(RuDangShiJian="", JiangChengQingKuang="").records
    assert record.baseline.political is Political.MASSES
    assert [issue.severity for issue in record.issues] == ["warning"]
    (record,) = read(RuDangShiJian="", JiangChengQingKuang="", ZhengZhiMianMao="无党派人士").records
    assert record.baseline.political is Political.INDEPENDENT
    assert record.issues == ()


def test_a_damaged_resume_keeps_nobody_out():
    imported = read(JianLi="2011..09--2012.01 某地\n2012.01--  青禾区财政局科员")
    (record,) = imported.records
    assert [e.begins for e in record.baseline.career if e.kind == "work"] == ["2012-01"]
    (issue,) = [i for i in imported.issues if i.problem is Problem.RESUME_LINE]
    assert issue.value == "2011..09--2012.01 某地"


def test_a_form_without_an_id_number_is_refused_and_remembered_for_suggestions():
    imported = read(ShenFenZheng="")
    assert imported.records == ()
    assert [(i.severity, i.column) for i in imported.issues if i.severity == "error"] == [
        ("error", "ShenFenZheng")
    ]
    assert [(p.name, p.birth_month) for p in imported.unidentified] == [("林若安", "1985-06")]


def test_an_item_of_absurd_length_is_refused_before_it_is_read():
    imported = read(XianRenZhiWu="局" * 10_001)
    assert imported.records == ()
    assert [(i.severity, i.column) for i in imported.issues] == [("error", "XianRenZhiWu")]


def test_what_is_no_form():
    imported = read_form(b"<Person", file="x.lrmx", effective_on=OTHERWISE)
    assert [issue.problem for issue in imported.issues] == [Problem.UNREADABLE_FILE]


def test_the_command_id_does_not_depend_on_the_day_of_the_import():
    content = write_lrmx(Lrmx.of(VALUES))
    days = (date(2025, 1, 1), date(2026, 1, 1))
    ids = {read_form(content, file="a", effective_on=d).records[0].command_id for d in days}
    assert len(ids) == 1
    assert read(MinZu="回族").records[0].command_id not in ids
