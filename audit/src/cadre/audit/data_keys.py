"""The keys of persons beside the log: what is sealed can be opened, unless somebody was forgotten.

The log names the key of every sealed value, and says who was forgotten. Of each key one value is
opened and dropped at once: nothing else tells a key from another that was put in its place.
"""

import contextlib
import re
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import column, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.audit.differences import Difference, Kind
from cadre.audit.journals import NOT_READABLE, snapshot
from cadre.shared.deciding.errors import Malformed
from cadre.shared.keys.key_store import DATA_KEYS, Lost, bound, marked
from cadre.shared.keys.master_keys import NONCE_BYTES, MasterKeys
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.running.forgetting import lost_by

WHERE = "the key store"
RESTORE = "`cadre privacy restore-keys FILE`, and find out who took them away"
_SEALED = re.compile(rb'"sealed:(v1\.([^."]+)\.([^."]+)\.(\d+)\.[^"]*)\.([^."]*)"')
_REGISTERED = (".recruited", ".baselined")

type KeyId = tuple[str, str, int]
"""Person, purpose and number."""


@dataclass(slots=True)
class Store:
    """One moment of the key store."""

    keys: dict[KeyId, tuple[str, bytes]] = field(default_factory=dict[KeyId, tuple[str, bytes]])
    """Name of the master key, wrapped key."""
    marks: set[str] = field(default_factory=set[str])
    indexed: set[str] | None = None
    """Whom the index of ID numbers leads to; None where there is none."""


@dataclass(slots=True)
class DataKeys:
    """Sees every event, then compares with the key store."""

    url: str
    masters: MasterKeys
    lost: set[Lost] = field(default_factory=set[Lost])
    opened: int = 0
    """How many keys opened what the log holds under them."""
    _before: Store = field(default_factory=Store)
    _good: set[KeyId] = field(default_factory=set[KeyId])
    _open: dict[KeyId, tuple[int, bytes, bytes]] = field(
        default_factory=dict[KeyId, tuple[int, bytes, bytes]]
    )
    """Keys that opened nothing yet: position of the first value, and the value in two parts."""
    _registered: set[str] = field(default_factory=set[str])

    async def start(self) -> None:
        """Read the store. Raises: `NOT_READABLE`."""
        self._before = await _read(self.url)

    def see(self, message: Message) -> None:
        """Take the next event."""
        self._note_lost(message)
        if message.subject.endswith(_REGISTERED) and b'"id_number"' in message.body:
            self._registered.add(message.aggregate[2])
        for clear, person, purpose, number, box in _SEALED.findall(message.body):
            key_id = (person.decode(), purpose.decode(), int(number))
            if key_id in self._good:
                continue
            if self._opens(self._before, key_id, clear, box):
                self._good.add(key_id)
                self._open.pop(key_id, None)
            else:
                self._open.setdefault(key_id, (message.position, clear, box))

    async def differences(self, log: Log, last: int) -> list[Difference]:
        """What differs once all events were seen; ``last`` is the position of the last one.

        Raises: `NOT_READABLE`, Unavailable.
        """
        now = await _read(self.url)
        # Somebody may have been forgotten between the end of what was read and now.
        for message in await log.tail("history.>", last):
            with contextlib.suppress(ValueError):
                self._note_lost(message)
        gone: dict[str, set[str]] = defaultdict(set)
        found: list[Difference] = []
        for key_id, (position, clear, box) in self._open.items():
            if self._is_lost(key_id):
                continue
            if key_id not in now.keys:
                gone[key_id[0]].add(key_id[1])
            elif not self._opens(now, key_id, clear, box):
                detail = f"the key of {key_id[0]} for {key_id[1]} does not open what it sealed"
                found.append(_differs(detail, position, f"put it back: {RESTORE}"))
        self.opened = len(self._good)
        found += [self._gone(person, sorted(gone[person]), now) for person in sorted(gone)]
        return [*found, *self._stored(now), *self._index(now)]

    def _gone(self, person: str, purposes: Sequence[str], now: Store) -> Difference:
        what = f"keys of {person} are gone ({', '.join(purposes)})"
        if person in now.marks:
            detail = f"{what}, and a mark in the key store alone says that the person was forgotten"
            return _differs(detail, hint="Selection records it when it runs; else ask who did it")
        detail = f"{what}, and no event says that they were to be destroyed"
        return _differs(detail, hint=f"if it was not meant: {RESTORE}")

    def _stored(self, now: Store) -> Iterator[Difference]:
        """Keys that nothing was sealed with yet, and keys that must not exist."""
        for key_id, (master, wrapped) in sorted(now.keys.items()):
            if self._is_lost(key_id):
                detail = f"the log says that {key_id[0]} was forgotten, and there is a key"
                hint = "start the system: it destroys what the log says was destroyed"
                yield _differs(f"{detail} ({key_id[1]})", hint=hint)
            elif key_id not in self._good and key_id not in self._open:
                try:
                    self.masters.unwrap(wrapped, master, bound(*key_id))
                except (Malformed, ValueError):
                    detail = f"the key of {key_id[0]} for {key_id[1]} was altered or moved"
                    yield _differs(detail)

    def _index(self, now: Store) -> Iterator[Difference]:
        if now.indexed is None:
            return
        for person in sorted(self._registered - now.indexed):
            if Lost(person) not in self.lost and person not in now.marks:
                detail = f"no ID number leads to {person} any more; the person could enter again"
                yield _differs(detail, hint=RESTORE)

    def _note_lost(self, message: Message) -> None:
        if (lost := lost_by(message)) is not None:
            self.lost.add(lost)

    def _is_lost(self, key_id: KeyId) -> bool:
        person, purpose, _ = key_id
        return Lost(person) in self.lost or Lost(person, purpose) in self.lost

    def _opens(self, store: Store, key_id: KeyId, clear: bytes, box: bytes) -> bool:
        held = store.keys.get(key_id)
        if held is None:
            return False
        master, wrapped = held
        try:
            key = AESGCM(self.masters.unwrap(wrapped, master, bound(*key_id)))
            sealed = urlsafe_b64decode(box)
            key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], clear)
        except (Malformed, InvalidTag, ValueError):
            return False
        return True


async def _read(url: str) -> Store:
    async with snapshot(url) as connection:
        rows = (await connection.execute(select(DATA_KEYS))).all()
        keys = {(r.person, r.purpose, r.number): (r.master, _bytes(r.wrapped)) for r in rows}
        marks = set(await connection.run_sync(marked))
        return Store(keys, marks, await _indexed(connection))


def _bytes(value: object) -> bytes:
    """A wrapped key; SQLite lets other values stand in its place."""
    return value if isinstance(value, bytes) else b""


async def _indexed(connection: AsyncConnection) -> set[str] | None:
    """Of the index, which is Selection's, only whom it leads to."""
    try:
        rows = await connection.execute(select(table("identities", column("cadre_id"))))
    except NOT_READABLE:
        return None
    return {row.cadre_id for row in rows}


def _differs(detail: str, position: int | None = None, hint: str = RESTORE) -> Difference:
    return Difference(Kind.DATA_KEYS_DIFFER, position, WHERE, detail, hint)
