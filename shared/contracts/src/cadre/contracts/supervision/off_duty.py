"""Visits off duty, whose notes lapse."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, KeysDestroyed, Personal, Text, Value
from cadre.contracts.vocabulary import Term


class VisitKind(Term):
    """八小时外走访方式 · Where a visit outside working hours is made."""

    HOME = "home", "家访", "at home"
    COMMUNITY = "community", "社区走访", "in the neighbourhood"
    SOCIAL_CIRCLE = "social-circle", "社交圈了解", "whom somebody keeps company with"


class OffDutyVisit(Value):
    """What a visit outside working hours and the wish to record it both say (M54)."""

    note_id: UUID = Field(description="Names the note, and the key that seals it alone")
    kind: VisitKind
    visitors: tuple[Text, ...] = Field(min_length=1, description="Who went, by organ or office")
    lawful_purpose: Text = Field(description="What the visit was for, and on what provision")
    note: Personal[Text]
    keep_until: date = Field(description="On this day the note is destroyed (SUP-20)")


class OffDutyVisitMade(CadreEvent, OffDutyVisit):
    """八小时外走访 · Somebody was visited outside working hours.

    The note lapses, the visit stays (M54).
    """

    type: Literal["supervision.off-duty-visit-made.v1"] = "supervision.off-duty-visit-made.v1"

    @property
    def key_purpose(self) -> str:
        return note_purpose(self.note_id)

    def say(self) -> str:
        who = "、".join(self.visitors)
        return f"八小时外{self.kind.zh}（{who}），记录保存至 {self.keep_until}"


class LapsedNote(Value):
    note_id: UUID


class OffDutyNoteExpired(KeysDestroyed, LapsedNote):
    """走访记录期满销毁 · The key of a visit's note was destroyed on its day.

    Nobody can read the note any more.
    """

    hangs_on: ClassVar[str] = "visit_event"
    type: Literal["supervision.off-duty-note-expired.v1"] = "supervision.off-duty-note-expired.v1"
    visit_event: UUID

    @property
    def destroyed_purpose(self) -> str:
        return note_purpose(self.note_id)

    def say(self) -> str:
        return "八小时外走访记录保存期满，内容已销毁"


def note_purpose(note_id: UUID) -> str:
    """The purpose of the key that seals one note and nothing else."""
    return f"supervision:note:{note_id.hex}"
