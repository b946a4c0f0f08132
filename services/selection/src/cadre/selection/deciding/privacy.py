"""A person's data restricted, released and destroyed (个人信息保护法 art. 47)."""

from collections.abc import Sequence
from functools import reduce

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import Event
from cadre.contracts.selection.privacy import (
    CadreForgotten,
    DataRestricted,
    Erasure,
    LiftingOfRestriction,
    Restriction,
    RestrictionLifted,
)
from cadre.shared.deciding import protection
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.holding import holdings
from cadre.shared.deciding.person import Person, PersonCommand, person_handler
from cadre.shared.deciding.protection import UNPROTECTED, Protection
from cadre.shared.deciding.rights import EVERYBODY, Right, Role


class Restrict(PersonCommand, Restriction):
    """限制处理个人信息 · Store somebody's data and use them for nothing else.

    This lasts until the restriction is lifted.
    """

    uses_data = False


class LiftRestriction(PersonCommand, LiftingOfRestriction):
    """解除限制处理 · Let somebody's data be used again."""

    uses_data = False


class Forget(PersonCommand, Erasure):
    """删除个人信息 · Destroy every key of somebody, and what the index of identities holds."""

    uses_data = False
    irreversible = True

    open_motions: SkipJsonSchema[tuple[str, ...]] = Field(default=(), exclude=True)
    """In which somebody is a candidate; found before the command is decided."""
    keys_destroyed: SkipJsonSchema[int | None] = Field(default=None, exclude=True)
    """Set once the keys are gone: from then on there is nothing left to decide."""


type PrivacyCommand = Restrict | LiftRestriction | Forget


def protection_of(cadre: Person) -> Protection:
    """Whether the person's data may be used, and whether they are there."""
    told = cadre.every(DataRestricted, RestrictionLifted, CadreForgotten)
    return reduce(protection.evolve, (fact.event for fact in told), UNPROTECTED)


def posts_of(cadre: Person) -> frozenset[str]:
    """The posts somebody holds and has not left, as corrected; a failed probation is left."""
    outcomes = cadre.standing(ProbationConcluded)
    failed = {cadre.newest(o.event.promotion_event) for o in outcomes if not o.event.passed}
    return frozenset(
        held.post_id for held in holdings(cadre) if held.ends is None and held.source not in failed
    )


def restrict(command: Restrict, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    if protection_of(cadre).forgotten:
        raise protection.forgotten(command.cadre_id)
    if command.retained_until < command.effective_on:
        raise NotPossible(
            "保存期限已届满 · "
            f"a retention period that ended on {command.retained_until} restricts nothing",
            where="retained_until",
            hint="请改为删除 · forget the person instead",
        )
    restricted = DataRestricted(**command.model_dump())
    standing = cadre.standing(DataRestricted)
    if protection_of(cadre).restricted and standing[-1].event == restricted:
        return []
    return [restricted]


def lift(command: LiftRestriction, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    said = command.model_dump()
    return [RestrictionLifted(**said)] if protection_of(cadre).restricted else []


def forget(command: Forget, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    if protection_of(cadre).forgotten:
        return []
    if command.keys_destroyed is None and (hindrances := hindrances_to(command, cadre)):
        raise NotPossible(
            "; ".join(hindrances),
            where=command.cadre_id,
            hint="请等待、先行终止，或写明仍予删除的理由 · "
            "wait, end it first, or name the ground on which it is done all the same",
        )
    return [CadreForgotten(**command.model_dump(), keys_destroyed=command.keys_destroyed or 0)]


def hindrances_to(command: Forget, cadre: Person) -> list[str]:
    """What stands against it. A ground overcomes an office, never a retention period."""
    until = protection_of(cadre).retained_until
    if until is not None and command.effective_on <= until:
        return [f"法定保存期限未满 · the data must be kept until {until} by law"]
    if command.ground is not None:
        return []
    held = [f"在任 · the cadre holds the post {post}" for post in sorted(posts_of(cadre))]
    return held + [
        f"拟任 · the cadre is a candidate in {motion}" for motion in command.open_motions
    ]


DECIDES_ALL = Right(Role.DECIDER, EVERYBODY)

CAPABILITY = Capability(
    mechanism="PIPL 47",
    handlers=[
        person_handler(Restrict, restrict, DECIDES_ALL),
        person_handler(LiftRestriction, lift, DECIDES_ALL),
        person_handler(Forget, forget, DECIDES_ALL),
    ],
    reads={Promoted, PostAssumed, Relieved, ProbationConcluded},
)
