"""A text for people in a few shapes, so that page and paper say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What a row of a table is besides its words; the words say it too."""

    PLAIN = "plain"
    CORRECTED = "corrected"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    weight: int
    """Its share of the width."""


@dataclass(frozen=True, slots=True)
class Row:
    cells: Sequence[str]
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and what they are."""

    pairs: Sequence[tuple[str, str]]


type Part = Pairs | Table | str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    summary: str
    sections: Sequence[Section]
