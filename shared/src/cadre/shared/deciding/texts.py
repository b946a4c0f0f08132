"""What every store can hold and every reader can be shown: the bounds of a command's values.

A text that one database refuses would be recorded and then wait for ever; one that moves a cursor
or turns the order of writing about would show an auditor something else than it says. Events that
are stored may hold such texts. They are read as they are, and shown escaped.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, TypeAliasType, cast, get_args

from pydantic import AfterValidator, BaseModel

from cadre.contracts.event import YearMonth
from cadre.contracts.supervision.assessment import Period

TEXT_LENGTH_MAX = 2000
"""Of a text that its field does not keep shorter."""
NUMBER_MAX = 1_000_000_000
"""What a column of 32 bits holds, with room for a sum of two."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
"""Room enough to count years from a day without leaving the calendar."""
PROSE = frozenset({
    "basis", "comment", "detail", "evidence", "justification", "lawful_purpose", "note", "proposal",
    "reason", "record", "task", "tasks", "text",
})  # fmt: skip
"""The fields whose text may have lines."""

_UNFIT = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1: what moves a cursor
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the order of writing about
    "\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f"  # lines and notes of their own, hidden tags
    "\ud800-\udfff"  # halves of a sign, which no encoding holds
)
_NOT_SHOWN = re.compile(f"[{_UNFIT}]")
_NOT_IN_A_LINE = re.compile(f"[\t\n{_UNFIT}]")


def unfit(text: str, *, lines: bool = False) -> str | None:
    """Why a text is not taken; None for one that is. ``lines`` allows line feeds and tabs."""
    found = (_NOT_SHOWN if lines else _NOT_IN_A_LINE).search(text)
    if found is None:
        return None
    return f"the sign U+{ord(found[0]):04X} at place {found.start() + 1} is not taken"


def _fit(text: str) -> str:
    if why := unfit(text):
        raise ValueError(why)
    return text


FIT = AfterValidator(_fit)
"""Of a text in a question: one line that can be shown."""


def _undated(text: str) -> str | None:
    """Why a month or a period is not taken: the patterns know the year 0 and digits of any kind."""
    if text.isascii() and FIRST_DAY.year <= int(text[:4]) <= LAST_DAY.year:
        return None
    return f"a year lies between {FIRST_DAY.year} and {LAST_DAY.year}"


def _dated(text: str) -> str:
    if why := _undated(text):
        raise ValueError(why)
    return text


DATED = AfterValidator(_dated)
"""Of a month or a period in a question."""


def escaped(text: str) -> str:
    r"""A text as it can be shown: ``\u202e`` stands for the sign itself, as in JSON."""
    return _NOT_SHOWN.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFFFF:  # noqa: PLR2004
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def faults(value: BaseModel, path: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a model that hold what is not taken, each with why."""
    dated = _dated_fields(type(value))
    for name in type(value).model_fields:
        held = getattr(value, name)
        if held is not None:
            where = f"{path}{name}"
            yield from _faults(held, where, lines=name in PROSE, dated=name in dated)


def _faults(value: object, where: str, *, lines: bool, dated: bool) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            if why := _of_text(value, lines=lines, dated=dated):
                yield where, why
        case bool():
            return
        case int() | float():
            if not math.isfinite(value) or abs(value) > NUMBER_MAX:
                yield where, f"a number lies between -{NUMBER_MAX} and {NUMBER_MAX}"
        case date():
            if not FIRST_DAY <= value <= LAST_DAY:
                yield where, f"a day lies between {FIRST_DAY} and {LAST_DAY}"
        case BaseModel():
            yield from faults(value, f"{where}.")
        case _:
            yield from _within(value, where, lines=lines, dated=dated)


def _within(value: object, where: str, *, lines: bool, dated: bool) -> Iterator[tuple[str, str]]:
    items: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
    elif isinstance(value, Sequence | frozenset | set):
        items = enumerate(cast("Iterable[object]", value))
    for key, held in items:
        yield from _faults(key, where, lines=False, dated=False)
        yield from _faults(held, f"{where}.{key}", lines=lines, dated=dated)


def _of_text(text: str, *, lines: bool, dated: bool) -> str | None:
    if len(text) > TEXT_LENGTH_MAX:
        return f"a text has at most {TEXT_LENGTH_MAX} signs"
    return unfit(text, lines=lines) or (_undated(text) if dated else None)


@cache
def _dated_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields that hold a month or a period."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if not {YearMonth, Period}.isdisjoint(_named(field.annotation))
    )


def _named(annotation: Any) -> Iterator[TypeAliasType]:
    if isinstance(annotation, TypeAliasType):
        yield annotation
    for part in get_args(annotation):
        yield from _named(part)
