"""What may be exported: a person, a motion, a time; and which events that takes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Protocol

from cadre.audit.completeness import HeadProof
from cadre.audit.extraction import Extraction
from cadre.contracts.appointment.motion import MotionOpened, RecommendationHeld
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.log.codec import decoded
from cadre.shared.log.signed import Message

CHINA = timezone(timedelta(hours=8))
"""A day of a period begins and ends by this clock."""
KINDS = ("cadre", "motion", "period")


@dataclass(frozen=True, slots=True)
class Taken:
    """The events of an export, and what shows that none is left out."""

    events: list[Message]
    heads: list[HeadProof]


class Scope(Protocol):
    """What is asked for."""

    @property
    def about(self) -> str:
        """As the manifest names it."""
        ...

    async def take(self, extraction: Extraction) -> Taken:
        """Raises: NotFound, NotProven, PackageTooLarge."""
        ...


@dataclass(frozen=True, slots=True)
class OfCadre:
    """Everything the four services recorded about a person."""

    cadre_id: str

    @property
    def about(self) -> str:
        return f"cadre {self.cadre_id}"

    async def take(self, extraction: Extraction) -> Taken:
        names = [f"{service}.cadre.{self.cadre_id}" for service in SERVICES]
        return await _whole(extraction, names, self.about)


@dataclass(frozen=True, slots=True)
class OfMotion:
    """A motion, its post, and what Appointment recorded about everybody recommended.

    A refusal on the way stands in the history of its person, who had been recommended.
    """

    motion_id: str

    @property
    def about(self) -> str:
        return f"motion {self.motion_id}"

    async def take(self, extraction: Extraction) -> Taken:
        motion = f"appointment.motion.{self.motion_id}"
        names = {motion}
        for message in await extraction.of_aggregates([motion]):
            match decoded(message).event:
                case MotionOpened() as opened:
                    names.add(f"appointment.post.{opened.post_id}")
                case RecommendationHeld() as held:
                    names.update(f"appointment.cadre.{one}" for one in held.recommended)
                case _:
                    pass
        return await _whole(extraction, sorted(names), self.about)


@dataclass(frozen=True, slots=True)
class OfPeriod:
    """Everything recorded on some days, both included."""

    begin: date
    end: date

    @property
    def about(self) -> str:
        return f"period {self.begin}..{self.end}"

    async def take(self, extraction: Extraction) -> Taken:
        begin, end = _midnight_ns(self.begin), _midnight_ns(self.end + timedelta(days=1))
        return Taken(await extraction.between(begin, end), [])


def scope_of(kind: str, what: str) -> Scope:
    """Read the command's arguments.

    Raises: Malformed.
    """
    match kind:
        case "cadre":
            return OfCadre(what)
        case "motion":
            return OfMotion(what)
        case "period":
            begin, dots, end = what.partition("..")
            try:
                period = OfPeriod(date.fromisoformat(begin), date.fromisoformat(end))
            except ValueError as error:
                raise _no_period(what) from error
            if not dots or period.begin > period.end:
                raise _no_period(what)
            return period
        case _:
            raise Malformed(
                f"此类内容不能导出 · {kind} cannot be exported",
                hint=f"可选的有 · one of {', '.join(KINDS)}",
            )


def _no_period(what: str) -> Malformed:
    return Malformed(
        "不是时间段 · this is no period",
        where=what,
        hint="请按格式填写 · write YYYY-MM-DD..YYYY-MM-DD",
    )


def _midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 10**9


async def _whole(extraction: Extraction, names: list[str], about: str) -> Taken:
    events = await extraction.of_aggregates(names)
    if not events:
        raise NotFound(
            "最新检查点之内没有记录 · nothing is recorded under the newest checkpoint", where=about
        )
    return Taken(events, extraction.heads(names))
