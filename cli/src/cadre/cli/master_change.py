"""Changing the master key of a data directory, so that what the old one wrapped is worthless.

Both keys stand in ``secrets.json`` while the data keys are wrapped anew, one by one; a service
started in between opens either kind. Interrupted, the same command goes on.
"""

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cadre.cli.data_directory import KEY_BYTES, DataDirectory, Secrets
from cadre.shared import key_store
from cadre.shared.database import create_engine
from cadre.shared.master_keys import MasterKeys
from cadre.shared.runtime import first_fingerprint_key


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
        found = data.secrets
        resumed = found.master_key_previous is not None
        if not resumed:
            found = _begun(found)
            data.write_secrets(found)
        engine = create_engine(f"sqlite+aiosqlite:///{data.path / 'db' / 'keys.db'}", durable=True)
        try:
            keys = await key_store.rewrap(engine, masters_of(found))
            await key_store.compact(engine)
        finally:
            await engine.dispose()
        data.write_secrets(found.model_copy(update={"master_key_previous": None}))
        return Changed(keys, resumed)


def masters_of(found: Secrets) -> MasterKeys:
    previous = found.master_key_previous
    return MasterKeys(b64decode(found.master_key), b64decode(previous) if previous else None)


def _begun(found: Secrets) -> Secrets:
    old = b64decode(found.master_key)
    fingerprint = found.fingerprint_key or b64encode(first_fingerprint_key(old)).decode()
    return found.model_copy(
        update={
            "master_key": b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
            "master_key_previous": found.master_key,
            "fingerprint_key": fingerprint,
        }
    )
