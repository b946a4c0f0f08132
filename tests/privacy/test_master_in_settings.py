"""The master key of an installation whose services read it from a file of settings."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.cli.installation import env_file
from cadre.cli.installation.data_directory import MasterSecrets
from cadre.cli.installation.master_change import change_master_in, masters_of
from cadre.shared.database.database import Database, create_engine
from cadre.shared.deciding.errors import Malformed, NotFound, NotPossible
from cadre.shared.keys import key_store
from cadre.shared.keys.keyring import KeyName, Keyring
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.running.runtime import first_fingerprint_key
from support.environment import Postgres

OLD = b"o" * 32
NAME = KeyName("c-aaaaaaaaaa", "selection")
LINES = f"# keys\nCADRE_MASTER_KEY={b64encode(OLD).decode()}\n\nCADRE_API_TOKEN=pa=b\n"


@dataclass
class Installed:
    """A key store on PostgreSQL, and the file with its master key."""

    url: str
    settings: Path
    token: str

    def engine(self) -> AsyncEngine:
        return create_engine(self.url, durable=True)

    def secrets(self) -> MasterSecrets:
        given = env_file.read(self.settings)
        fields = MasterSecrets.model_fields
        return MasterSecrets.model_validate({n: given.get(f"CADRE_{n.upper()}") for n in fields})

    async def opened(self, masters: MasterKeys) -> object:
        database = Database(self.url)
        try:
            return await Keyring(database, masters).open_value(self.token)
        finally:
            await database.close()


@pytest.fixture
async def installed(
    embedded_postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Installed:
    url = embedded_postgres_server.new_database()
    monkeypatch.setenv("CADRE_KEYS_URL", url)
    settings = tmp_path / ".env"
    settings.write_text(LINES)
    database = Database(url)
    ring = Keyring(database, MasterKeys(OLD))
    await ring.create()
    token = (await ring.keys([NAME]))[NAME].seal("一", UUID(int=1), "note")
    await database.close()
    return Installed(url, settings, token)


async def test_the_new_key_stands_in_the_settings_and_opens_everything(
    installed: Installed,
) -> None:
    changed = await change_master_in(installed.settings)

    assert (changed.keys, changed.resumed) == (1, False)
    after = installed.secrets()
    assert after.master_key_previous is None
    assert after.fingerprint_key == b64encode(first_fingerprint_key(OLD)).decode()
    assert await installed.opened(masters_of(after)) == "一"
    with pytest.raises(Malformed, match="CADRE_MASTER_KEY"):
        await installed.opened(MasterKeys(OLD))
    lines = installed.settings.read_text().splitlines()
    assert [lines[0], *lines[2:4]] == ["# keys", "", "CADRE_API_TOKEN=pa=b"]
    assert installed.settings.stat().st_mode & 0o777 == 0o600


async def test_a_second_change_keeps_what_commands_are_compared_with(installed: Installed) -> None:
    await change_master_in(installed.settings)
    first = installed.secrets()
    await change_master_in(installed.settings)
    second = installed.secrets()
    assert second.master_key != first.master_key
    assert second.fingerprint_key == first.fingerprint_key
    assert await installed.opened(masters_of(second)) == "一"


async def test_nothing_is_changed_while_a_service_is_connected(installed: Installed) -> None:
    engine = installed.engine()
    async with engine.connect():
        with pytest.raises(NotPossible, match="connected"):
            await change_master_in(installed.settings)
    await engine.dispose()
    assert installed.settings.read_text() == LINES


async def test_whoever_comes_in_meanwhile_keeps_the_old_key_alive(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = installed.engine()
    rewrap = key_store.rewrap

    async def beside(mine: AsyncEngine, masters: MasterKeys) -> int:
        await (await engine.connect()).close()
        return await rewrap(mine, masters)

    with monkeypatch.context() as patch:
        patch.setattr("cadre.shared.keys.key_store.rewrap", beside)
        with pytest.raises(NotPossible, match="connected"):
            await change_master_in(installed.settings)
    between = installed.secrets()
    assert between.master_key_previous == b64encode(OLD).decode()
    assert await installed.opened(masters_of(between)) == "一"

    await engine.dispose()
    changed = await change_master_in(installed.settings)
    assert changed.resumed
    assert installed.secrets() == between.model_copy(update={"master_key_previous": None})


async def test_settings_without_the_master_key_are_left_alone(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.env"
    with pytest.raises(NotFound):
        await change_master_in(other)
    other.write_text("CADRE_API_TOKEN=x\n")
    with pytest.raises(Malformed, match="master key"):
        await change_master_in(other)
    monkeypatch.delenv("CADRE_KEYS_URL")
    with pytest.raises(Malformed, match="PostgreSQL"):
        await change_master_in(installed.settings)
    assert other.read_text() == "CADRE_API_TOKEN=x\n"
