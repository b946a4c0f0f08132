"""Evidence, late or corrected, opens a review of the entries into pools it would have changed."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Event, RuleFinding, Text
from cadre.contracts.selection.membership import PoolEntered
from cadre.contracts.selection.profile import ProfileCorrected, Recruited
from cadre.contracts.selection.review import PoolEntryReviewOpened
from cadre.selection.cadre import CADRE, require_entry
from cadre.selection.entry_rules import case_of, findings
from cadre.selection.pool import POOL, Pool
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import Person, PersonCommand


class OpenReview(PersonCommand):
    """Review every entry into a pool that this evidence, had it been known, was judged on."""

    evidence_event: UUID = Field(description="The late or correcting event")
    reason: Text


def scopes(command: OpenReview, world: World) -> Iterator[Scope[Any]]:
    """The person, and the pools they ever entered."""
    scope = CADRE.of(command.cadre_id)
    yield scope
    cadre = world.get(scope)
    entered = cadre.standing(PoolEntered) if cadre else ()
    yield from (POOL.of(pool_id) for pool_id in dict.fromkeys(e.event.pool_id for e in entered))


def open_review(command: OpenReview, world: World) -> list[Event]:
    """Undoes nothing: the entry stands until somebody has reviewed it."""
    cadre = world[CADRE.of(command.cadre_id)]
    cadre.require_known(command.cadre_id)
    news = cadre.fact(command.evidence_event)
    if news is None:
        raise NotPossible(
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
        and _would_change(cadre, world[POOL.of(entry.event.pool_id)], entry, news)
    ]


def _would_change(
    cadre: Person, pool: Pool, entry: Fact[PoolEntered], news: Fact[CadreEvent]
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


def _rejudge(cadre: Person, pool: Pool, entry: PoolEntered) -> tuple[RuleFinding, ...] | None:
    """The findings on the person; None before the day of recruitment. A seat is no evidence."""
    begun = require_entry(cadre, entry.cadre_id)
    if isinstance(begun, Recruited) and entry.effective_on < begun.effective_on:
        return None
    found = findings(case_of(entry, cadre, pool, entry.supersedes))
    return tuple(finding for finding in found if finding.rule != "POOL-08")
