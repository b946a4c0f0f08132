"""What queries answer."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from cadre.contracts.event import RuleFinding
from cadre.contracts.training.posting import PostingKind
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.training.standards import OffJob, YearHours


class TrainingAttended(BaseModel):
    """One training that counts."""

    event_id: str
    class_id: str | None
    title: str
    kind: ClassKind
    mode: Mode
    hours: float
    days: int
    starts_on: date
    ends_on: date


class Task(BaseModel):
    task_id: str
    reason: str
    kind: ClassKind
    days_min: int
    rule: str
    opened_on: date
    due_on: date
    completed_on: date | None
    overdue: bool


class PostingLine(BaseModel):
    event_id: str
    cadre_id: str
    kind: PostingKind
    host: str
    home_unit: str
    task: str
    since: date
    until: date | None = Field(description="Planned last day; the posting lasts until it is ended")
    ended_on: date | None = Field(description="First day back")
    evaluation: Literal["good", "fair", "poor"] | None


class EvaluatedPosting(PostingLine):
    note: str | None


class MentorshipReviewed(BaseModel):
    reviewed_on: date
    progress: Literal["good", "fair", "poor"]
    note: str | None


class Mentorship(BaseModel):
    event_id: str
    cadre_id: str = Field(description="The apprentice")
    mentor_id: str
    tasks: tuple[str, ...]
    since: date
    until: date | None = Field(description="Planned last day; the pair lasts until it is ended")
    ended_on: date | None
    completed: bool | None


class ReviewedMentorship(Mentorship):
    reviews: tuple[MentorshipReviewed, ...]


class CadreTraining(BaseModel):
    """Where one cadre stands on a day."""

    cadre_id: str
    on: date
    years: tuple[YearHours, ...] = Field(description="The latest first")
    off_job: OffJob
    findings: tuple[RuleFinding, ...] = Field(description="Statutory and local, passed or not")
    tasks: tuple[Task, ...]
    postings: tuple[EvaluatedPosting, ...]
    mentorships: tuple[ReviewedMentorship, ...]
    trainings: tuple[TrainingAttended, ...]


class DueItem(BaseModel):
    cadre_id: str
    due_on: date
    overdue: bool
    finding: RuleFinding


class Dues(BaseModel):
    """Who has what to do and by when, the most urgent first."""

    on: date
    within_days: int
    count: int = Field(description="How many there are, also beyond `items`")
    items: tuple[DueItem, ...]


class Attendee(BaseModel):
    cadre_id: str
    hours: float
    credited: bool


class ClassAnswer(BaseModel):
    class_id: str
    title: str
    kind: ClassKind
    mode: Mode
    hours: float
    days: int
    starts_on: date
    ends_on: date
    seats: int
    held_on: date | None
    short: bool | None = Field(description="Shorter than the rule for its kind asks")
    attendees: tuple[Attendee, ...]


class ClassCount(BaseModel):
    """Classes held, and those credited: attendances (人次) and persons (人)."""

    classes: int
    short: int
    person_times: int
    heads: int
    uncredited: int = Field(description="Attendances without credit (TRN-04)")


class ClassSummary(ClassCount):
    year: int
    year_last: int
    kinds: dict[ClassKind, ClassCount]


class PostingsOn(BaseModel):
    on: date
    heads: int
    postings: tuple[PostingLine, ...]


class HostCoverage(BaseModel):
    host: str
    heads: int


class Coverage(BaseModel):
    """Every place ever posted to, or asked for, and how many are there on the day."""

    on: date
    kind: PostingKind
    hosts: tuple[HostCoverage, ...]
    uncovered: tuple[str, ...]


class Recruit(BaseModel):
    cadre_id: str
    recruited_on: date
    channel: str


class MissingMentorships(BaseModel):
    year: int
    on: date
    recruits: int
    missing: tuple[Recruit, ...]


class Mentor(BaseModel):
    cadre_id: str
    on: date
    load: RuleFinding = Field(description="Whether there is a place for another apprentice")
    apprentices: tuple[Mentorship, ...]
