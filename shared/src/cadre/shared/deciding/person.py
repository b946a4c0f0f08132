"""One person as decisions see them: dated facts by the id of their event, whoever recorded them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.event import CadreEvent, CadreId, Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.shared.deciding.decider import Fold, Handler
from cadre.shared.deciding.dossier import Dossier, Fact, learn
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.rights import Right


class PersonCommand(Command):
    """A wish about somebody known here."""

    cadre_id: CadreId


class FactCommand(PersonCommand):
    """A wish to record a fact, which may take the place of an earlier one."""

    supersedes: UUID | None = Field(
        default=None, description="The event of the same type that this one corrects"
    )


ANNULLED = (SelectionAnnulled, TrainingAnnulled, SupervisionAnnulled, AppointmentAnnulled)
"""By which each service takes back what it recorded."""


def unknown(cadre_id: str) -> NotFound:
    """What is told of somebody who was neither recruited nor taken over from a file."""
    return NotFound(
        f"此处查无此干部 · no cadre {cadre_id} is known here",
        where=cadre_id,
        hint="请先录用该人员，或导入既往履历 · recruit the person or record a baseline first",
    )


@dataclass(frozen=True, slots=True)
class Person(Dossier):
    """One person's history, whoever recorded it."""

    @property
    def known(self) -> bool:
        """Whether the person was recruited or taken over from a file."""
        return Recruited in self.kinds or Baselined in self.kinds

    def require_known(self, cadre_id: str) -> None:
        """Raise NotFound unless the person was recruited or taken over from a file."""
        if not self.known:
            raise unknown(cadre_id)

    def require[E: CadreEvent](self, kind: type[E], event_id: UUID, cadre_id: str) -> Fact[E]:
        """The fact of a kind that stands for this event. Raises NotFound where there is none."""
        self.require_known(cadre_id)
        if (found := self.of_line(event_id, kind)) is None:
            raise NotFound(
                f"该干部名下没有此项记录 · {cadre_id} has no {kind.name()} {event_id}",
                where=str(event_id),
                hint="请写明记录它的事件编号 · name the id of the event that recorded it",
            )
        return found

    def record(self, event: CadreEvent, *, besides: Collection[str] = ()) -> list[Event]:
        """The fact, unless history says so already. Raises: NotFound, NotPossible."""
        self.require_known(event.cadre_id)
        if self.holds(event, besides=besides):
            return []
        if event.supersedes is not None:
            self.correctable(type(event), event.supersedes)
        return [event]

    def end(
        self, ending: CadreEvent, kind: type[CadreEvent], *, besides: Collection[str] = ()
    ) -> list[Event]:
        """What ends a fact of a kind, once, not before it began. Raises: NotFound, NotPossible."""
        key: UUID = getattr(ending, ending.hangs_on)
        begun = self.require(kind, key, ending.cadre_id)
        if self.holds(ending, besides=besides):
            return []
        if ending.supersedes is not None:
            self.correctable(type(ending), ending.supersedes)
        for before in self.hanging(type(ending), begun):
            if before.id != ending.supersedes:
                raise NotPossible(
                    "该事项已经结束 · "
                    f"it ended on {before.event.effective_on}: {before.event.say()}",
                    where=str(key),
                    hint="已结束的不能再次结束；结束有误的，请更正 · "
                    "what ended once ends no second time; a wrong ending is corrected",
                )
        self.require_begun(ending.effective_on, begun)
        return [ending]

    def require_begun(self, day: date, begun: Fact[Any]) -> None:
        """Raise NotPossible for a day on which a fact had not begun."""
        if day < begun.event.effective_on:
            raise NotPossible(
                f"该事项开始日期晚于所写日期 · it began on {begun.event.effective_on}, after {day}",
                where="effective_on",
                hint=f"最早可写的日期 · the earliest day is {begun.event.effective_on}",
            )


def from_the_beginning[E: Event](correction: E, wrong: Event | None) -> E:
    """A correction to judge a decision again by, as if it had been known.

    Where the wrong one held until it was corrected, the right one is told of the day of that.
    """
    if wrong is None or not wrong.held_until_corrected:
        return correction
    if wrong.effective_on >= correction.effective_on:
        return correction
    return correction.model_copy(update={"effective_on": wrong.effective_on})


PERSON: Final = Fold("*", "cadre", Person(), learn)
"""The history of a person; of it a service reads what it records and what it says it reads."""


def person_handler[C: PersonCommand](
    command: type[C],
    decide: Callable[[C, Person], Sequence[Event]],
    right: Right,
) -> Handler[Any]:
    """The handler of a command that reads nothing but its person."""
    return Handler(
        command,
        lambda wish, _world: (PERSON.of(wish.cadre_id),),
        lambda wish, world: decide(wish, world[PERSON.of(wish.cadre_id)]),
        right,
    )
