"""Forgetting somebody: the keys and the index rows go first, then the log is told."""

import json
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.selection.cadre import CADRE, protection_of
from cadre.selection.identities import Identities
from cadre.selection.privacy import Forget, LiftRestriction, PrivacyCommand, Restrict, hindrances_to
from cadre.selection.tables import CANDIDACIES
from cadre.shared.database.database import connected
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.reactions import Due
from cadre.shared.keys import key_store
from cadre.shared.keys.context import Context
from cadre.shared.showing.protected_persons import PROTECTED_PERSONS
from cadre.shared.showing.reader import LogHistories


class Preview(BaseModel):
    """What forgetting somebody would destroy, and what stands against it today."""

    cadre_id: str
    keys: dict[str, int]
    index_rows: dict[str, int]
    sealed_values: dict[str, int]
    hindrances: list[str]
    forgotten: bool


async def prepare(context: Context, command: PrivacyCommand) -> Command:
    """Raises: Malformed for a reason that names the person, NotPossible for a day to come."""
    index = Identities(context.store, context.index_key)
    cited = [command.basis]
    if isinstance(command, Forget) and command.ground is not None:
        cited.append(command.ground)
    for text in cited:
        if await index.named_in(command.cadre_id, text):
            raise Malformed(
                "a name stands in what will be clear on the log for ever",
                where="basis, ground",
                hint="cite the provision or the document without the name",
            )
    match command:
        case Forget():
            context.require_reached(command.effective_on)
            marked = (await key_store.marks(context.store.engine, [command.cadre_id])).values()
            assigned = {
                "open_motions": await open_motions(context, command.cadre_id),
                "keys_destroyed": next((mark.keys for mark in marked), None),
            }
            return command.model_copy(update=assigned)
        case Restrict() | LiftRestriction():
            return command


async def enact(context: Context, command: Command, meta: Meta) -> Command:
    """Destroy what `Forget` says, for good, before the log is told of it.

    The mark that is made first keeps the wish: if this ends in between, it is taken up again.
    """
    if not isinstance(command, Forget):
        return command
    person = command.cadre_id
    wish = {
        "command": command.model_dump(mode="json"),
        "command_id": str(meta.command_id),
        "actor": meta.actor,
    }
    mark = await key_store.mark(context.store.engine, person, json.dumps(wish, ensure_ascii=False))
    await key_store.destroy(context.store.engine, person)
    await Identities(context.store, context.index_key).forget(person)
    await key_store.compact(context.store.engine)
    if command.keys_destroyed is not None:
        return command
    return command.model_copy(update={"keys_destroyed": mark.keys})


async def due(context: Context, connection: AsyncConnection, _today: date) -> Sequence[Due]:
    """Forgettings that were begun and not yet told to the log."""
    marked = [mark for mark in (await key_store.marks(context.store.engine)).values() if mark.wish]
    table = PROTECTED_PERSONS
    query = select(table.c.cadre_id).where(table.c.forgotten_on.is_not(None))
    told = set(await connection.scalars(query))
    found: list[Due] = []
    for mark in marked:
        if mark.person not in told:
            wish = json.loads(mark.wish)
            meta = Meta(command_id=UUID(wish["command_id"]), actor=wish["actor"])
            found.append(Due(Forget.model_validate(wish["command"]), meta))
    return found


async def open_motions(context: Context, cadre_id: str) -> tuple[str, ...]:
    """The motions in which somebody is a candidate, by the tables."""
    if context.tables is None:
        return ()
    query = (
        select(CANDIDACIES.c.motion_id)
        .where(CANDIDACIES.c.cadre_id == cadre_id, CANDIDACIES.c.ended.is_(None))
        .order_by(CANDIDACIES.c.motion_id)
    )
    async with connected(context.tables) as connection:
        return tuple(await connection.scalars(query))


async def preview(context: Context, histories: LogHistories, wish: Forget) -> Preview:
    """What this wish would do. Raises: NotFound for a stranger."""
    person = wish.cadre_id
    scope = CADRE.of(person)
    cadre = await histories.fold(scope)
    cadre.require_known(person)
    forgotten = protection_of(cadre).forgotten
    asked = wish.model_copy(update={"open_motions": await open_motions(context, person)})
    sealed: dict[str, int] = {}
    for message in await histories.messages(scope):
        if count := message.body.count(b'"sealed":"sealed:'):
            tag = message.headers["ce-type"]
            sealed[tag] = sealed.get(tag, 0) + count
    return Preview(
        cadre_id=person,
        keys=await key_store.keys_by_purpose(context.store.engine, person),
        index_rows=await Identities(context.store, context.index_key).rows_of(person),
        sealed_values=sealed,
        hindrances=[] if forgotten else hindrances_to(asked, cadre),
        forgotten=forgotten,
    )
