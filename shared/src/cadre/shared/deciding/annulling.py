"""A fact that was recorded and never held is annulled: by one command and one event per service."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cadre.contracts.event import CadreEvent, Event, EventAnnulled, Text
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.person import ANNULLED, PERSON, Person, PersonCommand
from cadre.shared.deciding.rights import NAMED, Right, Role


class Annul(PersonCommand):
    """撤销不实记录 · Take back a recorded fact that never held; nothing takes its place."""

    supersedes: UUID
    reason: Text
    basis: Text


type Settle = Callable[[Fact[Any], Person, World, EventAnnulled], Sequence[Event]]
"""What becomes of what hung on a fact, such as places. NotPossible where it stands against it."""


@dataclass(frozen=True, slots=True)
class Annullable:
    """Kinds of facts that can be annulled, and the places that hang on them."""

    kinds: Collection[type[CadreEvent]]
    owners: Callable[[CadreEvent, Person], Iterable[Scope[Any]]] = lambda _event, _person: ()
    """Whose places hang on a fact."""
    settle: Settle = lambda _fact, _person, _world, _by: ()


def annul_handler(service: str, *annullable: Annullable) -> Handler[Any]:
    """How a service annuls what it recorded."""
    (event,) = (event for event in ANNULLED if event.service() == service)
    known = {kind: one for one in annullable for kind in one.kinds}

    def scopes(command: Annul, world: World) -> Iterable[Scope[Any]]:
        yield PERSON.of(command.cadre_id)
        person = world.get(PERSON.of(command.cadre_id))
        fact = person.fact(command.supersedes) if person else None
        if person is not None and fact is not None and type(fact.event) in known:
            yield from known[type(fact.event)].owners(fact.event, person)

    def decide(command: Annul, world: World) -> Sequence[Event]:
        person = world[PERSON.of(command.cadre_id)]
        person.require_known(command.cadre_id)
        if person.annulled(command.supersedes):
            return []
        fact = person.fact(command.supersedes)
        recorded: CadreEvent | None = fact.event if fact else None
        if fact is None or recorded is None or recorded.service() != service:
            raise NotFound(
                "该干部名下没有此事件 · "
                f"{command.cadre_id} has no event {command.supersedes} of {service}",
                where="supersedes",
                hint="请写明自始未生效的事件编号，并向记录它的服务提出 · "
                "name the event id of what never held, where it was recorded",
            )
        kind = type(recorded)
        if kind not in known:
            raise NotPossible(
                f"此类事件不能撤销 · a {kind.name()} is not annulled",
                where="supersedes",
                hint="请更正，或记录使其终止、恢复的事件 · "
                "correct it, or record what ends or reverses it",
            )
        person.correctable(kind, command.supersedes)
        annulled = event.model_validate(command.model_dump() | {"annuls": kind.tag()})
        return [annulled, *known[kind].settle(fact, person, world, annulled)]

    return Handler(Annul, scopes, decide, Right(Role.DECIDER, NAMED))
