"""Who a cadre is: recruited, imported with a career, corrected."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from cadre.contracts.event import CadreEvent, Personal, Slug, Text, UnitId, Value, YearMonth, clear
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
    """录用 · A cadre entered service through a channel."""

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
    """既往履历导入 · A career from before this system was taken over from a file.

    It stands as that file told it.
    """

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
    """基本信息更正 · Fields of the profile were found wrong and set right.

    They hold from the effective date on.
    """

    type: Literal["selection.profile-corrected.v1"] = "selection.profile-corrected.v1"

    def say(self) -> str:
        told = "、".join(
            f"{PROFILE_FIELDS[name]}为{value.zh if isinstance(value, Term) else clear(value)}"
            for name, value in self.corrected.items()
        )
        return f"更正档案{told}（{self.reason}；依据 {self.basis}）"
