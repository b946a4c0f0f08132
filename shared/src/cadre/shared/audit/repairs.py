"""What was ever repaired in this log: the file ``repairs.jsonl`` beside the checkpoints."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cadre.shared.audit.repair import Left, Restored
from cadre.shared.errors import Malformed

NAME = "repairs.jsonl"


class ProvenBy(BaseModel):
    """The checkpoint whose roots the repaired log gave."""

    model_config = ConfigDict(frozen=True)

    size: int
    root: str
    dated: datetime


class RepairRecord(BaseModel):
    """One repair: who did it and why, what came from where, what was left."""

    model_config = ConfigDict(frozen=True)

    repaired_at: datetime
    by: str
    reason: str
    checkpoint: ProvenBy | None
    end: int
    """The last position of the repaired log."""
    restored: tuple[Restored, ...]
    left: tuple[Left, ...]
    kept: str
    """Where the log as it was is kept, beside the data directory's ``nats``."""


def repairs(folder: Path) -> Sequence[RepairRecord]:
    """Every repair, the oldest first.

    Raises: Malformed.
    """
    path = folder / NAME
    if not path.exists():
        return ()
    try:
        lines = path.read_text("utf-8").splitlines()
        return [RepairRecord.model_validate_json(line) for line in lines]
    except (ValidationError, UnicodeDecodeError) as error:
        raise Malformed("the list of repairs cannot be read", where=str(path)) from error


def add_repair(folder: Path, record: RepairRecord) -> None:
    """Keep a record, on the disk when this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a", encoding="utf-8") as file:
        file.write(record.model_dump_json() + "\n")
        file.flush()
        os.fsync(file.fileno())
