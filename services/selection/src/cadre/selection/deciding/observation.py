"""Observation of people at work, on named occasions (M07)."""

from cadre.contracts.selection.identification import Observation, Observed
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.facts import Facts, Recorder
from cadre.shared.deciding.person import FactCommand
from cadre.shared.deciding.rights import NAMED, Right, Role


class Observe(FactCommand, Observation):
    """记录日常识别情况 · Record what was seen of somebody on an occasion."""


# Two observations of one day may differ in their note alone, so the note is compared too.
OBSERVATIONS = Facts(
    event=Observed,
    by=Recorder(Observe, Right(Role.RECORDER, NAMED)),
    name="observations",
    title="日常识别 · What was observed of a cadre at work",
    seen_by=Role.READER,
)
CAPABILITY = Capability(mechanism="M07", facts=[OBSERVATIONS])
