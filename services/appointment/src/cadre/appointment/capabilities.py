"""What Appointment can do, a line for each mechanism and each view beside it."""

from cadre.appointment.deciding import (
    judging,
    post,
    probation,
    promotion,
    ranks,
    review,
    seats,
    steps,
)
from cadre.appointment.showing import (
    births,
    eligibility,
    motions,
    posts,
    record,
    reviews,
    young,
)
from cadre.shared.deciding.capability import Capability
from cadre.shared.showing.view import View

CAPABILITIES: tuple[Capability | View, ...] = (
    post.CAPABILITY,
    seats.CAPABILITY,
    posts.VIEW,
    steps.CAPABILITY,
    motions.VIEW,
    ranks.CAPABILITY,
    promotion.CAPABILITY,
    judging.CAPABILITY,
    eligibility.VIEW,
    births.VIEW,
    young.VIEW,
    probation.CAPABILITY,
    record.VIEW,
    review.CAPABILITY,
    reviews.VIEW,
)
