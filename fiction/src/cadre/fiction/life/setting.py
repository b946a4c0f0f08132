"""What there is before the lives begin: posts and who holds them, pools, the point rules, plans."""

from datetime import date

from cadre.appointment.deciding.post import EstablishPost
from cadre.appointment.deciding.seats import AssumePost
from cadre.contracts.selection.intake import PlanLine
from cadre.contracts.selection.pool import PoolClass
from cadre.contracts.supervision.point_scheme import PointItem
from cadre.contracts.vocabulary import Channel
from cadre.fiction.life.chronicle import Chronicle, workday
from cadre.selection.deciding.intake import PlanIntake
from cadre.selection.deciding.pool import DefinePool
from cadre.supervision.deciding.point_scheme import PublishPointScheme
from cadre.supervision.deciding.unit_year import OpenUnitYear, unit_year_id

SCHEME = "merit"
POINTS = (
    PointItem(code="distinction", title="受省级以上表彰", family="distinction", points=10),
    PointItem(code="commendation", title="受市级通报表扬", family="commendation", points=5),
    PointItem(code="hard-task", title="完成急难险重任务", family="hard-task", points=6),
    PointItem(code="failure", title="重点工作未完成", family="failure", points=-6),
    PointItem(code="complaint", title="群众投诉经查属实", family="public-complaint", points=-3),
    PointItem(code="criticism", title="受通报批评", family="criticism", points=-4),
)
HARD_TASK_RAISED = 8
"""What 急难险重任务 is worth in the second version of the point rules."""

POOLS = (
    ("young", PoolClass.YOUNG, "优秀年轻干部", 24),
    ("non-party", PoolClass.NON_PARTY, "优秀党外干部", 6),
    ("specialist", PoolClass.SPECIALIST, "专业型干部", 6),
    ("principal", PoolClass.PRINCIPAL_RESERVE, "党政正职后备干部", 6),
)
PLANNED = {
    Channel.CIVIL_SERVICE: 2,
    Channel.SELECTED_GRADUATE: 1,
    Channel.VILLAGE_GRADUATE: 1,
}
"""Whom each year's intake plan wants."""


def found(chronicle: Chronicle) -> None:
    """Posts with their present holders, talent pools and the first point rules."""
    eve = chronicle.county.on
    chronicle.script.phase("setting", "设置职位、人才库与积分办法")
    for post in chronicle.county.posts:
        chronicle.add(
            f"post/{post.post_id}",
            EstablishPost(
                effective_on=eve,
                post_id=post.post_id,
                unit_id=post.unit.unit_id,
                unit_name=post.unit.name,
                title=post.title,
                level=post.level,
                seats=post.seats,
            ),
        )
    for holder in chronicle.holders():
        assert holder.post is not None  # noqa: S101
        chronicle.add(
            f"holder/{holder.cadre_id}",
            AssumePost(
                effective_on=eve,
                cadre_id=holder.cadre_id,
                post_id=holder.post.post_id,
                basis="干部名册",
            ),
        )
    for pool_id, pool_class, title, seats in POOLS:
        chronicle.add(
            f"pool/{pool_id}",
            DefinePool(
                effective_on=eve, pool_id=pool_id, pool_class=pool_class, title=title, seats=seats
            ),
        )
    _publish_points(chronicle, 1, chronicle.county.on)
    _open_unit_years(chronicle, chronicle.first - 1, eve)


def open_year(chronicle: Chronicle, year: int) -> None:
    """The unit years, with last year's head-counts put right, and the intake plan."""
    day = workday(year, 1, 9)
    _open_unit_years(chronicle, year - 1, day)
    _open_unit_years(chronicle, year, day)
    lines = tuple(PlanLine(channel=channel, count=count) for channel, count in PLANNED.items())
    chronicle.add(
        "plan",
        PlanIntake(effective_on=day, plan_id=plan_id(year), year=year, lines=lines),
    )
    if year == chronicle.first + 1:
        _publish_points(chronicle, 2, date(year, 1, 1))


def plan_id(year: int) -> str:
    return f"intake-{year}"


def _publish_points(chronicle: Chronicle, version: int, day: date) -> None:
    raised = (item.model_copy(update={"points": HARD_TASK_RAISED}) for item in POINTS[2:3])
    items = POINTS if version == 1 else (*POINTS[:2], *raised, *POINTS[3:])
    chronicle.add(
        f"points/{version}",
        PublishPointScheme(effective_on=day, scheme_id=SCHEME, version=version, items=items),
    )


def _open_unit_years(chronicle: Chronicle, year: int, day: date) -> None:
    """Open each unit's year, or correct its head-count when people came or went."""
    for unit in chronicle.county.units:
        year_id = unit_year_id(unit.unit_id, year)
        headcount = len(chronicle.of_unit(unit.unit_id, by=date(year, 12, 31)))
        before = chronicle.openings.get(year_id)
        if headcount == 0 or (before and _headcount(before.command) == headcount):
            continue
        chronicle.openings[year_id] = chronicle.add(
            f"unit-year/{year_id}",
            OpenUnitYear(
                effective_on=day,
                unit_id=unit.unit_id,
                unit_name=unit.name,
                year=year,
                headcount=headcount,
                supersedes=before.caused("unit-year", year_id) if before else None,
            ),
        )


def _headcount(opening: object) -> int:
    assert isinstance(opening, OpenUnitYear)  # noqa: S101
    return opening.headcount
