"""The versions of the merit point rules: the version of the day decides what an item is worth."""

from collections import Counter
from datetime import date
from typing import Final

from cadre.contracts.supervision.point_scheme import PointItem, PointScheme, PointSchemePublished
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Dossier, dossier_of
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.rights import EVERYBODY, NOBODY, Right, Role
from cadre.shared.deciding.versions import VersionCommand, Versions

AWARDING: Final = frozenset({"distinction", "commendation", "hard-task"})
"""The three families that add points (M15); the other three deduct."""


class PublishPointScheme(VersionCommand, PointScheme):
    """发布积分办法 · Bring a version of the merit point rules into force.

    It holds from its effective date on.
    """


def _require_sound(wanted: PointSchemePublished, others: Dossier) -> None:
    repeated = [code for code, n in Counter(i.code for i in wanted.items).items() if n > 1]
    wrong = [i.code for i in wanted.items if i.points == 0 or (i.points > 0) != awards(i)]
    if repeated or wrong or not wanted.items:
        raise NotPossible(
            "积分项目重复，或分值与类别不符 · "
            f"items repeated: {repeated}; points against their family: {wrong}"
            if wanted.items
            else "积分办法至少要有一个项目 · a scheme needs an item",
            where=wanted.scheme_id,
            hint="加分类须为正分，其余类别须为负分 · "
            f"{', '.join(sorted(AWARDING))} award points, the other families deduct",
        )
    for other in (fact.event for fact in others.standing(PointSchemePublished)):
        later = wanted.version > other.version
        if wanted.version == other.version or later != (wanted.effective_on > other.effective_on):
            raise NotPossible(
                "版本号与生效日期的先后不一致 · "
                f"version {wanted.version} from {wanted.effective_on} does not fit beside "
                f"version {other.version} from {other.effective_on}",
                where=wanted.scheme_id,
                hint="版本号大的，生效日期应在后 · a higher version takes effect on a later day",
            )


def awards(item: PointItem) -> bool:
    return item.family in AWARDING


SCHEMES = Versions(
    event=PointSchemePublished,
    by=PublishPointScheme,
    right=Right(Role.DECIDER, EVERYBODY),
    of=dossier_of("supervision", "point-scheme"),
    require=_require_sound,
    name="point-schemes",
    title="积分办法 · The version of a point scheme on a day",
    seen_by=Right(Role.READER, NOBODY),
)
CAPABILITY = Capability(mechanism="M15", versions=[SCHEMES])


def item_on(scheme: Dossier, scheme_id: str, code: str, day: date) -> tuple[int, PointItem]:
    """The version in force on a day, and its item of that code."""
    version = SCHEMES.in_force(scheme, scheme_id, day)
    found = next((item for item in version.items if item.code == code), None)
    if found is None:
        raise NotPossible(
            "该版本积分办法没有此项目 · "
            f"version {version.version} of {scheme_id}, in force on {day}, has no item {code}",
            where=code,
            hint=f"该版本的项目有 · it has {', '.join(item.code for item in version.items)}",
        )
    return version.version, found
