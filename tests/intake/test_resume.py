import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.intake.resume import Entry, read_resume, write_resume

USUAL = (
    "1998.09--2002.07  北原大学会计学专业学习\n"
    "2002.07--2005.03  青禾区财政局科员\n"
    "2005.03--         青禾区财政局副局长\n"
    "                  (其间:2006.09--2008.07省委党校在职研究生班学习)"
)


def test_the_usual_columns():
    resume = read_resume(USUAL)
    assert resume.entries == (
        Entry("1998-09", "2002-07", "北原大学会计学专业学习"),
        Entry("2002-07", "2005-03", "青禾区财政局科员"),
        Entry(
            "2005-03", None, "青禾区财政局副局长\n(其间:2006.09--2008.07省委党校在职研究生班学习)"
        ),
    )
    assert [entry.kind for entry in resume.entries] == ["study", "work", "work"]
    assert resume.damages == ()
    assert not resume.repaired


@pytest.mark.parametrize("separator", ["--", "-", "—", "——", "–", "―", "─", "~", "至"])
@pytest.mark.parametrize("gap", ["  ", "\t", " "])
def test_separators_and_gaps_that_occur(separator: str, gap: str):
    resume = read_resume(f"2002.07{separator}2005.03{gap}某局科员")
    assert resume.entries == (Entry("2002-07", "2005-03", "某局科员"),)


@pytest.mark.parametrize(
    "written", ["2005.03--  副局长", "2005.03--至今 副局长", "200503—今 副局长"]
)
def test_an_open_end(written: str):
    assert read_resume(written).entries == (Entry("2005-03", None, "副局长"),)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(newline: str):
    assert read_resume(USUAL.replace("\n", newline)).entries == read_resume(USUAL).entries


def test_lost_line_breaks_are_put_back_but_not_inside_brackets():
    joined = (
        "2002.07--2005.03  科员2005.03--2009.01  副局长(其间:2006.09--2008.07学习)2009.01--  局长"
    )
    resume = read_resume(joined)
    assert resume.repaired
    assert [entry.begins for entry in resume.entries] == ["2002-07", "2005-03", "2009-01"]
    assert resume.entries[1].text == "副局长(其间:2006.09--2008.07学习)"


@pytest.mark.parametrize(
    "line",
    [
        "2011.09-2-015.07 某地",
        "2011..09--2012.01 某地",
        "2011.13--2012.01 某地",
        "2012.01--2011.09 某地",
    ],
)
def test_a_damaged_line_is_kept_and_told_and_the_others_are_read(line: str):
    resume = read_resume(f"{line}\n2012.01--2013.01  某局科员")
    assert [damage.line for damage in resume.damages] == [line]
    assert resume.entries == (Entry("2012-01", "2013-01", "某局科员"),)
    assert line in resume.raw


def test_a_blank_line_divides_off_the_notes():
    resume = read_resume("2012.01--2013.01  某局科员\n\n以上由本人填写")
    assert resume.entries == (Entry("2012-01", "2013-01", "某局科员"),)
    assert resume.notes == ("以上由本人填写",)


@given(st.text())
def test_any_text_is_read_without_failing_and_kept(text: str):
    assert read_resume(text).raw == text


@given(st.text(alphabet="0123456789０１. -—~至今()（）年月\n\r\t科员", max_size=80))
def test_whatever_looks_like_a_resume_has_sound_entries(text: str):
    for entry in read_resume(text).entries:
        assert 1 <= int(entry.begins[5:]) <= 12
        assert entry.ends is None or entry.ends >= entry.begins
        entry.career_entry()


MONTHS = st.builds(lambda y, m: f"{y}-{m:02}", st.integers(1950, 2049), st.integers(1, 12))
WORDS = st.text(alphabet="青禾区财政局科员副局长镇党委书记学习", min_size=1, max_size=30)


@given(st.lists(st.builds(lambda a, b, t: Entry(min(a, b), max(a, b), t), MONTHS, MONTHS, WORDS)))
def test_written_entries_read_back(entries: list[Entry]):
    resume = read_resume(write_resume(entries))
    assert resume.entries == tuple(entries)
    assert not resume.damages
    assert not resume.repaired
