"""What Supervision can do, a line for each mechanism and each view beside it."""

from cadre.shared.deciding.capability import Capability
from cadre.shared.showing.view import View
from cadre.supervision.deciding import (
    flag,
    grading,
    honours,
    influence,
    merit,
    off_duty,
    point_scheme,
    unit_year,
)
from cadre.supervision.showing import assessments, flags, promotions, read_by, unit_years
from cadre.supervision.showing import influence as influence_shown
from cadre.supervision.showing import merit as merit_shown

CAPABILITIES: tuple[Capability | View, ...] = (
    unit_year.CAPABILITY,
    unit_years.VIEW,
    grading.CAPABILITY,
    assessments.VIEW,
    promotions.VIEW,
    point_scheme.CAPABILITY,
    merit.CAPABILITY,
    merit_shown.VIEW,
    flag.CAPABILITY,
    flags.VIEW,
    influence.CAPABILITY,
    influence_shown.VIEW,
    off_duty.CAPABILITY,
    honours.CAPABILITY,
    read_by.VIEW,
)
