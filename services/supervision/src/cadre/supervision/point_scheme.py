"""The versions of the merit point rules: the version of the day decides what an item is worth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.supervision.point_scheme import PointItem, PointScheme, PointSchemePublished
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded

AWARDING: Final = frozenset({"distinction", "commendation", "hard-task"})
"""The three families that add points (M15); the other three deduct."""


class PublishPointScheme(Command, PointScheme):
    """Bring a version of the merit point rules into force from its effective date."""


@dataclass(frozen=True, slots=True)
class PointSchemeState:
    versions: Mapping[UUID, PointSchemePublished] = field(
        default_factory=dict[UUID, PointSchemePublished]
    )

    def on(self, day: date) -> PointSchemePublished | None:
        """The version in force on a day."""
        begun = [v for v in self.versions.values() if v.effective_on <= day]
        return max(begun, key=lambda v: v.version, default=None)


def evolve(state: PointSchemeState, recorded: Recorded[Event]) -> PointSchemeState:
    match recorded.event:
        case PointSchemePublished() as event:
            return replace(state, versions={**state.versions, recorded.event_id: event})
        case _:
            return state


POINT_SCHEME = Fold(
    service="supervision", entity="point-scheme", initial=PointSchemeState(), evolve=evolve
)


def publish_point_scheme(command: PublishPointScheme, state: PointSchemeState) -> Sequence[Event]:
    published = PointSchemePublished.model_validate(command.model_dump())
    if published in state.versions.values():
        return []
    _require_sound(command)
    for other in state.versions.values():
        later = command.version > other.version
        if command.version == other.version or later != (command.effective_on > other.effective_on):
            raise NotPossible(
                f"version {command.version} from {command.effective_on} does not fit beside "
                f"version {other.version} from {other.effective_on}",
                where=command.scheme_id,
                hint="a higher version takes effect on a later day",
            )
    return [published]


def _require_sound(command: PublishPointScheme) -> None:
    repeated = [code for code, n in Counter(i.code for i in command.items).items() if n > 1]
    wrong = [i.code for i in command.items if i.points == 0 or (i.points > 0) != awards(i)]
    if repeated or wrong or not command.items:
        raise NotPossible(
            f"items repeated: {repeated}; points against their family: {wrong}"
            if command.items
            else "a scheme needs an item",
            where=command.scheme_id,
            hint=f"{', '.join(sorted(AWARDING))} award points, the other families deduct",
        )


def awards(item: PointItem) -> bool:
    return item.family in AWARDING


def item_on(state: PointSchemeState, scheme_id: str, code: str, day: date) -> tuple[int, PointItem]:
    """The version in force on a day, and its item of that code."""
    if not state.versions:
        raise NotFound(
            f"no point scheme {scheme_id} is known", where=scheme_id, hint="publish it first"
        )
    scheme = state.on(day)
    if scheme is None:
        raise NotPossible(
            f"no version of {scheme_id} was in force on {day}",
            where=scheme_id,
            hint=f"the first came on {min(v.effective_on for v in state.versions.values())}",
        )
    found = next((item for item in scheme.items if item.code == code), None)
    if found is None:
        raise NotPossible(
            f"version {scheme.version} of {scheme_id}, in force on {day}, has no item {code}",
            where=code,
            hint=f"it has {', '.join(item.code for item in scheme.items)}",
        )
    return scheme.version, found
