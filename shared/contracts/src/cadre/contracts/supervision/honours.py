"""Honours conferred and revoked."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Text, Value
from cadre.contracts.vocabulary import Term


class HonourLevel(Term):
    """表彰级别 · Of the organ that confers it."""

    NATIONAL = "national", "国家级"
    PROVINCIAL = "provincial", "省级"
    MUNICIPAL = "municipal", "市级"
    COUNTY = "county", "县级"
    TOWNSHIP = "township", "乡镇级"


class Honour(Value):
    honour: Text = Field(description="As the document names it")
    level: HonourLevel
    conferred_by: Text
    document: Text | None = Field(
        default=None, description="Number of the document; without one it scores no points (M63)"
    )


class HonourConferred(CadreEvent, Honour):
    """表彰奖励 · An honour was conferred (M63)."""

    type: Literal["supervision.honour-conferred.v1"] = "supervision.honour-conferred.v1"

    def say(self) -> str:
        document = f"，{self.document}" if self.document else "，无文号"
        return f"获{self.level.zh}表彰“{self.honour}”（{self.conferred_by}{document}）"


class HonourRevocation(Value):
    honour_event: UUID
    reason: Text
    document: Text


class HonourRevoked(CadreEvent, HonourRevocation):
    """撤销表彰奖励 · An honour was revoked (公务员法 art. 56).

    Points that rested on it are reversed with it.
    """

    hangs_on: ClassVar[str] = "honour_event"
    type: Literal["supervision.honour-revoked.v1"] = "supervision.honour-revoked.v1"

    def say(self) -> str:
        return f"撤销表彰：{self.reason}（{self.document}）"
