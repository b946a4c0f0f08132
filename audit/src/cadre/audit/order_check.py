"""Whether each history makes sense to its own rules, whatever its signatures say.

A service's key in the wrong hands signs anything. What it signs must still begin with what opens a
history, come in the order of the steps, end at the end, correct what was there, and bear the ids
that follow from its commands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from cadre.audit.places import Place
from cadre.audit.survey import Particulars
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event, EventAnnulled, EventSetAside
from cadre.shared.deciding.order import Order
from cadre.shared.log.event_ids import event_id

KINDS = tuple(CATALOGUE.events.values())
NUMBERS = {kind.tag(): number for number, kind in enumerate(KINDS)}
"""A number for each kind of event. A set of kinds is an int with a bit for each: there is one such
set for every history."""


@dataclass(frozen=True, slots=True)
class Disorder:
    """An event that cannot stand where it does."""

    position: int
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a kind of event; sets of kinds as bits."""

    bit: int
    opens: int
    """What a history of this entity begins with."""
    after: int
    undoes: int
    once: bool
    ends: bool
    alike: int
    """What it may correct."""
    person: bool
    """Whether its history is that of a person."""
    sets_aside: bool
    """Whether it says of another that it never held, and corrects nothing."""

    @classmethod
    def of(cls, kind: type[Event], orders: Sequence[Order]) -> "Rules":
        bit = _bits([kind])
        opens = [order.opens for order in orders if order.entity == kind.entity]
        after = [order.after[kind] for order in orders if kind in order.after]
        undoes = [order.undoes[kind] for order in orders if kind in order.undoes]
        alike = [kinds for order in orders for kinds in order.alike if kind in kinds]
        return cls(
            bit=bit,
            opens=_bits(chain.from_iterable(opens)),
            after=_bits(after[-1]) if after else 0,
            undoes=_bits(undoes[-1]) if undoes else 0,
            once=any(kind in order.once for order in orders),
            ends=any(kind in order.ends for order in orders),
            alike=_bits(alike[-1] if alike else _annullable(kind)) or bit,
            person=kind.entity == "cadre",
            sets_aside=issubclass(kind, EventSetAside),
        )


@dataclass(slots=True)
class OrderCheck:
    """Looks at events in the order of the log."""

    orders: Iterable[Order] = ()
    found: list[Disorder] = field(default_factory=list[Disorder])
    _rules: list[Rules] = field(init=False)
    _histories: dict[str, int] = field(default_factory=dict[str, int])
    """A number for each history."""
    _kinds: list[int] = field(default_factory=list[int])
    """Which kinds of events a history has by now, by its number."""
    _ended: dict[int, int] = field(default_factory=dict[int, int])
    """With which kind a history has ended."""
    _command: str = ""
    _index: int = 0

    def __post_init__(self) -> None:
        orders = list(self.orders)
        self._rules = [Rules.of(kind, orders) for kind in KINDS]

    def history(self, aggregate: str, kind: int) -> int:
        """The history that an event belongs to: of a person, that of all services."""
        # No service has an empty name.
        key = f".{aggregate.rpartition('.')[2]}" if self._rules[kind].person else aggregate
        number = self._histories.setdefault(key, len(self._histories))
        if number == len(self._kinds):
            self._kinds.append(0)
        return number

    def see(self, subject: str, facts: Particulars, place: Place, corrected: Place | None) -> None:
        """Look at the next event; ``corrected`` is where the event stands that it is about."""
        rules, had = self._rules[place.kind], self._kinds[place.history]
        corrects = facts.about is not None and not rules.sets_aside
        details = [self._misnamed(facts)]
        if not rules.sets_aside:
            details.append(self._misplaced(rules, place, had, corrects=corrects))
        if corrects:
            details.append(self._miscorrects(rules, place, corrected))
        if any(details):
            self.found += (Disorder(place.position, subject, one) for one in details if one)
        self._kinds[place.history] = had & ~rules.undoes | rules.bit
        if rules.sets_aside:
            self._never_held(place, corrected)
        if rules.ends:
            self._ended[place.history] = place.kind

    def _never_held(self, place: Place, other: Place | None) -> None:
        """What an event that was set aside had forbidden, it forbids no longer.

        Such an event may stand anywhere: also at the end of a history, and where nobody could read
        what opened it.
        """
        if other is None or other.history != place.history:
            return
        rules = self._rules[other.kind]
        if rules.once:
            self._kinds[place.history] &= ~rules.bit
        if self._ended.get(place.history) == other.kind:
            del self._ended[place.history]

    def _misplaced(self, rules: Rules, place: Place, had: int, *, corrects: bool) -> str:
        if rules.opens and not had and not rules.bit & rules.opens:
            return f"{_name(KINDS[place.kind])} opens a history; {_names(rules.opens)} would"
        if place.history in self._ended:
            ended = KINDS[self._ended[place.history]]
            return f"{_name(KINDS[place.kind])} after {_name(ended)}, which ends a history"
        if rules.after and not had & rules.after:
            return f"{_name(KINDS[place.kind])} before {_names(rules.after)}"
        if rules.once and had & rules.bit and not corrects:
            return f"{_name(KINDS[place.kind])} a second time"
        return ""

    def _miscorrects(self, rules: Rules, place: Place, corrected: Place | None) -> str:
        if corrected is None or corrected.position >= place.position:
            return "corrects an event that was not recorded before"
        if corrected.history != place.history:
            return f"corrects position {corrected.position}, which is of another history"
        if not 1 << corrected.kind & rules.alike:
            return f"corrects position {corrected.position}, a {_name(KINDS[corrected.kind])}"
        return ""

    def _misnamed(self, facts: Particulars) -> str:
        """The events of a command stand side by side, so each one's place among them is known."""
        command = facts.command
        self._index = self._index + 1 if command == self._command else 0
        self._command = command
        if facts.nth == self._index:
            follows = facts.follows
        else:
            expected = event_id(facts.aggregate, UUID(command), self._index)
            follows = facts.event_id == expected.bytes
        return "" if follows else "the id does not follow from the command"


def _annullable(kind: type[Event]) -> list[type[Event]]:
    """What an annulment may name: what its service recorded of a person."""
    if not issubclass(kind, EventAnnulled):
        return []
    return [one for one in KINDS if (one.service(), one.entity) == (kind.service(), kind.entity)]


def _bits(kinds: Iterable[type[Event]]) -> int:
    return sum(1 << NUMBERS[tag] for tag in {kind.tag() for kind in kinds})


def _name(kind: type[Event]) -> str:
    return f"{kind.service()}.{kind.name()}"


def _names(kinds: int) -> str:
    return " or ".join(sorted(_name(kind) for at, kind in enumerate(KINDS) if kinds >> at & 1))
