"""Posts: what each is from a day on, and its seats (职数), of which it owns the limit (SEL-02).

Before its first definition a post was what that says: people sat there earlier.
"""

from datetime import date

from cadre.contracts.appointment.post import (
    PostDefinition,
    PostEstablished,
    PostFilled,
    PostVacated,
)
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Dossier, dossier_of
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.places import Places
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.deciding.versions import VersionCommand, Versions

POST = dossier_of("appointment", "post")


class EstablishPost(VersionCommand, PostDefinition):
    """设置职位，或自某日起调整职数 · Set up a post, or set its seats anew from a day on."""


def _require_seated(wanted: PostEstablished, others: Dossier) -> None:
    """Nobody who sits there loses the seat."""
    if SEATS.free_from(others.expecting(wanted), date.min) < 0:
        raise NotPossible(
            f"任职人数多于职数 · more persons hold the post than {wanted.seats} seats (职数)",
            where=wanted.post_id,
            hint="请先免去有关人员职务 · relieve somebody first",
        )


POSTS = Versions(
    event=PostEstablished,
    by=EstablishPost,
    right=Right(Role.DECIDER, EVERYBODY),
    of=POST,
    keeps=("unit_id", "level"),
    require=_require_seated,
    name="posts",
    title="职位 · Posts",
    seen_by=Right(Role.READER, EVERYBODY),
    asked=False,
)


def _seats(post: Dossier, day: date) -> int:
    definition = POSTS.on_or_first(post, day)
    return definition.seats if definition else 0


SEATS = Places(taken=PostFilled, released=PostVacated, limit=_seats, defined_by=POSTS)


def established(post: Dossier, post_id: str, day: date) -> PostEstablished:
    """The definition on a day of a post that must exist."""
    definition = POSTS.on_or_first(post, day)
    if definition is None:
        raise NotFound(
            f"没有这个职位 · no post {post_id} is known here",
            where=post_id,
            hint="请先设置职位 · establish the post first",
        )
    return definition


def require_seat(post: Dossier, post_id: str, day: date) -> None:
    """SEL-02: never more persons than seats, on this day or a later one."""
    if SEATS.free_from(post, day) < 1:
        raise no_vacancy(post_id, day)


def no_vacancy(post_id: str, day: date) -> NotPossible:
    rule = rulebook().on("SEL-02", day)
    return NotPossible(
        f"职数已满 · {post_id} has no vacancy from {day} "
        f"({rule.instrument}{rule.article}, {rule.id})",
        where=post_id,
        hint="请先免去现任人员或增加职数 · "
        "relieve a holder or raise the seats (职数) of the post first",
    )


CAPABILITY = Capability(mechanism="SEL-02", versions=[POSTS], places=[SEATS])
