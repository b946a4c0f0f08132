"""Ranks: promoted, or refused."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Refusal, RuleFinding, Slug, UnitId
from cadre.contracts.vocabulary import PostLevel, Rank


class Promoted(CadreEvent):
    """提拔任职、职级晋升 · A cadre was promoted to a post through a motion, or to the next rank."""

    type: Literal["appointment.promoted.v1"] = "appointment.promoted.v1"
    kind: Literal["post", "rank"]
    level: PostLevel | None = None
    rank: Rank | None = None
    from_level: PostLevel | None = None
    from_rank: Rank | None = None
    post_id: Slug | None = None
    post_title: str | None = None
    unit_id: UnitId | None = None
    unit_name: str | None = None
    motion_id: Slug | None = None
    probation_until: date | None = Field(
        default=None, description="First day after the probation, where the post has one"
    )
    trained: bool = Field(description="Whether the training standard was met (SEL-08)")
    findings: tuple[RuleFinding, ...]

    def say(self) -> str:
        articles = dict.fromkeys(f"{f.instrument}{f.article}" for f in self.findings)
        cited = "、".join(list(articles)[:2])
        if self.kind == "rank":
            before = self.from_rank.zh if self.from_rank else "—"
            what = f"职级晋升 {before} → {self.rank.zh if self.rank else '—'}"
        else:
            what = f"任{self.unit_name or ''}{self.post_title or ''}" + (
                f"，试用期至 {self.probation_until}" if self.probation_until else ""
            )
        return f"{what}（依据 {cited}）" if cited else what


class PromotionRefused(CadreEvent, Refusal):
    """晋升未通过 · A promotion was refused, with every rule that stood against it."""

    type: Literal["appointment.promotion-refused.v1"] = "appointment.promotion-refused.v1"
    kind: Literal["post", "rank"]
    target: str = Field(description="The rank, or the id of the post")
    motion_id: Slug | None = None
    corrects: UUID | None = Field(
        default=None, description="The promotion that was to be corrected; it stands"
    )

    def say(self) -> str:
        target = Rank(self.target).zh if self.target in set(Rank) else self.target
        return f"晋升 {target} 未通过：{self.reasons()}"
