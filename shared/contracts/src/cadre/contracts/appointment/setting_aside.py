"""Events of Appointment that never held."""

from typing import ClassVar, Literal

from cadre.contracts.event import CadreEvent, EventSetAside, Slug


class AppointmentSetAside(CadreEvent, EventSetAside):
    """搁置 · An event of a person that Appointment could not apply was set aside: it never held."""

    type: Literal["appointment.set-aside.v1"] = "appointment.set-aside.v1"


class PostSetAside(EventSetAside):
    """搁置 · An event of a post that Appointment could not apply was set aside: it never held."""

    entity: ClassVar[str] = "post"
    key: ClassVar[str] = "post_id"
    type: Literal["appointment.post-set-aside.v1"] = "appointment.post-set-aside.v1"
    post_id: Slug


class MotionSetAside(EventSetAside):
    """搁置 · An event of a motion that Appointment could not apply was set aside: it never held."""

    entity: ClassVar[str] = "motion"
    key: ClassVar[str] = "motion_id"
    type: Literal["appointment.motion-set-aside.v1"] = "appointment.motion-set-aside.v1"
    motion_id: Slug
