"""Citizen identity numbers: GB 11643-1999, 18 characters.

Six digits of area, eight of the birth date, three of sequence (the last one odd for men), one
check character. No error repeats the number: errors are logged.
"""

import re
from datetime import date
from typing import NamedTuple

from cadre.contracts.event import Forgotten, Sealed
from cadre.contracts.selection.profile import Profile
from cadre.contracts.vocabulary import Sex
from cadre.shared.deciding.errors import Malformed

_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_WHERE = "id_number"


class IdNumber(NamedTuple):
    """A valid number in its normal form, and what it says of its holder."""

    text: str
    birth_date: date
    sex: Sex


def check_character(first_17: str) -> str:
    """The 18th character that belongs to the first 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def read_id_number(text: str) -> IdNumber:
    """Read a number, whatever white space stands in it and however its x is written.

    Raises Malformed for a wrong length or character, birth date or check character.
    """
    number = "".join(text.split()).upper()
    if len(number) != len(_WEIGHTS) + 1:
        raise Malformed(
            f"身份证号应为 18 位 · an ID number has 18 characters, this one has {len(number)}",
            where=_WHERE,
            hint="给出18位公民身份号码；15位旧号码须先换成18位 · "
            "give all 18 characters; an old number of 15 is changed into one of 18 first",
        )
    if not _SHAPE.fullmatch(number):
        raise Malformed(
            "身份证号应为 17 位数字加一位校验码 · "
            "an ID number is 17 digits and a check character, 0 to 9 or X",
            where=_WHERE,
            hint="核对号码，只能用半角数字和末位的 X · look at the number: digits, X as the last",
        )
    try:
        birth_date = date.fromisoformat(number[6:14])
    except ValueError as error:
        raise Malformed(
            "身份证号第 7 至 14 位不是日期 · characters 7 to 14 of the ID number are no date",
            where=_WHERE,
            hint="核对号码中的出生日期码 · look at the birth date in the number",
        ) from error
    if number[-1] != check_character(number[:17]):
        raise Malformed(
            "身份证号校验码有误 · the check character of the ID number is wrong",
            where=_WHERE,
            hint="核对号码，至少有一位录入有误 · look at the number: a character of it is wrong",
        )
    return IdNumber(number, birth_date, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def read_profile(profile: Profile) -> IdNumber:
    """The ID number of a profile, once it agrees with the sex and birth date given beside it.

    Raises Malformed where they differ, or for a number that is not given in clear.
    """
    if not isinstance(profile.id_number, str):
        raise Malformed(
            "身份证号不是明文 · the ID number is not given in clear",
            where=_WHERE,
            hint="给出18位公民身份号码 · give all 18 characters",
        )
    number = read_id_number(profile.id_number)
    _agree("sex", profile.sex is number.sex)
    _agree("birth_month", profile.birth_month == f"{number.birth_date:%Y-%m}")
    if not isinstance(profile.birth_date, Sealed | Forgotten):
        _agree("birth_date", profile.birth_date == number.birth_date)
    return number


def _agree(field: str, agrees: bool) -> None:
    if not agrees:
        raise Malformed(
            f"与身份证号不符 · {field} differs from what the ID number says",
            where=field,
            hint="核对号码；档案认定的出生时间与身份证不一致的，先按身份证登记，"
            "再以档案材料为依据更正（correct-profile） · "
            "look at the number; where the archive says otherwise, record what the number says and "
            "correct it by the archive",
        )
