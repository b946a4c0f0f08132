"""Evidence, late or corrected, opens a review of the entries into pools it would have changed.

An admonition, a sanction or a promotion may be a reason to leave a pool, but leaving is decided by
people and for a reason that is recorded (M10): a member never vanishes because of an event.
Sanctions count all the same, since every entry is decided on the person's whole history.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Event, RuleFinding, Text
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.identification import PoliticalQualityAssessed, PoliticalVetoLifted
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.selection.review import PoolEntryReviewOpened
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.selection.deciding.entry_rules import case_of, findings
from cadre.selection.deciding.pool import POOLS
from cadre.selection.deciding.profile import require_entry
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Dossier, Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.person import PERSON, Person, PersonCommand
from cadre.shared.deciding.reactions import Reaction
from cadre.shared.deciding.rights import NAMED, Right, Role


class OpenReview(PersonCommand):
    """启动入库复核 · Review every entry into a pool that this evidence concerns.

    Those are the ones that, had it been known, would have been judged on it.
    """

    evidence_event: UUID = Field(description="The late or correcting event")
    reason: Text


def _scopes(command: OpenReview, world: World) -> Iterator[Scope[Any]]:
    """The person, and the pools they ever entered."""
    scope = PERSON.of(command.cadre_id)
    yield scope
    cadre = world.get(scope)
    entered = cadre.standing(PoolEntered) if cadre else ()
    yield from (POOLS.of.of(pool_id) for pool_id in dict.fromkeys(e.event.pool_id for e in entered))


def open_review(command: OpenReview, world: World) -> list[Event]:
    """Undoes nothing: the entry stands until somebody has reviewed it."""
    cadre = world[PERSON.of(command.cadre_id)]
    cadre.require_known(command.cadre_id)
    news = cadre.fact(command.evidence_event)
    if news is None:
        raise NotPossible(
            "查无此依据 · "
            f"no evidence {command.evidence_event} bears on entries of {command.cadre_id}",
            where=str(command.evidence_event),
        )
    corrected = news.event.supersedes or news.id
    reviewed = {
        cadre.newest(fact.event.decision_event)
        for fact in cadre.standing(PoolEntryReviewOpened)
        if fact.event.corrected_event == corrected
    }
    return [
        PoolEntryReviewOpened(
            effective_on=max(command.effective_on, entry.event.effective_on),
            cadre_id=command.cadre_id,
            decision_event=entry.id,
            corrected_event=corrected,
            reason=command.reason,
        )
        for entry in cadre.standing(PoolEntered)
        if entry.id not in reviewed
        and _would_change(cadre, world[POOLS.of.of(entry.event.pool_id)], entry, news)
    ]


def _would_change(
    cadre: Person, pool: Dossier, entry: Fact[PoolEntered], news: Fact[CadreEvent]
) -> bool:
    """Whether the findings on what was known at the entry differ once the news are added."""
    if news.position <= entry.position:
        return False
    known = cadre.known_before(entry.position)
    learnt = known.learning(news._replace(event=_as_of(entry.event.effective_on, news.event)))
    return _rejudge(known, pool, entry.event) != _rejudge(learnt, pool, entry.event)


def _as_of(day: date, news: CadreEvent) -> CadreEvent:
    """What the news say of a day. A day of birth never changes: its correction always held."""
    match news:
        case ProfileCorrected(birth_month=str(), effective_on=later) if later > day:
            return news.model_copy(update={"effective_on": day, "political": None})
        case _:
            return news


def _rejudge(cadre: Person, pool: Dossier, entry: PoolEntered) -> tuple[RuleFinding, ...] | None:
    """The findings on the person; None before the day of recruitment. A seat is no evidence."""
    begun = require_entry(cadre, entry.cadre_id)
    if isinstance(begun, Recruited) and entry.effective_on < begun.effective_on:
        return None
    found = findings(case_of(entry, cadre, pool, entry.supersedes))
    return tuple(finding for finding in found if finding.rule != "POOL-08")


def _asked(recorded: Recorded[Any]) -> Iterator[OpenReview]:
    """Evidence, late or corrected or annulled; the decision finds what rests on it."""
    event: CadreEvent = recorded.event
    if event.supersedes is not None:
        yield _review(recorded, "依据已更正或撤销")
    elif _may_refuse(event):
        yield _review(recorded, "入库后才登记或更正")


def _may_refuse(event: CadreEvent) -> bool:
    """Whether an event can stand against an entry although it corrects no other."""
    match event:
        case Talked(blocked_until=None) | PoliticalQualityAssessed(veto=False):
            return False
        case ProfileCorrected(birth_month=None, political=None):
            return False
        case PoolAssessed(fit=fit):
            return not fit
        case _:
            return isinstance(event, LATE)


def _review(recorded: Recorded[CadreEvent], why: str) -> OpenReview:
    return OpenReview(
        effective_on=recorded.event.effective_on,
        cadre_id=recorded.event.cadre_id,
        evidence_event=recorded.event_id,
        reason=f"{why}：{recorded.event.say()}"[:2000],
    )


LATE = (Talked, Disciplined, PoliticalQualityAssessed, ProfileCorrected)
"""What counts from its own day on, whenever it was recorded."""

EVIDENCE = (
    *LATE,
    Recruited,
    Baselined,
    PoliticalVetoLifted,
    SelectionAnnulled,
    PoolNominated,
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolExited,
    RectificationChecked,
    SupervisionAnnulled,
)

REVIEWS = Facts(
    event=PoolEntryReviewOpened,
    name="pool-entry-reviews",
    title="入库复核 · Reviews of entries into pools",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M09",
    facts=[REVIEWS],
    handlers=[Handler(OpenReview, _scopes, open_review, Right(Role.RECORDER, NAMED))],
    reactions=[
        Reaction(f"review-{kind.service()}-{kind.name()}", kind, _asked) for kind in EVIDENCE
    ],
    reads={Talked, Disciplined, RectificationChecked},
)
