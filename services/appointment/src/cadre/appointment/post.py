"""A post: how many seats it has, who sits on them, and who was recorded as holding it.

The post owns the limit of its seats (SEL-02): whoever fills or frees one writes the post and the
person together, so that two fillings of one seat cannot both succeed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cadre.appointment.evidence import Evidence
from cadre.contracts.appointment.post import (
    PostDefinition,
    PostEstablished,
    PostFilled,
    PostVacated,
)
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, Relieved
from cadre.contracts.event import CadreEvent, Event, Slug, Text
from cadre.shared.deciding.decider import Fold, Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.person import Person, PersonCommand
from cadre.shared.deciding.rulebook import rulebook


class EstablishPost(Command, PostDefinition):
    """Set up a post, or set its seats anew from a day on."""


class AssumePost(PersonCommand):
    """Record a post that somebody held before this system began."""

    post_id: Slug
    basis: Text


class Relieve(PersonCommand):
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


def assume_post(command: AssumePost, cadre: Person, post: Post) -> list[Event]:
    cadre.require_known(command.cadre_id)
    definition = established(post, command.post_id, command.effective_on)
    if Evidence(cadre, command.effective_on).holds(command.post_id):
        return []
    require_absent(cadre, command.cadre_id, command.post_id, command.effective_on)
    require_seat(post, command.post_id, command.effective_on)
    return [
        PostAssumed(
            effective_on=command.effective_on,
            cadre_id=command.cadre_id,
            post_id=command.post_id,
            level=definition.level,
            basis=command.basis,
        ),
        PostFilled(
            effective_on=command.effective_on, post_id=command.post_id, cadre_id=command.cadre_id
        ),
    ]


def relieve(command: Relieve, cadre: Person) -> list[Event]:
    cadre.require_known(command.cadre_id)
    relieved = Relieved(
        effective_on=command.effective_on,
        cadre_id=command.cadre_id,
        post_id=command.post_id,
        reason=command.reason,
    )
    if cadre.holds(relieved):
        return []
    held = [
        tenure
        for tenure in Evidence(cadre, date.max).posts()
        if tenure.post_id == command.post_id and tenure.covers(command.effective_on)
    ]
    if not held:
        raise NotPossible(
            f"{command.cadre_id} does not hold {command.post_id} on {command.effective_on}",
            where=command.post_id,
            hint="see who holds it at GET /posts/{post_id}",
        )
    if held[0].ends:
        raise NotPossible(
            f"{command.cadre_id} is relieved of {command.post_id} on {held[0].ends} already",
            where=command.post_id,
        )
    return [relieved, vacated(relieved)]


def seat_of(event: CadreEvent) -> Iterator[Scope[Any]]:
    """The post whose seat was taken or left with an event."""
    if isinstance(event, PostAssumed | Relieved):
        yield POST.of(event.post_id)


def settle_annulled(fact: Fact[Any], cadre: Person, world: World) -> list[Event]:
    """The seat that an annulled coming frees, or that an annulled relief takes again."""
    match fact.event:
        case PostAssumed(post_id=post_id, effective_on=day, cadre_id=cadre_id):
            (tenure,) = (t for t in Evidence(cadre, date.max).posts() if t.source == fact.id)
            if tenure.ends is not None:
                raise NotPossible(
                    f"{cadre_id} was relieved of {post_id} on {tenure.ends}",
                    where="supersedes",
                    hint="annul the relief first",
                )
            return [PostVacated(effective_on=day, post_id=post_id, cadre_id=cadre_id)]
        case Relieved(post_id=post_id, effective_on=day, cadre_id=cadre_id):
            require_absent(cadre, cadre_id, post_id, day)
            require_seat(world[POST.of(post_id)], post_id, day)
            return [PostFilled(effective_on=day, post_id=post_id, cadre_id=cadre_id)]
        case Promoted(kind="post"):
            raise NotPossible(
                "a motion led to this post: its steps cannot be taken back",
                where="supersedes",
                hint="relieve the person of the post",
            )
        case _:
            return []


def vacated(relieved: Relieved) -> PostVacated:
    """The seat that becomes free with a relief."""
    return PostVacated(
        effective_on=relieved.effective_on, post_id=relieved.post_id, cadre_id=relieved.cadre_id
    )


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
        rule = rulebook().on("SEL-02", day)
        raise NotPossible(
            f"{post_id} has no vacancy from {day} ({rule.instrument}{rule.article}, {rule.id})",
            where=post_id,
            hint="relieve a holder or raise the seats (职数) of the post first",
        )
