import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from sqlalchemy import select, text

from cadre.contracts.event import Sealed
from cadre.contracts.selection.identification import Occasion
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.selection.deciding.observation import Observe
from cadre.selection.deciding.profile import CorrectProfile, Recruit
from cadre.selection.working.identities import IDENTITIES, NAMES, Identities, cadre_id_of
from cadre.selection.working.registration import prepare, start
from cadre.shared.database.database import Database, writing
from cadre.shared.deciding.errors import CommandReused, Malformed
from cadre.shared.deciding.messages import Meta
from cadre.shared.keys.context import Context
from support.environment import Postgres

WANG = "11010519491231002X"
ZHANG = "440524188001010014"


def command_id(number: int) -> UUID:
    return uuid5(UUID(int=0), str(number))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'index.db'}")
    yield database
    await database.close()


@pytest.fixture
async def index(database: Database) -> Identities:
    identities = Identities(database, b"k" * 32)
    await identities.create()
    return identities


async def test_a_cadre_id_is_made_from_the_command_and_kept_for_the_person(
    index: Identities,
) -> None:
    first = await index.assign(WANG, command_id(1))
    assert re.fullmatch(r"c-[a-z2-7]{10}", first)
    assert first == cadre_id_of(command_id(1))
    assert await index.assign("11010519491231002x", command_id(2)) == first
    assert await index.assign(ZHANG, command_id(3)) != first


async def test_postgresql_keeps_no_copy_of_a_token(embedded_postgres_server: Postgres) -> None:
    database = Database(embedded_postgres_server.new_database())
    index = Identities(database, b"k" * 32)
    await index.create()
    for number in range(20):
        await index.remember_name(f"c-{number:010}", f"姓名{number}")
    await index.assign(WANG, command_id(1))
    query = text(
        "SELECT tablename, attname FROM pg_stats WHERE schemaname = current_schema()"
        " AND tablename IN ('identities', 'names') ORDER BY 1, 2"
    )
    async with writing(database.engine) as connection:
        await connection.execute(text("ANALYZE identities, names"))
        sampled = [tuple(row) for row in await connection.execute(query)]
    await database.close()
    assert sampled == [("identities", "cadre_id"), ("names", "cadre_id")]


async def test_everybody_at_once_gets_the_same_id(index: Identities) -> None:
    ids = await asyncio.gather(*(index.assign(WANG, command_id(n)) for n in range(12)))
    assert len(set(ids)) == 1
    assert ids[0] in {cadre_id_of(command_id(n)) for n in range(12)}


async def test_one_command_id_never_names_two_people(index: Identities) -> None:
    await index.assign(WANG, command_id(1))
    with pytest.raises(CommandReused, match="to another person"):
        await index.assign(ZHANG, command_id(1))
    assert await index.find(id_number=ZHANG) == []


async def test_finding_by_name_and_number(index: Identities) -> None:
    wang, zhang = cadre_id_of(command_id(1)), cadre_id_of(command_id(2))
    await index.assign(WANG, command_id(1))
    await index.assign(ZHANG, command_id(2))
    await index.remember_name(wang, "王　芳")
    await index.remember_name(zhang, "王芳")
    await index.remember_name(zhang, "张伟")
    assert await index.find(name="王 芳") == sorted([wang, zhang])
    assert await index.find(name="张伟") == [zhang]
    assert await index.find(name="王") == []
    assert await index.find(name="王芳", id_number=WANG) == [wang]
    assert await index.find(name="张伟", id_number=WANG) == []
    assert await index.find() == []


async def test_a_forgotten_person_leaves_no_row(index: Identities, database: Database) -> None:
    wang = await index.assign(WANG, command_id(1))
    zhang = await index.assign(ZHANG, command_id(2))
    for cadre_id in (wang, zhang):
        await index.remember_name(cadre_id, "王芳")
    await index.forget(wang)
    assert await index.find(name="王芳") == [zhang]
    async with database.engine.connect() as connection:
        rows = [*await connection.execute(select(IDENTITIES))]
        rows += [*await connection.execute(select(NAMES))]
    assert {row.cadre_id for row in rows} == {zhang}


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_the_index_file_shows_neither_names_nor_numbers(
    index: Identities, database: Database, tmp_path: Path
) -> None:
    await index.remember_name(await index.assign(WANG, command_id(1)), "王芳")
    await database.close()
    stored = await asyncio.to_thread(bytes_below, tmp_path)
    assert cadre_id_of(command_id(1)).encode() in stored
    assert WANG.encode() not in stored
    assert "王芳".encode() not in stored


async def test_tokens_depend_on_the_key(index: Identities, database: Database) -> None:
    await index.assign(WANG, command_id(1))
    assert await Identities(database, b"x" * 32).find(id_number=WANG) == []


RECRUIT = Recruit(
    full_name="王芳",
    id_number="11010519491231002x",
    birth_date=date(1949, 12, 31),
    birth_month="1949-12",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.MASSES,
    education=Education.BACHELOR,
    channel=Channel.CIVIL_SERVICE,
    unit_id="u-water",
    unit_name="水利局",
    effective_on=date(1970, 7, 1),
)


def meta(number: int) -> Meta:
    return Meta(command_id=command_id(number), actor="spec")


@pytest.fixture
async def context(database: Database) -> Context:
    context = Context(store=database, index_key=b"k" * 32)
    await start(context)
    return context


async def test_preparing_a_recruitment(context: Context, index: Identities) -> None:
    prepared = await prepare(context, RECRUIT, meta(1))
    cadre_id = cadre_id_of(command_id(1))
    assert prepared == RECRUIT.model_copy(update={"cadre_id": cadre_id, "id_number": WANG})
    assert await prepare(context, prepared, meta(2)) == prepared
    assert await index.find(name="王芳") == [cadre_id]


async def test_a_sender_cannot_choose_the_cadre_id(context: Context) -> None:
    chosen = RECRUIT.model_copy(update={"cadre_id": "c-aaaaaaaaaa"})
    with pytest.raises(Malformed, match="does not belong to the ID number"):
        await prepare(context, chosen, meta(1))


async def test_nothing_is_assigned_to_a_bad_number(context: Context, index: Identities) -> None:
    with pytest.raises(Malformed, match="check character"):
        await prepare(
            context, RECRUIT.model_copy(update={"id_number": "110105194912310021"}), meta(1)
        )
    sealed = RECRUIT.model_copy(update={"full_name": Sealed(sealed="…")})
    with pytest.raises(Malformed, match="the name is not given in clear"):
        await prepare(context, sealed, meta(1))
    assert await index.find(id_number=WANG) == []


async def test_a_corrected_name_is_found_too(context: Context, index: Identities) -> None:
    cadre_id = cadre_id_of(command_id(1))
    await prepare(context, RECRUIT, meta(1))
    correction = CorrectProfile(
        cadre_id=cadre_id,
        full_name="王方",
        reason="更名",
        basis="户口簿",
        effective_on=date(2026, 1, 1),
    )
    assert await prepare(context, correction, meta(2)) is correction
    assert await index.find(name="王方") == await index.find(name="王芳") == [cadre_id]


async def test_other_commands_are_decided_as_sent(context: Context) -> None:
    observe = Observe(
        cadre_id="c-aaaaaaaaaa",
        occasion=Occasion.PROJECT,
        indication="positive",
        observer="组织部",
        note="…",
        effective_on=date(2026, 1, 1),
    )
    assert await prepare(context, observe, meta(1)) is observe
