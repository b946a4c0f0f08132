import pytest

from cadre.contracts.vocabulary import Education, Grade, Political, PostLevel
from cadre.intake import terms


@pytest.mark.parametrize(
    ("told", "unit", "title"),
    [
        ("示例县财政局党组书记、局长", "示例县财政局", "党组书记、局长"),
        ("青禾区松岭镇党委副书记、镇长", "青禾区松岭镇", "党委副书记、镇长"),
        ("松岭镇人民政府镇长", "松岭镇", "人民政府镇长"),
        ("青禾区东关街道办事处副主任", "青禾区东关街道", "办事处副主任"),
        ("青禾区财政局办公室主任", "青禾区财政局", "办公室主任"),
        ("中共青禾区委办公室主任", "中共青禾区委办公室", "主任"),
        ("青禾区人民政府办公室副主任", "青禾区人民政府办公室", "副主任"),
        ("青禾区委组织部副部长", "青禾区委组织部", "副部长"),
        ("青禾区乡村振兴局局长", "青禾区乡村振兴局", "局长"),
        ("青禾区住房和城乡建设局 副局长", "青禾区住房和城乡建设局", "副局长"),
        ("青禾区市场监督管理局松岭所所长", "青禾区市场监督管理局", "松岭所所长"),
        ("青禾区发展和改革局四级主任科员", "青禾区发展和改革局", "四级主任科员"),
    ],
)
def test_a_unit_and_a_title_in_one_text(told: str, unit: str, title: str):
    assert terms.workplace(told) == terms.Workplace(unit, title)


@pytest.mark.parametrize("told", ["副局长", "青禾区财政局", ""])
def test_no_unit_is_guessed(told: str):
    assert terms.workplace(told) is None


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("中共党员", Political.PARTY_MEMBER),
        ("中共预备党员", Political.PROBATIONARY_MEMBER),
        ("农工党党员", Political.CPWDP),
        ("致公党党员", Political.ZHI_GONG),
        ("民革党员", Political.RCCK),
        ("九三学社", Political.JIUSAN),
        ("无党派人士", Political.INDEPENDENT),
        ("共青团员", Political.LEAGUE_MEMBER),
        ("群众", Political.MASSES),
        ("其他", None),
    ],
)
def test_political_status(told: str, meant: Political | None):
    assert terms.political(told) == meant


def test_every_political_term_reads_as_itself():
    assert {term: terms.political(term.zh) for term in Political} == {t: t for t in Political}


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("省委党校研究生", Education.MASTER),
        ("研究生 法学博士", Education.DOCTORATE),
        ("大学 公共管理硕士", Education.BACHELOR),
        ("大学专科", Education.COLLEGE),
        ("大学普通班", Education.COLLEGE),
        ("硕士", Education.MASTER),
        ("中专", Education.SECONDARY),
        ("不详", None),
    ],
)
def test_education_goes_before_degree(told: str, meant: Education | None):
    assert terms.education(told) == meant


@pytest.mark.parametrize(
    ("told", "meant"),
    [("正科级", PostLevel.SECTION_HEAD), ("副处", PostLevel.DIVISION_DEPUTY), ("科员", None)],
)
def test_levels(told: str, meant: PostLevel | None):
    assert terms.level(told) == meant


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2023年优秀,2024年称职", {2023: Grade.EXCELLENT, 2024: Grade.COMPETENT}),
        ("2022、2023年度均为称职", {2022: Grade.COMPETENT, 2023: Grade.COMPETENT}),
        ("2021-2022年称职；2023年度：基本称职", {
            2021: Grade.COMPETENT, 2022: Grade.COMPETENT, 2023: Grade.BASICALLY_COMPETENT}),
        ("2020年不称职 2021年不定等次", {2020: Grade.INCOMPETENT, 2021: Grade.UNGRADED}),
    ],
)  # fmt: skip
def test_annual_grades(told: str, meant: dict[int, Grade]):
    assert terms.grades(told) == terms.Grades(meant, ())


@pytest.mark.parametrize("told", ["近三年均为称职", "2023年未参加", "2023年", "良好"])
def test_grades_that_cannot_be_placed_are_named(told: str):
    read = terms.grades(told)
    assert read.by_year == {}
    assert len(read.unread) == 1


def test_two_grades_of_one_year_keep_the_first():
    assert terms.grades("2023年优秀,2023年称职") == terms.Grades(
        {2023: Grade.EXCELLENT}, ("2023称职",)
    )
