"""A unit's year, and who holds its places for 优秀."""

from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import CadreId, Event, Slug, Text, UnitId, Value


class UnitYear(Value):
    """What the opening of a unit's assessment year and the wish for it both say."""

    unit_id: UnitId
    unit_name: Text
    year: int = Field(ge=1949, le=2200)
    headcount: int = Field(ge=1, description="Persons assessed in the unit that year")
    rounding: Literal["floor", "half-up"] = "floor"
    approved_by: Text | None = Field(
        default=None, description="Who approved a share above the usual one (ASM-03)"
    )
    superior: Text | None = Field(
        default=None,
        description="Who alone assesses this unit's months and quarters (一级考一级, M42)",
    )


class UnitYearOpened(Event, UnitYear):
    """开启单位年度考核 · A unit's assessment year was opened, with its ceiling of 优秀 (ASM-03)."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.unit-year-opened.v1"] = "supervision.unit-year-opened.v1"
    unit_year_id: Slug = Field(description="<unit id>-<year>")
    excellent_share: float = Field(gt=0, le=1)

    def say(self) -> str:
        share = f"优秀比例 {100 * self.excellent_share:g}%"
        return f"{self.unit_name}{self.year} 年度考核，{self.headcount} 人，{share}"


class ExcellentAllotted(Event):
    """占用优秀名额 · One of the unit's 优秀 places was used; written with `Assessed`."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.excellent-allotted.v1"] = "supervision.excellent-allotted.v1"
    unit_year_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"优秀名额：{self.cadre_id}"


class ExcellentReleased(Event):
    """释放优秀名额 · A 优秀 place became free again; written with the correcting `Assessed`."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.excellent-released.v1"] = "supervision.excellent-released.v1"
    unit_year_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"释放优秀名额：{self.cadre_id}"
