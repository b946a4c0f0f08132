"""The résumé of a cadre (JianLi): dated lines in fixed columns, and the damage found in them.

A line is ``2002.07--2005.03  text``; an open end is seven spaces. A line without a date continues
the entry above it; a blank line divides the entries from notes. What cannot be read as an entry
is kept as it stands and reported: a résumé never fails as a whole.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from cadre.contracts.event import YearMonth
from cadre.contracts.selection.profile import CareerEntry

_DATE = r"\d{4}\s?[.．/年]?\s?\d{1,2}月?"
_SEPARATOR = r"(?:[-—–―─~～]+|至)"
ENTRY = re.compile(
    rf"\s*(?P<begins>{_DATE})\s*{_SEPARATOR}\s*"
    rf"(?:(?P<ends>{_DATE})(?![\d.．-])|至?今|(?=\s|[^\d.．\s-]|$))\s*(?P<text>.*)",
    re.DOTALL,
)
RANGE_INSIDE = re.compile(rf"(?<!\d){_DATE}\s?{_SEPARATOR}\s*(?:{_DATE}|至?今|\s)")
STARTS_WITH_YEAR = re.compile(r"\s*(?:[1１][9９]|[2２][0０])\d{2}")
STUDY = re.compile(r"(?:学习|就读|在读|毕业)(?:$|[（(，,。；;])|(?:本科|专业|研究生)(?:班)?学生$")
OPENING, CLOSING = "（([［", "）)］]"
PREFIX_WIDTH = 18
TEXT_MAX = 2000
"""Longest text of one career entry on the log."""


@dataclass(frozen=True, slots=True)
class Entry:
    begins: YearMonth
    ends: YearMonth | None
    text: str

    @property
    def kind(self) -> Literal["study", "work"]:
        first_line = self.text.split("\n", 1)[0].strip()
        return "study" if STUDY.search(first_line) else "work"

    def career_entry(self) -> CareerEntry:
        text = self.text[:TEXT_MAX] or None
        return CareerEntry(kind=self.kind, begins=self.begins, ends=self.ends, text=text)


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that could not be read as an entry."""

    line: str
    why: str


@dataclass(frozen=True, slots=True)
class Resume:
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    damages: tuple[Damage, ...]
    repaired: bool
    """Line breaks were missing and have been put back."""
    raw: str


def read_resume(raw: str) -> Resume:
    """Entries, notes and damages of a résumé; ``raw`` is kept untouched."""
    reading = _Reading()
    lines = raw.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    pieces = [_unjoined(line) for line in lines]
    for piece in pieces:
        for line in piece:
            reading.take(line.rstrip())
    reading.finish()
    return Resume(
        entries=tuple(reading.entries),
        notes=tuple(reading.notes),
        damages=tuple(reading.damages),
        repaired=any(len(piece) > 1 for piece in pieces),
        raw=raw,
    )


def write_resume(entries: Iterable[Entry]) -> str:
    """The entries in fixed columns, as an export writes them."""
    return "\n".join(_lines(entries))


def _lines(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        begins = entry.begins.replace("-", ".")
        ends = entry.ends.replace("-", ".") if entry.ends else " " * 7
        first, *others = entry.text.split("\n")
        yield f"{begins}--{ends}  {first}".rstrip()
        yield from (f"{'':{PREFIX_WIDTH}}{line}" for line in others)


class _Reading:
    """One pass over the lines; the entry being read grows until the next one begins."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.notes: list[str] = []
        self.damages: list[Damage] = []
        self._open: tuple[YearMonth, YearMonth | None, list[str]] | None = None
        self._after_blank = False

    def take(self, line: str) -> None:
        if not line.strip():
            self._after_blank = True
            return
        if STARTS_WITH_YEAR.match(line):
            self._begin(line)
        elif self._open is not None and not self._after_blank:
            self._open[2].append(line.strip())
        elif self.entries or self._open is not None:
            self.notes.append(line.strip())
        else:
            self.damages.append(Damage(line.strip(), "不在任何一段经历之下"))

    def _begin(self, line: str) -> None:
        self.finish()
        self._after_blank = False
        found = ENTRY.fullmatch(line)
        begins = _year_month(found["begins"]) if found else None
        ends = _year_month(found["ends"]) if found and found["ends"] else None
        if found is None or begins is None or (found["ends"] and ends is None):
            self.damages.append(Damage(line.strip(), "起止时间无法识别"))
        elif ends is not None and ends < begins:
            self.damages.append(Damage(line.strip(), "止于起始之前"))
        else:
            self._open = (begins, ends, [found["text"].strip()])

    def finish(self) -> None:
        if self._open is not None:
            begins, ends, lines = self._open
            self.entries.append(Entry(begins, ends, "\n".join(filter(None, lines))))
            self._open = None


def _year_month(text: str) -> YearMonth | None:
    digits = "".join(str(int(c)) if c.isdecimal() else " " for c in text).split()
    joined = "".join(digits)
    year, month = int(joined[:4]), int(joined[4:])
    return f"{year:04}-{month:02}" if 1 <= month <= 12 else None  # noqa: PLR2004  months


def _unjoined(line: str) -> list[str]:
    """The line, cut before every date range that stands inside it outside of brackets."""
    cuts = [0]
    depth, seen = 0, 0
    for found in RANGE_INSIDE.finditer(line):
        between = line[seen : found.start()]
        depth += sum(c in OPENING for c in between) - sum(c in CLOSING for c in between)
        seen = found.start()
        if depth <= 0 and line[: found.start()].strip():
            cuts.append(found.start())
    return [line[a:b] for a, b in zip(cuts, [*cuts[1:], len(line)], strict=True)]
