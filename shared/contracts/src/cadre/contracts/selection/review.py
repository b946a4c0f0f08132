"""Entries into a pool whose basis was corrected."""

from typing import Literal
from uuid import UUID

from cadre.contracts.event import CadreEvent, Text


class PoolEntryReviewOpened(CadreEvent):
    """启动入库复核 · Evidence an entry into a pool rested on was corrected.

    The entry stands until reviewed.
    """

    type: Literal["selection.pool-entry-review-opened.v1"] = "selection.pool-entry-review-opened.v1"
    decision_event: UUID
    corrected_event: UUID
    reason: Text

    def say(self) -> str:
        return f"启动入库复核：{self.reason}"
