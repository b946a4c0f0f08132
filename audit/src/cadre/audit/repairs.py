"""What was ever repaired in this log: the file ``repairs.jsonl`` beside the checkpoints."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from cadre.audit.checkpoint import Root
from cadre.audit.evidence import read_bytes
from cadre.audit.merkle import leaf_hash, root_of
from cadre.audit.repair import Left, Restored

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


@dataclass(frozen=True, slots=True)
class Repairs:
    """Every repair on record, the oldest first."""

    records: list[RepairRecord]
    damaged: list[int]
    """Numbers of lines that cannot be read, from 1."""
    lines: list[bytes]

    def root(self, count: int | None = None) -> Root:
        """The root over the first ``count`` lines as they are written, or over all."""
        lines = self.lines[:count]
        return Root(len(lines), root_of(leaf_hash(line) for line in lines))


def repairs(folder: Path) -> Repairs:
    """What is on record.

    Raises: Malformed when the file cannot be read.
    """
    found = Repairs([], [], (read_bytes(folder / NAME) or b"").splitlines(keepends=True))
    for number, line in enumerate(found.lines, 1):
        try:
            found.records.append(RepairRecord.model_validate_json(line))
        except ValidationError:
            found.damaged.append(number)
    return found


def add_repair(folder: Path, record: RepairRecord) -> None:
    """Keep a record, on the disk when this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a", encoding="utf-8") as file:
        file.write(record.model_dump_json() + "\n")
        file.flush()
        os.fsync(file.fileno())
