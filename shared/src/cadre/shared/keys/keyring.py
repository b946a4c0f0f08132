"""One data key per person and purpose, in a store of its own (envelope encryption).

A data key is random, wrapped by the master key with AES-256-GCM and bound to its person, purpose
and number. Destroying a person's keys forgets the person: every sealed value stays on the log and
nobody can read it. A purpose is the service that wrote the value, or one note that lapses alone.

A sealed token reads ``sealed:v1.<person>.<purpose>.<number>.<event id>.<path>.<base64url>``;
all before the last dot is authenticated with the ciphertext, so a value cannot be moved to another
event, field or person.
"""

import base64
import json
import os
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_json
from sqlalchemy import Connection, Row, bindparam, select, tuple_

from cadre.contracts.event import Forgotten
from cadre.shared.database.database import Database, create_missing, insert_or_ignore
from cadre.shared.database.together import Together
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.protection import forgotten
from cadre.shared.keys import key_store
from cadre.shared.keys.key_store import DATA_KEYS
from cadre.shared.keys.master_keys import NONCE_BYTES, MasterKeys

KEY_BYTES = 32
FIRST = 1
"""The number of the key that everything is sealed with today."""
CACHE_KEYS_MAX = 10_000
CACHE_SECONDS_MAX = 30.0
QUERY_KEYS_MAX = 400
PREFIX = "sealed:"


class KeyName(NamedTuple):
    """Whose key, and for which purpose."""

    person: str
    purpose: str


type KeyId = tuple[KeyName, int]
"""A key's name and its number."""

_KEYS = select(DATA_KEYS).where(
    tuple_(DATA_KEYS.c.person, DATA_KEYS.c.purpose, DATA_KEYS.c.number).in_(
        bindparam("named", expanding=True)
    )
)


class Place(NamedTuple):
    """Where a sealed value belongs. The field is left open: an upcast may move it."""

    person: str
    event: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key in use; ``number`` tells successive keys of one person and purpose apart."""

    name: KeyName
    number: int
    cipher: AESGCM

    def seal(self, value: object, event_id: UUID | str, path: str) -> str:
        """A token for ``value``, bound to its event and field."""
        clear_part = f"v1.{self.name.person}.{self.name.purpose}.{self.number}.{event_id}.{path}"
        nonce = os.urandom(NONCE_BYTES)
        clear_text = to_json(value)
        box = nonce + self.cipher.encrypt(nonce, clear_text, clear_part.encode())
        return f"{PREFIX}{clear_part}.{base64.urlsafe_b64encode(box).decode()}"


@dataclass(slots=True)
class Keyring:
    """Makes, caches, opens and drops data keys."""

    database: Database
    masters: MasterKeys
    _cache: OrderedDict[KeyId, tuple[DataKey, float]] = field(
        default_factory=OrderedDict[KeyId, tuple[DataKey, float]]
    )
    _stored: Together[KeyId, Row[Any]] = field(init=False)
    _made: Together[KeyId, Row[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._stored = Together(self._read)
        self._made = Together(self._make)

    async def create(self) -> None:
        """Create the key table where it is missing."""
        await self.database.transact(lambda c: create_missing(c, key_store.METADATA))

    async def keys(self, names: Iterable[KeyName]) -> dict[KeyName, DataKey]:
        """The keys to seal with, made where a person has none yet.

        Raises: PersonForgotten for whoever is marked as forgotten, who gets no new key.
        """
        wanted = [(name, FIRST) for name in dict.fromkeys(names)]
        found = {key_id: key for key_id in wanted if (key := self._cached(key_id)) is not None}
        for source in (self._stored, self._made):
            missing = [key_id for key_id in wanted if key_id not in found]
            found |= self._opened(await source.find(missing))
        if gone := {name.person for name, number in wanted if (name, number) not in found}:
            raise forgotten(", ".join(sorted(gone)))
        return {name: key for (name, _), key in found.items()}

    async def open_token(self, text: str) -> str | Forgotten:
        """The value of a sealed token as text; text that is no token is returned as it is."""
        value = await self.open_value(text)
        return value if isinstance(value, str | Forgotten) else str(value)

    async def open_value(self, text: str, place: Place | None = None) -> object:
        """The JSON value of a sealed token, or `Forgotten` when its key is gone.

        Raises: Malformed for a token that was altered, or that stands elsewhere than in ``place``.
        """
        if not text.startswith(PREFIX):
            return text
        clear_part, _, encoded = text.removeprefix(PREFIX).rpartition(".")
        try:
            _version, person, purpose, number, event, _path = clear_part.split(".", 5)
            box = base64.urlsafe_b64decode(encoded)
            name, key_number = KeyName(person, purpose), int(number)
        except ValueError as error:
            raise Malformed(
                "密文无法解析 · a sealed value cannot be parsed", where=text[:40]
            ) from error
        if place is not None and place != Place(person, event):
            raise Malformed(
                "密文被移动 · a sealed value was moved",
                where=clear_part,
                hint="请进行审计核验 · run an audit",
            )
        key = self._cached((name, key_number))
        if key is None:
            stored = await self._stored.find([(name, key_number)])
            key = self._opened(stored).get((name, key_number))
        if key is None:
            return Forgotten()
        try:
            opened = key.cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], clear_part.encode())
        except InvalidTag as error:
            raise Malformed(
                "密文被改动或移动 · a sealed value was altered or moved",
                where=clear_part,
                hint="请进行审计核验 · run an audit",
            ) from error
        return json.loads(opened)

    async def forget(self, person: str) -> int:
        """Destroy every key of a person for good; the number of keys destroyed."""
        await key_store.mark(self.database.engine, person)
        destroyed = await key_store.destroy(self.database.engine, person)
        await key_store.compact(self.database.engine)
        self.evict(person)
        return destroyed

    def evict(self, person: str, purpose: str | None = None) -> None:
        """Drop a person's keys from memory."""
        for name, number in list(self._cache):
            if name.person == person and purpose in {None, name.purpose}:
                del self._cache[name, number]

    async def _read(self, wanted: Collection[KeyId]) -> dict[KeyId, Row[Any]]:
        found: dict[KeyId, Row[Any]] = {}
        for part in batched(wanted, QUERY_KEYS_MAX):
            named = {"named": [(*name, number) for name, number in part]}
            for row in await self.database.query(partial(_rows, named=named)):
                found[KeyName(row.person, row.purpose), row.number] = row
        return found

    async def _make(self, wanted: Collection[KeyId]) -> dict[KeyId, Row[Any]]:
        """New keys for all but the forgotten, or those that another process made first."""
        rows = [self._new_row(name, number) for name, number in wanted]
        await self.database.transact(
            lambda c: c.execute(insert_or_ignore(DATA_KEYS, c.dialect), rows)
        )
        # After storing: whoever was marked meanwhile must not keep a key that came too late.
        persons = {name.person for name, _ in wanted}
        marked = await self.database.query(lambda c: key_store.marked(c, persons))
        for person in marked:
            await key_store.destroy(self.database.engine, person)
        return await self._read([one for one in wanted if one[0].person not in marked])

    def _opened(self, rows: Mapping[KeyId, Row[Any]]) -> dict[KeyId, DataKey]:
        """The keys that were read, kept in memory for a while."""
        found: dict[KeyId, DataKey] = {}
        for (name, number), row in rows.items():
            bound = key_store.bound(*name, number)
            cipher = AESGCM(self.masters.unwrap(row.wrapped, row.master, bound))
            key = found[name, number] = DataKey(name, number, cipher)
            self._cache[name, number] = (key, time.monotonic())
            self._cache.move_to_end((name, number))
        while len(self._cache) > CACHE_KEYS_MAX:
            self._cache.popitem(last=False)
        return found

    def _cached(self, key_id: KeyId) -> DataKey | None:
        entry = self._cache.get(key_id)
        # A key lives in memory for seconds only: another process may have dropped it.
        if entry is None or time.monotonic() - entry[1] > CACHE_SECONDS_MAX:
            return None
        return entry[0]

    def _new_row(self, name: KeyName, number: int) -> dict[str, object]:
        wrapped = self.masters.wrap(os.urandom(KEY_BYTES), key_store.bound(*name, number))
        master = self.masters.current_id
        return {**name._asdict(), "number": number, "master": master, "wrapped": wrapped}


def _rows(connection: Connection, named: Mapping[str, Any]) -> Sequence[Row[Any]]:
    return connection.execute(_KEYS, named).all()


def person_of(token: str) -> str:
    """Whose value a sealed token holds."""
    return token.removeprefix(PREFIX).split(".", 2)[1]
