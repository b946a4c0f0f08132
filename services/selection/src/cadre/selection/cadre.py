"""What is known of one person: dated facts from all services, keyed by event id."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import cast
from uuid import UUID

from pydantic import Field

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, CadreId, Event
from cadre.contracts.selection.identification import (
    Observed,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.kin import KinDeclared
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.privacy import CadreForgotten, DataRestricted, RestrictionLifted
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.shared.deciding import protection
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.protection import UNPROTECTED, Protection


class CadreCommand(Command):
    """A wish about somebody known here."""

    cadre_id: CadreId


class CorrectableCommand(CadreCommand):
    """A wish to record a fact, which may take the place of an earlier one."""

    supersedes: UUID | None = Field(
        default=None, description="The event of the same type that this one corrects"
    )


@dataclass(frozen=True, slots=True)
class Fact[E: CadreEvent]:
    id: UUID
    event: E


@dataclass(frozen=True, slots=True)
class Membership:
    """One stay in a pool, from ``entered_on`` to the day before ``exited_on``."""

    entry_event: UUID
    entered_on: date
    exited_on: date | None

    def covers(self, day: date) -> bool:
        return self.entered_on <= day and (self.exited_on is None or day < self.exited_on)

    def lies_before(self, day: date) -> bool:
        return self.exited_on is not None and self.exited_on <= day


@dataclass(frozen=True, slots=True)
class Cadre:
    """Every fact that Selection decides on, also those that a correction replaced."""

    facts: Mapping[UUID, CadreEvent] = field(default_factory=dict[UUID, CadreEvent])
    superseded: frozenset[UUID] = frozenset()

    def standing[E: CadreEvent](self, kind: type[E], by: date = date.max) -> list[Fact[E]]:
        """Facts of a kind that hold by a day and were not corrected, in order of that day."""
        found = [
            Fact(event_id, event)
            for event_id, event in self.facts.items()
            if isinstance(event, kind)
            and event.effective_on <= by
            and event_id not in self.superseded
        ]
        return sorted(found, key=lambda fact: fact.event.effective_on)

    def holds(self, event: CadreEvent, *, besides: Collection[str] = ()) -> bool:
        """Whether such a fact was recorded before, whatever the fields ``besides`` say.

        Personal fields are sealed when a decision is taken, so they cannot tell facts apart: a
        fact that its clear fields identify is compared without them.
        """
        wanted = {name: value for name, value in event if name not in besides}.items()
        return any(
            type(fact) is type(event) and wanted <= vars(fact).items()
            for fact in self.facts.values()
        )

    @property
    def protection(self) -> Protection:
        """Whether the person's data may be used, and whether they are there."""
        return reduce(protection.evolve, self.facts.values(), UNPROTECTED)

    @property
    def posts(self) -> frozenset[str]:
        """The posts somebody holds, in the order of the record."""
        held: set[str] = set()
        for event in self.facts.values():
            match event:
                case PostAssumed() | Promoted(kind="post", post_id=str()):
                    held.add(str(event.post_id))
                case Relieved() | ProbationConcluded(passed=False):
                    held.discard(event.post_id)
                case _:
                    pass
        return frozenset(held)

    @property
    def entry(self) -> Recruited | Baselined | None:
        """How the person came to be known; None for a stranger."""
        entries = [*self.standing(Recruited), *self.standing(Baselined)]
        return entries[-1].event if entries else None

    def require_known(self, cadre_id: str) -> Recruited | Baselined:
        """The entry of a known person. Raises NotFound for a stranger."""
        if (entry := self.entry) is None:
            raise NotFound(
                f"no cadre {cadre_id} is known here",
                where=cadre_id,
                hint="recruit the person or record a baseline first",
            )
        return entry

    def require_superseded(self, event: CadreEvent) -> None:
        """Raises NotPossible unless ``event.supersedes`` names a standing fact of its type."""
        named = event.supersedes
        if named is None:
            return
        if type(self.facts.get(named)) is not type(event):
            raise NotPossible(
                f"event {named} is no {event.tag()} of this cadre",
                where="supersedes",
                hint="name the event that is wrong",
            )
        if named in self.superseded:
            raise NotPossible(
                f"event {named} was corrected already",
                where="supersedes",
                hint="name the correction instead, if it is wrong too",
            )

    def profile_on(self, day: date, entry: Recruited | Baselined) -> Recruited | Baselined:
        """The entry with every correction that holds on a day applied to it."""
        corrected: dict[str, object] = {}
        for fact in self.standing(ProfileCorrected, by=day):
            corrected |= fact.event.corrected
        return entry.model_copy(update=corrected)

    def open_vetoes(self, day: date) -> list[Fact[PoliticalQualityAssessed]]:
        """Political vetoes that nobody had lifted by a day.

        A corrected assessment is a new one: the lifting of its predecessor does not lift it.
        """
        lifted = {
            fact.event.assessment_event for fact in self.standing(PoliticalVetoLifted, by=day)
        }
        assessed = self.standing(PoliticalQualityAssessed, by=day)
        return [fact for fact in assessed if fact.event.veto and fact.id not in lifted]

    def memberships(self, pool_id: str) -> list[Membership]:
        """All stays in a pool, the earliest first."""
        exits = {fact.event.entry_event: fact.event for fact in self.standing(PoolExited)}
        return [
            Membership(
                fact.id,
                fact.event.effective_on,
                exits[fact.id].effective_on if fact.id in exits else None,
            )
            for fact in self.standing(PoolEntered)
            if fact.event.pool_id == pool_id
        ]


_FACTS: frozenset[type[Event]] = frozenset(
    {
        Recruited,
        Baselined,
        ProfileCorrected,
        Observed,
        KinDeclared,
        PoliticalQualityAssessed,
        PoliticalVetoLifted,
        PoolNominated,
        PoolAssessed,
        PoolCompared,
        PoolEntered,
        PoolEntryRefused,
        PoolExited,
        Talked,
        RectificationChecked,
        Disciplined,
        PostAssumed,
        Promoted,
        ProbationConcluded,
        Relieved,
        DataRestricted,
        RestrictionLifted,
        CadreForgotten,
    }
)
"""A set, for nothing is asked as often: matching one class after the other takes longer than all
the rest of `evolve`."""


def evolve(state: Cadre, recorded: Recorded[Event]) -> Cadre:
    event = recorded.event
    if type(event) not in _FACTS:
        return state
    superseded = state.superseded
    if event.supersedes is not None:
        superseded |= {event.supersedes}
    return Cadre({**state.facts, recorded.event_id: cast(CadreEvent, event)}, superseded)


CADRE = Fold(service="*", entity="cadre", initial=Cadre(), evolve=evolve)
