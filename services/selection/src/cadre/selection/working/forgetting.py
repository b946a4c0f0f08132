"""Forgetting somebody: the keys and the index rows go first, then the log is told."""

import json
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.selection.deciding.privacy import (
    Forget,
    LiftRestriction,
    Restrict,
    hindrances_to,
    protection_of,
)
from cadre.selection.showing import privacy
from cadre.selection.working.identities import identities
from cadre.shared.database.database import connected
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.person import PERSON
from cadre.shared.deciding.reactions import Due
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.keys import key_store
from cadre.shared.keys.context import Context
from cadre.shared.showing.protected_persons import PROTECTED_PERSONS
from cadre.shared.showing.reader import FromLog
from cadre.shared.showing.view import View

VIEW = View()


class Preview(BaseModel):
    """What forgetting somebody would destroy, and what stands against it today."""

    cadre_id: str
    keys: dict[str, int]
    index_rows: dict[str, int]
    sealed_values: dict[str, int]
    hindrances: list[str]
    forgotten: bool


async def prepare(context: Context, command: Restrict | LiftRestriction | Forget) -> Command:
    """Raises: Malformed for a reason that names the person, NotPossible for a day to come."""
    index = identities(context)
    cited = [command.basis]
    if isinstance(command, Forget) and command.ground is not None:
        cited.append(command.ground)
    for text in cited:
        if await index.named_in(command.cadre_id, text):
            raise Malformed(
                "依据中出现了姓名，而依据将永久公开 · "
                "a name stands in what will be clear on the log for ever",
                where="basis, ground",
                hint="请只引条款或文号 · cite the provision or the document without the name",
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
    await identities(context).forget(person)
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
    async with connected(context.tables) as connection:
        return tuple(await connection.scalars(privacy.open_motions(cadre_id)))


@VIEW.routes.post(
    "/forgettings/preview",
    Right(Role.DECIDER, EVERYBODY),
    summary="删除个人信息前的预览 · What it would destroy, and what stands against it",
)
async def preview(request: Request, histories: FromLog, wish: Forget) -> Preview:
    """What this wish would do. Raises: NotFound for a stranger."""
    context: Context = request.app.state.context
    person = wish.cadre_id
    scope = PERSON.of(person)
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
        index_rows=await identities(context).rows_of(person),
        sealed_values=sealed,
        hindrances=[] if forgotten else hindrances_to(asked, cadre),
        forgotten=forgotten,
    )
