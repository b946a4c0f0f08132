"""The protagonist's own thread, and how it ends: a correction and a late entry."""

from datetime import date, timedelta

from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.contracts.supervision.influence import TalkKind
from cadre.contracts.training.posting import PostingKind
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.contracts.vocabulary import Grade, RoutineGrade
from cadre.fiction.life import practice
from cadre.fiction.life.chronicle import Chronicle, workday
from cadre.fiction.life.conduct import TALKERS
from cadre.supervision.deciding.assessment import Assess, CorrectAssessment
from cadre.supervision.deciding.influence import Talk
from cadre.supervision.deciding.unit_year import unit_year_id
from cadre.training.deciding.record import RecordTraining

LATE_YEARS = 2
"""How many years after the fact the late entry is recorded."""


def late_day(chronicle: Chronicle) -> date:
    """When the training of the late entry ended."""
    return workday(chronicle.last - LATE_YEARS, 10, 18)


def spring(chronicle: Chronicle, year: int) -> None:
    """To the front line in the first year; a talk of care in the new post in the second."""
    hero = chronicle.protagonist
    if year == chronicle.first:
        practice.send_out(chronicle, hero, PostingKind.FRONTLINE, year, (3, 18))
    if year == chronicle.first + 1:
        talk = Talk(
            effective_on=workday(year, 3, 18),
            cadre_id=hero.cadre_id,
            kind=TalkKind.CARE,
            talkers=TALKERS[:1],
            reason="任新职半年，了解适应情况",
            record="工作打开局面，希望加强财政业务学习",
        )
        chronicle.add(f"{TalkKind.CARE}/{hero.cadre_id}", talk)


def autumn(chronicle: Chronicle, year: int) -> None:
    """The assessment that the end of the probation asked for."""
    if year == chronicle.first + 1:
        hero = chronicle.protagonist
        special = Assess(
            effective_on=workday(year, 10, 13),
            cadre_id=hero.cadre_id,
            kind=AssessmentKind.SPECIAL,
            period=f"{year}-10",
            grade=RoutineGrade.GOOD,
            unit_id=hero.unit_id,
            unit_name=hero.unit_name,
            reviewer="区委组织部考察组",
            score=91,
        )
        chronicle.add(f"special/{hero.cadre_id}", special)


def correct(chronicle: Chronicle) -> None:
    """A grade was wrong all along, and a training of two years ago was never recorded."""
    hero, year = chronicle.protagonist, chronicle.first - 1
    late = late_day(chronicle)
    training = RecordTraining(
        effective_on=late,
        cadre_id=hero.cadre_id,
        title="乡村振兴专题研讨班",
        kind=ClassKind.THEMATIC,
        mode=Mode.CENTRALISED,
        hours=40,
        days=5,
        starts_on=late - timedelta(days=6),
        ends_on=late,
    )
    chronicle.add(f"late/{hero.cadre_id}", training)
    correction = CorrectAssessment(
        effective_on=workday(year + 1, 1, 22),
        cadre_id=hero.cadre_id,
        supersedes=chronicle.marks[f"grade/{year}/{hero.cadre_id}"],
        kind=AssessmentKind.YEAR,
        period=str(year),
        grade=Grade.COMPETENT,
        unit_id=hero.unit_id,
        unit_name=hero.unit_name,
        reviewer="区委组织部（考核复核）",
        comment="票数统计有误，经复核更正",
    )
    step = chronicle.add(
        f"correct/{hero.cadre_id}",
        correction,
        also=(f"unit-year/{unit_year_id(hero.unit_id, year)}",),
    )
    chronicle.marks["correction"] = step.caused_of(hero.cadre_id)
