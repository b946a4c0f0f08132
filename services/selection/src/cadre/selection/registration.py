"""Before a command is decided: who is meant? An ID number becomes a cadre id here."""

from cadre.selection.identities import Identities
from cadre.selection.idnumber import read_profile
from cadre.selection.profile import CorrectProfile, RecordBaseline, Recruit, Registration
from cadre.shared.errors import Malformed
from cadre.shared.messages import Command, Meta
from cadre.shared.service import Context


def identities(context: Context) -> Identities:
    return Identities(context.engine, context.index_key)


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
            return await _register(identities(context), command, meta)
        case CorrectProfile(cadre_id=cadre_id, full_name=str(name)):
            await identities(context).remember_name(cadre_id, name)
            return command
        case _:
            return command


async def _register(
    index: Identities, command: Recruit | RecordBaseline, meta: Meta
) -> Registration:
    number = read_profile(command)
    if not isinstance(command.full_name, str):
        raise Malformed("the name is not given in clear", where="full_name", hint="给出姓名")
    cadre_id = await index.assign(number.text, meta.command_id)
    if command.cadre_id not in {None, cadre_id}:
        raise Malformed(
            "this cadre id does not belong to the ID number",
            where="cadre_id",
            hint=f"leave cadre_id out, or say {cadre_id}",
        )
    await index.remember_name(cadre_id, command.full_name)
    return command.model_copy(update={"cadre_id": cadre_id, "id_number": number.text})
