"""Before a command is decided: who is meant? An ID number becomes a cadre id here."""

from collections.abc import Sequence
from uuid import UUID

from cadre.selection.deciding.privacy import Forget, LiftRestriction, Restrict
from cadre.selection.deciding.profile import CorrectProfile, RecordBaseline, Recruit
from cadre.selection.working import forgetting
from cadre.selection.working.identities import Identities, identities
from cadre.shared.deciding.errors import CadreError, Malformed
from cadre.shared.deciding.idnumber import read_profile
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.protection import forgotten
from cadre.shared.keys.context import Context


async def start(context: Context) -> None:
    """Create the index of identities."""
    await identities(context).create()


async def prepare(context: Context, command: Command, meta: Meta) -> Command:
    """Check the ID number and assign the cadre id of somebody to register; remember names.

    What is remembered for a command that is then refused does no harm: the same person gets the
    same id later, and a search shows only cadres that entered.
    """
    match command:
        case Recruit() | RecordBaseline():
            (registered,) = await prepare_many(context, [(command, meta)])
            if isinstance(registered, CadreError):
                raise registered
            return registered
        case Restrict() | LiftRestriction() | Forget():
            return await forgetting.prepare(context, command)
        case CorrectProfile(cadre_id=cadre_id, full_name=str(name)):
            await identities(context).remember_name(cadre_id, name)
            return command
        case _:
            return command


async def prepare_many(
    context: Context, wanted: Sequence[tuple[Command, Meta]]
) -> list[Command | CadreError]:
    """`prepare` for many: everybody who is to be registered in one transaction."""
    told: dict[int, Command | CadreError] = {}
    registering: dict[int, tuple[Recruit | RecordBaseline, str, UUID]] = {}
    for index, (command, meta) in enumerate(wanted):
        try:
            if isinstance(command, Recruit | RecordBaseline):
                registering[index] = (command, _number(command), meta.command_id)
            else:
                told[index] = await prepare(context, command, meta)
        except CadreError as error:
            told[index] = error
    if registering:
        registered = await _register(identities(context), list(registering.values()))
        told |= dict(zip(registering, registered, strict=True))
    return [told[index] for index in range(len(wanted))]


def _number(command: Recruit | RecordBaseline) -> str:
    number = read_profile(command)
    if not isinstance(command.full_name, str):
        raise Malformed(
            "未给出姓名 · the name is not given in clear",
            where="full_name",
            hint="请给出姓名 · give the name",
        )
    return number.text


async def _register(
    index: Identities, wanted: Sequence[tuple[Recruit | RecordBaseline, str, UUID]]
) -> list[Command | CadreError]:
    assigned = await index.assign_many([(number, command_id) for _, number, command_id in wanted])
    told: list[Command | CadreError] = []
    for (command, number, _), cadre_id in zip(wanted, assigned, strict=True):
        if isinstance(cadre_id, CadreError):
            told.append(cadre_id)
        elif command.cadre_id not in {None, cadre_id}:
            told.append(
                Malformed(
                    "干部编号与身份证号不符 · this cadre id does not belong to the ID number",
                    where="cadre_id",
                    hint=f"请不填或更正 · leave cadre_id out, or say {cadre_id}",
                )
            )
        else:
            known = {"cadre_id": cadre_id, "id_number": number}
            told.append(command.model_copy(update=known))
    names = [
        (one.person, str(one.full_name))
        for one in told
        if isinstance(one, Recruit | RecordBaseline)
    ]
    gone = await index.remember_names(names) if names else set[str]()
    return [
        forgotten(one.person)
        if isinstance(one, Recruit | RecordBaseline) and one.person in gone
        else one
        for one in told
    ]
