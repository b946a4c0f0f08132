"""Decisions whose basis was corrected."""

from typing import Literal
from uuid import UUID

from cadre.contracts.event import CadreEvent, Text


class ReviewOpened(CadreEvent):
    """启动复核 · Evidence a decision rested on was corrected.

    The decision stands until reviewed.
    """

    type: Literal["appointment.review-opened.v1"] = "appointment.review-opened.v1"
    decision_event: UUID
    corrected_event: UUID
    reason: Text

    def say(self) -> str:
        return f"启动复核：{self.reason}"
