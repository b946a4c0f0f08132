"""What is wrong with some rows of the generated rosters, as rows of real ones are wrong.

Which rows, and with what, follows from the person's number: dense among the first, so that a
small county shows every kind, and one in sixty beyond. None of them has a form, which would mend
what the row spoils.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cadre.contracts.vocabulary import Sex
from cadre.fiction.county.model import Person

type Cell = str | int | float | date
type Labels = dict[str, Cell]
"""A row of a roster: what stands under each label."""

DENSE_BELOW = 120


@dataclass(frozen=True, slots=True)
class Hazard:
    """One kind of damage. ``outcome`` is what an import has to make of it."""

    told: str
    outcome: Literal["refused", "warned", "read"]
    spoil: Callable[[Person, Labels], None]


def _number_as_number(person: Person, row: Labels) -> None:
    row["身份证号"] = int(person.id_number[:15]) * 1000


def _no_id_number(_person: Person, row: Labels) -> None:
    row["身份证号"] = ""


def _wrong_check_character(person: Person, row: Labels) -> None:
    row["身份证号"] = person.id_number[:17] + ("0" if person.id_number[17] != "0" else "1")


def _january_or_october(person: Person, row: Labels) -> None:
    row["参加工作时间"] = float(f"{person.work_since[:4]}.1")


def _two_persons(person: Person, row: Labels) -> None:
    row["姓名"] = f"{person.full_name}、{person.full_name[0]}某某"


def _other_sex(person: Person, row: Labels) -> None:
    row["性别"] = (Sex.FEMALE if person.sex is Sex.MALE else Sex.MALE).zh


def _serial(person: Person, row: Labels) -> None:
    row["参加工作时间"] = _excel_serial(person.work_since)


def _no_years(_person: Person, row: Labels) -> None:
    row["年度考核结果"] = "近三年均为称职"


def _born_in_one(person: Person, row: Labels) -> None:
    row["出生年月"] = f"{person.birth_date.year}.1"


def _full_width(person: Person, row: Labels) -> None:
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    row["出生年月"] = f"{person.birth_date:%Y.%m}".translate(wide)


def _padded_name(person: Person, row: Labels) -> None:
    row["姓名"] = f"{person.full_name[0]}　{person.full_name[1:]}"


def _spaced_number(person: Person, row: Labels) -> None:
    number = person.id_number.lower()
    row["身份证号"] = f"{number[:6]} {number[6:14]} {number[14:]}"


def _excel_serial(month: str) -> int:
    return (date(int(month[:4]), int(month[5:]), 1) - date(1899, 12, 30)).days


REFUSED = (
    Hazard("身份证号存为数字，末三位丢失", "refused", _number_as_number),
    Hazard("缺身份证号", "refused", _no_id_number),
    Hazard("身份证号校验码不符", "refused", _wrong_check_character),
    Hazard("参加工作时间写作 yyyy.1，一月十月不分", "refused", _january_or_october),
    Hazard("一格两人", "refused", _two_persons),
    Hazard("性别与身份证号不一致", "refused", _other_sex),
)
WARNED = (
    Hazard("参加工作时间存为序列号", "warned", _serial),
    Hazard("年度考核结果未写年度", "warned", _no_years),
)
BORN_IN_ONE = Hazard("出生年月写作 yyyy.1，由身份证号认定", "warned", _born_in_one)
"""Only for those born in January or October."""

READ = (
    Hazard("全角数字", "read", _full_width),
    Hazard("姓名中有全角空格", "read", _padded_name),
    Hazard("身份证号中有空格，末位小写", "read", _spaced_number),
)


def hazard_of(person: Person) -> Hazard | None:
    """The damage to somebody's row, if any."""
    number = person.number
    if number % (12 if number < DENSE_BELOW else 60) == 11:  # noqa: PLR2004
        return REFUSED[number // 12 % len(REFUSED)]
    match number % 12:
        case 5 if person.birth_date.month in {1, 10}:
            return BORN_IN_ONE
        case 5:
            return WARNED[number // 12 % len(WARNED)]
        case 8:
            return READ[number // 12 % len(READ)]
        case _:
            return None
