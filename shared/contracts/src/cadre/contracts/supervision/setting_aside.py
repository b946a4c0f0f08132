"""Events of Supervision that never held."""

from typing import ClassVar, Literal

from cadre.contracts.event import CadreEvent, EventSetAside, Slug


class SupervisionSetAside(CadreEvent, EventSetAside):
    """搁置 · An event of a person that Supervision could not apply was set aside: it never held."""

    type: Literal["supervision.set-aside.v1"] = "supervision.set-aside.v1"


class UnitYearSetAside(EventSetAside):
    """搁置 · An event of a unit's year that Supervision could not apply was set aside.

    It never held.
    """

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.unit-year-set-aside.v1"] = "supervision.unit-year-set-aside.v1"
    unit_year_id: Slug


class PointSchemeSetAside(EventSetAside):
    """搁置 · An event of a point scheme that Supervision could not apply was set aside.

    It never held.
    """

    entity: ClassVar[str] = "point-scheme"
    key: ClassVar[str] = "scheme_id"
    type: Literal["supervision.point-scheme-set-aside.v1"] = "supervision.point-scheme-set-aside.v1"
    scheme_id: Slug
