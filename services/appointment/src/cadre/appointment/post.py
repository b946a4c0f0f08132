"""A post: how many seats it has, who sits on them, and who was recorded as holding it.

The post owns the limit of its seats (SEL-02): whoever fills or frees one writes the post and the
person together, so that two fillings of one seat cannot both succeed.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from cadre.appointment.correcting import annulment, changes, corrected_by, expecting, without
from cadre.appointment.evidence import Evidence, Tenure
from cadre.contracts.appointment.post import (
    PostDefinition,
    PostEstablished,
    PostFilled,
    PostVacated,
)
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, Event, Slug, Text
from cadre.contracts.vocabulary import PostLevel
from cadre.shared.deciding.decider import Fold, Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rulebook import rulebook


class EstablishPost(Command, PostDefinition):
    """Set up a post, or set its seats anew from a day on."""


class AssumePost(FactCommand):
    """Record a post that somebody held before this system began."""

    post_id: Slug
    basis: Text


class Relieve(FactCommand):
    """End somebody's holding of a post."""

    post_id: Slug
    reason: Text


@dataclass(frozen=True, slots=True)
class Seating:
    """A seat taken (+1) or left (-1) on a day."""

    day: date
    change: int


@dataclass(frozen=True, slots=True)
class Post:
    """Dated definitions and seatings."""

    definitions: tuple[PostEstablished, ...] = ()
    seatings: tuple[Seating, ...] = ()

    def on(self, day: date) -> PostEstablished | None:
        """The definition in force; before the first one, the first: people sat there earlier."""
        dated = sorted(self.definitions, key=lambda definition: definition.effective_on)
        past = [definition for definition in dated if definition.effective_on <= day]
        return past[-1] if past else next(iter(dated), None)

    def free_on(self, day: date) -> int:
        """Seats nobody holds on a day."""
        definition = self.on(day)
        seats = definition.seats if definition else 0
        return seats - sum(seating.change for seating in self.seatings if seating.day <= day)

    def free_from(self, day: date) -> int:
        """Seats nobody holds on that day nor on any later one, as far as recorded."""
        changes = {seating.day for seating in self.seatings}
        changes |= {definition.effective_on for definition in self.definitions}
        return min(self.free_on(later) for later in {day, *(d for d in changes if d > day)})


def evolve(state: Post, recorded: Recorded[Event]) -> Post:
    match recorded.event:
        case PostEstablished() as event:
            return replace(state, definitions=(*state.definitions, event))
        case PostFilled(effective_on=day):
            return replace(state, seatings=(*state.seatings, Seating(day, 1)))
        case PostVacated(effective_on=day):
            return replace(state, seatings=(*state.seatings, Seating(day, -1)))
        case _:
            return state


POST = Fold(service="appointment", entity="post", initial=Post(), evolve=evolve)

type Posts = Callable[[str], Post]
"""The loaded posts, by id."""


def posts_of(world: World) -> Posts:
    return lambda post_id: world[POST.of(post_id)]


def establish_post(command: EstablishPost, post: Post) -> list[Event]:
    wished = PostEstablished(**dict(command))
    before = post.on(command.effective_on)
    if before is None:
        return [wished]
    if (
        wished in post.definitions
        or wished.model_copy(update={"effective_on": before.effective_on}) == before
    ):
        return []
    if (before.level, before.unit_id) != (wished.level, wished.unit_id):
        raise NotPossible(
            f"{before.unit_name}{before.title} is a post of another level or unit",
            where=command.post_id,
            hint="establish a new post with an id of its own",
        )
    events: list[Event] = [wished]
    if replace(post, definitions=(*post.definitions, wished)).free_from(wished.effective_on) < 0:
        raise NotPossible(
            f"more persons hold the post than {wished.seats} seats (职数)",
            where=command.post_id,
            hint="relieve somebody first",
        )
    return events


def assume_post(command: AssumePost, cadre: Person, posts: Posts) -> list[Event]:
    """A correction is judged, and its seats are counted, as if the wrong record had never been."""
    cadre.require_known(command.cadre_id)
    day = command.effective_on
    definition = established(posts(command.post_id), command.post_id, day)
    assumed = PostAssumed(level=definition.level, **dict(command))
    if assumed.supersedes is None:
        told = Evidence(cadre, day).holds(command.post_id)
    else:
        told = cadre.holds(assumed)
    wrong = None if told else corrected_by(cadre, assumed)
    if told or (wrong and not changes(assumed, wrong)):
        return []
    return [assumed, *settled(command.cadre_id, cadre, expecting(cadre, assumed), posts)]


def relieve(command: Relieve, cadre: Person, posts: Posts) -> list[Event]:
    """A correction is judged as if the wrong relief had never been."""
    cadre.require_known(command.cadre_id)
    relieved = Relieved(**dict(command))
    if relieved.supersedes and cadre.holds(relieved):
        return []
    wrong = corrected_by(cadre, relieved)
    if wrong is not None:
        if not changes(relieved, wrong):
            return []
        _require_own(cadre, wrong, relieved)
    held = _held(relieved, without(cadre, wrong))
    if held is None or held.ends:
        if wrong is None and cadre.holds(relieved):
            return []
        raise _not_relieved(relieved, held)
    return [relieved, *settled(command.cadre_id, cadre, expecting(cadre, relieved), posts)]


def _held(relieved: Relieved, cadre: Person) -> Tenure[PostLevel] | None:
    """The time in the post that a relief would end."""
    for tenure in Evidence(cadre, date.max).posts():
        if tenure.post_id == relieved.post_id and tenure.covers(relieved.effective_on):
            return tenure
    return None


def _not_relieved(relieved: Relieved, held: Tenure[PostLevel] | None) -> NotPossible:
    cadre_id, post_id = relieved.cadre_id, relieved.post_id
    if held is None:
        return NotPossible(
            f"{cadre_id} does not hold {post_id} on {relieved.effective_on}",
            where=post_id,
            hint="see who holds it at GET /posts/{post_id}",
        )
    return NotPossible(
        f"{cadre_id} is relieved of {post_id} on {held.ends} already",
        where=post_id,
        hint="correct that relief, if it is wrong",
    )


def _require_own(cadre: Person, relief: Fact[Relieved], instead: Relieved | None) -> None:
    """The relief that came of a failed probation is moved, or taken back, with its outcome."""
    told = (relief.event.post_id, relief.event.effective_on)
    if instead and (instead.post_id, instead.effective_on) == told:
        return
    evidence = Evidence(cadre, date.max)
    for outcome in cadre.standing(ProbationConcluded):
        of_it = evidence.relief(outcome)
        if of_it and of_it.id == relief.id:
            raise NotPossible(
                f"the probation in {told[0]} failed on {told[1]}: its post was taken back with it",
                where="supersedes",
                hint=f"correct or annul the outcome of the probation, {outcome.id}",
            )


def seat_of(event: CadreEvent) -> Iterator[Scope[Any]]:
    """The post whose seat was taken or left with an event."""
    if isinstance(event, PostAssumed | Relieved | ProbationConcluded):
        yield POST.of(event.post_id)


def settle_annulled(fact: Fact[Any], cadre: Person, world: World) -> list[Event]:
    """The seats that follow what is annulled; a failed probation takes its relief along."""
    relief: Fact[Relieved] | None = None
    match fact.event:
        case Promoted(kind="post"):
            raise NotPossible(
                "a motion led to this post: its steps cannot be taken back",
                where="supersedes",
                hint="relieve the person of the post",
            )
        case Relieved():
            _require_own(cadre, fact, None)
        case ProbationConcluded():
            relief = Evidence(cadre, date.max).relief(fact)
        case _:
            pass
    events = [annulment(relief, f"试用期考核结论 {fact.id}")] if relief else []
    after, posts = without(cadre, fact, relief), posts_of(world)
    return [*events, *settled(fact.event.cadre_id, cadre, after, posts)]


def settled(cadre_id: str, before: Person, after: Person, posts: Posts) -> list[Event]:
    """The seats taken and left where a person's posts change.

    Raises: NotPossible for two seats of one post at a time, and where a seat that is to be taken
    is another's.
    """
    earlier, later = Evidence(before, date.max).posts(), Evidence(after, date.max).posts()
    _require_apart(cadre_id, later, set(earlier))
    moves = _moves(later)
    moves.subtract(_moves(earlier))
    for post_id in {post_id for (post_id, _), change in moves.items() if change > 0}:
        _require_seats(posts(post_id), post_id, moves)
    return [
        (PostFilled if change > 0 else PostVacated)(
            effective_on=day, post_id=post_id, cadre_id=cadre_id
        )
        for (post_id, day), change in sorted(moves.items())
        for _ in range(abs(change))
    ]


def _moves(tenures: Iterable[Tenure[PostLevel]]) -> Counter[tuple[str, date]]:
    """Seats taken, less those left, by post and day."""
    moves = Counter[tuple[str, date]]()
    for tenure in tenures:
        moves[tenure.post_id or "", tenure.begins] += 1
        if tenure.ends:
            moves[tenure.post_id or "", tenure.ends] -= 1
    return moves


def _require_apart(
    cadre_id: str, tenures: Sequence[Tenure[PostLevel]], known: Container[Tenure[PostLevel]]
) -> None:
    """Nobody has two seats of a post at a time."""
    ordered = sorted(tenures, key=lambda tenure: (tenure.post_id or "", tenure.begins))
    for one, other in pairwise(ordered):
        together = one.ends is None or one.ends > other.begins
        if one.post_id == other.post_id and together and not (one in known and other in known):
            told = other if other in known else one
            raise NotPossible(
                f"{cadre_id} holds {told.post_id} already, since {told.begins}", where=cadre_id
            )


def _require_seats(post: Post, post_id: str, moves: Counter[tuple[str, date]]) -> None:
    """SEL-02: never more persons than seats, on any day."""
    mine = tuple(Seating(day, change) for (key, day), change in moves.items() if key == post_id)
    after = replace(post, seatings=(*post.seatings, *mine))
    if after.free_from(min(seating.day for seating in mine)) < 0:
        raise _no_vacancy(post_id, min(seating.day for seating in mine if seating.change > 0))


def established(post: Post, post_id: str, day: date) -> PostEstablished:
    """The definition of a post that must exist."""
    definition = post.on(day)
    if definition is None:
        raise NotFound(
            f"no post {post_id} is known here", where=post_id, hint="establish the post first"
        )
    return definition


def require_absent(cadre: Person, cadre_id: str, post_id: str, day: date) -> None:
    """Nobody takes a second seat of a post, neither on this day nor by a later coming."""
    for tenure in Evidence(cadre, date.max).posts():
        if tenure.post_id == post_id and (tenure.ends is None or day < tenure.ends):
            raise NotPossible(
                f"{cadre_id} holds {post_id} already, since {tenure.begins}", where=cadre_id
            )


def require_seat(post: Post, post_id: str, day: date) -> None:
    """SEL-02: never more persons than seats, on this day or a later one."""
    if post.free_from(day) < 1:
        raise _no_vacancy(post_id, day)


def _no_vacancy(post_id: str, day: date) -> NotPossible:
    rule = rulebook().on("SEL-02", day)
    return NotPossible(
        f"{post_id} has no vacancy from {day} ({rule.instrument}{rule.article}, {rule.id})",
        where=post_id,
        hint="relieve a holder or raise the seats (职数) of the post first",
    )
