"""Somebody met at work, and what was seen of them."""

from typing import Literal

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Text, Value
from cadre.contracts.vocabulary import Term


class ContactMethod(Term):
    """近距离接触方式 · The way in which somebody is met at work."""

    TALK = "talk", "谈心谈话", "heart-to-heart talk"
    MEETING = "meeting", "列席会议", "sitting in on a meeting"
    VISIT = "visit", "实地走访", "visit on site"
    OPINION = "opinion", "听取服务对象意见", "opinion of those served"


class Contact(Value):
    method: ContactMethod
    participants: tuple[Text, ...] = Field(min_length=1, description="Who met the person")
    note: Personal[Text]
    political: Personal[Text] | None = Field(default=None, description="政治品行")
    moral: Personal[Text] | None = Field(default=None, description="道德品质")
    professional: Personal[Text] | None = Field(default=None, description="专业素养")
    conduct: Personal[Text] | None = Field(default=None, description="作风表现")


class CloseContactLogged(CadreEvent, Contact):
    """近距离接触 · Somebody was met at work, by one of four methods (M08)."""

    type: Literal["selection.close-contact-logged.v1"] = "selection.close-contact-logged.v1"

    def say(self) -> str:
        return f"近距离接触（{self.method.zh}，{'、'.join(self.participants)}）"
