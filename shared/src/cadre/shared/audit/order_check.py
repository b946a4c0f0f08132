"""Whether each history makes sense to its own rules, whatever its signatures say.

A service's key in the wrong hands signs anything. What it signs must still begin with what opens a
history, come in the order of the steps, end at the end, correct what was there, and bear the ids
that follow from its commands.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from cadre.contracts.event import Event
from cadre.shared.decisions import event_id
from cadre.shared.messages import Recorded
from cadre.shared.order import Kinds, Order


@dataclass(slots=True)
class History:
    """Which kinds of events a history has by now."""

    kinds: set[type[Event]] = field(default_factory=set[type[Event]])
    ended: type[Event] | None = None


class Place(NamedTuple):
    """Where an event stands."""

    position: int
    kind: type[Event]
    history: History


@dataclass(frozen=True, slots=True)
class Disorder:
    """An event that cannot stand where it does."""

    position: int
    subject: str
    detail: str


@dataclass(slots=True)
class OrderCheck:
    """Looks at events in the order of the log."""

    orders: Iterable[Order] = ()
    found: list[Disorder] = field(default_factory=list[Disorder])
    _opens: dict[str, Kinds] = field(default_factory=dict[str, Kinds])
    _after: dict[type[Event], Kinds] = field(default_factory=dict[type[Event], Kinds])
    _undoes: dict[type[Event], Kinds] = field(default_factory=dict[type[Event], Kinds])
    _once: set[type[Event]] = field(default_factory=set[type[Event]])
    _ends: set[type[Event]] = field(default_factory=set[type[Event]])
    _alike: dict[type[Event], Kinds] = field(default_factory=dict[type[Event], Kinds])
    _histories: dict[str, History] = field(default_factory=dict[str, History])
    _command: UUID | None = None
    _index: int = 0

    def __post_init__(self) -> None:
        for order in self.orders:
            self._opens[order.entity] = self._opens.get(order.entity, frozenset()) | order.opens
            self._after |= order.after
            self._undoes |= order.undoes
            self._once |= order.once
            self._ends |= order.ends
            self._alike |= {kind: kinds for kinds in order.alike for kind in kinds}

    def history(self, aggregate: str, entity: str) -> History:
        """The history that an event belongs to: of a person, that of all services."""
        # No service has an empty name.
        key = f".{aggregate.rpartition('.')[2]}" if entity == "cadre" else aggregate
        history = self._histories.get(key)
        if history is None:
            history = self._histories[key] = History()
        return history

    def see(
        self, recorded: Recorded[Event], aggregate: str, place: Place, corrected: Place | None
    ) -> None:
        """Look at the next event; ``corrected`` is where the event stands that it corrects."""
        for detail in (
            self._misplaced(recorded.event, place),
            self._miscorrects(recorded.event, place, corrected),
            self._misnamed(recorded, aggregate),
        ):
            if detail:
                subject = f"history.{aggregate}.{recorded.event.name()}"
                self.found.append(Disorder(recorded.position, subject, detail))
        kind, kinds = place.kind, place.history.kinds
        kinds -= self._undoes.get(kind, frozenset())
        kinds.add(kind)
        if kind in self._ends:
            place.history.ended = kind

    def _misplaced(self, event: Event, place: Place) -> str:
        kind, history = place.kind, place.history
        opens = self._opens.get(event.entity)
        if opens and not history.kinds and kind not in opens:
            return f"{_name(kind)} opens a history; {_names(opens)} would"
        if history.ended:
            return f"{_name(kind)} after {_name(history.ended)}, which ends a history"
        needed = self._after.get(kind)
        if needed and history.kinds.isdisjoint(needed):
            return f"{_name(kind)} before {_names(needed)}"
        if kind in self._once and kind in history.kinds and event.supersedes is None:
            return f"{_name(kind)} a second time"
        return ""

    def _miscorrects(self, event: Event, place: Place, corrected: Place | None) -> str:
        if event.supersedes is None:
            return ""
        if corrected is None or corrected.position >= place.position:
            return "corrects an event that was not recorded before"
        if corrected.history is not place.history:
            return f"corrects position {corrected.position}, which is of another history"
        if corrected.kind not in self._alike.get(place.kind, {place.kind}):
            return f"corrects position {corrected.position}, a {_name(corrected.kind)}"
        return ""

    def _misnamed(self, recorded: Recorded[Event], aggregate: str) -> str:
        """The events of a command stand side by side, so each one's place among them is known."""
        command = recorded.envelope.command_id
        self._index = self._index + 1 if command == self._command else 0
        self._command = command
        expected = event_id(aggregate, command, self._index)
        return "" if recorded.event_id == expected else "the id does not follow from the command"


def _name(kind: type[Event]) -> str:
    return f"{kind.service()}.{kind.name()}"


def _names(kinds: Kinds) -> str:
    return " or ".join(sorted(map(_name, kinds)))
