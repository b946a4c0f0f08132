"""What a service may hold besides the log: databases and keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.shared.database.database import Database
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.errors import NotPossible


@dataclass(frozen=True, slots=True)
class Context:
    """What `Service.prepare`, ``enact`` and ``due`` are given.

    ``store`` is the key store's durable database: what cannot be read from the log again and must
    be deletable (a search index of personal values) belongs there, never among the tables.
    ``index_key`` is empty where a service keeps no such index. ``tables`` is the database of the
    read models.
    """

    store: Database
    index_key: bytes
    fingerprint_key: bytes = b""
    tables: AsyncEngine | None = None
    today: Callable[[], date] = today_in_china

    def require_reached(self, day: date) -> None:
        """Raises NotPossible for a day to come: what is destroyed is destroyed now."""
        if day > self.today():
            raise NotPossible(
                f"该日期尚未到来 · {day} has not come yet",
                where="effective_on",
                hint="请于当日办理 · give the command on that day",
            )
