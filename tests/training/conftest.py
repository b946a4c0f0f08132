"""What the suites of Training share: its read models, and its routes over them."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cadre.training.app import SERVICE
from training.asking import Get, asking, reading


@pytest.fixture
async def connection() -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(SERVICE.read_models.metadata.create_all)
        yield connection
    await engine.dispose()


@pytest.fixture
async def get(connection: AsyncConnection) -> AsyncIterator[Get]:
    async with asking(reading(connection)) as get:
        yield get
