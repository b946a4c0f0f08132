"""The posts that a person holds, and until when. Every service that asks it asks here."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, Relieved
from cadre.contracts.vocabulary import PostLevel
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.person import Person


class Holding(NamedTuple):
    """A time in a post; ``ends`` is the first day after it, ``source`` the event that began it."""

    post_id: str
    level: PostLevel
    begins: date
    ends: date | None
    source: UUID

    def covers(self, day: date) -> bool:
        return self.begins <= day and (self.ends is None or day < self.ends)


type Place = tuple[date, int]
"""The day of a fact, and the place on the log at which its line began."""


def holdings(person: Person, by: date = date.max) -> list[Holding]:
    """Every time in a post begun by a day, as known then, in order of the days."""
    reliefs = [
        (fact.event.post_id, _place(person, fact)) for fact in person.standing(Relieved, by=by)
    ]
    held: list[Holding] = []
    for fact in person.standing(PostAssumed, Promoted, by=by):
        match fact.event:
            case PostAssumed(post_id=post_id, level=level):
                pass
            case Promoted(kind="post", post_id=str(post_id), level=PostLevel() as level):
                pass
            case _:
                continue
        begun = _place(person, fact)
        ends = end_of(begun, (left for of, left in reliefs if of == post_id))
        held.append(Holding(post_id, level, begun[0], ends, fact.id))
    return held


def end_of(begun: Place, reliefs: Iterable[Place]) -> date | None:
    """The first day after a time in a post, by the reliefs of that person from that post.

    A relief ends what it finds: on one day the order of the log decides, whatever was corrected
    later; one that lies before the coming, as corrected, ends nothing.
    """
    return min((left[0] for left in reliefs if left > begun), default=None)


def _place(person: Person, fact: Fact[Any]) -> Place:
    first = fact
    while (wrong := first.event.supersedes) and (earlier := person.fact(wrong)):
        first = earlier
    return fact.event.effective_on, first.position
