"""What Supervision (管) tells the others."""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from cadre.contracts.event import (
    CadreEvent,
    CadreId,
    Event,
    EventAnnulled,
    EventSetAside,
    Personal,
    Refusal,
    Slug,
    Text,
    UnitId,
    Value,
    clear,
)
from cadre.contracts.vocabulary import Grade, RoutineGrade, Term


class AssessmentKind(Term):
    MONTH = "month", "月纪实"
    QUARTER = "quarter", "季考评"
    YEAR = "year", "年度考核"
    SPECIAL = "special", "专项考核"


type Period = Annotated[
    str,
    Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$", examples=["2025", "2025-Q3", "2025-07"]),
]


# Trying one after the other is the cheaper way, and most assessments are routine.
type AnyGrade = Annotated[RoutineGrade | Grade, Field(union_mode="left_to_right")]

_PERIOD_LENGTHS = {AssessmentKind.MONTH: 7, AssessmentKind.QUARTER: 7, AssessmentKind.YEAR: 4}


class FlagKind(Term):
    COMPLAINT = "complaint", "信访举报"
    AUDIT = "audit", "审计问题"
    ATTENDANCE = "attendance", "考勤异常"
    POINTS_FALL = "points-fall", "积分下滑"
    CONDUCT = "conduct", "作风问题"
    OTHER = "other", "其他苗头"


class VisitKind(Term):
    HOME = "home", "家访"
    COMMUNITY = "community", "社区走访"
    SOCIAL_CIRCLE = "social-circle", "社交圈了解"


class TalkKind(Term):
    CARE = "care", "关爱谈话"
    REMINDER = "reminder", "提醒谈话"
    ADMONITION = "admonition", "诫勉谈话"


class Sanction(Term):
    """政务处分法 art. 7, and party discipline."""

    WARNING = "warning", "警告"
    DEMERIT = "demerit", "记过"
    MAJOR_DEMERIT = "major-demerit", "记大过"
    DEMOTION = "demotion", "降级"
    REMOVAL = "removal", "撤职"
    PARTY_WARNING = "party-warning", "党内警告"
    PARTY_SERIOUS_WARNING = "party-serious-warning", "党内严重警告"


class Assessment(Value):
    """What an assessment and the wish to record it both say."""

    kind: AssessmentKind
    period: Period
    grade: AnyGrade = Field(description="`Grade` for a year, else `RoutineGrade`")
    unit_id: UnitId = Field(description="The unit the cadre belonged to in the period")
    unit_name: Text
    reviewer: Text = Field(description="The body or superior that assessed")
    score: float | None = Field(default=None, ge=0, le=100)
    comment: Personal[Text] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        length = _PERIOD_LENGTHS.get(self.kind)
        quarterly = "Q" in self.period
        if (length is not None and len(self.period) != length) or (
            quarterly != (self.kind is AssessmentKind.QUARTER) and length is not None
        ):
            msg = f"period {self.period!r} is not a {self.kind}"
            raise ValueError(msg)
        if isinstance(self.grade, Grade) != (self.kind is AssessmentKind.YEAR):
            msg = f"grade {self.grade!r} does not belong to a {self.kind} assessment"
            raise ValueError(msg)
        return self


class Assessed(CadreEvent, Assessment):
    """A cadre was assessed for a period; a correction names the one it supersedes."""

    type: Literal["supervision.assessed.v1"] = "supervision.assessed.v1"
    late: bool = Field(default=False, description="The period had been closed before it was filed")

    def say(self) -> str:
        fixed = "更正为" if self.supersedes else ""
        late = "（补录）" if self.late else ""
        return f"{self.period} {self.kind.zh}{fixed}：{self.grade.zh}（{self.unit_name}）{late}"


class AssessmentRefused(CadreEvent, Refusal):
    """A grade was refused: a ceiling was reached or a blocking period stood against it."""

    type: Literal["supervision.assessment-refused.v1"] = "supervision.assessment-refused.v1"
    kind: AssessmentKind
    period: Period
    grade: AnyGrade

    def say(self) -> str:
        return f"{self.period} {self.kind.zh}不能定为{self.grade.zh}：{self.reasons()}"


class AssessmentRequest(Value):
    request_id: UUID
    reason: Text
    due_on: date


class AssessmentRequested(CadreEvent, AssessmentRequest):
    """Somebody is to be assessed by a date, because of what happened elsewhere."""

    type: Literal["supervision.assessment-requested.v1"] = "supervision.assessment-requested.v1"

    def say(self) -> str:
        return f"须于 {self.due_on} 前组织考核：{self.reason}"


class MonthClosed(Event):
    """A unit's month was closed: what is filed for it afterwards is late (M42)."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.month-closed.v1"] = "supervision.month-closed.v1"
    unit_year_id: Slug
    month: Period

    def say(self) -> str:
        return f"{self.month} 月纪实关闭"


class UnitYear(Value):
    """What the opening of a unit's assessment year and the wish for it both say."""

    unit_id: UnitId
    unit_name: Text
    year: int = Field(ge=1949, le=2200)
    headcount: int = Field(ge=1, description="Persons assessed in the unit that year")
    rounding: Literal["floor", "half-up"] = "floor"
    approved_by: Text | None = Field(
        default=None, description="Who approved a share above the usual one (ASM-03)"
    )
    superior: Text | None = Field(
        default=None,
        description="Who alone assesses this unit's months and quarters (一级考一级, M42)",
    )


class UnitYearOpened(Event, UnitYear):
    """The assessment year of a unit was opened, with its ceiling of 优秀 (ASM-03)."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.unit-year-opened.v1"] = "supervision.unit-year-opened.v1"
    unit_year_id: Slug = Field(description="<unit id>-<year>")
    excellent_share: float = Field(gt=0, le=1)

    def say(self) -> str:
        share = f"优秀比例 {100 * self.excellent_share:g}%"
        return f"{self.unit_name}{self.year} 年度考核，{self.headcount} 人，{share}"


class ExcellentAllotted(Event):
    """One of the unit's 优秀 places was used; written with `Assessed`."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.excellent-allotted.v1"] = "supervision.excellent-allotted.v1"
    unit_year_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"优秀名额：{self.cadre_id}"


class ExcellentReleased(Event):
    """A 优秀 place became free again; written with the correcting `Assessed`."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.excellent-released.v1"] = "supervision.excellent-released.v1"
    unit_year_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"释放优秀名额：{self.cadre_id}"


class PointItem(Value):
    code: Slug
    title: Text
    family: Literal[
        "distinction", "commendation", "hard-task", "failure", "public-complaint", "criticism"
    ]
    points: int = Field(description="Positive awards, negative deducts")


class PointScheme(Value):
    scheme_id: Slug
    version: int = Field(ge=1)
    items: tuple[PointItem, ...]


class PointSchemePublished(Event, PointScheme):
    """A version of the merit point rules came into force on its effective date (M15)."""

    entity: ClassVar[str] = "point-scheme"
    key: ClassVar[str] = "scheme_id"
    type: Literal["supervision.point-scheme-published.v1"] = "supervision.point-scheme-published.v1"

    def say(self) -> str:
        return f"积分办法第 {self.version} 版，{len(self.items)} 项"


class MeritClaim(Value):
    """What an entry of the merit account and the wish for it both say."""

    scheme_id: Slug
    item: Slug = Field(description="Code of the item in the scheme's version of that day")
    evidence: Text
    approved_by: Text


class MeritPosted(CadreEvent, MeritClaim):
    """Merit points were awarded or, when negative, deducted (M15)."""

    type: Literal["supervision.merit-posted.v1"] = "supervision.merit-posted.v1"
    scheme_version: int
    title: Text
    points: int

    def say(self) -> str:
        item = f"{self.title}，第 {self.scheme_version} 版"
        return f"实绩积分 {self.points:+d}（{item}）：{self.evidence}"


class MeritReversal(Value):
    merit_event: UUID
    reason: Text


class MeritReversed(CadreEvent, MeritReversal):
    """An entry of the merit account was reversed."""

    hangs_on: ClassVar[str] = "merit_event"
    type: Literal["supervision.merit-reversed.v1"] = "supervision.merit-reversed.v1"
    points: int = Field(description="The opposite of the points reversed")

    def say(self) -> str:
        return f"冲销实绩积分 {self.points:+d}：{self.reason}"


class WarningSign(Value):
    kind: FlagKind
    source: Text
    reference: Text | None = Field(
        default=None,
        description="Number of the letter or report; tells two signs of one source and day apart",
    )
    detail: Personal[Text]


class Flagged(CadreEvent, WarningSign):
    """A warning sign was raised; a human decides what follows (M56)."""

    type: Literal["supervision.flagged.v1"] = "supervision.flagged.v1"

    def say(self) -> str:
        return f"预警（{self.kind.zh}，{self.source}）：{clear(self.detail)}"


class FlagClosure(Value):
    flag_event: UUID
    outcome: Literal["dismissed", "acted"]
    reason: Text


class FlagClosed(CadreEvent, FlagClosure):
    """A warning sign was closed by a human, with a reason."""

    hangs_on: ClassVar[str] = "flag_event"
    type: Literal["supervision.flag-closed.v1"] = "supervision.flag-closed.v1"

    def say(self) -> str:
        return f"预警{'排除' if self.outcome == 'dismissed' else '处置'}：{self.reason}"


class Conversation(Value):
    kind: TalkKind
    talkers: tuple[Text, ...] = Field(min_length=1)
    reason: Text
    record: Personal[Text]
    flag_event: UUID | None = None


class Talked(CadreEvent, Conversation):
    """A talk of care, reminder or admonition was held; an admonition blocks (M55)."""

    type: Literal["supervision.talked.v1"] = "supervision.talked.v1"
    blocked_until: date | None = Field(
        default=None, description="First day on which the influence period no longer blocks"
    )
    rule: str | None = None

    def say(self) -> str:
        until = f"，影响期至 {self.blocked_until}（不含）" if self.blocked_until else ""
        return f"{self.kind.zh}：{self.reason}{until}"


class RectificationCheck(Value):
    talk_event: UUID
    passed: bool
    note: Personal[Text]


class RectificationChecked(CadreEvent, RectificationCheck):
    """After an admonition it was checked whether the matter was mended."""

    hangs_on: ClassVar[str] = "talk_event"
    type: Literal["supervision.rectification-checked.v1"] = "supervision.rectification-checked.v1"

    def say(self) -> str:
        return f"诫勉后回访：{'已整改' if self.passed else '未整改到位'}"


class SanctionDecision(Value):
    sanction: Sanction
    decided_by: Text
    document: Text


class Disciplined(CadreEvent, SanctionDecision):
    """A sanction took effect, with its influence period (SUP-05, SUP-11)."""

    type: Literal["supervision.disciplined.v1"] = "supervision.disciplined.v1"
    blocked_until: date = Field(description="First day on which it no longer blocks")
    rule: str

    def say(self) -> str:
        return f"{self.sanction.zh}（{self.decided_by}），影响期至 {self.blocked_until}（不含）"


class OffDutyVisit(Value):
    """What a visit outside working hours and the wish to record it both say (M54)."""

    note_id: UUID = Field(description="Names the note, and the key that seals it alone")
    kind: VisitKind
    visitors: tuple[Text, ...] = Field(min_length=1, description="Who went, by organ or office")
    lawful_purpose: Text = Field(description="What the visit was for, and on what provision")
    note: Personal[Text]
    keep_until: date = Field(description="On this day the note is destroyed (SUP-20)")


class OffDutyVisitMade(CadreEvent, OffDutyVisit):
    """Somebody was visited outside working hours; the note lapses, the visit stays (M54)."""

    type: Literal["supervision.off-duty-visit-made.v1"] = "supervision.off-duty-visit-made.v1"

    @property
    def key_purpose(self) -> str:
        return note_purpose(self.note_id)

    def say(self) -> str:
        who = "、".join(self.visitors)
        return f"八小时外{self.kind.zh}（{who}），记录保存至 {self.keep_until}"


class LapsedNote(Value):
    note_id: UUID


class OffDutyNoteExpired(CadreEvent, LapsedNote):
    """The key of a visit's note was destroyed on its day; nobody can read the note any more."""

    hangs_on: ClassVar[str] = "visit_event"
    type: Literal["supervision.off-duty-note-expired.v1"] = "supervision.off-duty-note-expired.v1"
    visit_event: UUID

    def say(self) -> str:
        return "八小时外走访记录保存期满，内容已销毁"


def note_purpose(note_id: UUID) -> str:
    """The purpose of the key that seals one note and nothing else."""
    return f"supervision:note:{note_id.hex}"


class SupervisionAnnulled(EventAnnulled):
    """A fact that Supervision had recorded of a person was annulled: it never held."""

    type: Literal["supervision.annulled.v1"] = "supervision.annulled.v1"


class SupervisionSetAside(EventSetAside):
    """An event of a person that Supervision could not apply was set aside: it never held."""

    type: Literal["supervision.set-aside.v1"] = "supervision.set-aside.v1"


type SupervisionEvent = (
    Assessed
    | AssessmentRefused
    | AssessmentRequested
    | MonthClosed
    | UnitYearOpened
    | ExcellentAllotted
    | ExcellentReleased
    | PointSchemePublished
    | MeritPosted
    | MeritReversed
    | Flagged
    | FlagClosed
    | Talked
    | RectificationChecked
    | Disciplined
    | OffDutyVisitMade
    | OffDutyNoteExpired
    | SupervisionAnnulled
    | SupervisionSetAside
)
