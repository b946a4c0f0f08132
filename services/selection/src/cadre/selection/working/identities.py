"""Who has which cadre id: an index of ID numbers and names, keyed, apart from everything else.

It holds keyed hashes (HMAC-SHA-256) only, never a number or a name, and its rows can be deleted
without a trace in the log. It belongs to no read model: a rebuild leaves it alone.
"""

import hmac
import itertools
from base64 import b32encode
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import Column, Connection, Index, MetaData, String, Table, delete, func, select

from cadre.contracts.event import CadreId
from cadre.shared.database.database import (
    Database,
    create_missing,
    insert_or_ignore,
    without_statistics,
)
from cadre.shared.deciding.errors import CommandReused
from cadre.shared.deciding.idnumber import read_id_number
from cadre.shared.deciding.protection import forgotten
from cadre.shared.keys import key_store
from cadre.shared.keys.context import Context

QUERY_TOKENS_MAX = 1000
NAME_CHARACTERS = range(2, 16)
"""How long a name is; of a text, pieces of these lengths are compared with names."""

METADATA = MetaData()
IDENTITIES = Table(
    "identities",
    METADATA,
    Column("id_token", String(64), primary_key=True),
    Column("cadre_id", String(12), nullable=False, unique=True),
)
NAMES = Table(
    "names",
    METADATA,
    Column("name_token", String(64), primary_key=True),
    Column("cadre_id", String(12), primary_key=True),
    Index("names_by_cadre", "cadre_id"),
)
without_statistics(IDENTITIES, "id_token")
without_statistics(NAMES, "name_token")
_CADRE_IDS = UUID("3b1f0a6e-52d7-5c40-9a8e-0c6d1e7b4f29")


def cadre_id_of(command_id: UUID) -> CadreId:
    """The cadre id that a command gives to somebody new."""
    digest = b32encode(uuid5(_CADRE_IDS, str(command_id)).bytes)
    return f"c-{digest[:10].decode().lower()}"


@dataclass(frozen=True, slots=True)
class Identities:
    """The index in one database, under one key."""

    database: Database
    key: bytes

    async def create(self) -> None:
        """Create the tables where they are missing, and drop rows that a backup brought back."""
        if await self.database.transact(_create):
            await key_store.compact(self.database.engine)

    async def assign(self, id_number: str, command_id: UUID) -> CadreId:
        """The cadre id of an ID number: made from the command's id at first, then always the same.

        Of two callers with one new number, both get the id of the first. Raises CommandReused when
        the command's id already gave its cadre id to another person, Malformed for a bad number.
        """
        (assigned,) = await self.assign_many([(id_number, command_id)])
        if isinstance(assigned, CommandReused):
            raise assigned
        return assigned

    async def assign_many(
        self, wanted: Sequence[tuple[str, UUID]]
    ) -> list[CadreId | CommandReused]:
        """`assign` for many in one transaction, an error in the place of whom it concerns."""
        tokens = [self._token("id", read_id_number(number).text) for number, _ in wanted]
        rows = [
            {"id_token": token, "cadre_id": cadre_id_of(command_id)}
            for token, (_, command_id) in zip(tokens, wanted, strict=True)
        ]

        def assign(connection: Connection) -> dict[str, CadreId]:
            connection.execute(insert_or_ignore(IDENTITIES, connection.dialect), rows)
            return _holders(connection, tokens)

        known = await self.database.transact(assign)
        gone = await self._forgotten_meanwhile(known.values())
        return [
            _assigned(known.get(token), gone, command_id)
            for token, (_, command_id) in zip(tokens, wanted, strict=True)
        ]

    async def remember_name(self, cadre_id: CadreId, name: str) -> None:
        """Make a cadre findable by a name; names remembered before stay findable."""
        if await self.remember_names([(cadre_id, name)]):
            raise forgotten(cadre_id)

    async def remember_names(self, names: Sequence[tuple[CadreId, str]]) -> set[CadreId]:
        """`remember_name` for many in one transaction; those who are forgotten."""
        rows = [
            {"name_token": self._name_token(name), "cadre_id": cadre_id} for cadre_id, name in names
        ]
        await self.database.transact(lambda c: c.execute(insert_or_ignore(NAMES, c.dialect), rows))
        return await self._forgotten_meanwhile(cadre_id for cadre_id, _ in names)

    async def named_in(self, cadre_id: CadreId, text: str) -> bool:
        """Whether a text holds a name of this cadre."""
        query = select(NAMES.c.name_token).where(NAMES.c.cadre_id == cadre_id)
        names = await self.database.query(lambda c: set(c.scalars(query)))
        joined = "".join(text.split())
        parts = {
            joined[start : start + length]
            for length in NAME_CHARACTERS
            for start in range(len(joined) - length + 1)
        }
        return bool(names) and any(self._name_token(part) in names for part in parts)

    async def rows_of(self, cadre_id: CadreId) -> dict[str, int]:
        """How many rows of a cadre each table holds."""
        counts = {
            table.name: select(func.count()).select_from(table).where(table.c.cadre_id == cadre_id)
            for table in (IDENTITIES, NAMES)
        }
        return await self.database.read(
            lambda c: {name: c.scalar(query) or 0 for name, query in counts.items()}
        )

    async def find(self, *, name: str | None = None, id_number: str | None = None) -> list[CadreId]:
        """Cadres of exactly this name and this ID number, of those given; sorted."""
        found: list[set[CadreId]] = []
        if name is not None:
            query = select(NAMES.c.cadre_id).where(NAMES.c.name_token == self._name_token(name))
            found.append(await self.database.query(lambda c: set(c.scalars(query))))
        if id_number is not None:
            token = self._token("id", read_id_number(id_number).text)
            holders = await self.database.query(lambda c: _holders(c, [token]))
            found.append(set(holders.values()))
        return sorted(set[CadreId].intersection(*found)) if found else []

    async def forget(self, cadre_id: CadreId) -> None:
        """Delete every row of a cadre."""

        def delete_rows(connection: Connection) -> None:
            for table in (NAMES, IDENTITIES):
                connection.execute(delete(table).where(table.c.cadre_id == cadre_id))

        await self.database.transact(delete_rows)

    async def _forgotten_meanwhile(self, cadre_ids: Iterable[CadreId]) -> set[CadreId]:
        """Looked for after a row was stored, so that no row outlives the mark."""
        named = set(cadre_ids)
        gone = set(await self.database.query(lambda c: key_store.marked(c, named)))
        for cadre_id in gone:
            await self.forget(cadre_id)
        return gone

    def _name_token(self, name: str) -> str:
        # Rosters pad short names with spaces, half or full width: 张　三 is 张三.
        return self._token("name", "".join(name.split()))

    def _token(self, kind: str, text: str) -> str:
        return hmac.digest(self.key, f"{kind}\0{text}".encode(), "sha256").hex()


def identities(context: Context) -> Identities:
    """The index of a service."""
    return Identities(context.store, context.index_key)


def _assigned(
    known: CadreId | None, gone: Collection[CadreId], command_id: UUID
) -> CadreId | CommandReused:
    if known is None:
        return CommandReused(
            "此命令编号已用于另一人 · this command id already gave its cadre id to another person",
            where=str(command_id),
            hint="每人使用各自的命令编号 · send every person with a command id of its own",
        )
    if known in gone:
        return CommandReused(
            "此命令编号所登记的人已删除 · "
            "this command id registered somebody who was forgotten since",
            where=str(command_id),
            hint="请换用新的命令编号，此人将获得新的干部编号 · "
            "send a new command id: the person gets a new cadre id",
        )
    return known


def _create(connection: Connection) -> int:
    """Create what is missing; how many rows were there of people who are forgotten."""
    create_missing(connection, METADATA, key_store.METADATA)
    gone = select(key_store.FORGOTTEN.c.person)
    stale = (delete(table).where(table.c.cadre_id.in_(gone)) for table in (NAMES, IDENTITIES))
    return sum(connection.execute(one).rowcount for one in stale)


def _holders(connection: Connection, tokens: Sequence[str]) -> dict[str, CadreId]:
    found: dict[str, CadreId] = {}
    for part in itertools.batched(tokens, QUERY_TOKENS_MAX):
        query = select(IDENTITIES).where(IDENTITIES.c.id_token.in_(part))
        found |= {row.id_token: row.cadre_id for row in connection.execute(query)}
    return found
