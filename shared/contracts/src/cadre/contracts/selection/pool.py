"""Talent pools: what they ask, and their seats."""

from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import CadreId, Event, Slug, Text, Value
from cadre.contracts.vocabulary import Term


class PoolClass(Term):
    """人才库类别 · What a pool is a reserve for."""

    YOUNG = "young", "优秀年轻干部", "outstanding young cadres"
    NON_PARTY = "non-party", "优秀党外干部", "outstanding cadres outside the Party"
    SPECIALIST = "specialist", "专业型干部", "specialists"
    PRINCIPAL_RESERVE = (
        "principal-reserve",
        "党政正职后备干部",
        "reserve for heads of party and government",
    )
    STATE_ENTERPRISE = "state-enterprise", "国企后备人才", "reserve of state-owned enterprises"
    THEMED = "themed", "专题干部", "for one theme"


class PoolDefinition(Value):
    pool_id: Slug
    pool_class: PoolClass
    title: Text
    seats: int = Field(ge=1, description="How many may be members at one time")


class PoolDefined(Event, PoolDefinition):
    """设立人才库 · A talent pool was set up (M11)."""

    entity: ClassVar[str] = "pool"
    key: ClassVar[str] = "pool_id"
    type: Literal["selection.pool-defined.v1"] = "selection.pool-defined.v1"

    def say(self) -> str:
        return f"设立{self.pool_class.zh}库“{self.title}”，容量 {self.seats}"


class PoolSeatTaken(Event):
    """占用入库名额 · A seat of the pool went to a cadre; written with `PoolEntered`."""

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
    """释放入库名额 · A seat of the pool became free; written with `PoolExited`."""

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
