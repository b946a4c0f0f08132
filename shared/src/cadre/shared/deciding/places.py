"""Places of one owner, declared: a limit over many persons, kept by whoever owns it.

A place is taken and released in one batch with the person's event, and the owner's history guards
both. So two takings of the last place cannot both succeed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cadre.contracts.event import Event
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.versions import Versions


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

    def free_from(self, dossier: Dossier, day: date) -> int:
        """Places that nobody holds on a day nor on any later one, as far as recorded.

        A place taken late for an early day counts on all days after it.
        """
        days = self._days(dossier)
        return min(self.free_on(dossier, later) for later in {day, *(d for d in days if d > day)})

    def first_free(self, dossier: Dossier, day: date) -> date | None:
        """The first day from ``day`` on when a place is free for good; None if none is in sight."""
        days = self._days(dossier)
        candidates = sorted({day, *(d for d in days if d > day)})
        return next((one for one in candidates if self.free_from(dossier, one) > 0), None)

    def _moves(self, dossier: Dossier) -> Iterable[tuple[date, str, int]]:
        for kind, change in ((self.taken, 1), (self.released, -1)):
            for fact in dossier.every(kind):
                yield fact.event.effective_on, getattr(fact.event, self.person), change

    def _days(self, dossier: Dossier) -> set[date]:
        days = {on for on, _, _ in self._moves(dossier)}
        if self.defined_by is not None:
            days |= {f.event.effective_on for f in dossier.standing(self.defined_by.event)}
        return days
