import re
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cadre.contracts.event import Sealed
from cadre.contracts.selection.profile import Profile
from cadre.contracts.vocabulary import Education, Political, Sex
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.idnumber import read_id_number, read_profile

# The two worked examples of GB 11643-1999.
STANDARD_WOMAN = "11010519491231002X"
STANDARD_MAN = "440524188001010014"


def iso7064_remainder(number: str) -> int:
    """ISO 7064 MOD 11-2, the other way round: Σ digit × 2^place must leave 1."""
    values = [10 if character == "X" else int(character) for character in number]
    return sum(v * pow(2, 17 - i, 11) for i, v in enumerate(values)) % 11


def completed(first_17: str) -> str:
    return next(
        first_17 + last for last in "0123456789X" if iso7064_remainder(first_17 + last) == 1
    )


@st.composite
def id_numbers(draw: st.DrawFn) -> tuple[str, date, Sex]:
    area = draw(st.integers(110000, 829999))
    birth = draw(st.dates(date(1900, 1, 1), date(2010, 12, 31)))
    sequence = draw(st.integers(0, 999))
    sex = Sex.MALE if sequence % 2 else Sex.FEMALE
    return completed(f"{area}{birth:%Y%m%d}{sequence:03}"), birth, sex


def test_reads_the_examples_of_the_standard() -> None:
    woman = read_id_number(STANDARD_WOMAN)
    assert (woman.birth_date, woman.sex) == (date(1949, 12, 31), Sex.FEMALE)
    man = read_id_number(STANDARD_MAN)
    assert (man.birth_date, man.sex) == (date(1880, 1, 1), Sex.MALE)


@pytest.mark.parametrize(
    "written", ["11010519491231002x", " 110105 19491231 002X ", "110105　19491231002x"]
)
def test_normalises_case_and_white_space(written: str) -> None:
    assert read_id_number(written).text == STANDARD_WOMAN


@given(id_numbers())
def test_every_number_with_the_right_check_character_is_read(
    case: tuple[str, date, Sex],
) -> None:
    number, birth, sex = case
    assert read_id_number(number) == (number, birth, sex)


@given(id_numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_refused(
    case: tuple[str, date, Sex], place: int, character: str
) -> None:
    number = case[0]
    assume(number[place] != character)
    with pytest.raises(Malformed):
        read_id_number(number[:place] + character + number[place + 1 :])


@given(id_numbers(), st.integers(0, 16))
def test_two_neighbours_swapped_are_always_refused(case: tuple[str, date, Sex], place: int) -> None:
    number = case[0]
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(Malformed):
        read_id_number(swapped)


@pytest.mark.parametrize(
    ("written", "because"),
    [
        ("110105491231002", "this one has 15"),
        ("11010519491231002", "this one has 17"),
        ("1101051949123100２X", "is 17 digits and"),
        ("A1010519491231002X", "is 17 digits and"),
        (completed("11010519490229002"), "are no date"),
        (completed("11010519491301002"), "are no date"),
        ("110105194912310021", "check character of the ID number is wrong"),
    ],
)
def test_says_what_is_wrong(written: str, because: str) -> None:
    with pytest.raises(Malformed, match=re.escape(because)) as refused:
        read_id_number(written)
    assert refused.value.where == "id_number"
    assert refused.value.hint
    assert written not in str(refused.value), "errors are logged, ID numbers are not"


@given(st.text(max_size=20))
def test_whatever_is_written_nothing_else_is_raised(text: str) -> None:
    with suppress(Malformed):
        assert read_id_number(text).text == "".join(text.split()).upper()


WANG = Profile(
    full_name="王芳",
    id_number=STANDARD_WOMAN,
    birth_date=date(1949, 12, 31),
    birth_month="1949-12",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.MASSES,
    education=Education.BACHELOR,
)


def test_profile_that_agrees_with_its_number() -> None:
    assert read_profile(WANG).text == STANDARD_WOMAN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sex", Sex.MALE),
        ("birth_date", date(1949, 12, 30)),
        ("birth_month", "1949-11"),
        ("id_number", Sealed(sealed="…")),
    ],
)
def test_profile_that_differs_from_its_number(field: str, value: object) -> None:
    with pytest.raises(Malformed) as refused:
        read_profile(WANG.model_copy(update={field: value}))
    assert refused.value.where == field


def test_a_sealed_birth_date_cannot_disagree() -> None:
    sealed = WANG.model_copy(update={"birth_date": Sealed(sealed="…")})
    assert read_profile(sealed).birth_date == date(1949, 12, 31)
