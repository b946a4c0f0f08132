"""Personal data restricted, released, and forgotten for ever."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cadre.contracts.event import CadreEvent, KeysDestroyed, Value
from cadre.contracts.vocabulary import Term


class ErasureReason(Term):
    """删除个人信息的情形 · The five cases of 个人信息保护法 art. 47."""

    PURPOSE_ENDED = (
        "purpose-ended",
        "处理目的已实现、无法实现或者不再必要",
        "the purpose is reached, out of reach or no longer needs the data",
    )
    PERIOD_EXPIRED = (
        "period-expired",
        "停止提供产品或者服务，或者保存期限已届满",
        "the service ended, or the period of retention",
    )
    CONSENT_WITHDRAWN = "consent-withdrawn", "个人撤回同意", "the person withdrew consent"
    UNLAWFUL = (
        "unlawful",
        "违反法律、行政法规或者违反约定处理个人信息",
        "the data were used against law or agreement",
    )
    OTHER_STATUTE = "other-statute", "法律、行政法规规定的其他情形", "another statute demands it"


def _cites(text: str) -> str:
    if _LONG_NUMBER.search(text):
        msg = "cite the provision or the document; no number of a person belongs here"
        raise ValueError(msg)
    return text


_LONG_NUMBER = re.compile(r"[0-9]{8}")

type Citation = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_cites)]
"""A provision or a document. It stays clear for ever, so it must say nothing about a person."""


class Restriction(Value):
    """What a restriction and the wish for it both say."""

    retained_until: date = Field(description="Last day of the statutory retention period")
    basis: Citation = Field(description="The provision that demands retention")


class DataRestricted(CadreEvent, Restriction):
    """限制处理 · A person's data may only be stored from now on.

    个人信息保护法 art. 47 para. 2.
    """

    type: Literal["selection.data-restricted.v1"] = "selection.data-restricted.v1"

    def say(self) -> str:
        return f"个人信息限制处理，法定保存至 {self.retained_until}（依据 {self.basis}）"


class LiftingOfRestriction(Value):
    basis: Citation


class RestrictionLifted(CadreEvent, LiftingOfRestriction):
    """解除限制处理 · A person's data may be used again."""

    type: Literal["selection.restriction-lifted.v1"] = "selection.restriction-lifted.v1"

    def say(self) -> str:
        return f"解除个人信息限制处理（依据 {self.basis}）"


class Erasure(Value):
    """What the destruction of a person's keys and the wish for it both say."""

    reason: ErasureReason
    basis: Citation
    ground: Citation | None = Field(
        default=None, description="Why it may be done although the person is in office"
    )


class CadreForgotten(KeysDestroyed, Erasure):
    """删除个人信息 · Every key of a person was destroyed.

    Whoever holds copies of the data destroys them too.
    """

    type: Literal["selection.cadre-forgotten.v1"] = "selection.cadre-forgotten.v1"
    keys_destroyed: int = Field(ge=0)

    def say(self) -> str:
        keys = f"销毁密钥 {self.keys_destroyed} 个"
        return f"个人信息已删除：{self.reason.zh}（依据 {self.basis}，{keys}）"
