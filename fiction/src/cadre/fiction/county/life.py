"""How somebody of the fictional county got to where they stand."""

from datetime import date
from random import Random

from cadre.contracts.event import YearMonth
from cadre.contracts.vocabulary import Education, Grade, Political, PostLevel, Rank, Sex
from cadre.fiction.county import names
from cadre.fiction.county.model import Person, Post, Schooling, Unit, UnitKind
from cadre.intake.resume import Entry
from cadre.shared.deciding.idnumber import check_character

RANKS_INTRODUCED = 2019 * 12 + 5
"""June 2019, when ranks beside posts came into force, in months from year 0."""

PER_AREA = 500
"""People who share the area digits of their ID numbers: as many as three digits tell apart."""

OLDEST = 59
GRADED_YEARS = 5
EARLIER_TITLES = {
    UnitKind.BUREAU: ("科员", "办公室主任", "党组成员、副局长"),
    UnitKind.TOWN: ("科员", "党政办公室主任", "副镇长"),
    UnitKind.SUBDISTRICT: ("科员", "党政办公室主任", "办事处副主任"),
}

RANK_BY_YEARS = (
    (28, Rank.RESEARCHER_4),
    (20, Rank.OFFICER_1),
    (14, Rank.OFFICER_2),
    (9, Rank.OFFICER_3),
    (4, Rank.OFFICER_4),
    (1, Rank.CLERK_1),
)
SCHOOL_YEARS = {Education.COLLEGE: 3, Education.BACHELOR: 4, Education.MASTER: 7}
SCHOOL_TOLD = {Education.COLLEGE: "大专", Education.BACHELOR: "大学", Education.MASTER: "研究生"}


def live(rng: Random, number: int, unit: Unit, post: Post | None, on: date) -> Person:
    """One person, wholly told by the random numbers given."""
    sex = rng.choice((Sex.MALE, Sex.MALE, Sex.FEMALE))
    birth_date = _birth_date(rng, post, on)
    full_time = _full_time(rng, birth_date, on)
    work = _months(full_time.ends) + rng.choice((1, 1, 2, 13))
    now = on.year * 12 + on.month - 1
    years = (now - work) // 12
    on_job = _on_job(rng, work, now) if full_time.education is not Education.MASTER else None
    rank, rank_since = _rank(post, years, work, now)
    starts = _starts(rng, post, work, now, rank_since)
    political, party_since = _political(rng, birth_date, post, now)
    title = post.title if post else rank.zh if rank else "试用期公务员"
    return Person(
        number=number,
        id_number=_id_number(number, birth_date, sex),
        full_name=_name(rng, sex),
        sex=sex,
        birth_date=birth_date,
        ethnicity="汉族" if rng.random() < 0.9 else rng.choice(names.MINORITIES),  # noqa: PLR2004  share
        native_place=f"{names.PROVINCE}{unit.district[:2]}",
        political=political,
        party_since=party_since,
        work_since=_year_month(work),
        full_time=full_time,
        on_job=on_job,
        unit=unit,
        post=post,
        title=title,
        post_since=_year_month(starts[-1]),
        level_since=_year_month(starts[-1]) if post else None,
        rank=rank,
        rank_since=rank_since,
        resume=_resume(full_time, on_job, unit, title, starts),
        grades=_grades(rng, work, on),
        award=_award(rng, work, on, unit.district),
    )


def _birth_date(rng: Random, post: Post | None, on: date) -> date:
    match post:
        case Post(level=PostLevel.SECTION_HEAD):
            age = rng.randint(40, 57)
        case Post():
            age = rng.randint(34, 55)
        case None:
            age = rng.randint(24, OLDEST)
    return date(on.year - age, rng.randint(1, 12), rng.randint(1, 28))


def _full_time(rng: Random, birth_date: date, on: date) -> Schooling:
    chances = (Education.COLLEGE, Education.BACHELOR, Education.BACHELOR, Education.MASTER)
    education = rng.choice(chances)
    begins = birth_date.year + 18
    if begins + SCHOOL_YEARS[education] >= on.year:
        education = Education.COLLEGE
    schools = names.COLLEGES if education is Education.COLLEGE else names.UNIVERSITIES
    return Schooling(
        education,
        SCHOOL_TOLD[education],
        f"{rng.choice(schools)}{rng.choice(names.SUBJECTS)}专业",
        f"{begins}-09",
        f"{begins + SCHOOL_YEARS[education]}-07",
    )


def _on_job(rng: Random, work: int, now: int) -> Schooling | None:
    """A course at the party school beside the work, for some with years enough before and after."""
    begins = (work // 12 + rng.randint(5, 9)) * 12 + 8
    if begins + 36 > now or rng.random() < 0.6:  # noqa: PLR2004  share
        return None
    school = f"{names.PARTY_SCHOOL}行政管理专业"
    spring = (_year_month(begins), _year_month(begins + 34))
    return Schooling(Education.MASTER, "省委党校研究生", school, *spring)


def _starts(
    rng: Random, post: Post | None, work: int, now: int, rank_since: YearMonth | None
) -> list[int]:
    """When each stage of the working life began, in months; the last is the present one.

    Without a post it began with the present rank.
    """
    span = now - work
    match post:
        case Post(level=PostLevel.SECTION_HEAD):
            shares = (0.0, 0.35, 0.6, 0.85)
        case Post():
            shares = (0.0, 0.4, 0.8)
        case None:
            return [work] if rank_since is None else [work, _months(rank_since)]
    jitter = span // 20
    starts = [work + round(span * share) for share in shares]
    return [starts[0], *(start + rng.randint(-jitter, jitter) for start in starts[1:])]


def _rank(
    post: Post | None, years: int, work: int, now: int
) -> tuple[Rank | None, YearMonth | None]:
    held = next(((needed, rank) for needed, rank in RANK_BY_YEARS if years >= needed), None)
    if held is None:
        return None, None
    needed, rank = held
    if post and post.level is PostLevel.SECTION_HEAD and rank is not Rank.RESEARCHER_4:
        rank = Rank.OFFICER_1
    since = max(RANKS_INTRODUCED, work + needed * 12)
    return rank, _year_month(min(since, now))


def _political(
    rng: Random, birth_date: date, post: Post | None, now: int
) -> tuple[Political, YearMonth | None]:
    if post is None and rng.random() < 0.2:  # noqa: PLR2004  share
        others = (Political.MASSES, Political.MASSES, Political.CDL, Political.JIUSAN)
        return rng.choice(others), None
    joined = (birth_date.year + rng.randint(20, 23)) * 12 + rng.randint(0, 11)
    return Political.PARTY_MEMBER, _year_month(min(joined, now - 12))


def _resume(
    full_time: Schooling, on_job: Schooling | None, unit: Unit, title: str, starts: list[int]
) -> tuple[Entry, ...]:
    stages = len(starts)
    titles = [*EARLIER_TITLES[unit.kind][: stages - 1], title]
    ends = [*(_year_month(start) for start in starts[1:]), None]
    entries = [Entry(full_time.begins, full_time.ends, f"{full_time.school}学习")]
    for start, end, held in zip(starts, ends, titles, strict=True):
        begins = _year_month(start)
        beside = on_job is not None and begins <= on_job.begins and (not end or on_job.begins < end)
        study = f"\n{_beside(on_job)}" if on_job and beside else ""
        entries.append(Entry(begins, end, f"{unit.name}{held}{study}"))
    return tuple(entries)


def _beside(schooling: Schooling) -> str:
    begins, ends = schooling.begins.replace("-", "."), schooling.ends.replace("-", ".")
    return f"(其间:{begins}--{ends}{schooling.school}学习)"


def _grades(rng: Random, work: int, on: date) -> tuple[tuple[int, Grade], ...]:
    """The years that are closed; nobody is graded in the year of entry."""
    graded = (Grade.EXCELLENT, *(Grade.COMPETENT,) * 5)
    return tuple(
        (year, Grade.UNGRADED if year == work // 12 else rng.choice(graded))
        for year in range(on.year - GRADED_YEARS, on.year)
        if year >= work // 12
    )


def _award(rng: Random, work: int, on: date, district: str) -> str | None:
    first = work // 12 + 2
    if first >= on.year or rng.random() < 0.8:  # noqa: PLR2004  share
        return None
    year = rng.randint(first, on.year - 1)
    return f"{year}年{rng.randint(1, 12):02}月被评为{district}{rng.choice(names.HONOURS)}"


def _name(rng: Random, sex: Sex) -> str:
    given = names.MALE_GIVEN if sex is Sex.MALE else names.FEMALE_GIVEN
    return rng.choice(names.SURNAMES) + rng.choice(given)


def _id_number(number: int, birth_date: date, sex: Sex) -> str:
    """No two people get the same: area and sequence tell their numbers apart."""
    area, place = divmod(number, PER_AREA)
    sequence = place * 2 + (sex is Sex.MALE)
    first = f"99{area:04}{birth_date:%Y%m%d}{sequence:03}"
    return first + check_character(first)


def _months(month: YearMonth) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _year_month(months: int) -> YearMonth:
    return f"{months // 12:04}-{months % 12 + 1:02}"
