"""The intake plan of a year: gap first, plan second, hires third (M02)."""

from cadre.contracts.selection.intake import IntakePlanned, PlanOfIntake
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Dossier, dossier_of
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.versions import VersionCommand, Versions


class PlanIntake(VersionCommand, PlanOfIntake):
    """制定招录计划 · Plan the intake of a year, or plan it anew from the effective date on."""


def _require_one_line_each(wanted: IntakePlanned, _others: Dossier) -> None:
    lines = [(line.channel, line.major) for line in wanted.lines]
    if len(set(lines)) < len(lines):
        raise NotPossible(
            "同一渠道和专业出现两次 · a channel and major stand in the plan twice",
            where="lines",
            hint="请合并为一行 · add their counts up into one line",
        )


PLANS = Versions(
    event=IntakePlanned,
    by=PlanIntake,
    right=Right(Role.DECIDER, EVERYBODY),
    of=dossier_of("selection", "intake-plan"),
    name="intake-plans",
    title="招录计划 · The intake plan in force on a day",
    seen_by=Right(Role.READER, EVERYBODY),
    keeps=("year",),
    one_a_day=True,
    require=_require_one_line_each,
)
CAPABILITY = Capability(mechanism="M02", versions=[PLANS])
