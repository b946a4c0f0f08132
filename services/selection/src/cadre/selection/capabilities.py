"""What Selection can do, a line for each mechanism and each view beside it."""

from cadre.selection.deciding import (
    contact,
    intake,
    kin,
    membership,
    observation,
    political,
    pool,
    privacy,
    profile,
    reviewing,
    steps,
)
from cadre.selection.showing import coverage, pools, profiles, reviews
from cadre.selection.showing import intake as intake_shown
from cadre.selection.showing import privacy as privacy_shown
from cadre.selection.working import finding, forgetting
from cadre.shared.deciding.capability import Capability
from cadre.shared.showing.view import View

CAPABILITIES: tuple[Capability | View, ...] = (
    finding.VIEW,
    profile.CAPABILITY,
    profiles.VIEW,
    intake.CAPABILITY,
    intake_shown.VIEW,
    kin.CAPABILITY,
    observation.CAPABILITY,
    contact.CAPABILITY,
    political.CAPABILITY,
    coverage.VIEW,
    pool.CAPABILITY,
    steps.CAPABILITY,
    membership.CAPABILITY,
    pools.VIEW,
    reviewing.CAPABILITY,
    reviews.VIEW,
    privacy.CAPABILITY,
    privacy_shown.VIEW,
    forgetting.VIEW,
)
