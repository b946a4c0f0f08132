"""Events of Selection that never held."""

from typing import ClassVar, Literal

from cadre.contracts.event import CadreEvent, EventSetAside, Slug


class SelectionSetAside(CadreEvent, EventSetAside):
    """搁置 · An event of a person that Selection could not apply was set aside: it never held."""

    type: Literal["selection.set-aside.v1"] = "selection.set-aside.v1"


class PoolSetAside(EventSetAside):
    """搁置 · An event of a pool that Selection could not apply was set aside: it never held."""

    entity: ClassVar[str] = "pool"
    key: ClassVar[str] = "pool_id"
    type: Literal["selection.pool-set-aside.v1"] = "selection.pool-set-aside.v1"
    pool_id: Slug


class IntakePlanSetAside(EventSetAside):
    """搁置 · An event of an intake plan that Selection could not apply was set aside.

    It never held.
    """

    entity: ClassVar[str] = "intake-plan"
    key: ClassVar[str] = "plan_id"
    type: Literal["selection.intake-plan-set-aside.v1"] = "selection.intake-plan-set-aside.v1"
    plan_id: Slug


class MotionLeftOut(EventSetAside):
    """不计入 · An event of a motion that Selection could not apply was left out of its tables.

    It stands in a history of Selection's own: for Appointment, whose motion it is, it holds.
    """

    entity: ClassVar[str] = "motion"
    key: ClassVar[str] = "motion_id"
    type: Literal["selection.motion-set-aside.v1"] = "selection.motion-set-aside.v1"
    motion_id: Slug

    def say(self) -> str:
        return f"位置 {self.position} 的事件无法适用，不计入选拔服务的表：{self.reason}"
