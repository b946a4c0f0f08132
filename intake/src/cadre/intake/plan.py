"""Many files as one plan: whom an import would record, from which sources, and what is wrong.

A person is the same in two files if the ID number is the same, and never otherwise.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import PurePath
from typing import Protocol

from cadre.intake.form import read_form
from cadre.intake.issues import Issue, Problem
from cadre.intake.merging import merge
from cadre.intake.records import Import, Record, count
from cadre.intake.roster import read_roster
from cadre.intake.suggestions import suggest
from cadre.shared.deciding.texts import escaped

ALONE_BYTES_MAX = 8_000_000
"""So much is read sooner by one process than others are started."""
PROCESSES_MAX = 8

type Advance = Callable[[int, int], None]

READERS = {".xlsx": read_roster, ".xlsm": read_roster, ".lrmx": read_form}


class File(Protocol):
    """A file by its name, wherever it lies; other processes may be given it to read."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int:
        """In bytes, as far as known before it is read."""
        ...

    def read(self) -> bytes:
        """Raises: OSError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What importing the files would do. Nothing has been sent anywhere."""

    records: tuple[Record, ...]
    issues: tuple[Issue, ...]
    files: int
    rows: int
    """Rows and forms that looked like a person's."""

    @property
    def merged(self) -> int:
        """Persons told by more than one source."""
        return sum(len(record.sources) > 1 for record in self.records)

    @property
    def errors(self) -> int:
        return count(self.issues, "error")

    @property
    def warnings(self) -> int:
        return count(self.issues, "warning")


def plan_import(
    files: Iterable[File], *, effective_on: date, advance: Advance = lambda _done, _of: None
) -> ImportPlan:
    """Read rosters and forms, and put each person's sources together.

    Args:
        files: Rosters and forms.
        effective_on: The day for which rosters were made, and undated forms.
        advance: Told how many files have been read, and of how many.

    """
    imports: dict[str, Import] = {}
    issues: list[Issue] = []
    given = list(files)
    for number, (file, read) in enumerate(
        zip(given, _all_read(given, effective_on), strict=True), 1
    ):
        advance(number, len(given))
        if isinstance(read, Issue):
            issues.append(read)
        elif read.sha256 in imports:
            issues.append(_same_file(file, imports[read.sha256]))
        else:
            imports[read.sha256] = read
    return combine(imports.values(), issues)


def combine(imports: Iterable[Import], issues: Iterable[Issue] = ()) -> ImportPlan:
    """The plan for files already read; ``issues`` tells of those that could not be."""
    read = list(imports)
    told: dict[str, list[Record]] = defaultdict(list)
    for record in (record for one in read for record in one.records):
        told[record.id_number].append(record)
    records = tuple(merge(same) for same in told.values())
    found = [*issues, *(issue for one in read for issue in one.issues)]
    for record in records:
        found.extend(i for i in record.issues if i.problem is Problem.SOURCES_DIFFER)
    found.extend(suggest(records, [person for one in read for person in one.unidentified]))
    return ImportPlan(
        records=records,
        issues=tuple(found),
        files=len(read),
        rows=sum(one.rows for one in read),
    )


def _all_read(files: Sequence[File], effective_on: date) -> Iterator[Import | Issue]:
    """What each file yields, in their order; many bytes are read on all processors."""
    read = partial(_read, effective_on=effective_on)
    size = sum(file.size for file in files)
    processes = min(os.cpu_count() or 1, len(files), PROCESSES_MAX)
    if processes == 1 or size <= ALONE_BYTES_MAX:
        yield from map(read, files)
        return
    with ProcessPoolExecutor(processes, get_context("forkserver")) as pool:
        yield from pool.map(read, files)


def _read(file: File, effective_on: date) -> Import | Issue:
    reader = READERS.get(PurePath(file.name).suffix.lower())
    if reader is None:
        return _unread(
            file, "不支持的文件类型", "请提供 .xlsx 名册或 .lrmx 任免审批表；.xls 请先另存"
        )
    try:
        content = file.read()
    except OSError as error:
        return _unread(file, f"文件打不开：{error.strerror}", "请检查路径与权限")
    return reader(content, file=_name(file), effective_on=effective_on)


def _name(file: File) -> str:
    """A file's name as text: what no screen shows and no text can hold stands there escaped."""
    return escaped(file.name)


def _unread(file: File, what: str, remedy: str) -> Issue:
    return Issue(
        severity="error",
        problem=Problem.UNREADABLE_FILE,
        file=_name(file),
        what=what,
        remedy=remedy,
    )


def _same_file(file: File, first: Import) -> Issue:
    return Issue(
        severity="warning",
        problem=Problem.DUPLICATE,
        file=_name(file),
        what=f"内容与 {first.file} 完全相同，未再读取",
        remedy="无须处理",
    )
