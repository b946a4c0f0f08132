"""The reports of Appointment: promotions and the young among them, seats, a unit's team."""

from collections.abc import Iterable
from datetime import date

from cadre.appointment import promotion_report, queries
from cadre.appointment.promotion_report import Kind, PromotedPerson
from cadre.shared.deciding.calendar import full_years, month_start
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import Count, Counted, Question, Report, ShareOf

YOUNG_AGE = 35


def _counted(lines: Iterable[PromotedPerson]) -> list[Counted]:
    return [Counted(line.cadre_id, line.event_id) for line in lines]


async def _promotions(reader: Reader, question: Question) -> Iterable[Count]:
    """Promotions (M69); young is `YOUNG_AGE` 周岁 and below on the day of the promotion."""
    counts: list[Count] = []
    kinds: tuple[tuple[Kind | None, str, str], ...] = (
        (None, "", "晋升"),
        ("post", ":post", "领导职务晋升"),
        ("rank", ":rank", "职级晋升"),
    )
    for kind, suffix, title in kinds:
        found = await promotion_report.young_promotions(
            reader.connection, question.begin, question.on, kind=kind, age=YOUNG_AGE
        )
        counts += [
            Count(f"promoted{suffix}", title, _counted(found.denominator)),
            Count(f"young{suffix}", f"{title}，{YOUNG_AGE} 周岁及以下", _counted(found.numerator)),
            Count(f"age-unknown{suffix}", f"{title}，年龄不明", _counted(found.unknown)),
        ]
    return counts


async def _posts(reader: Reader, question: Question) -> Iterable[Count]:
    """Who holds which post on the day."""
    return await _held(reader, question.on)


async def _team(reader: Reader, question: Question) -> Iterable[Count]:
    """Who holds the posts of one unit on the day: its team (班子)."""
    held = await _held(reader, question.on, question.of)
    born = await promotion_report.birth_months(reader.connection)
    young = [
        entry
        for entry in held[0].entries
        if (month := born.get(entry.cadre_id))
        and full_years(month_start(month), question.on) <= YOUNG_AGE
    ]
    unknown = [entry for entry in held[0].entries if entry.cadre_id not in born]
    return [
        *held,
        Count("young", f"{YOUNG_AGE} 周岁及以下", young),
        Count("age-unknown", "年龄不明", unknown),
    ]


async def _held(reader: Reader, on: date, unit_id: str | None = None) -> list[Count]:
    """All holders, and those of each post; of one unit or of all."""
    posts = (await queries.vacancies(reader.connection, on)).posts
    titles = {
        post.post_id: f"{post.unit_name}{post.title}（{post.seats} 职）"
        for post in posts
        if unit_id in {None, post.unit_id}
    }
    if not titles:
        raise NotFound(
            f"no post of {unit_id or 'any unit'} was established by {on}",
            where="of",
            hint="GET /vacancies lists posts with their units",
        )
    holders: dict[str, list[Counted]] = {post_id: [] for post_id in titles}
    for held in await queries.holdings(reader.connection):
        if held.post_id in holders and held.covers(on):
            holders[held.post_id].append(Counted(held.cadre_id, held.event_id))
    everyone = [entry for entries in holders.values() for entry in entries]
    by_post = [Count(f"post:{key}", titles[key], holders[key]) for key in sorted(titles)]
    return [Count("holders", "在任", everyone), *by_post]


READS_ALL = Right(Role.READER, EVERYBODY)
READS_UNIT = Right(Role.READER, NAMED)

REPORTS = (
    Report(
        "promotions",
        "提拔任用与年轻干部比例",
        _promotions,
        READS_ALL,
        (
            ShareOf("young-of-promotions", "年轻干部占晋升人次", "young", "promoted", "人次"),
            ShareOf("young-of-promoted", "年轻干部占晋升人数", "young", "promoted", "人"),
        ),
    ),
    Report("posts", "职位在任情况", _posts, READS_ALL),
    Report(
        "team",
        "班子",
        _team,
        READS_UNIT,
        (ShareOf("young-of-team", "年轻干部占比", "young", "holders", "人"),),
        of="unit",
    ),
)
