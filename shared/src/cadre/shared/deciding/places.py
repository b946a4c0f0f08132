"""Places of one owner, declared: a limit over many persons, kept by whoever owns it.

A place is taken and released in one batch with the person's event, and the owner's history guards
both. So two takings of the last place cannot both succeed.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from cadre.contracts.event import Event
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.versions import Versions


class Stay(NamedTuple):
    """A time in which somebody holds a place; ``ends`` is the first day after it."""

    owner: str
    begins: date
    ends: date | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places[T: Event, R: Event]:
    """How many an owner has, and by which events they are taken and released."""

    taken: type[T]
    released: type[R]
    limit: Callable[[Dossier, date], int]
    """How many there are on a day."""
    defined_by: Versions[Any] | None = None
    """What changes the limit from a day on."""
    person: str = "cadre_id"
    """The field of both events that names who holds a place."""

    def orders(self) -> list[Order]:
        """A place is released only after one was taken."""
        return [Order(self.taken.entity, after={self.released: frozenset({self.taken})})]

    def take(self, owner: str, person: str, day: date) -> T:
        """The event by which somebody takes a place from a day on."""
        return self.taken.model_validate(self._said(owner, person, day))

    def release(self, owner: str, person: str, day: date) -> R:
        """The event by which somebody's place is free from a day on."""
        return self.released.model_validate(self._said(owner, person, day))

    def moved(self, person: str, before: Iterable[Stay], after: Iterable[Stay]) -> list[T | R]:
        """The places that are taken and released when somebody's stays change."""
        changes = _changes(after)
        changes.subtract(_changes(before))
        found = sorted(changes.items(), key=lambda one: (-one[1], one[0]))
        return [
            self.take(owner, person, day) if change > 0 else self.release(owner, person, day)
            for (owner, day), change in found
            for _ in range(abs(change))
        ]

    def first_overfull(self, dossier: Dossier, moved: Iterable[T | R]) -> date | None:
        """The first day on which an owner lacks a place for what is moved there."""
        moves = [
            (event.effective_on, 1 if isinstance(event, self.taken) else -1) for event in moved
        ]
        for day, free in self._free_by_day(dossier, date.min, *(on for on, _ in moves)):
            more = sum(change for on, change in moves if on <= day)
            if more > 0 and more > free:
                return day
        return None

    def _said(self, owner: str, person: str, day: date) -> dict[str, object]:
        return {self.taken.key: owner, self.person: person, "effective_on": day}

    def holders_on(self, dossier: Dossier, day: date) -> frozenset[str]:
        """Who holds a place on a day: taken more often than released by then."""
        held: dict[str, int] = {}
        for on, person, change in self._moves(dossier):
            if on <= day:
                held[person] = held.get(person, 0) + change
        return frozenset(person for person, places in held.items() if places > 0)

    def free_on(self, dossier: Dossier, day: date) -> int:
        """Places that nobody holds on a day; negative where there are more holders than places."""
        held = sum(change for on, _, change in self._moves(dossier) if on <= day)
        return self.limit(dossier, day) - held

    def free_from(self, dossier: Dossier, day: date, until: date | None = None) -> int:
        """Places that nobody holds on a day nor on any later one, as far as recorded.

        A place taken late for an early day counts on all days after it. ``until`` is the first day
        that matters no more.
        """
        free = self._free_by_day(dossier, day)
        return min(left for on, left in free if on == day or until is None or on < until)

    def first_free(self, dossier: Dossier, day: date) -> date | None:
        """The first day from ``day`` on when a place is free for good; None if none is in sight."""
        found = None
        for later, free in reversed(self._free_by_day(dossier, day)):
            if free <= 0:
                break
            found = later
        return found

    def _free_by_day(self, dossier: Dossier, since: date, *others: date) -> list[tuple[date, int]]:
        """Places that nobody holds on a day, on every later one when that may change, on others."""
        moved = Counter[date]()
        for on, _, change in self._moves(dossier):
            moved[on] += change
        defined = dossier.standing(self.defined_by.event) if self.defined_by else ()
        later = {since, *others, *moved, *(fact.event.effective_on for fact in defined)}
        found: list[tuple[date, int]] = []
        held = 0
        for day in sorted(later):
            held += moved[day]
            if day >= since:
                found.append((day, self.limit(dossier, day) - held))
        return found

    def _moves(self, dossier: Dossier) -> Iterable[tuple[date, str, int]]:
        for kind, change in ((self.taken, 1), (self.released, -1)):
            for fact in dossier.every(kind):
                yield fact.event.effective_on, getattr(fact.event, self.person), change


def _changes(stays: Iterable[Stay]) -> Counter[tuple[str, date]]:
    """How many more places of each owner are held from a day on."""
    changes = Counter[tuple[str, date]]()
    for stay in stays:
        changes[stay.owner, stay.begins] += 1
        if stay.ends is not None:
            changes[stay.owner, stay.ends] -= 1
    return changes
