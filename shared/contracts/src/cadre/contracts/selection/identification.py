"""How cadres are known: observations, and their political quality with its veto."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Text, Value, clear
from cadre.contracts.vocabulary import Term


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
