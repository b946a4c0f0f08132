"""Definitions in force on a day, declared: published, and replaced from a later day on.

Handlers and order follow from a declaration here; table, projection and question in
`cadre.shared.showing.versions`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import Event
from cadre.shared.deciding.decider import Fold, Handler
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.rights import Right

_WHEN = frozenset({"effective_on", "supersedes", "type"})
"""Fields that are not part of what is defined."""


class VersionCommand(Command):
    """A wish to publish a version, which may take the place of one that was wrong."""

    supersedes: UUID | None = Field(
        default=None, description="The event of the version that this one corrects"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Versions[E: Event]:
    """One kind of definition, each in a history of its own."""

    event: type[E]
    by: type[VersionCommand]
    right: Right
    of: Fold[Dossier]
    """The history that its versions stand in, perhaps with places: `dossier_of`."""
    name: str
    """In the plural, as in a path: of the table and the question."""
    title: str
    """For people: 中文 · English."""
    seen_by: Right
    asked: bool = True
    """Whether the one in force is asked by its key; else a view of its own tells it."""
    keeps: Collection[str] = ()
    """Fields that no later version changes."""
    one_a_day: bool = False
    """Whether a second one of a day corrects the first; else it must be named, or comes later."""
    require: Callable[[E, Dossier], None] = lambda _wanted, _dossier: None
    """What it must be beyond its fields; told the history without what it corrects."""

    def handlers(self) -> list[Handler[Any]]:
        """Of the command that publishes a version."""
        return [
            Handler(
                self.by,
                lambda wish, _world: (self.of.of(getattr(wish, self.event.key)),),
                lambda wish, world: self.published(
                    wish, world[self.of.of(getattr(wish, self.event.key))]
                ),
                self.right,
            )
        ]

    def orders(self) -> list[Order]:
        """A history begins with a version."""
        return [Order(self.event.entity, opens=frozenset({self.event}))]

    def on(self, dossier: Dossier, day: date) -> E | None:
        """The version in force on a day; None before the first."""
        begun = dossier.standing(self.event, by=day)
        return begun[-1].event if begun else None

    def on_or_first(self, dossier: Dossier, day: date) -> E | None:
        """The version in force on a day; before the first one, the first."""
        begun = self.on(dossier, day)
        return begun or next((fact.event for fact in dossier.standing(self.event)), None)

    def in_force(self, dossier: Dossier, key: str, day: date) -> E:
        """The version in force on a day.

        Raises NotFound where nobody defined it, NotPossible before its first day.
        """
        if (found := self.on(dossier, day)) is not None:
            return found
        first = next((fact.event for fact in dossier.standing(self.event)), None)
        what = self.event.entity.replace("-", " ")
        if first is None:
            raise NotFound(
                f"此处查无此编号 · no {what} {key} is known here",
                where=key,
                hint=f"请先记录 · record it first with {self.by.name}",
            )
        raise NotPossible(
            f"所写日期早于设立日期 · {what} {key} exists from {first.effective_on} only",
            where="effective_on",
            hint=f"最早可写的日期 · the earliest day is {first.effective_on}",
        )

    def published(self, command: VersionCommand, dossier: Dossier, **more: object) -> list[Event]:
        """The version that a command wishes for, with ``more`` of what only the rule knows.

        What is in force already is not published again. Raises: NotFound, NotPossible.
        """
        wanted = self.event.model_validate({**dict(command), **more})
        # Where a second one of a day corrects the first, what was corrected may come back.
        if (wanted.supersedes or not self.one_a_day) and dossier.holds(wanted):
            return []
        if wanted.supersedes is not None:
            dossier.correctable(self.event, wanted.supersedes)
        wrong = wanted.supersedes or self._of_that_day(wanted, dossier)
        others = dossier.without(wrong) if wrong else dossier
        in_force = self.on(dossier, wanted.effective_on)
        if command.supersedes is None and in_force and _said(in_force) == _said(wanted):
            return []
        self._require_kept(wanted, others if wanted.supersedes else dossier)
        wanted = wanted.model_copy(update={"supersedes": wrong})
        self.require(wanted, others)
        return [wanted]

    def _of_that_day(self, wanted: E, dossier: Dossier) -> UUID | None:
        if not self.one_a_day:
            return None
        standing = dossier.standing(self.event)
        same_day = (f.id for f in standing if f.event.effective_on == wanted.effective_on)
        return next(same_day, None)

    def _require_kept(self, wanted: E, others: Dossier) -> None:
        for fact in others.standing(self.event):
            for name in self.keeps:
                if (kept := getattr(fact.event, name)) != getattr(wanted, name):
                    raise NotPossible(
                        f"此项不可变更 · its {name} is {getattr(kept, 'zh', kept)} and stays so",
                        where=name,
                        hint="请另行设立，使用新的编号 · define another one, with an id of its own",
                    )


def _said(version: Event) -> dict[str, Any]:
    return version.model_dump(exclude=set(_WHEN))
