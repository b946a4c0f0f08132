"""What every event must be: of the catalogue, next in its aggregate's chain, with a new id."""

from dataclasses import dataclass, field

from cadre.audit.heads import Head
from cadre.audit.order_check import NUMBERS, OrderCheck
from cadre.audit.places import Place, Places
from cadre.audit.survey import Particulars


@dataclass(frozen=True, slots=True)
class Break:
    """An event that does not follow from the one before."""

    position: int
    subject: str
    before: int | None
    """The position of the aggregate's event before, if there is one."""
    detail: str


@dataclass(slots=True)
class Events:
    """Collects what does not fit, in the order of the log."""

    places: Places
    order: OrderCheck
    unreadable: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """Subject and reason, by position."""
    breaks: list[Break] = field(default_factory=list[Break])
    repeated: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """Where an id came again: its subject and the first position."""

    def see(self, position: int, subject: str, facts: Particulars, before: Head | None) -> None:
        """Look at an event whose aggregate had the head ``before``."""
        if facts.unreadable:
            self.unreadable[position] = (subject, facts.unreadable)
            return
        self._follow(position, subject, facts, before)
        kind = NUMBERS[facts.tag]
        place = Place(position, kind, self.order.history(facts.aggregate, kind))
        first = self.places.add(facts.event_id, place)
        if first is not None:
            self.repeated[position] = (subject, first.position)
            return
        corrected = self.places.get(facts.about) if facts.about else None
        self.order.see(subject, facts, place, corrected)

    def _follow(self, position: int, subject: str, facts: Particulars, before: Head | None) -> None:
        version = before.version + 1 if before else 1
        previous = before.digest if before else ""
        if (facts.version, facts.previous) == (version, previous):
            return
        if facts.version != version:
            detail = f"version {facts.version}, {version} would follow"
        else:
            named = f"of position {before.position}" if before else "empty"
            detail = f"the previous hash is not {named}"
        after = before.position if before else None
        self.breaks.append(Break(position, subject, after, detail))
