"""Read models as data: pure functions from one event to rows, and the tables they fill.

A handler never reads: it says which row an event puts or drops, by primary key. So a batch of
events becomes a few multi-row statements, applying an event twice changes nothing, and a rebuild
is the same functions over the whole log. Totals and states "as of" a day are queries on such rows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.schema import CreateTable

from cadre.contracts.event import Event, Forgotten, Sealed
from cadre.shared.messages import Recorded


class Put(NamedTuple):
    """Insert the row, or set just these columns where its primary key exists."""

    table: str
    values: Mapping[str, Any]


class Drop(NamedTuple):
    """Delete the row of this primary key, if it exists."""

    table: str
    key: Mapping[str, Any]


def token(value: object) -> str | None:
    """What a read model stores of a personal field: the sealed token, never the clear text."""
    match value:
        case None | Forgotten():
            return None
        case Sealed():
            return value.sealed
        case _:
            return str(value)


type Change = Put | Drop
type Project[E: Event] = Callable[[Recorded[E]], Iterable[Change]]


@dataclass(slots=True, eq=False)
class ReadModels:
    """The tables of one service and the functions that fill them.

    Raise ``version`` when the functions change meaning: a service that starts with another version
    or other columns rebuilds beside the running tables and swaps.
    """

    service: str
    version: int
    metadata: MetaData = field(default_factory=MetaData)
    projections: dict[type[Event], list[Project[Any]]] = field(
        default_factory=dict[type[Event], list[Project[Any]]]
    )

    def table(self, name: str, *columns: Column[Any], spans: bool = False) -> Table:
        """Declare a table. Every column outside the primary key must be nullable.

        ``spans`` marks rows that events of several aggregates write: retrying one parked aggregate
        cannot mend those, so it becomes a rebuild.
        """
        for column in columns:
            if not column.primary_key and not column.nullable:
                msg = f"{name}.{column.name}: columns beside the key must be nullable"
                raise ValueError(msg)
        return Table(name, self.metadata, *columns, info={"spans": spans})

    def on[E: Event](self, kind: type[E]) -> Callable[[Project[E]], Project[E]]:
        """Decorator: this function projects events of ``kind``."""

        def register(project: Project[E]) -> Project[E]:
            self.projections.setdefault(kind, []).append(project)
            return project

        return register

    def changes(self, recorded: Recorded[Event]) -> list[Change]:
        """The changes of one event; raises whatever a projection function raises."""
        functions = self.projections.get(type(recorded.event), ())
        return [change for project in functions for change in project(recorded)]

    @property
    def fingerprint(self) -> str:
        """Changes with the version and with every table's shape."""
        return _fingerprint(self, self.version, len(self.metadata.tables))


@cache
def _fingerprint(models: ReadModels, version: int, _tables: int) -> str:
    shape = "".join(str(CreateTable(table)) for table in models.metadata.sorted_tables)
    return sha256(f"{version}\n{shape}".encode()).hexdigest()[:16]
