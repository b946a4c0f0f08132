"""What an import yields: one record per person, and what was wrong."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, Self
from uuid import UUID, uuid5

from cadre.contracts.event import YearMonth
from cadre.contracts.selection.profile import Baseline
from cadre.intake.issues import Issue

COMMANDS = UUID("2b8f6f0e-6c1d-5c57-9a3e-0d6c1f8a7b41")
"""Namespace of the command ids of imports."""


@dataclass(frozen=True, slots=True)
class Source:
    """The place a record was read from; a form has one person and no row."""

    file: str
    sha256: str
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.file} 第 {self.row} 行" if self.row else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One person as the sources tell, ready to be recorded as a baseline.

    An import holds everybody at once, so the baseline is kept as text: models take five times the
    memory.
    """

    id_number: str
    name: str
    birth_month: YearMonth
    content: bytes
    """The baseline as JSON."""
    effective_on: date
    sources: tuple[Source, ...]
    """Every source that contributed, the leading one first."""
    issues: tuple[Issue, ...] = ()

    @classmethod
    def of(
        cls,
        baseline: Baseline,
        *,
        effective_on: date,
        sources: tuple[Source, ...],
        issues: tuple[Issue, ...],
    ) -> Self:
        return cls(
            id_number=str(baseline.id_number),
            name=str(baseline.full_name),
            birth_month=baseline.birth_month,
            content=baseline.model_dump_json(exclude_none=True).encode(),
            effective_on=effective_on,
            sources=sources,
            issues=issues,
        )

    @property
    def baseline(self) -> Baseline:
        return Baseline.model_validate_json(self.content)

    @property
    def command_id(self) -> UUID:
        """The same for the same sources, so that importing them again repeats the same command.

        It rests on the files' hashes and rows alone: with the ID number in it, it would still tell
        that number to whoever tries them all, after the person was forgotten.
        """
        return uuid5(COMMANDS, "|".join(f"{s.sha256}#{s.row or ''}" for s in self.sources))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unidentified:
    """Somebody whose row was refused, by name and month of birth: enough for a suggestion."""

    name: str
    birth_month: YearMonth
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What one file yielded. ``issues`` holds those of the records as well."""

    file: str
    sha256: str
    kind: Literal["roster", "lrmx"]
    records: tuple[Record, ...] = ()
    issues: tuple[Issue, ...] = ()
    unidentified: tuple[Unidentified, ...] = ()
    rows: int = 0
    """Rows that looked like a person's."""

    @property
    def errors(self) -> int:
        return count(self.issues, "error")

    @property
    def warnings(self) -> int:
        return count(self.issues, "warning")


def count(issues: tuple[Issue, ...], severity: Literal["error", "warning"]) -> int:
    return sum(issue.severity == severity for issue in issues)
