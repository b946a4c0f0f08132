"""Events of Training that never held."""

from typing import ClassVar, Literal

from cadre.contracts.event import CadreEvent, CadreId, EventSetAside, Slug


class TrainingSetAside(CadreEvent, EventSetAside):
    """搁置 · An event of a person that Training could not apply was set aside: it never held."""

    type: Literal["training.set-aside.v1"] = "training.set-aside.v1"


class ClassSetAside(EventSetAside):
    """搁置 · An event of a class that Training could not apply was set aside: it never held."""

    entity: ClassVar[str] = "class"
    key: ClassVar[str] = "class_id"
    type: Literal["training.class-set-aside.v1"] = "training.class-set-aside.v1"
    class_id: Slug


class MentorSetAside(EventSetAside):
    """搁置 · An event of a mentor that Training could not apply was set aside: it never held."""

    entity: ClassVar[str] = "mentor"
    key: ClassVar[str] = "mentor_id"
    type: Literal["training.mentor-set-aside.v1"] = "training.mentor-set-aside.v1"
    mentor_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.mentor_id,)
