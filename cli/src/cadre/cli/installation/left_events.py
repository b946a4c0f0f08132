"""The file of the events that a branch had which was left: one on each line, as the log held them.

The first line says who left the branch, when and why, and the last position that both branches
have. Fields that were sealed stay sealed; still the file is for its owner's eyes only.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.log.signed import Message

FORMAT = 1


class Heading(BaseModel):
    """Who left a branch, and why."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    adopted_at: AwareDatetime
    by: str
    reason: str
    fork: int
    """The last position of both branches."""


class LeftEvent(BaseModel):
    """An event as the other branch held it."""

    model_config = ConfigDict(frozen=True)

    position: int
    recorded_at: datetime
    recorded_ns: int
    subject: str
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, message: Message) -> "LeftEvent":
        return cls(
            position=message.position,
            recorded_at=message.recorded_at,
            recorded_ns=message.recorded_ns,
            subject=message.subject,
            headers=dict(message.headers),
            body=message.body.decode(),
        )

    @property
    def id(self) -> str:
        return self.headers.get("ce-id", "")

    @property
    def command_id(self) -> str:
        return self.headers.get("ce-commandid", "")

    @property
    def aggregate(self) -> tuple[str, str, str]:
        """Service, entity and id, from the subject."""
        _, service, entity, aggregate_id, _ = self.subject.split(".", 4)
        return service, entity, aggregate_id

    @property
    def history(self) -> tuple[str, str, str]:
        """Of whose history it is: a person's is one, whichever service wrote it."""
        service, entity, aggregate_id = self.aggregate
        return ("*" if entity == "cadre" else service, entity, aggregate_id)


@dataclass(frozen=True, slots=True)
class Left:
    """What such a file holds."""

    heading: Heading
    events: list[LeftEvent]


def read(path: Path) -> Left:
    """Raises: NotFound, Malformed."""
    try:
        lines = path.read_text("utf-8").splitlines()
        heading = Heading.model_validate_json(lines[0])
        events = [LeftEvent.model_validate_json(line) for line in lines[1:]]
    except FileNotFoundError as error:
        raise NotFound("没有此文件 · there is no such file", where=str(path)) from error
    except (OSError, IndexError, UnicodeDecodeError, ValidationError) as error:
        detail = "不是另一分支的事件清单 · this is no list of the events of another branch"
        raise Malformed(detail, where=str(path)) from error
    return Left(heading, sorted(events, key=lambda event: (event.position, event.id)))


class Writing:
    """Writes such a file beside its place; it takes the place when all of it is on the disk."""

    def __init__(self, path: Path, heading: Heading) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._new = path.with_suffix(".new")
        descriptor = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")
        self._file.write(_line(heading))

    def add(self, events: Iterable[LeftEvent]) -> None:
        for event in events:
            self._file.write(_line(event))

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._new.replace(self._path)
        _sync(self._path.parent)


def rename(path: Path, to: Path) -> None:
    """Give a file its final name."""
    path.rename(to)
    _sync(to.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(value: BaseModel) -> str:
    return json.dumps(value.model_dump(mode="json"), ensure_ascii=False) + "\n"


def groups(events: Iterable[LeftEvent]) -> Iterator[list[LeftEvent]]:
    """The events of each decision: they stand side by side, of one service and one command."""
    group: list[LeftEvent] = []
    for event in events:
        if group and _decision(group[-1]) != _decision(event):
            yield group
            group = []
        group.append(event)
    if group:
        yield group


def _decision(event: LeftEvent) -> Any:
    return event.aggregate[0], event.command_id
