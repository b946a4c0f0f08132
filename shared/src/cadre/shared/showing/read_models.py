"""Read models as data: pure functions from one event to rows, and the tables they fill.

A handler never reads: it says which row an event puts or drops, by primary key. So a batch of
events becomes a few multi-row statements, applying an event twice changes nothing, and a rebuild
is the same functions over the whole log. Totals and states "as of" a day are queries on such rows.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.schema import CreateTable

from cadre.contracts.event import Event, Forgotten, Sealed
from cadre.shared.deciding.messages import Recorded


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


class Tables:
    """Tables, and the functions that fill them."""

    def __init__(self) -> None:
        self.metadata = MetaData()
        self.projections: dict[type[Event], list[Project[Any]]] = {}

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

    def on[E: Event](self, *kinds: type[E]) -> Callable[[Project[E]], Project[E]]:
        """Decorator: this function projects events of these kinds."""

        def register(project: Project[E]) -> Project[E]:
            for kind in kinds:
                self.projections.setdefault(kind, []).append(project)
            return project

        return register


class ReadModels(Tables):
    """All tables of one service.

    Raise ``version`` when the functions change meaning: a service that starts with another version
    or other columns rebuilds beside the running tables and swaps.
    """

    def __init__(self, service: str, version: int, *parts: Tables) -> None:
        super().__init__()
        self.service = service
        self.version = version
        for part in parts:
            self.include(part)

    def include(self, part: Tables) -> None:
        """Take in tables and functions; queries may go on naming the tables of the part.

        Raises: ValueError for a table that is there already.
        """
        for table in part.metadata.sorted_tables:
            if table.name in self.metadata.tables:
                msg = f"{self.service} has two tables {table.name}"
                raise ValueError(msg)
            table.to_metadata(self.metadata)
        for kind, functions in part.projections.items():
            self.projections.setdefault(kind, []).extend(functions)

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
