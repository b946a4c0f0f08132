"""Mentors: their places, pairs, reviews, and the end of a pair."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, CadreId, Event, Personal, Text, Value, clear


class Pairing(Value):
    mentor_id: CadreId
    tasks: tuple[Text, ...]
    until: date | None = Field(default=None, description="Planned last day")


class MentorPaired(CadreEvent, Pairing):
    """师徒结对 · An apprentice was given a mentor; ``cadre_id`` is the apprentice (M25)."""

    type: Literal["training.mentor-paired.v1"] = "training.mentor-paired.v1"

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id, self.mentor_id)

    def say(self) -> str:
        return f"师徒结对，导师 {self.mentor_id}：{'、'.join(self.tasks)}"


class MentorshipReview(Value):
    pairing_event: UUID
    progress: Literal["good", "fair", "poor"]
    note: Personal[Text]


class MentorshipReviewed(CadreEvent, MentorshipReview):
    """结对评估 · Progress of a pair was reviewed."""

    hangs_on: ClassVar[str] = "pairing_event"
    type: Literal["training.mentorship-reviewed.v1"] = "training.mentorship-reviewed.v1"

    def say(self) -> str:
        return f"师徒结对评估：{clear(self.note)}"


class MentorshipEnd(Value):
    pairing_event: UUID
    completed: bool = Field(description="The apprenticeship ran its course (出师)")


class MentorshipEnded(CadreEvent, MentorshipEnd):
    """结对结束 · A pair was dissolved or completed."""

    hangs_on: ClassVar[str] = "pairing_event"
    type: Literal["training.mentorship-ended.v1"] = "training.mentorship-ended.v1"

    def say(self) -> str:
        return "师徒结对期满出师" if self.completed else "师徒结对终止"


class MentorSlotTaken(Event):
    """占用带教名额 · One of a mentor's places went to an apprentice.

    Written with `MentorPaired`.
    """

    entity: ClassVar[str] = "mentor"
    key: ClassVar[str] = "mentor_id"
    type: Literal["training.mentor-slot-taken.v1"] = "training.mentor-slot-taken.v1"
    mentor_id: CadreId
    apprentice_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.mentor_id, self.apprentice_id)

    def say(self) -> str:
        return f"带教 {self.apprentice_id}"


class MentorSlotReleased(Event):
    """释放带教名额 · One of a mentor's places became free; written with `MentorshipEnded`."""

    entity: ClassVar[str] = "mentor"
    key: ClassVar[str] = "mentor_id"
    type: Literal["training.mentor-slot-released.v1"] = "training.mentor-slot-released.v1"
    mentor_id: CadreId
    apprentice_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.mentor_id, self.apprentice_id)

    def say(self) -> str:
        return f"结束带教 {self.apprentice_id}"
