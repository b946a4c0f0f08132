"""What Selection (选) tells the others."""

import re
from datetime import date
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from cadre.contracts.event import (
    CadreEvent,
    CadreId,
    Event,
    EventAnnulled,
    EventSetAside,
    Personal,
    Refusal,
    RuleFinding,
    Slug,
    Text,
    UnitId,
    Value,
    YearMonth,
    clear,
)
from cadre.contracts.vocabulary import (
    Channel,
    Education,
    Grade,
    Political,
    PostLevel,
    Rank,
    Sex,
    Term,
)


class Occasion(Term):
    """Where somebody was observed: the six named occasions, and the front line."""

    PARTY_EDUCATION = "party-education", "党内集中教育"
    INSPECTION = "inspection", "巡视巡察"
    ANNUAL_ASSESSMENT = "annual-assessment", "年度考核"
    TERM_ASSESSMENT = "term-assessment", "任期考核"
    THEMATIC_TRAINING = "thematic-training", "专题培训"
    MAJOR_SURVEY = "major-survey", "重大督查调研"
    PROJECT = "project", "项目建设"
    INVESTMENT = "investment", "招商引资"
    RURAL_REVITALISATION = "rural-revitalisation", "乡村振兴"
    GRASSROOTS = "grassroots", "基层治理"


class PoliticalQuality(Term):
    GOOD = "good", "好"
    FAIR = "fair", "较好"
    AVERAGE = "average", "一般"
    POOR = "poor", "差"


class PoolClass(Term):
    YOUNG = "young", "优秀年轻干部"
    NON_PARTY = "non-party", "优秀党外干部"
    SPECIALIST = "specialist", "专业型干部"
    PRINCIPAL_RESERVE = "principal-reserve", "党政正职后备干部"
    STATE_ENTERPRISE = "state-enterprise", "国企后备人才"
    THEMED = "themed", "专题干部"


class ExitReason(Term):
    PERFORMANCE = "performance", "状态滑坡"
    WARNING = "warning", "苗头性问题"
    INELIGIBLE = "ineligible", "不再符合条件"
    USED = "used", "提拔使用"
    AGE = "age", "年龄"
    OTHER = "other", "其他"


class Kinship(Term):
    """Who counts as kin, 公务员法 art. 74 (AVD-01)."""

    SPOUSE = "spouse", "夫妻关系"
    DIRECT = "direct-blood", "直系血亲关系"
    COLLATERAL = "collateral-blood", "三代以内旁系血亲关系"
    IN_LAW = "near-in-law", "近姻亲关系"


class ErasureReason(Term):
    """Why personal data are destroyed: the five cases of 个人信息保护法 art. 47."""

    PURPOSE_ENDED = "purpose-ended", "处理目的已实现、无法实现或者不再必要"
    PERIOD_EXPIRED = "period-expired", "停止提供产品或者服务，或者保存期限已届满"
    CONSENT_WITHDRAWN = "consent-withdrawn", "个人撤回同意"
    UNLAWFUL = "unlawful", "违反法律、行政法规或者违反约定处理个人信息"
    OTHER_STATUTE = "other-statute", "法律、行政法规规定的其他情形"


class Profile(Value):
    """Who a cadre is. Clear facts are coarse; the rest is sealed."""

    full_name: Personal[Text]
    id_number: Personal[str] = Field(description="GB 11643-1999, 18 characters")
    birth_date: Personal[date]
    birth_month: YearMonth
    sex: Sex
    ethnicity: str = Field(min_length=1, max_length=20)
    political: Political
    education: Education
    major: str | None = None
    native_place: Personal[str] | None = None


class Recruitment(Profile):
    """What a recruitment and the wish for it both say."""

    channel: Channel
    unit_id: UnitId
    unit_name: Text
    plan_id: Slug | None = Field(default=None, description="The intake plan it counts against")


class Recruited(CadreEvent, Recruitment):
    """A cadre entered service through a channel."""

    type: Literal["selection.recruited.v1"] = "selection.recruited.v1"

    def say(self) -> str:
        return f"{clear(self.full_name)} 经{self.channel.zh}录用，进入{self.unit_name}"


class CareerEntry(Value):
    """One dated line of an imported career."""

    kind: Literal["study", "work", "grade", "award", "training", "other"]
    begins: YearMonth
    ends: YearMonth | None = None
    text: Personal[Text] | None = None
    grade: Grade | None = Field(default=None, description="Only of an annual grade")


class Standing(Value):
    """Where somebody stood when the career was imported."""

    unit_id: UnitId
    unit_name: Text
    post_title: str | None = None
    level: PostLevel | None = None
    level_since: YearMonth | None = None
    rank: Rank | None = None
    rank_since: YearMonth | None = None
    work_since: YearMonth | None = None
    party_since: YearMonth | None = None


class Baseline(Profile):
    """What an imported career and the wish to record it both say."""

    standing: Standing
    career: tuple[CareerEntry, ...]
    source_file: Personal[str] = Field(
        description="Name of the imported file; forms are often named after their person"
    )
    source_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    source_row: int | None = None


class Baselined(CadreEvent, Baseline):
    """A career from before this system was taken over from a file, as that file told it."""

    type: Literal["selection.baselined.v1"] = "selection.baselined.v1"

    def say(self) -> str:
        standing = self.standing
        post = standing.post_title or (standing.rank.zh if standing.rank else "")
        return (
            f"{clear(self.full_name)} 既往履历导入：{standing.unit_name}{post}，"
            f"{len(self.career)} 条经历，来源 {clear(self.source_file)}"
        )


class ProfileCorrection(Value):
    """The fields of a profile that were wrong, each with its right value; the rest is left out."""

    full_name: Personal[Text] | None = None
    birth_date: Personal[date] | None = None
    birth_month: YearMonth | None = None
    ethnicity: str | None = Field(default=None, min_length=1, max_length=20)
    political: Political | None = None
    education: Education | None = None
    major: str | None = None
    native_place: Personal[str] | None = None
    unit_id: UnitId | None = None
    unit_name: Text | None = None
    reason: Text
    basis: Text = Field(description="The document the correction rests on")

    @property
    def corrected(self) -> dict[str, object]:
        """The right values by the name of their field in `Profile`."""
        given = {name: getattr(self, name) for name in PROFILE_FIELDS}
        return {name: value for name, value in given.items() if value is not None}

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.corrected:
            msg = f"a correction sets at least one of {', '.join(PROFILE_FIELDS)}"
            raise ValueError(msg)
        if (self.birth_date is None) != (self.birth_month is None):
            msg = "birth_date and birth_month are corrected together"
            raise ValueError(msg)
        if (self.unit_id is None) != (self.unit_name is None):
            msg = "unit_id and unit_name are corrected together"
            raise ValueError(msg)
        return self


PROFILE_FIELDS = {
    "full_name": "姓名",
    "birth_date": "出生日期",
    "birth_month": "出生年月",
    "ethnicity": "民族",
    "political": "政治面貌",
    "education": "学历",
    "major": "专业",
    "native_place": "籍贯",
    "unit_id": "单位代码",
    "unit_name": "单位",
}
"""The fields of a profile that can be corrected, with their Chinese terms."""


class ProfileCorrected(CadreEvent, ProfileCorrection):
    """Fields of the profile were found wrong and set right, from the effective date on."""

    type: Literal["selection.profile-corrected.v1"] = "selection.profile-corrected.v1"

    def say(self) -> str:
        told = "、".join(
            f"{PROFILE_FIELDS[name]}为{value.zh if isinstance(value, Term) else clear(value)}"
            for name, value in self.corrected.items()
        )
        return f"更正档案{told}（{self.reason}；依据 {self.basis}）"


class Observation(Value):
    occasion: Occasion
    indication: Literal["positive", "negative", "neutral"]
    observer: Text = Field(description="The organ or team that observed, not a private name")
    note: Personal[Text]


class Observed(CadreEvent, Observation):
    """Somebody was seen at work on a named occasion (M07)."""

    type: Literal["selection.observed.v1"] = "selection.observed.v1"

    def say(self) -> str:
        return f"日常识别（{self.occasion.zh}，{self.observer}）：{clear(self.note)}"


class PoliticalAssessment(Value):
    conclusion: PoliticalQuality
    occasion: Text
    assessors: tuple[Text, ...] = Field(min_length=2)
    note: Personal[Text]


class PoliticalQualityAssessed(CadreEvent, PoliticalAssessment):
    """The political quality of a cadre was concluded; the worst conclusion is a veto (M01)."""

    type: Literal["selection.political-quality-assessed.v1"] = (
        "selection.political-quality-assessed.v1"
    )
    veto: bool

    def say(self) -> str:
        return f"政治素质考察：{self.conclusion.zh}{'，一票否决' if self.veto else ''}"


class VetoLifting(Value):
    assessment_event: UUID = Field(description="The assessment whose veto ends")
    decided_by: Text
    reason: Text


class PoliticalVetoLifted(CadreEvent, VetoLifting):
    """A political veto was lifted by a named body."""

    hangs_on: ClassVar[str] = "assessment_event"
    type: Literal["selection.political-veto-lifted.v1"] = "selection.political-veto-lifted.v1"

    def say(self) -> str:
        return f"解除政治素质否决（{self.decided_by}）：{self.reason}"


class Kin(Value):
    kin_id: CadreId
    relation: Kinship


class KinDeclared(CadreEvent, Kin):
    """A cadre declared another cadre as kin; avoidance rules rest on it."""

    type: Literal["selection.kin-declared.v1"] = "selection.kin-declared.v1"

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id, self.kin_id)

    def say(self) -> str:
        return f"申报亲属关系：与 {self.kin_id} 为{self.relation.zh}"


class PoolNomination(Value):
    pool_id: Slug
    by_unit: Text
    reason: Text


class PoolNominated(CadreEvent, PoolNomination):
    """A unit nominated a cadre for a talent pool."""

    type: Literal["selection.pool-nominated.v1"] = "selection.pool-nominated.v1"

    def say(self) -> str:
        return f"{self.by_unit}推荐进入人才库 {self.pool_id}：{self.reason}"


class PoolAssessment(Value):
    pool_id: Slug
    fit: bool
    assessors: tuple[Text, ...] = Field(min_length=2)
    note: Personal[Text]


class PoolAssessed(CadreEvent, PoolAssessment):
    """The organisation department assessed a nominee."""

    type: Literal["selection.pool-assessed.v1"] = "selection.pool-assessed.v1"

    def say(self) -> str:
        return f"人才库 {self.pool_id} 组织考察：{'合适' if self.fit else '不合适'}"


class PoolComparison(Value):
    pool_id: Slug
    place: int = Field(ge=1)
    compared_count: int = Field(ge=1)

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.place > self.compared_count:
            msg = f"place {self.place} lies beyond the {self.compared_count} compared"
            raise ValueError(msg)
        return self


class PoolCompared(CadreEvent, PoolComparison):
    """Nominees were compared; this one came out at ``place``."""

    type: Literal["selection.pool-compared.v1"] = "selection.pool-compared.v1"

    def say(self) -> str:
        return f"人才库 {self.pool_id} 比选：{self.compared_count} 人中第 {self.place}"


class PoolEntered(CadreEvent):
    """A cadre entered a talent pool after nomination, assessment and comparison (M09)."""

    type: Literal["selection.pool-entered.v1"] = "selection.pool-entered.v1"
    pool_id: Slug
    decided_by: Text
    findings: tuple[RuleFinding, ...] = Field(description="The rules the entry passed")

    def say(self) -> str:
        return f"进入人才库 {self.pool_id}（{self.decided_by}）"


class PoolEntryRefused(CadreEvent, Refusal):
    """Entry into a talent pool was refused, with every reason."""

    type: Literal["selection.pool-entry-refused.v1"] = "selection.pool-entry-refused.v1"
    pool_id: Slug

    def say(self) -> str:
        return f"进入人才库 {self.pool_id} 未通过：{self.reasons()}"


class PoolExited(CadreEvent):
    """A cadre left a talent pool, for a reason (M10)."""

    hangs_on: ClassVar[str] = "entry_event"
    type: Literal["selection.pool-exited.v1"] = "selection.pool-exited.v1"
    pool_id: Slug
    entry_event: UUID = Field(description="The `PoolEntered` this exit ends")
    reason: ExitReason

    def say(self) -> str:
        return f"退出人才库 {self.pool_id}：{self.reason.zh}"


class PoolDefinition(Value):
    pool_id: Slug
    pool_class: PoolClass
    title: Text
    seats: int = Field(ge=1, description="How many may be members at one time")


class PoolDefined(Event, PoolDefinition):
    """A talent pool was set up (M11)."""

    entity: ClassVar[str] = "pool"
    key: ClassVar[str] = "pool_id"
    type: Literal["selection.pool-defined.v1"] = "selection.pool-defined.v1"

    def say(self) -> str:
        return f"设立{self.pool_class.zh}库“{self.title}”，容量 {self.seats}"


class PoolSeatTaken(Event):
    """A seat of the pool went to a cadre; written with `PoolEntered`."""

    entity: ClassVar[str] = "pool"
    key: ClassVar[str] = "pool_id"
    type: Literal["selection.pool-seat-taken.v1"] = "selection.pool-seat-taken.v1"
    pool_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"占用一个名额：{self.cadre_id}"


class PoolSeatReleased(Event):
    """A seat of the pool became free; written with `PoolExited`."""

    entity: ClassVar[str] = "pool"
    key: ClassVar[str] = "pool_id"
    type: Literal["selection.pool-seat-released.v1"] = "selection.pool-seat-released.v1"
    pool_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"释放一个名额：{self.cadre_id}"


class PlanLine(Value):
    """How many a year's plan wants through one channel."""

    channel: Channel
    count: int = Field(ge=0)
    major: str | None = None


class PlanOfIntake(Value):
    plan_id: Slug
    year: int = Field(ge=1949, le=2200)
    lines: tuple[PlanLine, ...]


class IntakePlanned(Event, PlanOfIntake):
    """The intake of a year was planned, or planned anew (M02)."""

    entity: ClassVar[str] = "intake-plan"
    key: ClassVar[str] = "plan_id"
    type: Literal["selection.intake-planned.v1"] = "selection.intake-planned.v1"

    def say(self) -> str:
        return f"{self.year} 年招录计划，共 {sum(line.count for line in self.lines)} 人"


def _cites(text: str) -> str:
    if _LONG_NUMBER.search(text):
        msg = "cite the provision or the document; no number of a person belongs here"
        raise ValueError(msg)
    return text


_LONG_NUMBER = re.compile(r"[0-9]{8}")

type Citation = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_cites)]
"""A provision or a document. It stays clear for ever, so it must say nothing about a person."""


class Restriction(Value):
    """What a restriction and the wish for it both say."""

    retained_until: date = Field(description="Last day of the statutory retention period")
    basis: Citation = Field(description="The provision that demands retention")


class DataRestricted(CadreEvent, Restriction):
    """A person's data may only be stored from now on (个人信息保护法 art. 47 para. 2)."""

    type: Literal["selection.data-restricted.v1"] = "selection.data-restricted.v1"

    def say(self) -> str:
        return f"个人信息限制处理，法定保存至 {self.retained_until}（依据 {self.basis}）"


class LiftingOfRestriction(Value):
    basis: Citation


class RestrictionLifted(CadreEvent, LiftingOfRestriction):
    """A person's data may be used again."""

    type: Literal["selection.restriction-lifted.v1"] = "selection.restriction-lifted.v1"

    def say(self) -> str:
        return f"解除个人信息限制处理（依据 {self.basis}）"


class Erasure(Value):
    """What the destruction of a person's keys and the wish for it both say."""

    reason: ErasureReason
    basis: Citation
    ground: Citation | None = Field(
        default=None, description="Why it may be done although the person is in office"
    )


class CadreForgotten(CadreEvent, Erasure):
    """Every key of a person was destroyed; whoever holds copies of the data destroys them too."""

    type: Literal["selection.cadre-forgotten.v1"] = "selection.cadre-forgotten.v1"
    keys_destroyed: int = Field(ge=0)

    def say(self) -> str:
        keys = f"销毁密钥 {self.keys_destroyed} 个"
        return f"个人信息已删除：{self.reason.zh}（依据 {self.basis}，{keys}）"


class SelectionAnnulled(EventAnnulled):
    """A fact that Selection had recorded of a person was annulled: it never held."""

    type: Literal["selection.annulled.v1"] = "selection.annulled.v1"


class SelectionSetAside(EventSetAside):
    """An event of a person that Selection could not apply was set aside: it never held."""

    type: Literal["selection.set-aside.v1"] = "selection.set-aside.v1"


type SelectionEvent = (
    Recruited
    | Baselined
    | ProfileCorrected
    | Observed
    | KinDeclared
    | PoliticalQualityAssessed
    | PoliticalVetoLifted
    | PoolNominated
    | PoolAssessed
    | PoolCompared
    | PoolEntered
    | PoolEntryRefused
    | PoolExited
    | PoolDefined
    | PoolSeatTaken
    | PoolSeatReleased
    | IntakePlanned
    | DataRestricted
    | RestrictionLifted
    | CadreForgotten
    | SelectionAnnulled
    | SelectionSetAside
)
