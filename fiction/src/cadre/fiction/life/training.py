"""Classes of every kind, online hours, and what was missed."""

from datetime import date, timedelta
from typing import NamedTuple

from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.fiction.life.chronicle import Chronicle, Member, some, workday
from cadre.fiction.life.words import ONLINE_COURSES
from cadre.training.deciding.record import RecordTraining
from cadre.training.deciding.training_class import Attendance, HoldClass, PlanClass

HOURS_PER_DAY = 8
ONLINE_SHARE = 0.4
SEATS = 30


class Course(NamedTuple):
    """A class that is held every year."""

    code: str
    title: str
    kind: ClassKind
    days: int
    starts: tuple[int, int]
    """Month and day."""
    weeks: int


IN_POST = Course("in-post", "科级干部任职培训班", ClassKind.IN_POST, 15, (4, 7), 3)
POLITICAL = Course("political", "优秀年轻干部政治训练班", ClassKind.POLITICAL, 5, (4, 23), 1)
YOUNG = Course("young", "优秀中青年干部培训班", ClassKind.YOUNG_CADRE, 30, (5, 6), 6)
GENERAL = Course("general", "干部在职轮训班", ClassKind.GENERAL, 12, (6, 3), 2)
INDUCTION = Course("induction", "新录用人员初任培训班", ClassKind.INDUCTION, 12, (10, 9), 2)


def spring(chronicle: Chronicle, year: int) -> None:
    """Who took a post is trained in it, and members of pools politically."""
    pooled = [one for one in chronicle.active() if one.pools]
    _hold(chronicle, IN_POST, year, [one for one, *_ in chronicle.promoted.get(year - 1, ())])
    _hold(chronicle, POLITICAL, year, pooled[:SEATS])


def summer(chronicle: Chronicle, year: int) -> None:
    """The long class for the young in pools, and a general one for some of all."""
    rng = chronicle.random(f"training/{year}")
    hero = [chronicle.protagonist] if year == chronicle.first else []
    free = chronicle.free()
    _hold(chronicle, YOUNG, year, [*hero, *some(rng, [o for o in free if o.pools], 9)])
    general = [chronicle.sanctioned, *some(rng, free, min(SEATS - 1, len(free) // 3))]
    _hold(chronicle, GENERAL, year, general, missing=general[1:][-1:])


def autumn(chronicle: Chronicle, year: int) -> None:
    """Induction for this year's recruits, and online courses for many."""
    _hold(chronicle, INDUCTION, year, chronicle.recruits.get(year, []))
    rng = chronicle.random(f"online/{year}")
    day = workday(year, 10, 26)
    people = chronicle.active()
    for one in some(rng, people, round(ONLINE_SHARE * len(people))):
        chronicle.add(
            f"online/{one.cadre_id}",
            RecordTraining(
                effective_on=day,
                cadre_id=one.cadre_id,
                title=rng.choice(ONLINE_COURSES),
                kind=ClassKind.GENERAL,
                mode=Mode.ONLINE,
                hours=rng.randrange(16, 57, 4),
                days=0,
                starts_on=date(year, 9, 1),
                ends_on=day,
            ),
        )


def _hold(
    chronicle: Chronicle,
    course: Course,
    year: int,
    people: list[Member],
    missing: list[Member] | None = None,
) -> None:
    """Plan a class and hold it; who missed half of it gets no credit."""
    if not people:
        return
    planned = _plan(chronicle, course, year)
    absent = missing or []
    chronicle.add(
        f"hold/{planned.class_id}",
        HoldClass(
            effective_on=planned.ends_on,
            class_id=planned.class_id,
            attendees=tuple(
                Attendance(
                    cadre_id=one.cadre_id,
                    hours=planned.hours / 2 if one in absent else planned.hours,
                    days=planned.days // 2 if one in absent else planned.days,
                )
                for one in people
            ),
        ),
    )


def _plan(chronicle: Chronicle, course: Course, year: int) -> PlanClass:
    starts_on = workday(year, *course.starts)
    plan = PlanClass(
        effective_on=starts_on,
        class_id=f"{course.code}-{year}",
        title=f"{year} 年{course.title}",
        kind=course.kind,
        mode=Mode.OFF_JOB,
        hours=course.days * HOURS_PER_DAY,
        days=course.days,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(weeks=course.weeks),
        seats=SEATS,
    )
    chronicle.add(f"plan/{plan.class_id}", plan)
    return plan
