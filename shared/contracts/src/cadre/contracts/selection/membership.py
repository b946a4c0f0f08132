"""The way of a cadre through a pool, from nomination to exit."""

from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from cadre.contracts.event import CadreEvent, Personal, Refusal, RuleFinding, Slug, Text, Value
from cadre.contracts.vocabulary import Term


class ExitReason(Term):
    """出库原因 · Why somebody left a pool."""

    PERFORMANCE = "performance", "状态滑坡", "performance fell"
    WARNING = "warning", "苗头性问题", "warning signs"
    INELIGIBLE = "ineligible", "不再符合条件", "no longer fulfils the conditions"
    USED = "used", "提拔使用", "was promoted"
    AGE = "age", "年龄", "age"
    OTHER = "other", "其他", "another"


class PoolNomination(Value):
    pool_id: Slug
    by_unit: Text
    reason: Text


class PoolNominated(CadreEvent, PoolNomination):
    """推荐入库 · A unit nominated a cadre for a talent pool."""

    type: Literal["selection.pool-nominated.v1"] = "selection.pool-nominated.v1"

    def say(self) -> str:
        return f"{self.by_unit}推荐进入人才库 {self.pool_id}：{self.reason}"


class PoolAssessment(Value):
    pool_id: Slug
    fit: bool
    assessors: tuple[Text, ...] = Field(min_length=2)
    note: Personal[Text]


class PoolAssessed(CadreEvent, PoolAssessment):
    """入库考察 · The organisation department assessed a nominee."""

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
    """入库比选 · Nominees were compared; this one came out at ``place``."""

    type: Literal["selection.pool-compared.v1"] = "selection.pool-compared.v1"

    def say(self) -> str:
        return f"人才库 {self.pool_id} 比选：{self.compared_count} 人中第 {self.place}"


class PoolEntered(CadreEvent):
    """入库 · A cadre entered a talent pool after nomination, assessment and comparison (M09)."""

    type: Literal["selection.pool-entered.v1"] = "selection.pool-entered.v1"
    pool_id: Slug
    decided_by: Text
    findings: tuple[RuleFinding, ...] = Field(description="The rules the entry passed")

    def say(self) -> str:
        return f"进入人才库 {self.pool_id}（{self.decided_by}）"


class PoolEntryRefused(CadreEvent, Refusal):
    """入库未通过 · Entry into a talent pool was refused, with every reason."""

    type: Literal["selection.pool-entry-refused.v1"] = "selection.pool-entry-refused.v1"
    pool_id: Slug
    corrects: UUID | None = Field(
        default=None, description="The entry that was to be corrected; it stands as it was"
    )

    def say(self) -> str:
        return f"进入人才库 {self.pool_id} 未通过：{self.reasons()}"


class PoolExited(CadreEvent):
    """出库 · A cadre left a talent pool, for a reason (M10)."""

    hangs_on: ClassVar[str] = "entry_event"
    type: Literal["selection.pool-exited.v1"] = "selection.pool-exited.v1"
    pool_id: Slug
    entry_event: UUID = Field(description="The `PoolEntered` this exit ends")
    reason: ExitReason

    def say(self) -> str:
        return f"退出人才库 {self.pool_id}：{self.reason.zh}"
