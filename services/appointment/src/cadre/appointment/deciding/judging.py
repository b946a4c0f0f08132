"""How the decisions of Appointment are judged again: candidates, votes, promotions, refusals.

The days of a rank's public notice stand in the finding of RNK-14 alone.
"""

from collections.abc import Iterable
from typing import Any

from cadre.appointment.deciding.correcting import without
from cadre.appointment.deciding.eligibility import Eligibility, post_eligibility, rank_eligibility
from cadre.appointment.deciding.evidence import READS
from cadre.appointment.deciding.motion import MOTION
from cadre.appointment.deciding.motion_rules import majority_of, require_quorum
from cadre.appointment.deciding.ranks import notice_days, notice_finding
from cadre.contracts.appointment.motion import CandidateFixed, DecisionTaken, MotionOpened
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import RuleFinding
from cadre.contracts.vocabulary import Rank
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.shared.deciding.person import PERSON, Person

type Decision = CandidateFixed | DecisionTaken | Promoted | PromotionRefused


def _scopes(event: Decision) -> Iterable[Scope[Any]]:
    yield PERSON.of(event.cadre_id)
    if event.motion_id:
        yield MOTION.of(event.motion_id)


def _cadre(event: Decision, world: World) -> Person:
    return world[PERSON.of(event.cadre_id)]


def _opened(event: Decision, world: World) -> MotionOpened:
    """Raises NotFound when the log holds no opening of the motion."""
    motion_id = event.motion_id or ""
    opened = world[MOTION.of(motion_id)].opened if motion_id else None
    if opened is None:
        raise NotFound(
            f"选任程序未启动 · no motion {motion_id} had been opened", where=event.cadre_id
        )
    return opened


def _eligibility(event: Decision, world: World) -> Eligibility:
    opened = _opened(event, world)
    return post_eligibility(_cadre(event, world), opened.level, event.effective_on)


def _post(event: CandidateFixed | Promoted | PromotionRefused, world: World) -> Answer:
    found = _eligibility(event, world)
    return Answer(found.eligible, found.findings if found.eligible else found.bearing)


def _candidate(event: CandidateFixed, world: World) -> Answer:
    """What is usual and not met asks for a justification."""
    found = _eligibility(event, world)
    if found.eligible and found.soft_failures and not event.justification:
        return Answer(granted=False, findings=found.findings)
    return _post(event, world)


def _vote(event: DecisionTaken, world: World) -> Answer:
    opened, day = _opened(event, world), event.effective_on
    quorum, majority = require_quorum(opened, event.vote, day), majority_of(opened, event.vote, day)
    found = _eligibility(event, world)
    if not found.eligible:
        return Answer(granted=False, findings=found.bearing)
    return Answer(majority.passed, (quorum, majority, *found.findings))


def _promoted(event: Promoted, world: World) -> Answer:
    if event.rank is None:
        return _post(event, world)
    return _rank(event, event.rank, event.findings, world)


def _refused(event: PromotionRefused, world: World) -> Answer:
    if event.kind == "post":
        return _post(event, world)
    return _rank(event, Rank(event.target), event.findings, world)


def _rank(
    event: Promoted | PromotionRefused,
    rank: Rank,
    recorded: tuple[RuleFinding, ...],
    world: World,
) -> Answer:
    cadre = _cadre(event, world)
    wrong = event.supersedes or (event.corrects if isinstance(event, PromotionRefused) else None)
    judged = without(cadre, cadre.fact(wrong)) if wrong else cadre
    found = rank_eligibility(judged, rank, event.effective_on)
    notice = notice_finding(*notice_days(recorded), event.effective_on)
    granted = found.eligible and notice.passed
    return Answer(granted, (*(found.findings if granted else found.bearing), notice))


CAPABILITY = Capability(
    mechanism="M72",
    judgements=[
        Judgement(CandidateFixed, _scopes, _candidate),
        Judgement(DecisionTaken, _scopes, _vote, granted=lambda event: event.carried),
        Judgement(Promoted, _scopes, _promoted),
        Judgement(PromotionRefused, _scopes, _refused),
    ],
    reads=READS,
)
