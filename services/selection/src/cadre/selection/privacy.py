"""A person's data restricted, released and destroyed (个人信息保护法 art. 47)."""

from typing import assert_never

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.privacy import (
    CadreForgotten,
    DataRestricted,
    Erasure,
    LiftingOfRestriction,
    Restriction,
    RestrictionLifted,
)
from cadre.selection.cadre import posts_of, protection_of
from cadre.shared.deciding import protection
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import Person, PersonCommand


class Restrict(PersonCommand, Restriction):
    """Store somebody's data and use them for nothing else, until the restriction is lifted."""

    uses_data = False


class LiftRestriction(PersonCommand, LiftingOfRestriction):
    """Let somebody's data be used again."""

    uses_data = False


class Forget(PersonCommand, Erasure):
    """Destroy every key of somebody, and what the index of identities holds."""

    uses_data = False
    irreversible = True

    open_motions: SkipJsonSchema[tuple[str, ...]] = Field(default=(), exclude=True)
    """In which somebody is a candidate; found before the command is decided."""
    keys_destroyed: SkipJsonSchema[int | None] = Field(default=None, exclude=True)
    """Set once the keys are gone: from then on there is nothing left to decide."""


type PrivacyCommand = Restrict | LiftRestriction | Forget


def decide(command: PrivacyCommand, cadre: Person) -> list[CadreEvent]:
    cadre.require_known(command.cadre_id)
    match command:
        case Restrict():
            return _restrict(command, cadre)
        case LiftRestriction():
            said = command.model_dump()
            return [RestrictionLifted(**said)] if protection_of(cadre).restricted else []
        case Forget():
            return _forget(command, cadre)
        case _:
            assert_never(command)


def _restrict(command: Restrict, cadre: Person) -> list[CadreEvent]:
    if protection_of(cadre).forgotten:
        raise protection.forgotten(command.cadre_id)
    if command.retained_until < command.effective_on:
        raise NotPossible(
            f"a retention period that ended on {command.retained_until} restricts nothing",
            where="retained_until",
            hint="forget the person instead",
        )
    restricted = DataRestricted(**command.model_dump())
    standing = cadre.standing(DataRestricted)
    if protection_of(cadre).restricted and standing[-1].event == restricted:
        return []
    return [restricted]


def _forget(command: Forget, cadre: Person) -> list[CadreEvent]:
    if protection_of(cadre).forgotten:
        return []
    if command.keys_destroyed is None and (hindrances := hindrances_to(command, cadre)):
        raise NotPossible(
            "; ".join(hindrances),
            where=command.cadre_id,
            hint="wait, end it first, or name the ground on which it is done all the same",
        )
    return [CadreForgotten(**command.model_dump(), keys_destroyed=command.keys_destroyed or 0)]


def hindrances_to(command: Forget, cadre: Person) -> list[str]:
    """What stands against it. A ground overcomes an office, never a retention period."""
    until = protection_of(cadre).retained_until
    if until is not None and command.effective_on <= until:
        return [f"the data must be kept until {until} by law"]
    if command.ground is not None:
        return []
    held = [f"the cadre holds the post {post}" for post in sorted(posts_of(cadre))]
    return held + [f"the cadre is a candidate in {motion}" for motion in command.open_motions]
