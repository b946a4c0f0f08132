"""The log of readings: who was shown whose supervision material, written before it is shown (M53).

The stream READINGS belongs to no history: services may only add to it, subscribers cannot reach
it. A record names cadres by their id and says nothing else about them; a purpose and a legal
ground are codes, so that no free text can.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import nats.errors
from pydantic import AwareDatetime, BaseModel

from cadre.contracts.event import CadreId
from cadre.shared.asking.wire import ACTOR_LENGTH_MAX, is_account
from cadre.shared.deciding.errors import Malformed, Unavailable
from cadre.shared.log.connection import Connection
from cadre.shared.log.stream import PUBLISH_TIMEOUT_S, Log
from cadre.shared.log.written import Written

STREAM = "READINGS"
CADRES_IN_RECORD_MAX = 20_000
"""So that a record fits the server's limit of one megabyte."""
_CADRE_ID = re.compile(rb"\bc-[a-z2-7]{10}\b")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class NamedReader(BaseModel):
    """Who asks, as the headers of the request say."""

    actor: str
    purpose: str | None = None
    legal_ground: str | None = None


class RecordedReading(BaseModel):
    """One answer that was given."""

    at: AwareDatetime
    service: str
    route: str
    reader: NamedReader
    cadres: list[CadreId]


def reader_from(headers: Mapping[str, str]) -> NamedReader:
    """Who asks. Raises: Malformed for an account or a code that cannot be read."""
    actor = headers.get("cadre-actor", "")
    if not is_account(actor):
        raise Malformed(
            "查阅要留记录，须写明查阅人 · "
            "this answer is only given to somebody with a name: what is read is recorded",
            where="Cadre-Actor",
            hint="请写明经办账号 · "
            f"send an account: printable ASCII, at most {ACTOR_LENGTH_MAX} characters",
        )
    return NamedReader(
        actor=actor,
        purpose=_code(headers, "Cadre-Purpose"),
        legal_ground=legal_ground(headers),
    )


def legal_ground(headers: Mapping[str, str]) -> str | None:
    """The code of the ground on which restricted data are asked for, if one is named."""
    return _code(headers, "Cadre-Legal-Ground")


def _code(headers: Mapping[str, str], name: str) -> str | None:
    given = headers.get(name.lower())
    if given is not None and not _CODE.fullmatch(given):
        raise Malformed(
            "目的和依据须为代码 · "
            "a purpose and a ground are codes: a to z, 0 to 9 and dashes, at most 63",
            where=name,
            hint="例如 · for example supervision-law-25",
        )
    return given


def cadres_in(answer: bytes) -> list[str]:
    """The cadres that an answer names, sorted."""
    return sorted({found.decode() for found in _CADRE_ID.findall(answer)})


@dataclass(frozen=True, slots=True)
class Readings:
    """Adds to the stream; reads it where the server lets this user."""

    client: Connection
    service: str
    written: Written = field(default_factory=Written)

    async def add(self, route: str, reader: NamedReader, cadres: Sequence[str]) -> None:
        """Store that this is going to be shown.

        Raises: Unavailable when it could not be stored: then nothing may be shown.
        """
        for start in range(0, len(cadres), CADRES_IN_RECORD_MAX):
            part = list(cadres[start : start + CADRES_IN_RECORD_MAX])
            reading = RecordedReading(
                at=datetime.now(UTC),
                service=self.service,
                route=route,
                reader=reader,
                cadres=part,
            )
            # One person's readings are found by subject, those of many are searched.
            whose = part[0] if len(part) == 1 else "many"
            await self._publish(f"readings.{self.service}.{whose}", reading)

    async def _publish(self, subject: str, reading: RecordedReading) -> None:
        data = reading.model_dump_json().encode()
        sent_at = time.monotonic()
        try:
            reply = await self.client.request(subject, data, timeout=PUBLISH_TIMEOUT_S)
            answer: dict[str, Any] = json.loads(reply.data)
        except TimeoutError as error:
            self.written.unanswered(sent_at)
            raise _not_recorded() from error
        except (nats.errors.Error, OSError, ValueError) as error:
            raise _not_recorded() from error
        if "seq" not in answer:
            raise _not_recorded()
        self.written.answered()

    async def of_cadre(self, cadre_id: str, since: datetime | None = None) -> list[RecordedReading]:
        """Whom this cadre was shown to, the earliest first."""
        log = Log(self.client, STREAM)
        found: list[RecordedReading] = []
        for whose in (cadre_id, "many"):
            async for messages in log.read(subjects=f"readings.*.{whose}"):
                read = (RecordedReading.model_validate_json(message.body) for message in messages)
                found += [one for one in read if cadre_id in one.cadres]
        return sorted(
            (one for one in found if since is None or one.at >= since), key=lambda one: one.at
        )


def _not_recorded() -> Unavailable:
    return Unavailable(
        "查阅记录未能写入，因此不予显示 · "
        "what would be shown could not be recorded, so it is not shown",
        where=STREAM,
        hint="请重试，仍不行则检查系统 · try again; see `cadre doctor`",
    )
