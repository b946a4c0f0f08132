"""Who sits where: posts assumed before this system began, reliefs, and the seats that follow.

Whoever fills or frees a seat writes the post and the person together, so that two fillings of one
seat cannot both succeed.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from cadre.appointment.deciding.correcting import changes, corrected_by, without
from cadre.appointment.deciding.evidence import Evidence
from cadre.appointment.deciding.post import POST, SEATS, established, no_vacancy
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, Event, EventAnnulled, Slug, Text
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Dossier, Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.holding import Holding, holdings
from cadre.shared.deciding.person import PERSON, FactCommand, Person
from cadre.shared.deciding.places import Stay
from cadre.shared.deciding.rights import EVERYBODY, Right, Role


class AssumePost(FactCommand):
    """登记现任职位 · Record a post that somebody held before this system began."""

    post_id: Slug
    basis: Text


class Relieve(FactCommand):
    """免去职务 · End somebody's holding of a post."""

    post_id: Slug
    reason: Text


type Posts = Callable[[str], Dossier]
"""The loaded posts, by id."""


def posts_of(world: World) -> Posts:
    return lambda post_id: world[POST.of(post_id)]


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
    return [assumed, *settled(command.cadre_id, cadre, cadre.expecting(assumed), posts)]


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
    return [relieved, *settled(command.cadre_id, cadre, cadre.expecting(relieved), posts)]


def _held(relieved: Relieved, cadre: Person) -> Holding | None:
    """The time in the post that a relief would end."""
    for held in holdings(cadre):
        if held.post_id == relieved.post_id and held.covers(relieved.effective_on):
            return held
    return None


def _not_relieved(relieved: Relieved, held: Holding | None) -> NotPossible:
    cadre_id, post_id = relieved.cadre_id, relieved.post_id
    if held is None:
        return NotPossible(
            f"当日不任此职 · {cadre_id} does not hold {post_id} on {relieved.effective_on}",
            where=post_id,
            hint="查询现任人员 · see who holds it at GET /posts/{post_id}",
        )
    return NotPossible(
        f"已经免职 · {cadre_id} is relieved of {post_id} on {held.ends} already",
        where=post_id,
        hint="原免职记录有误的，请更正 · correct that relief, if it is wrong",
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
                "此免职出自试用期考核 · "
                f"the probation in {told[0]} failed on {told[1]}: its post was taken back with it",
                where="supersedes",
                hint="请更正或撤销考核结论 · "
                f"correct or annul the outcome of the probation, {outcome.id}",
            )


def settled(cadre_id: str, before: Person, after: Person, posts: Posts) -> list[Event]:
    """The seats taken and left where a person's posts change.

    Raises: NotPossible for two seats of one post at a time, and where a seat that is to be taken
    is another's.
    """
    earlier, later = holdings(before), holdings(after)
    _require_apart(cadre_id, later, set(earlier))
    seats = sorted(
        SEATS.moved(cadre_id, _stays(earlier), _stays(later)),
        key=lambda seat: (seat.post_id, seat.effective_on),
    )
    for post_id, moved in groupby(seats, key=lambda seat: seat.post_id):
        if (day := SEATS.first_overfull(posts(post_id), moved)) is not None:
            raise no_vacancy(post_id, day)
    return [*seats]


def _stays(held: Iterable[Holding]) -> Iterator[Stay]:
    return (Stay(one.post_id, one.begins, one.ends) for one in held)


def _require_apart(cadre_id: str, held: Sequence[Holding], known: Container[Holding]) -> None:
    """Nobody has two seats of a post at a time."""
    ordered = sorted(held, key=lambda one: (one.post_id, one.begins))
    for one, other in pairwise(ordered):
        together = one.ends is None or one.ends > other.begins
        if one.post_id == other.post_id and together and not (one in known and other in known):
            raise _held_already(cadre_id, other if other in known else one)


def require_absent(cadre: Person, cadre_id: str, post_id: str, day: date) -> None:
    """Nobody takes a second seat of a post, neither on this day nor by a later coming."""
    for held in holdings(cadre):
        if held.post_id == post_id and (held.ends is None or day < held.ends):
            raise _held_already(cadre_id, held)


def _held_already(cadre_id: str, held: Holding) -> NotPossible:
    return NotPossible(
        f"已任此职 · {cadre_id} holds {held.post_id} already, since {held.begins}", where=cadre_id
    )


def seat_of(event: CadreEvent) -> Iterator[Scope[Any]]:
    """The post whose seat was taken or left with an event."""
    if isinstance(event, PostAssumed | Relieved | ProbationConcluded):
        yield POST.of(event.post_id)


def corrected_seat(command: FactCommand, world: World) -> Iterator[Scope[Any]]:
    """The post of what a command corrects."""
    loaded = world.get(PERSON.of(command.cadre_id))
    fact = loaded.fact(command.supersedes) if loaded and command.supersedes else None
    if fact is not None:
        yield from seat_of(fact.event)


def _scopes(command: AssumePost | Relieve, world: World) -> Iterator[Scope[Any]]:
    yield PERSON.of(command.cadre_id)
    yield POST.of(command.post_id)
    yield from corrected_seat(command, world)


def _settle(fact: Fact[Any], cadre: Person, world: World, _by: EventAnnulled) -> list[Event]:
    """The seats that follow an annulled coming or relief."""
    if isinstance(fact.event, Relieved):
        _require_own(cadre, fact, None)
    return settled(fact.event.cadre_id, cadre, without(cadre, fact), posts_of(world))


DECIDES_ALL = Right(Role.DECIDER, EVERYBODY)

COMINGS = Facts(
    event=PostAssumed,
    name="posts-assumed",
    title="登记现任职位 · Posts held from before",
    seen_by=Role.READER,
    asked=False,
)
RELIEFS = Facts(
    event=Relieved, name="reliefs", title="免职 · Reliefs", seen_by=Role.READER, asked=False
)
CAPABILITY = Capability(
    mechanism="SEL-02",
    facts=[COMINGS, RELIEFS],
    handlers=[
        Handler(
            AssumePost,
            _scopes,
            lambda c, world: assume_post(c, world[PERSON.of(c.cadre_id)], posts_of(world)),
            DECIDES_ALL,
        ),
        Handler(
            Relieve,
            _scopes,
            lambda c, world: relieve(c, world[PERSON.of(c.cadre_id)], posts_of(world)),
            DECIDES_ALL,
        ),
    ],
    annullable=[Annullable((PostAssumed, Relieved), lambda event, _: seat_of(event), _settle)],
)
