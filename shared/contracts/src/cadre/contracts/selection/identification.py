"""How cadres are known: observations, and their political quality with its veto."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Text, Value, clear
from cadre.contracts.vocabulary import Term


class Occasion(Term):
    """识别场景 · The six named occasions of observation, and the front line."""

    PARTY_EDUCATION = "party-education", "党内集中教育", "campaigns of education in the Party"
    INSPECTION = "inspection", "巡视巡察", "disciplinary inspection tours"
    ANNUAL_ASSESSMENT = "annual-assessment", "年度考核", "annual assessment"
    TERM_ASSESSMENT = "term-assessment", "任期考核", "assessment of a term of office"
    THEMATIC_TRAINING = "thematic-training", "专题培训", "thematic training"
    MAJOR_SURVEY = "major-survey", "重大督查调研", "major supervision and survey work"
    PROJECT = "project", "项目建设", "building projects"
    INVESTMENT = "investment", "招商引资", "attracting investment"
    RURAL_REVITALISATION = "rural-revitalisation", "乡村振兴", "rural revitalisation"
    GRASSROOTS = "grassroots", "基层治理", "governance at the grass roots"


class PoliticalQuality(Term):
    """政治素质结论 · What a political quality is concluded to be."""

    GOOD = "good", "好", "good"
    FAIR = "fair", "较好", "fair"
    AVERAGE = "average", "一般", "average"
    POOR = "poor", "差", "the conclusion that vetoes (POL-01)"


class Observation(Value):
    occasion: Occasion
    indication: Literal["positive", "negative", "neutral"]
    observer: Text = Field(description="The organ or team that observed, not a private name")
    note: Personal[Text]


class Observed(CadreEvent, Observation):
    """日常识别 · Somebody was seen at work on a named occasion (M07)."""

    type: Literal["selection.observed.v1"] = "selection.observed.v1"

    def say(self) -> str:
        return f"日常识别（{self.occasion.zh}，{self.observer}）：{clear(self.note)}"


class PoliticalAssessment(Value):
    conclusion: PoliticalQuality
    occasion: Text
    assessors: tuple[Text, ...] = Field(min_length=2)
    note: Personal[Text]


class PoliticalQualityAssessed(CadreEvent, PoliticalAssessment):
    """政治素质考察 · The political quality of a cadre was concluded.

    The worst conclusion is a veto (M01).
    """

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
    """解除政治素质否决 · A political veto was lifted by a named body."""

    hangs_on: ClassVar[str] = "assessment_event"
    type: Literal["selection.political-veto-lifted.v1"] = "selection.political-veto-lifted.v1"

    def say(self) -> str:
        return f"解除政治素质否决（{self.decided_by}）：{self.reason}"
