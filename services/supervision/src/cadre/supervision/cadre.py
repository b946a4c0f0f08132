"""One person as Supervision sees them: facts keyed by event id, folded from all services."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from cadre.contracts.event import CadreId, Event
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.supervision.assessment import Assessed, AssessmentRefused, AssessmentRequested
from cadre.contracts.supervision.flag import FlagClosed, Flagged
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.contracts.supervision.off_duty import OffDutyNoteExpired, OffDutyVisitMade
from cadre.shared.deciding.decider import Fold, Handler
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rights import Right


class CadreCommand(Command):
    """A wish about one person."""

    cadre_id: CadreId


type Facts[E: Event] = Mapping[UUID, E]


@dataclass(frozen=True, slots=True)
class Cadre:
    """Facts by the id of their event; closings and reversals by the id of what they end."""

    known: bool = False
    superseded: frozenset[UUID] = frozenset()
    assessed: Facts[Assessed] = field(default_factory=dict[UUID, Assessed])
    refusals: tuple[AssessmentRefused, ...] = ()
    requests: Facts[AssessmentRequested] = field(default_factory=dict[UUID, AssessmentRequested])
    merit: Facts[MeritPosted] = field(default_factory=dict[UUID, MeritPosted])
    reversals: Facts[MeritReversed] = field(default_factory=dict[UUID, MeritReversed])
    flags: Facts[Flagged] = field(default_factory=dict[UUID, Flagged])
    closures: Facts[FlagClosed] = field(default_factory=dict[UUID, FlagClosed])
    talks: Facts[Talked] = field(default_factory=dict[UUID, Talked])
    checks: Facts[RectificationChecked] = field(default_factory=dict[UUID, RectificationChecked])
    sanctions: Facts[Disciplined] = field(default_factory=dict[UUID, Disciplined])
    visits: Facts[OffDutyVisitMade] = field(default_factory=dict[UUID, OffDutyVisitMade])
    lapsed: frozenset[UUID] = frozenset()
    """Notes of visits that were destroyed on their day."""

    def standing[E: Event](self, facts: Facts[E]) -> dict[UUID, E]:
        """The facts that no later event corrected."""
        return {key: fact for key, fact in facts.items() if key not in self.superseded}


def evolve(state: Cadre, recorded: Recorded[Event]) -> Cadre:
    key, event = recorded.event_id, recorded.event
    if event.supersedes is not None:
        state = replace(state, superseded=state.superseded | {event.supersedes})
    match event:
        case Recruited() | Baselined():
            return replace(state, known=True)
        case Assessed():
            return replace(state, assessed={**state.assessed, key: event})
        case AssessmentRefused():
            return replace(state, refusals=(*state.refusals, event))
        case AssessmentRequested():
            return replace(state, requests={**state.requests, event.request_id: event})
        case MeritPosted():
            return replace(state, merit={**state.merit, key: event})
        case MeritReversed():
            return replace(state, reversals={**state.reversals, event.merit_event: event})
        case Flagged():
            return replace(state, flags={**state.flags, key: event})
        case FlagClosed():
            return replace(state, closures={**state.closures, event.flag_event: event})
        case Talked():
            return replace(state, talks={**state.talks, key: event})
        case RectificationChecked():
            return replace(state, checks={**state.checks, key: event})
        case Disciplined():
            return replace(state, sanctions={**state.sanctions, key: event})
        case OffDutyVisitMade():
            return replace(state, visits={**state.visits, key: event})
        case OffDutyNoteExpired():
            return replace(state, lapsed=state.lapsed | {event.note_id})
        case _:
            return state


CADRE = Fold(service="*", entity="cadre", initial=Cadre(), evolve=evolve)


def require_known(cadre: Cadre, cadre_id: str) -> None:
    """Raise NotFound unless the person was recruited or taken over from a file."""
    if not cadre.known:
        raise NotFound(
            f"no cadre {cadre_id} is known here",
            where=cadre_id,
            hint="recruit or import the person first",
        )


def on_record(wanted: Event, facts: Iterable[Event], *, beside: set[str] | None = None) -> bool:
    """Whether an event like ``wanted`` is among ``facts``, whatever the fields ``beside`` say.

    Personal fields belong there: history holds them sealed, a command brings them in clear.
    """
    told = wanted.model_dump(exclude=beside)
    return any(fact.model_dump(exclude=beside) == told for fact in facts)


def cadre_handler[C: CadreCommand](
    command: type[C], decide: Callable[[C, Cadre], Sequence[Event]], right: Right
) -> Handler[Any]:
    """The handler of a command that reads nothing but its person."""
    return Handler(
        command,
        lambda wish, _world: (CADRE.of(wish.cadre_id),),
        lambda wish, world: decide(wish, world[CADRE.of(wish.cadre_id)]),
        right,
    )
