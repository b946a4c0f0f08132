"""Changing the master key of an installation, so that what the old one wrapped is worthless.

Both keys stand among the secrets (``secrets.json``, or the settings that compose reads) while the
data keys are wrapped anew, one by one; a service started in between opens either kind.
Interrupted, the same command goes on.
"""

import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.cli.installation import env_file
from cadre.cli.installation.data_directory import KEY_BYTES, DataDirectory, MasterSecrets
from cadre.shared.database.database import create_engine
from cadre.shared.deciding.errors import Malformed
from cadre.shared.keys import key_store
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.running.runtime import first_fingerprint_key

KEYS_URL = "CADRE_KEYS_URL"


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done; ``resumed`` when an earlier run had begun it."""

    keys: int
    resumed: bool


async def change_master(data: DataDirectory) -> Changed:
    """Make a new master key, wrap every data key with it, destroy the old one.

    Raises: DataDirectoryError while the system runs.
    """
    with data.lock():
        url = f"sqlite+aiosqlite:///{data.path / 'db' / 'keys.db'}"
        return await _change(url, data.secrets, data.write_secrets)


async def change_master_in(settings: Path) -> Changed:
    """The same where the keys stand in a file of settings and the key store is on PostgreSQL.

    Where the key store is, the environment may say. Raises: NotPossible while anybody else uses
    the key store; NotFound, Malformed for settings that lack something.
    """
    given = env_file.read(settings)
    url = os.environ.get(KEYS_URL) or given.get(KEYS_URL, "")
    if not url.startswith("postgresql"):
        raise Malformed(
            "密钥库不在 PostgreSQL 上，或未写明 · the key store is not on PostgreSQL, or not named",
            where=KEYS_URL,
        )
    names = {name: f"CADRE_{name.upper()}" for name in MasterSecrets.model_fields}
    if names["master_key"] not in given:
        raise Malformed(
            "没有可更换的主密钥 · there is no master key to change",
            where=f"{settings}, CADRE_MASTER_KEY",
        )

    def write(changed: MasterSecrets) -> None:
        values = changed.model_dump()
        env_file.replace(settings, {names[name]: values[name] or "" for name in names})

    found = MasterSecrets.model_validate({name: given.get(names[name]) for name in names})
    return await _change(url, found, write)


async def _change[S: MasterSecrets](url: str, found: S, write: Callable[[S], None]) -> Changed:
    engine = create_engine(url, durable=True)
    try:
        await key_store.require_alone(engine)
        resumed = found.master_key_previous is not None
        if not resumed:
            found = _begun(found)
            write(found)
        keys = await _rewrap(engine, masters_of(found))
    finally:
        await engine.dispose()
    write(found.model_copy(update={"master_key_previous": None}))
    return Changed(keys, resumed)


async def _rewrap(engine: AsyncEngine, masters: MasterKeys) -> int:
    keys = await key_store.rewrap(engine, masters)
    await key_store.compact(engine)
    # Whoever came in meanwhile may know the old master alone and wrap a new key with it.
    await key_store.require_alone(engine)
    return keys + await key_store.rewrap(engine, masters)


def masters_of(found: MasterSecrets) -> MasterKeys:
    previous = found.master_key_previous
    return MasterKeys(b64decode(found.master_key), b64decode(previous) if previous else None)


def _begun[S: MasterSecrets](found: S) -> S:
    old = b64decode(found.master_key)
    fingerprint = found.fingerprint_key or b64encode(first_fingerprint_key(old)).decode()
    return found.model_copy(
        update={
            "master_key": b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
            "master_key_previous": found.master_key,
            "fingerprint_key": fingerprint,
        }
    )
