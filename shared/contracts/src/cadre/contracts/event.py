"""What every published event is made of.

An event is a frozen model with a versioned ``type`` tag. Its subject on the log is
``history.<service>.<entity>.<id>.<name>``; `Event.aggregate` gives the first four parts.
Fields that speak about a person are marked ``Personal[...]``: on the log they are sealed with a
key of that person, and read as `Sealed` by whoever does not hold it, as `Forgotten` once it is
gone.
"""

from datetime import date
from functools import cache
from typing import Annotated, ClassVar, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

type CadreId = Annotated[str, Field(pattern=r"^c-[a-z2-7]{10}$", examples=["c-7f3kq2mz4a"])]
type Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
type UnitId = Slug
type YearMonth = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["1985-06"])]
type Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Value(BaseModel):
    """A frozen group of fields; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(Value):
    """A personal value under its person's key; ``sealed`` is opaque to everyone else."""

    sealed: str


class Forgotten(Value):
    """A personal value whose key was destroyed: nobody can read it any more."""

    forgotten: Literal[True] = True


# No value fits two of them, and trying one after the other is the cheaper way.
type Personal[T] = Annotated[T | Sealed | Forgotten, Field(union_mode="left_to_right")]


def clear(value: object) -> str:
    """Text for people: the value, 〔封存〕 while sealed, 〔已遗忘〕 once forgotten."""
    match value:
        case Sealed():
            return "〔封存〕"
        case Forgotten():
            return "〔已遗忘〕"
        case _:
            return str(value)


class Aggregate(NamedTuple):
    """The one thing an event belongs to."""

    service: str
    entity: str
    id: str

    def __str__(self) -> str:
        return ".".join(self)

    @property
    def subjects(self) -> str:
        """The subject filter that covers all its events."""
        return f"history.{self.service}.{self.entity}.{self.id}.>"


class RuleFinding(Value):
    """What one rule said of one case: enough to decide the case again."""

    rule: str = Field(examples=["RNK-07"])
    instrument: str = Field(description="The instrument the rule stands in, in Chinese")
    article: str
    version: date = Field(description="First day on which this version of the rule held")
    confidence: Literal["V", "V2", "K"] = Field(
        description="V: text read; V2: secondary source; K: unverified, check the official text"
    )
    kind: Literal["hard", "soft", "quota", "deadline", "influence", "order"]
    passed: bool
    inputs: dict[str, str | int | float | bool | None]
    reason: str = Field(description="One Chinese sentence for people")
    earliest: date | None = Field(
        default=None,
        description="First date on which a failed rule would pass, if time alone heals",
    )

    @property
    def stands_against(self) -> bool:
        """Whether this finding refuses; a soft rule or a deadline that failed only warns."""
        return not self.passed and self.kind not in {"soft", "deadline", "order"}


class Event(Value):
    """A fact, in the past tense. It is stored for ever, so a field never changes its meaning.

    Every event declares ``type``, a literal with its versioned tag as the default.
    """

    entity: ClassVar[str]
    key: ClassVar[str]
    """Name of the field that holds the id of the aggregate."""
    hangs_on: ClassVar[str] = ""
    """Name of the field that holds the event which this one ends, checks or reverses."""
    held_until_corrected: ClassVar[bool] = False
    """Whether it counts until the day of its correction; else a wrong record never held."""

    effective_on: date = Field(description="The day from which this holds in the world")
    supersedes: UUID | None = Field(
        default=None, description="The id of the earlier event that this one corrects"
    )

    @classmethod
    @cache
    def tag(cls) -> str:
        """The versioned type, e.g. ``selection.recruited.v1``."""
        return str(cls.model_fields["type"].default)

    @classmethod
    @cache
    def service(cls) -> str:
        return cls.tag().split(".")[0]

    @classmethod
    @cache
    def name(cls) -> str:
        """The last part of the subject, e.g. ``recruited``."""
        return cls.tag().split(".")[1]

    @property
    def aggregate(self) -> Aggregate:
        return Aggregate(self.service(), self.entity, str(getattr(self, self.key)))

    @property
    def persons(self) -> tuple[str, ...]:
        """The cadres this event speaks about, for the envelope."""
        return ()

    def say(self) -> str:
        """What happened, as one Chinese line for a timeline."""
        raise NotImplementedError


class CadreEvent(Event):
    """A fact about one cadre; only these may hold personal fields."""

    entity: ClassVar[str] = "cadre"
    key: ClassVar[str] = "cadre_id"

    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    @property
    def key_purpose(self) -> str:
        """Which of the person's keys seals this event; one of its own can be destroyed alone."""
        return self.service()


class KeysDestroyed(CadreEvent):
    """Base of the events that tell of destroyed keys: all of the person's, or one alone."""

    @property
    def destroyed_purpose(self) -> str | None:
        """The ``key_purpose`` of the one key that is gone; None where all of them are."""
        return None


class SettingAside(Value):
    """What is said of an event that a service can neither apply nor, perhaps, read."""

    position: int = Field(ge=1, description="Where on the log the event stands that never held")
    event_id: UUID | None = Field(default=None, description="Its id, where it bears one")
    reason: Text


class EventSetAside(Event, SettingAside):
    """Base of the events by which somebody says that an earlier one of the history never held."""

    def say(self) -> str:
        return f"位置 {self.position} 的事件无法适用，予以搁置，视为自始未生效：{self.reason}"


class Annulment(Value):
    """What is said of a fact that is taken back, with nothing in its place."""

    annuls: str = Field(
        description="The type of the event that never held", examples=["supervision.disciplined.v1"]
    )
    reason: Text
    basis: Text = Field(description="The document by which it was annulled")


class EventAnnulled(CadreEvent, Annulment):
    """Base of the events by which a service takes back the fact that ``supersedes`` names."""

    def say(self) -> str:
        return f"撤销此前记录，视为自始未生效：{self.reason}（依据 {self.basis}）"


class Refusal(Value):
    """Mixed into events that record a refusal: a fact its person has a right to see."""

    findings: tuple[RuleFinding, ...]

    @property
    def earliest(self) -> date | None:
        """First date on which all failed rules would pass; none while one of them never heals."""
        dates = [finding.earliest for finding in self.findings if finding.stands_against]
        known = [day for day in dates if day is not None]
        return max(known) if known and len(known) == len(dates) else None

    def reasons(self) -> str:
        failed = [f for f in self.findings if f.stands_against]
        told = "；".join(f"{f.reason}（{f.instrument}{f.article}，{f.rule}）" for f in failed)
        return f"{told}；最早可于 {self.earliest} 通过" if self.earliest else told
