"""Which posts are filled when: the motions of each year."""

from datetime import date

from cadre.appointment.deciding.seats import Relieve
from cadre.contracts.appointment.motion import StopReason
from cadre.contracts.vocabulary import PostLevel
from cadre.fiction.county.model import Post, Unit
from cadre.fiction.life.chronicle import Chronicle, Member, workday
from cadre.fiction.life.motions import NOT_CARRIED, Proceeding


def spring(chronicle: Chronicle) -> None:
    """Two motions of the first year that lead to nothing: a vote that is lost, and a veto."""
    post, year = _deputy(chronicle, chronicle.county.units[0]), chronicle.first
    assert post is not None  # noqa: S101  # every unit has a deputy's seat free in the beginning
    lost = chronicle.with_role("not-carried")
    motion = Proceeding(chronicle, f"motion-{year}-1", post, lost, workday(year, 4, 9))
    motion.open().fix().inspect().decide(NOT_CARRIED)
    vetoed = chronicle.with_role("vetoed")
    motion = Proceeding(chronicle, f"motion-{year}-2", post, vetoed, workday(year, 4, 10))
    motion.open().fix("refused").stop(StopReason.NO_CANDIDATE, "考察对象政治素质否决未解除")


def autumn(chronicle: Chronicle, year: int) -> None:
    """The protagonist's motion in the first year; then a head retires and a deputy follows."""
    place = year - chronicle.first
    units = chronicle.county.units
    day = workday(year, 8, 14)
    if place == 0:
        post = _deputy(chronicle, units[0])
        assert post is not None  # noqa: S101
        motion = Proceeding(chronicle, f"motion-{year}-3", post, chronicle.protagonist, day)
        motion.open().fix().inspect().decide().announce(hasty=True)
        step = motion.conclude()
        chronicle.marks["hero-post"] = step.caused_of(chronicle.protagonist.cadre_id)
    elif place == 1:
        _succeed(chronicle, units[-1], day)
    unit = units[(place + 1) % len(units)]
    post = _deputy(chronicle, unit)
    able = [
        one
        for one in chronicle.free()
        if one.unit_id == unit.unit_id and one.rank and one not in chronicle.sample
    ]
    if post is not None and able and unit is not units[0]:
        motion = Proceeding(chronicle, f"motion-{year}-4", post, able[0], day)
        motion.open().fix().inspect().decide().announce().conclude()


def _succeed(chronicle: Chronicle, unit: Unit, day: date) -> None:
    """The head of a unit retires, and a deputy of the unit takes the post."""
    holders = [one for one in chronicle.holders() if one.unit_id == unit.unit_id and not one.role]
    heads = [one for one in holders if _level(one) is PostLevel.SECTION_HEAD]
    deputies = [one for one in holders if _level(one) is PostLevel.SECTION_DEPUTY]
    if not heads or not deputies:
        return
    head, deputy = heads[0], deputies[0]
    post = head.post
    assert post is not None  # noqa: S101
    _relieve(chronicle, head, post, "到龄退休", day)
    head.post, head.retired = None, True
    before = deputy.post
    assert before is not None  # noqa: S101
    motion = Proceeding(chronicle, f"motion-{day.year}-5", post, deputy, day)
    motion.open().fix().inspect().decide().announce().conclude()
    _relieve(chronicle, deputy, before, "另有任用", motion.day)


def _relieve(chronicle: Chronicle, one: Member, post: Post, reason: str, day: date) -> None:
    chronicle.add(
        f"relieve/{one.cadre_id}",
        Relieve(effective_on=day, cadre_id=one.cadre_id, post_id=post.post_id, reason=reason),
    )


def _deputy(chronicle: Chronicle, unit: Unit) -> Post | None:
    """A deputy's post of the unit with a seat nobody holds."""
    held = [one.post.post_id for one in chronicle.holders() if one.post]
    posts = (
        post
        for post in chronicle.county.posts
        if post.unit is unit and post.level is PostLevel.SECTION_DEPUTY
    )
    return next((post for post in posts if held.count(post.post_id) < post.seats), None)


def _level(one: Member) -> PostLevel | None:
    return one.post.level if one.post else None
