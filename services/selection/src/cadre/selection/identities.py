"""Who has which cadre id: an index of ID numbers and names, keyed, apart from everything else.

It holds keyed hashes (HMAC-SHA-256) only, never a number or a name, and its rows can be deleted
without a trace in the log. It belongs to no read model: a rebuild leaves it alone.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import Column, Index, MetaData, String, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.contracts.event import CadreId
from cadre.selection.idnumber import read_id_number
from cadre.shared.database import create_tables, insert_or_ignore, writing
from cadre.shared.errors import CommandReused

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
_CADRE_IDS = UUID("3b1f0a6e-52d7-5c40-9a8e-0c6d1e7b4f29")


def cadre_id_of(command_id: UUID) -> CadreId:
    """The cadre id that a command gives to somebody new."""
    digest = b32encode(uuid5(_CADRE_IDS, str(command_id)).bytes)
    return f"c-{digest[:10].decode().lower()}"


@dataclass(frozen=True, slots=True)
class Identities:
    """The index in one database, under one key."""

    engine: AsyncEngine
    key: bytes

    async def create(self) -> None:
        """Create the tables where they are missing."""
        async with writing(self.engine) as connection:
            await create_tables(connection, METADATA)

    async def assign(self, id_number: str, command_id: UUID) -> CadreId:
        """The cadre id of an ID number: made from the command's id at first, then always the same.

        Of two callers with one new number, both get the id of the first. Raises CommandReused when
        the command's id already gave its cadre id to another person, Malformed for a bad number.
        """
        token = self._token("id", read_id_number(id_number).text)
        row = {"id_token": token, "cadre_id": cadre_id_of(command_id)}
        async with writing(self.engine) as connection:
            await connection.execute(insert_or_ignore(IDENTITIES, connection.dialect), row)
            known = await _holder(connection, token)
        if known is None:
            raise CommandReused(
                "this command id already gave its cadre id to another person",
                where=str(command_id),
                hint="send every person with a command id of its own",
            )
        return known

    async def remember_name(self, cadre_id: CadreId, name: str) -> None:
        """Make a cadre findable by a name; names remembered before stay findable."""
        row = {"name_token": self._name_token(name), "cadre_id": cadre_id}
        async with writing(self.engine) as connection:
            await connection.execute(insert_or_ignore(NAMES, connection.dialect), row)

    async def find(self, *, name: str | None = None, id_number: str | None = None) -> list[CadreId]:
        """Cadres of exactly this name and this ID number, of those given; sorted."""
        found: list[set[CadreId]] = []
        async with self.engine.connect() as connection:
            if name is not None:
                token = self._name_token(name)
                query = select(NAMES.c.cadre_id).where(NAMES.c.name_token == token)
                found.append(set(await connection.scalars(query)))
            if id_number is not None:
                token = self._token("id", read_id_number(id_number).text)
                known = await _holder(connection, token)
                found.append({known} if known else set())
        return sorted(set[CadreId].intersection(*found)) if found else []

    async def forget(self, cadre_id: CadreId) -> None:
        """Delete every row of a cadre."""
        async with writing(self.engine) as connection:
            for table in (NAMES, IDENTITIES):
                await connection.execute(delete(table).where(table.c.cadre_id == cadre_id))

    def _name_token(self, name: str) -> str:
        # Rosters pad short names with spaces, half or full width: 张　三 is 张三.
        return self._token("name", "".join(name.split()))

    def _token(self, kind: str, text: str) -> str:
        return hmac.digest(self.key, f"{kind}\0{text}".encode(), "sha256").hex()


async def _holder(connection: AsyncConnection, token: str) -> CadreId | None:
    query = select(IDENTITIES.c.cadre_id).where(IDENTITIES.c.id_token == token)
    known: CadreId | None = await connection.scalar(query)
    return known
