"""The posts that a person holds, and until when. Every service that asks it asks here."""

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


def holdings(person: Person, by: date = date.max) -> list[Holding]:
    """Every time in a post begun by a day, as known then, in order of the days.

    A relief ends what it finds: on one day the order of the log decides, whatever was corrected
    later; one that lies before the coming, as corrected, ends nothing.
    """
    reliefs = [
        (fact.event.post_id, _dated(person, fact)) for fact in person.standing(Relieved, by=by)
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
        begun = _dated(person, fact)
        left = [end[0] for of, end in reliefs if of == post_id and end > begun]
        held.append(Holding(post_id, level, begun[0], min(left, default=None), fact.id))
    return held


def _dated(person: Person, fact: Fact[Any]) -> tuple[date, int]:
    """The day of a fact, and the place on the log at which its line began."""
    first = fact
    while (wrong := first.event.supersedes) and (earlier := person.fact(wrong)):
        first = earlier
    return fact.event.effective_on, first.position
