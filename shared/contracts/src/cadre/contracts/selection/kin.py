"""Relatives who matter for where a cadre may serve."""

from typing import Literal

from cadre.contracts.event import CadreEvent, CadreId, Value
from cadre.contracts.vocabulary import Term


class Kinship(Term):
    """亲属范围 · Who counts as kin, 公务员法 art. 74 (AVD-01)."""

    SPOUSE = "spouse", "夫妻关系", "husband or wife"
    DIRECT = "direct-blood", "直系血亲关系", "parents, grandparents, children, grandchildren"
    COLLATERAL = (
        "collateral-blood",
        "三代以内旁系血亲关系",
        "brothers, sisters, uncles, aunts, cousins and their like",
    )
    IN_LAW = "near-in-law", "近姻亲关系", "near kin by marriage"


class Kin(Value):
    kin_id: CadreId
    relation: Kinship


class KinDeclared(CadreEvent, Kin):
    """亲属关系申报 · A cadre declared another cadre as kin; avoidance rules rest on it."""

    type: Literal["selection.kin-declared.v1"] = "selection.kin-declared.v1"

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id, self.kin_id)

    def say(self) -> str:
        return f"申报亲属关系：与 {self.kin_id} 为{self.relation.zh}"
