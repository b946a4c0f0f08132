"""The table that every service keeps of whose data are restricted, so that every query knows."""

from collections.abc import Iterable

from sqlalchemy import Boolean, Column, Date, Select, String, Table, select

from cadre.contracts.selection.privacy import CadreForgotten, DataRestricted, RestrictionLifted
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.read_models import Change, Put, ReadModels

NAME = "protected_persons"


def keep_protected_persons(models: ReadModels) -> Table:
    """Declare the table and fill it."""
    table = models.table(
        NAME,
        Column("cadre_id", String(12), primary_key=True),
        Column("restricted", Boolean),
        Column("retained_until", Date),
        Column("basis", String),
        Column("forgotten_on", Date),
    )

    @models.on(DataRestricted)
    def restricted(recorded: Recorded[DataRestricted]) -> Iterable[Change]:  # pyright: ignore[reportUnusedFunction]
        event = recorded.event
        said = {"retained_until": event.retained_until, "basis": event.basis}
        yield Put(NAME, {"cadre_id": event.cadre_id, "restricted": True, **said})

    @models.on(RestrictionLifted)
    def lifted(recorded: Recorded[RestrictionLifted]) -> Iterable[Change]:  # pyright: ignore[reportUnusedFunction]
        yield Put(NAME, {"cadre_id": recorded.event.cadre_id, "restricted": False})

    @models.on(CadreForgotten)
    def forgotten(recorded: Recorded[CadreForgotten]) -> Iterable[Change]:  # pyright: ignore[reportUnusedFunction]
        event = recorded.event
        said = {"restricted": False, "forgotten_on": event.effective_on}
        yield Put(NAME, {"cadre_id": event.cadre_id, **said})

    return table


def restricted_persons(models: ReadModels) -> Select[str]:
    """The query for those whose data may only be stored."""
    table = models.metadata.tables[NAME]
    return select(table.c.cadre_id).where(table.c.restricted)
