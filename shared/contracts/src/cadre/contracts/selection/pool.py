"""Talent pools: what they ask, and their seats."""

from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import CadreId, Event, Slug, Text, Value
from cadre.contracts.vocabulary import Term


class PoolClass(Term):
    YOUNG = "young", "优秀年轻干部"
    NON_PARTY = "non-party", "优秀党外干部"
    SPECIALIST = "specialist", "专业型干部"
    PRINCIPAL_RESERVE = "principal-reserve", "党政正职后备干部"
    STATE_ENTERPRISE = "state-enterprise", "国企后备人才"
    THEMED = "themed", "专题干部"


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
