"""What is declared of definitions, shown: the table of versions, and the one in force on a day."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Select, Table, select

from cadre.contracts.event import Event, Slug
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.versions import Versions
from cadre.shared.showing.kept import Kept, keep
from cadre.shared.showing.reader import Line, On, Reader, Reading
from cadre.shared.showing.view import View


@dataclass(frozen=True, slots=True, eq=False)
class ShownVersions:
    """One declaration of definitions, and the view that follows from it."""

    versions: Versions[Any]
    view: View
    kept: Kept

    @property
    def table(self) -> Table:
        return self.kept.table

    def begun(self, on: date) -> Select[Any]:
        """The versions begun by a day, the one that holds last of its key."""
        told = self.table.c
        return (
            select(self.table)
            .where(told.effective_on <= on, told.superseded_by.is_(None))
            .order_by(told.effective_on, told.position)
        )

    async def on(self, reader: Reader, key: str, on: date) -> Line:
        """The version in force on a day. Raises NotFound where there is none."""
        event: type[Event] = self.versions.event
        column = self.table.c[event.key]
        rows = (await reader.connection.execute(self.begun(on).where(column == key))).mappings()
        found = [dict(row) for row in rows]
        if not found:
            raise NotFound(
                f"该日没有生效的版本 · no version of {key} is in force on {on}",
                where=key,
                hint="请先记录 · "
                f"record it first with {self.versions.by.name}, or ask for a later day",
            )
        return found[-1]


@cache
def shown(versions: Versions[Any]) -> ShownVersions:
    """The view of definitions; views written by hand ask its table as well."""
    view = View()
    one = ShownVersions(versions, view, keep(view, versions.event, versions.name.replace("-", "_")))
    if versions.asked:
        _ask(one)
    return one


def _ask(one: ShownVersions) -> None:
    key = one.versions.event.key
    model = one.kept.model(f"{one.versions.event.__name__}On", on=date, **{key: str})

    @one.view.routes.get(
        f"/{one.versions.name}/{{key}}",
        one.versions.seen_by,
        summary=one.versions.title,
        response_model=model,
    )
    async def in_force(reader: Reading, key: Slug, on: On) -> BaseModel:  # pyright: ignore[reportUnusedFunction]
        row = await one.on(reader, key, on)
        line = await one.kept.line(reader, row)
        return model.model_validate({"on": on, **line, one.versions.event.key: key})
