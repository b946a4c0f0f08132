"""The log of readings beside what checkpoints signed of it.

Nothing of a history rests on it and it expires, so no tree over all of it can be kept. Instead
each checkpoint signs the records that came since the one before. The leaf of a record is
``cadre-reading-v1``, position and server time stamp (eight bytes each), subject and body, each
after its length in eight bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from cadre.audit.checkpoint import Checkpoint, Span
from cadre.audit.differences import Difference, Kind
from cadre.audit.leaf import framed, number
from cadre.audit.merkle import leaf_hash, root_of
from cadre.audit.stored import everything
from cadre.shared.log.provision import READINGS_KEPT_DAYS
from cadre.shared.log.readings import RecordedReading
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log

DOMAIN = b"cadre-reading-v1"
KEPT = timedelta(days=READINGS_KEPT_DAYS)
PUT_BACK = "bring the stream back from a copy, and find out who took the records away"


def leaf_of(message: Message) -> bytes:
    """The hash of a record's leaf."""
    place = number(message.position), number(message.recorded_ns)
    return leaf_hash(framed(DOMAIN, *place, message.subject.encode(), message.body))


async def since_signed(log: Log, earlier: Sequence[Checkpoint]) -> Span | None:
    """What came since the newest record that was signed; None if nothing did.

    Of a stream that is gone or ends before what was signed there is nothing to sign: `verify` says
    so, and history is signed nevertheless.
    """
    after = max((one.readings.last for one in earlier if one.readings), default=0)
    answer = await log.api(f"STREAM.INFO.{log.stream}", {})
    if "error" in answer:
        return None
    leaves: dict[int, bytes] = {}
    first, last = int(answer["state"]["first_seq"]), int(answer["state"]["last_seq"])
    async for messages in everything(log, last, range(first), after=max(after, first - 1, 0)):
        leaves |= {message.position: leaf_of(message) for message in messages}
    return Span(min(leaves), max(leaves), root_of(leaves.values())) if leaves else None


@dataclass(slots=True)
class ReadingsLog:
    """Looks at the stream; changes nothing."""

    log: Log
    checkpoints: Sequence[Checkpoint]
    now: datetime
    records: int = 0
    _state: dict[str, Any] = field(default_factory=dict[str, Any])
    _leaves: dict[int, bytes] = field(default_factory=dict[int, bytes])

    @property
    def signed(self) -> list[tuple[Checkpoint, Span]]:
        """What was signed, the oldest first."""
        both = ((one, one.readings) for one in self.checkpoints)
        return sorted(((o, s) for o, s in both if s is not None), key=lambda pair: pair[1].last)

    async def differences(self) -> list[Difference]:
        """Read all records and compare.

        Raises: Unavailable.
        """
        stream = self.log.stream
        answer = await self.log.api(f"STREAM.INFO.{stream}", {"deleted_details": True})
        if "error" in answer:
            ended = self.signed[-1][1].last if self.signed else 0
            detail = f"the log of readings is gone; {ended} records were signed"
            return [self._differs(None, detail, f"{PUT_BACK}; `cadre provision` makes a new one")]
        self._state = answer["state"] | {"created": answer["created"]}
        found = [*self._settings(answer["config"])]
        first, last = int(self._state["first_seq"]), int(self._state["last_seq"])
        gone = {*self._state.get("deleted", ()), *range(first)}
        async for messages in everything(self.log, last, gone, after=max(first - 1, 0)):
            for message in messages:
                self.records += 1
                self._leaves[message.position] = leaf_of(message)
                if says := _unlike_a_record(message):
                    found.append(self._differs(message.position, says))
        return [*found, *self._missing(first, last), *self._expired(first), *self._roots(first)]

    def _settings(self, config: dict[str, Any]) -> Iterator[Difference]:
        kept = timedelta(seconds=int(config.get("max_age", 0)) // 10**9)
        if timedelta() < kept < KEPT:
            detail = f"the stream keeps records for {kept.days} days, not {KEPT.days}"
            yield self._differs(None, detail, "set it right: `cadre provision --show`")

    def _missing(self, first: int, last: int) -> Iterator[Difference]:
        """Records within what is there, and at the end."""
        before = max(first - 1, 0)
        for at in [*self._leaves, last + 1]:
            if at > before + 1:
                yield self._differs(before + 1, f"the records {before + 1} to {at - 1} are missing")
            before = at
        if self.signed and (ended := self.signed[-1][1].last) > last:
            detail = f"the log of readings ends at {last}, {ended} were signed"
            yield self._differs(last, detail)

    def _expired(self, first: int) -> Iterator[Difference]:
        """What stood before the first record is old enough to have expired."""
        created = datetime.fromisoformat(self._state["created"])
        signed = self.signed
        if signed and created > signed[0][0].dated:
            detail = f"the stream was made anew on {created}, after records had been signed"
            yield self._differs(None, detail)
        before = [one.dated for one, span in signed if span.last < first - 1]
        since = max([created, *before])
        if first > 1 and self.now - since < KEPT:
            detail = f"the records up to {first - 1} are gone; some are not older than {since}"
            yield self._differs(first - 1, detail)

    def _roots(self, first: int) -> Iterator[Difference]:
        for checkpoint, span in self.signed:
            held = [
                self._leaves[at] for at in range(span.first, span.last + 1) if at in self._leaves
            ]
            whole = first <= span.first and span.last in self._leaves
            if whole and root_of(held) != span.hash:
                detail = (
                    f"the records {span.first} to {span.last} are not those signed on "
                    f"{checkpoint.dated}"
                )
                yield self._differs(span.first, detail)

    def _differs(self, position: int | None, detail: str, hint: str = PUT_BACK) -> Difference:
        return Difference(Kind.READINGS_DIFFER, position, self.log.stream, detail, hint)


def _unlike_a_record(message: Message) -> str:
    """Why a service cannot have written this; empty if it can."""
    try:
        reading = RecordedReading.model_validate_json(message.body)
    except ValidationError:
        return "this record cannot be read"
    whose = reading.cadres[0] if len(reading.cadres) == 1 else "many"
    right = message.subject == f"readings.{reading.service}.{whose}"
    return "" if right else "this record stands under another subject than it says"
