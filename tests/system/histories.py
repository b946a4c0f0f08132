"""Histories with their answers, written by hand from the rule that each of them names.

To add a history: an entry in `HISTORIES`. Everybody in them was taken over from a file on
2023-12-31, serves in 财政局 and has been 四级主任科员 since 2020; or, where the history says so,
was recruited on that day. That first event is ``@entry``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from system.asked import NEVER


@dataclass(frozen=True)
class Step:
    """A command; its first event is known to later steps as ``@name``."""

    name: str
    service: str
    command: str
    body: Mapping[str, Any]
    of_person: bool = True
    outcome: str = "recorded"


@dataclass(frozen=True)
class Told:
    """The answer that every service must give, and why."""

    question: str
    on: str
    answer: object
    because: str


@dataclass(frozen=True)
class History:
    name: str
    steps: tuple[Step, ...]
    told: tuple[Told, ...]
    recruited: bool = False


def talked(name: str, on: str, kind: str = "admonition", **more: str) -> Step:
    body = {"kind": kind, "talkers": ["甲", "乙"], "reason": "履职不力", "record": f"谈话{name}"}
    return Step(name, "supervision", "talk", body | {"effective_on": on} | more)


def checked(name: str, on: str, talk: str, *, passed: bool = True) -> Step:
    body = {"effective_on": on, "talk_event": f"@{talk}", "passed": passed, "note": "回访"}
    return Step(name, "supervision", "check-rectification", body)


def disciplined(name: str, on: str, sanction: str, **more: str) -> Step:
    body = {"sanction": sanction, "decided_by": "县监委", "document": "监〔2025〕1号"}
    return Step(name, "supervision", "discipline", body | {"effective_on": on} | more)


def concluded(name: str, on: str, conclusion: str = "poor", **more: str) -> Step:
    body = {"conclusion": conclusion, "occasion": "考察", "assessors": ["甲", "乙"], "note": name}
    return Step(name, "selection", "assess-political-quality", body | {"effective_on": on} | more)


def lifted(name: str, on: str, assessment: str, **more: str) -> Step:
    body = {"assessment_event": f"@{assessment}", "decided_by": "部务会", "reason": "复核"}
    return Step(name, "selection", "lift-political-veto", body | {"effective_on": on} | more)


def graded(name: str, on: str, year: str, grade: str, **more: str) -> Step:
    body = {"kind": "year", "period": year, "grade": grade, "reviewer": "组织部"}
    unit = {"unit_id": "u-finance", "unit_name": "财政局"}
    command = "correct-assessment" if "supersedes" in more else "assess"
    return Step(name, "supervision", command, body | unit | {"effective_on": on} | more)


def imported_again(name: str, source: str, **more: Any) -> Step:
    return Step(name, "selection", "record-baseline", {"source_sha256": source * 64} | more)


def mended(name: str, on: str, **fields: str) -> Step:
    body = {"effective_on": on, "reason": "登记有误", "basis": "任免文件"}
    return Step(name, "selection", "correct-profile", body | fields)


def annulled(name: str, on: str, service: str, what: str) -> Step:
    body = {"supersedes": f"@{what}", "reason": "查无此事", "basis": "复查决定〔2025〕3号"}
    return Step(name, service, "annul", body | {"effective_on": on})


def established(name: str, post: str, level: str = "section-deputy") -> Step:
    body = {"post_id": post, "unit_id": "u-finance", "unit_name": "财政局", "title": "副局长"}
    more = {"level": level, "seats": 1, "effective_on": "2020-01-01"}
    return Step(name, "appointment", "establish-post", body | more, of_person=False)


def assumed(name: str, on: str, post: str, **more: str) -> Step:
    body = {"post_id": post, "basis": "任免文件", "effective_on": on}
    return Step(name, "appointment", "assume-post", body | more)


def relieved(name: str, on: str, post: str, **more: str) -> Step:
    body = {"post_id": post, "reason": "工作调动", "effective_on": on}
    return Step(name, "appointment", "relieve", body | more)


SUP_03 = "SUP-03 实施细则：诫勉影响期六个月，期满后须经回访确认整改"
SUP_05 = "SUP-05 政务处分法第八条：记过十二个月，自决定生效之日起"
POL_01 = "POL-01：结论为差即一票否决，至有权机关解除为止"
ASM_95 = "公务员法第九十五条：复核、申诉期间不停止人事处理的执行；RNK 以决定日为准"
VOID = "ADR 0037：被撤销的记录自始未生效"
LINE = "ADR 0037：更正后的事实承接指向原记录的解除与回访"

HISTORIES = (
    History(
        "an admonition, its check passed, then the record of the talk corrected",
        (
            talked("talk", "2025-01-10"),
            checked("check", "2025-07-15", "talk"),
            talked("right", "2025-01-10", supersedes="@talk", reason="履职不力，原记录有误"),
        ),
        (
            Told("barred until", "2025-03-01", "2025-07-10", SUP_03),
            Told("barred until", "2025-07-12", NEVER, SUP_03),
            Told("barred until", "2025-08-01", None, LINE),
        ),
    ),
    History(
        "the same, corrected twice and checked between the corrections",
        (
            talked("talk", "2025-01-10"),
            talked("second", "2025-01-11", supersedes="@talk"),
            checked("check", "2025-07-15", "second"),
            talked("third", "2025-01-12", supersedes="@second"),
        ),
        (
            Told("barred until", "2025-07-11", "2025-07-12", SUP_03),
            Told("barred until", "2025-08-01", None, LINE),
        ),
    ),
    History(
        "a talk corrected to a day from which its check came too early",
        (
            talked("talk", "2025-01-10"),
            checked("check", "2025-07-15", "talk"),
            talked("right", "2025-03-01", supersedes="@talk"),
        ),
        (
            Told("barred until", "2025-02-01", None, "谈话实为 2025-03-01，此前无影响期"),
            Told("barred until", "2025-08-01", "2025-09-01", SUP_03),
            Told("barred until", "2025-10-01", NEVER, "SUP-03：不足六个月的回访不算回访"),
        ),
    ),
    History(
        "the same, then checked anew",
        (
            talked("talk", "2025-01-10"),
            checked("check", "2025-07-15", "talk"),
            talked("right", "2025-03-01", supersedes="@talk"),
            checked("again", "2025-09-20", "talk"),
        ),
        (
            Told("barred until", "2025-09-10", NEVER, SUP_03),
            Told("barred until", "2025-09-20", None, SUP_03),
        ),
    ),
    History(
        "an admonition that was a reminder",
        (
            talked("talk", "2025-01-10"),
            talked("right", "2025-01-10", "reminder", supersedes="@talk"),
        ),
        (Told("barred until", "2025-03-01", None, "SUP-01：提醒谈话无影响期"),),
    ),
    History(
        "a reminder that was an admonition after all, whose first record had been checked",
        (
            talked("talk", "2025-01-10"),
            checked("check", "2025-07-15", "talk"),
            talked("reminder", "2025-01-10", "reminder", supersedes="@talk"),
            talked("right", "2025-01-10", supersedes="@reminder", reason="确为诫勉"),
        ),
        (
            Told("barred until", "2025-06-01", "2025-07-10", SUP_03),
            Told("barred until", "2025-08-01", None, LINE),
        ),
    ),
    History(
        "a check that failed, then one that passed",
        (
            talked("talk", "2025-01-10"),
            checked("failed", "2025-07-15", "talk", passed=False),
            checked("passed", "2025-10-15", "talk"),
        ),
        (
            Told("barred until", "2025-09-01", NEVER, SUP_03),
            Told("barred until", "2025-10-15", None, SUP_03),
        ),
    ),
    History(
        "a sanction under an admonition, then its kind corrected",
        (
            talked("talk", "2025-02-10"),
            disciplined("wrong", "2025-03-01", "demerit"),
            disciplined("right", "2025-03-01", "warning", supersedes="@wrong"),
        ),
        (Told("barred until", "2025-08-05", "2025-09-01", "SUP-05 警告六个月；SUP-14"),),
    ),
    History(
        "a sanction alone",
        (disciplined("sanction", "2025-03-01", "demerit"),),
        (
            Told("barred until", "2026-02-28", "2026-03-01", SUP_05),
            Told("barred until", "2026-03-01", None, "SUP-08 公务员法第六十五条：期满自动解除"),
        ),
    ),
    History(
        "a political veto, lifted, then the record of the assessment corrected",
        (
            concluded("veto", "2025-01-10"),
            lifted("lifting", "2025-05-01", "veto"),
            concluded("right", "2025-01-12", supersedes="@veto", occasion="专项考察"),
        ),
        (
            Told("does a veto stand", "2025-01-11", False, "结论日实为 2025-01-12"),
            Told("does a veto stand", "2025-04-30", True, POL_01),
            Told("does a veto stand", "2025-05-01", False, LINE),
        ),
    ),
    History(
        "a veto whose assessment came after its lifting, as corrected",
        (
            concluded("veto", "2025-01-10"),
            lifted("lifting", "2025-05-01", "veto"),
            concluded("right", "2025-06-01", supersedes="@veto"),
        ),
        (
            Told("does a veto stand", "2025-05-15", False, "结论日实为 2025-06-01"),
            Told(
                "does a veto stand",
                "2025-07-01",
                True,
                "POL-01：解除不能早于否决，早于否决者失去对象",
            ),
        ),
    ),
    History(
        "a conclusion that vetoes nothing, as corrected, and does after all",
        (
            concluded("veto", "2025-01-10"),
            lifted("lifting", "2025-05-01", "veto"),
            concluded("fair", "2025-01-10", "fair", supersedes="@veto"),
            concluded("poor", "2025-01-10", supersedes="@fair", occasion="复核"),
        ),
        (
            Told("does a veto stand", "2025-03-01", True, POL_01),
            Told("does a veto stand", "2025-06-01", False, LINE),
        ),
    ),
    History(
        "two vetoes, one lifted",
        (
            concluded("first", "2025-01-10"),
            concluded("second", "2025-02-10", occasion="换届考察"),
            lifted("lifting", "2025-05-01", "second"),
        ),
        (Told("does a veto stand", "2025-06-01", True, POL_01),),
    ),
    History(
        "a grade changed on re-examination",
        (
            graded("grade", "2025-01-15", "2024", "competent"),
            graded("right", "2025-06-01", "2024", "basically-competent", supersedes="@grade"),
        ),
        (
            Told("the grade of last year", "2025-03-01", "competent", ASM_95),
            Told("the grade of last year", "2025-06-01", "basically-competent", ASM_95),
        ),
    ),
    History(
        "a grade that the file told, decided here afterwards",
        (
            imported_again(
                "file", "b", career=[{"kind": "grade", "begins": "2024-01", "grade": "competent"}]
            ),
            graded("grade", "2025-01-15", "2024", "basically-competent"),
        ),
        (
            Told(
                "the grade of last year",
                "2025-01-14",
                "competent",
                "档案记载，尚无本系统的考核决定",
            ),
            Told(
                "the grade of last year",
                "2025-02-01",
                "basically-competent",
                "ASM-02：以考核决定为准",
            ),
        ),
    ),
    History(
        "a file taken over again with another grade",
        (
            imported_again(
                "file", "b", career=[{"kind": "grade", "begins": "2024-01", "grade": "incompetent"}]
            ),
            imported_again(
                "again", "c", career=[{"kind": "grade", "begins": "2024-01", "grade": "competent"}]
            ),
        ),
        (Told("the grade of last year", "2025-02-01", "competent", "以后一次导入更正前一次"),),
    ),
    History(
        "a file taken over again with another unit",
        (imported_again("again", "b", standing={"unit_id": "u-water", "unit_name": "水利局"}),),
        (Told("serves in", "2024-06-01", "水利局", "以后一次导入更正前一次"),),
    ),
    History(
        "a unit that was told wrongly",
        (mended("unit", "2023-12-31", unit_id="u-water", unit_name="水利局"),),
        (Told("serves in", "2024-06-01", "水利局", "档案更正自 2023-12-31 起"),),
    ),
    History(
        "a unit corrected, and the correction annulled",
        (
            mended("unit", "2023-12-31", unit_id="u-water", unit_name="水利局"),
            annulled("annulment", "2024-03-01", "selection", "unit"),
        ),
        (Told("serves in", "2024-06-01", "财政局", VOID),),
    ),
    History(
        "a sanction annulled",
        (
            disciplined("sanction", "2025-03-01", "demerit"),
            annulled("annulment", "2025-06-01", "supervision", "sanction"),
        ),
        (
            Told("barred until", "2025-04-01", None, VOID),
            Told("barred until", "2025-07-01", None, VOID),
        ),
    ),
    History(
        "a sanction annulled and imposed again",
        (
            disciplined("sanction", "2025-03-01", "demerit"),
            annulled("annulment", "2025-06-01", "supervision", "sanction"),
            disciplined("again", "2025-03-01", "demerit"),
        ),
        (Told("barred until", "2025-07-01", "2026-03-01", SUP_05),),
    ),
    History(
        "a correction annulled: the whole line never held",
        (
            talked("talk", "2025-01-10"),
            talked("right", "2025-01-12", supersedes="@talk"),
            annulled("annulment", "2025-06-01", "supervision", "right"),
        ),
        (Told("barred until", "2025-03-01", None, VOID),),
    ),
    History(
        "a check annulled",
        (
            talked("talk", "2025-01-10"),
            checked("check", "2025-07-15", "talk"),
            annulled("annulment", "2025-08-01", "supervision", "check"),
        ),
        (Told("barred until", "2025-09-01", NEVER, SUP_03),),
    ),
    History(
        "a lifting annulled",
        (
            concluded("veto", "2025-01-10"),
            lifted("lifting", "2025-05-01", "veto"),
            annulled("annulment", "2025-06-01", "selection", "lifting"),
        ),
        (Told("does a veto stand", "2025-07-01", True, POL_01),),
    ),
    History(
        "a vetoing conclusion annulled",
        (
            concluded("veto", "2025-01-10"),
            annulled("annulment", "2025-06-01", "selection", "veto"),
        ),
        (Told("does a veto stand", "2025-07-01", False, VOID),),
    ),
    History(
        "a post assumed, and the record annulled",
        (
            established("post", "post-a"),
            assumed("assumed", "2024-01-01", "post-a"),
            annulled("annulment", "2025-06-01", "appointment", "assumed"),
        ),
        (Told("holds posts", "2025-01-01", [], VOID),),
    ),
    History(
        "a relief annulled",
        (
            established("post", "post-b"),
            assumed("assumed", "2024-01-01", "post-b"),
            relieved("relief", "2025-01-01", "post-b"),
            annulled("annulment", "2025-06-01", "appointment", "relief"),
        ),
        (Told("holds posts", "2025-07-01", ["post-b"], VOID),),
    ),
    History(
        "nothing recorded",
        (),
        (
            Told("barred until", "2025-03-01", None, "无影响期"),
            Told("does a veto stand", "2025-03-01", False, "无否决"),
            Told("the grade of last year", "2025-03-01", None, "未考核"),
            Told("serves in", "2025-03-01", "财政局", "档案记载"),
            Told("holds posts", "2025-03-01", [], "未登记职位"),
            Told("in the pool since", "2025-03-01", None, "未入库"),
            Told("which rank", "2025-03-01", "officer-4", "档案记载"),
            Told("probations passed", "2025-03-01", [], "未任试用职务"),
        ),
    ),
)
