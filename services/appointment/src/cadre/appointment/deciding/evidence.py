"""What of a person holds on a day: posts, ranks, grades, training, as promotions are judged by.

Facts are in force when they were effective by then and corrected by no other. So late entries and
corrections come out right whatever the order they arrived in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final
from uuid import UUID

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.identification import PoliticalQualityAssessed, PoliticalVetoLifted
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.supervision.assessment import Assessed
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.contracts.training.posting import Posted, PostingEnded
from cadre.contracts.training.record import Trained
from cadre.contracts.vocabulary import Education, Grade, PostLevel, Rank, RoutineGrade
from cadre.shared.deciding.calendar import month_start
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.holding import holdings
from cadre.shared.deciding.person import Person

LEVELS = tuple(PostLevel)
RANKS = tuple(Rank)
"""Both from the highest down."""

READS: Final[tuple[type[CadreEvent], ...]] = (
    ProfileCorrected,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
    Assessed,
    Talked,
    RectificationChecked,
    Disciplined,
    Trained,
    Posted,
    PostingEnded,
)
"""What other services record and promotions are judged by, besides how somebody came here."""


@dataclass(frozen=True, slots=True)
class Tenure[T: PostLevel | Rank]:
    """A time at a level or rank; ``ends`` is the first day after it."""

    what: T
    begins: date
    ends: date | None
    source: UUID
    post_id: str | None = None

    def covers(self, day: date) -> bool:
        return self.begins <= day and (self.ends is None or day < self.ends)


@dataclass(frozen=True, slots=True)
class AnnualGrade:
    """The grade of one year and the event that tells it."""

    grade: Grade
    source: UUID


@dataclass(frozen=True, slots=True)
class Evidence:
    """A person's facts in force on a day."""

    person: Person
    day: date

    def of[E: CadreEvent](self, *kinds: type[E]) -> list[Fact[E]]:
        """Those of some kinds, the earliest first."""
        return self.person.standing(*kinds, by=self.day)

    def rank_tenures(self) -> list[Tenure[Rank]]:
        """Ranks from the imported career and the promotions since; each lasts until the next."""
        begun: list[tuple[date, Rank, UUID]] = []
        for fact in self.of(Baselined):
            standing = fact.event.standing
            if standing.rank:
                since = _since(standing.rank_since, fact.event.effective_on)
                begun.append((since, standing.rank, fact.id))
        begun.extend(
            (fact.event.effective_on, fact.event.rank, fact.id)
            for fact in self.of(Promoted)
            if fact.event.kind == "rank" and fact.event.rank
        )
        begun = sorted((b for b in begun if b[0] <= self.day), key=lambda b: b[0])
        ends = [*(begins for begins, _, _ in begun[1:]), None]
        return [
            Tenure(rank, begins, end, source)
            for (begins, rank, source), end in zip(begun, ends, strict=False)
        ]

    def rank(self) -> Tenure[Rank] | None:
        """The present rank, since it was first held without another in between."""
        tenures = self.rank_tenures()
        if not tenures:
            return None
        present = tenures[-1]
        for earlier, later in pairwise(reversed(tenures)):
            if later.what is not earlier.what:
                break
            present = replace(present, begins=later.begins, source=later.source)
        return present

    def posts(self) -> list[Tenure[PostLevel]]:
        """Posts held against the establishment, past and present."""
        return [
            Tenure(held.level, held.begins, held.ends, held.source, held.post_id)
            for held in holdings(self.person, self.day)
        ]

    def holds(self, post_id: str) -> bool:
        return any(t.post_id == post_id and t.covers(self.day) for t in self.posts())

    def level_tenures(self) -> list[Tenure[PostLevel]]:
        """Times at a level. A failed probation counts for nothing and leads back (SEL-26)."""
        posts = self.posts()
        failed = {
            self.person.newest(fact.event.promotion_event): fact
            for fact in self.of(ProbationConcluded)
            if not fact.event.passed
        }
        counted = [tenure for tenure in posts if tenure.source not in failed]
        moves = [day for tenure in posts for day in (tenure.begins, tenure.ends) if day]
        for fact in self.of(Baselined):
            standing = fact.event.standing
            if standing.level:
                begins = _since(standing.level_since, fact.event.effective_on)
                ends = min((move for move in moves if move >= begins), default=None)
                counted.append(Tenure(standing.level, begins, ends, fact.id))
        for fact in self.of(Promoted):
            outcome = failed.get(fact.id)
            if outcome and fact.event.from_level:
                begins = outcome.event.effective_on
                ends = min((move for move in moves if move > begins), default=None)
                counted.append(Tenure(fact.event.from_level, begins, ends, outcome.id))
        return sorted(counted, key=lambda tenure: tenure.begins)

    def level(self) -> PostLevel | None:
        """The highest level held."""
        held = [tenure.what for tenure in self.level_tenures() if tenure.covers(self.day)]
        return min(held, key=LEVELS.index, default=None)

    def relief(self, outcome: Fact[ProbationConcluded]) -> Fact[Relieved] | None:
        """By which a failed probation took the post back."""
        if outcome.event.passed:
            return None
        told = (outcome.event.post_id, outcome.event.effective_on)
        reliefs = self.of(Relieved)
        return next((r for r in reliefs if (r.event.post_id, r.event.effective_on) == told), None)

    def months_at(self, tenures: Iterable[Tenure[PostLevel] | Tenure[Rank]]) -> set[int]:
        """The months counted by these tenures, from the month of appointment (RNK-12)."""
        return {
            month
            for tenure in tenures
            for month in range(
                month_index(tenure.begins), month_index(min(tenure.ends or self.day, self.day))
            )
        }

    def grades(self) -> dict[int, AnnualGrade]:
        """The annual grade of each year as decided by this day."""
        grades: dict[int, AnnualGrade] = {}
        for baseline in self.of(Baselined):
            for entry in baseline.event.career:
                if entry.kind == "grade" and entry.grade:
                    grades[int(entry.begins[:4])] = AnnualGrade(entry.grade, baseline.id)
        for fact in self.of(Assessed):
            match fact.event.grade:
                case Grade() as grade:
                    grades[int(fact.event.period)] = AnnualGrade(grade, fact.id)
                case RoutineGrade():
                    pass
        return grades

    def education(self) -> Education | None:
        found: Education | None = None
        for fact in self.of(Recruited, Baselined, ProfileCorrected):
            match fact.event:
                case Recruited() | Baselined():
                    found = fact.event.education
                case ProfileCorrected(education=Education() as education):
                    found = education
                case _:
                    pass
        return found

    def work_since(self) -> date | None:
        """When working life began: as the imported career tells, else the day of recruitment."""
        told = [
            month_start(fact.event.standing.work_since)
            for fact in self.of(Baselined)
            if fact.event.standing.work_since
        ]
        return min([*told, *(fact.event.effective_on for fact in self.of(Recruited))], default=None)

    def months_posted(self, kinds: Iterable[str]) -> int:
        """Months sent out on postings of these kinds."""
        wanted = set(kinds)
        months: set[int] = set()
        for fact in self.of(Posted):
            if fact.event.kind.value in wanted:
                ends = self.person.hanging(PostingEnded, fact, self.day)
                until = ends[0].event.effective_on if ends else self.day
                months.update(range(month_index(fact.event.effective_on), month_index(until)))
        return len(months)

    def trained(self, first_year: int, last_year: int) -> tuple[float, int]:
        """Hours and days of training that ended in these years."""
        attended = [
            fact.event
            for fact in self.of(Trained)
            if first_year <= fact.event.ends_on.year <= last_year
        ]
        return sum(course.hours for course in attended), sum(course.days for course in attended)


def month_index(day: date) -> int:
    """Months since year 0, so that months can be counted as numbers."""
    return day.year * 12 + day.month - 1


def _since(year_month: str | None, otherwise: date) -> date:
    return month_start(year_month) if year_month else otherwise
