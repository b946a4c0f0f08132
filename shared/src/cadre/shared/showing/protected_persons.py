"""The table that every service keeps of whose data are restricted, so that every query knows."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Boolean, Column, Date, Select, String, select

from cadre.contracts.selection.privacy import CadreForgotten, DataRestricted, RestrictionLifted
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.read_models import Change, Put, Tables

TABLES: Final = Tables()
PROTECTED_PERSONS: Final = TABLES.table(
    "protected_persons",
    Column("cadre_id", String(12), primary_key=True),
    Column("restricted", Boolean),
    Column("retained_until", Date),
    Column("basis", String),
    Column("forgotten_on", Date),
)


@TABLES.on(DataRestricted)
def _restricted(recorded: Recorded[DataRestricted]) -> Iterable[Change]:
    event = recorded.event
    said = {"retained_until": event.retained_until, "basis": event.basis}
    yield Put(PROTECTED_PERSONS.name, {"cadre_id": event.cadre_id, "restricted": True, **said})


@TABLES.on(RestrictionLifted)
def _lifted(recorded: Recorded[RestrictionLifted]) -> Iterable[Change]:
    said = {"cadre_id": recorded.event.cadre_id, "restricted": False}
    yield Put(PROTECTED_PERSONS.name, said)


@TABLES.on(CadreForgotten)
def _forgotten(recorded: Recorded[CadreForgotten]) -> Iterable[Change]:
    event = recorded.event
    said = {"restricted": False, "forgotten_on": event.effective_on}
    yield Put(PROTECTED_PERSONS.name, {"cadre_id": event.cadre_id, **said})


def restricted_persons() -> Select[str]:
    """The query for those whose data may only be stored."""
    return select(PROTECTED_PERSONS.c.cadre_id).where(PROTECTED_PERSONS.c.restricted)
