"""The persons and events that the specifications of Appointment start from."""

from datetime import date
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.selection.identification import PoliticalQuality, PoliticalQualityAssessed
from cadre.contracts.selection.profile import Baselined, Recruited, Standing
from cadre.contracts.supervision.assessment import Assessed, AssessmentKind
from cadre.contracts.supervision.influence import (
    Disciplined,
    RectificationChecked,
    Sanction,
    Talked,
    TalkKind,
)
from cadre.contracts.training.record import Trained
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.contracts.vocabulary import (
    Channel,
    Education,
    Grade,
    Political,
    PostLevel,
    Rank,
    Sex,
    unit_id,
)
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.testing import recorded

LIN = "c-aaaaaaaaaa"
WU = "c-bbbbbbbbbb"
BUREAU = "某县财政局"


def day(text: str) -> date:
    return date.fromisoformat(text)


def known(cadre_id: str = LIN, **standing: object) -> Baselined:
    """A cadre taken over from a file on 2023-12-31, standing there as told."""
    return Baselined(
        cadre_id=cadre_id,
        effective_on=date(2023, 12, 31),
        full_name="林一",
        id_number="110101198501011234",
        birth_date=date(1985, 1, 1),
        birth_month="1985-01",
        sex=Sex.FEMALE,
        ethnicity="汉族",
        political=Political.PARTY_MEMBER,
        education=Education.BACHELOR,
        standing=Standing.model_validate(
            {"unit_id": unit_id(BUREAU), "unit_name": BUREAU, "work_since": "2007-07"} | standing
        ),
        career=(),
        source_file="花名册.xlsx",
        source_sha256="0" * 64,
    )


def recruited(on: str, corrects: UUID | None = None, **fields: object) -> Recruited:
    """The same person, recruited here."""
    profile = known().model_dump(include=set(Recruited.model_fields) - {"type"})
    entry = {"effective_on": on, "supersedes": corrects, "channel": Channel.CIVIL_SERVICE}
    unit = {"unit_id": unit_id(BUREAU), "unit_name": BUREAU}
    return Recruited.model_validate(profile | entry | unit | fields)


def in_rank(rank: Rank, since: str) -> Baselined:
    return known(rank=rank, rank_since=since)


def at_level(level: PostLevel, since: str) -> Baselined:
    return known(level=level, level_since=since)


def graded(
    year: int, grade: Grade, on: str | None = None, corrects: UUID | None = None
) -> Assessed:
    """An annual grade, decided on 15 January of the next year unless told otherwise."""
    return Assessed(
        cadre_id=LIN,
        effective_on=day(on) if on else date(year + 1, 1, 15),
        kind=AssessmentKind.YEAR,
        period=str(year),
        grade=grade,
        unit_id=unit_id(BUREAU),
        unit_name=BUREAU,
        reviewer="县委组织部",
        supersedes=corrects,
    )


def admonished(on: str, until: str) -> Talked:
    return Talked(
        cadre_id=LIN,
        effective_on=day(on),
        kind=TalkKind.ADMONITION,
        talkers=("甲", "乙"),
        reason="工作失误",
        record="谈话记录",
        blocked_until=day(until),
        rule="SUP-03",
    )


def checked(talk_event: UUID, on: str, *, passed: bool = True) -> RectificationChecked:
    return RectificationChecked(
        cadre_id=LIN, effective_on=day(on), talk_event=talk_event, passed=passed, note="回访"
    )


def sanctioned(on: str, until: str) -> Disciplined:
    return Disciplined(
        cadre_id=LIN,
        effective_on=day(on),
        sanction=Sanction.DEMERIT,
        decided_by="县监委",
        document="某监〔2026〕1号",
        blocked_until=day(until),
        rule="SUP-05",
    )


def vetoed(on: str) -> PoliticalQualityAssessed:
    return PoliticalQualityAssessed(
        cadre_id=LIN,
        effective_on=day(on),
        conclusion=PoliticalQuality.POOR,
        occasion="政治素质考察",
        assessors=("甲", "乙"),
        note="考察记录",
        veto=True,
    )


def trained(year: int, hours: float) -> Trained:
    return Trained(
        cadre_id=LIN,
        effective_on=date(year, 6, 10),
        title="在职培训",
        kind=ClassKind.GENERAL,
        mode=Mode.ONLINE,
        hours=hours,
        days=0,
        starts_on=date(year, 6, 1),
        ends_on=date(year, 6, 10),
    )


def cadre(*events: Event) -> Person:
    return PERSON.fold(recorded(i, event) for i, event in enumerate(events, start=1))
