"""The words of forms and rosters as terms of the vocabulary: by text, never by a local code.

Each function answers None where it cannot tell; nothing is guessed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cadre.contracts.vocabulary import Education, Grade, Political, PostLevel, Rank, Sex

POLITICAL = (
    ("预备", Political.PROBATIONARY_MEMBER),
    ("团员", Political.LEAGUE_MEMBER),
    ("民革", Political.RCCK),
    ("国民党革命委员会", Political.RCCK),
    ("民盟", Political.CDL),
    ("民主同盟", Political.CDL),
    ("民建", Political.CNDCA),
    ("民主建国会", Political.CNDCA),
    ("民进", Political.CAPD),
    ("民主促进会", Political.CAPD),
    ("农工", Political.CPWDP),
    ("致公", Political.ZHI_GONG),
    ("九三", Political.JIUSAN),
    ("台盟", Political.TDSGL),
    ("台湾民主自治同盟", Political.TDSGL),
    ("无党派", Political.INDEPENDENT),
    ("群众", Political.MASSES),
    ("中共", Political.PARTY_MEMBER),
    ("党员", Political.PARTY_MEMBER),
)
"""First match wins: 农工党党员 must not read as 党员."""

EDUCATION = (
    ("专科", Education.COLLEGE),
    ("大专", Education.COLLEGE),
    ("普通班", Education.COLLEGE),
    ("大学", Education.BACHELOR),
    ("本科", Education.BACHELOR),
    ("中专", Education.SECONDARY),
    ("中技", Education.SECONDARY),
    ("高中", Education.SECONDARY),
    ("初中", Education.SECONDARY),
    ("小学", Education.SECONDARY),
    ("博士", Education.DOCTORATE),
    ("硕士", Education.MASTER),
    ("学士", Education.BACHELOR),
)
"""First match wins: 大学专科 is a 专科, and a degree counts only where no education is told."""

LEVEL_TITLES = {
    PostLevel.BUREAU_HEAD: ("正厅", "厅局级正职", "正局级", "正厅局级"),
    PostLevel.BUREAU_DEPUTY: ("副厅", "厅局级副职", "副局级", "副厅局级"),
    PostLevel.DIVISION_HEAD: ("正处", "县处级正职", "正县", "正县处级"),
    PostLevel.DIVISION_DEPUTY: ("副处", "县处级副职", "副县", "副县处级"),
    PostLevel.SECTION_HEAD: ("正科", "乡科级正职", "正乡科级"),
    PostLevel.SECTION_DEPUTY: ("副科", "乡科级副职", "副乡科级"),
}

GRADE_TOKEN = re.compile(
    r"(?P<first>(?:19|20)\d{2})\s*(?:年度?)?\s*[-—–~至]+\s*(?P<last>(?:19|20)\d{2})"
    r"|(?P<year>(?:19|20)\d{2})"
    r"|(?P<grade>基本称职|不称职|不定等次|未定等次|优秀|称职)"
    r"|(?P<other>未参加|不合格|基本合格|合格|未考核)"
)
UNIT_ENDINGS = (
    *("人民政府", "法院", "检察院", "街道", "街道办事处", "委员会", "办公室", "联合会", "总工会"),
    *("局", "镇", "乡", "部", "中心", "党校", "研究院", "医院", "学院", "学校", "银行", "公司"),
    *("县委", "市委", "区委", "旗委", "纪委", "监委", "工委"),
)
NOT_ENDINGS = ("党工委", "镇纪委", "乡纪委")
OWN_OFFICE = ("委", "区人民政府", "县人民政府", "市人民政府")
"""Bodies whose 办公室 is a unit of its own, not a section of theirs."""
TITLE = re.compile(
    r"(?:人民政府|办事处)?(?:办公室|[一-鿿]{1,8}(?:股|科|所|站|队|大队|室|中心))?"
    r"(?:党组|党委|党工委|纪委|纪工委|人大|政协|政法委|组织|宣传|统战|人武部|机关|四级|三级|二级|一级)*"
    r"(?:副|常务副)?"
    r"(?:书记|局长|主任|常委|镇长|乡长|区长|县长|院长|检察长|部长|委员|成员|主席|科员|主任科员|调研员|"
    r"巡视员|干部|办事员|股长|科长|所长|站长|队长|校长|会长|秘书长|组长|工作人员|试用期公务员)"
)


_remembered = lru_cache(maxsize=4096)
"""Rosters say the same few things of everybody."""


@_remembered
def sex(text: str) -> Sex | None:
    return next((term for term in Sex if text.removesuffix("性") == term.zh), None)


@_remembered
def political(text: str) -> Political | None:
    return next((term for word, term in POLITICAL if word in text), None)


@_remembered
def education(text: str) -> Education | None:
    """Education (学历), not degree (学位): a master's degree beside 大学 leaves it at that."""
    if "研究生" in text:
        return Education.DOCTORATE if "博士" in text else Education.MASTER
    return next((term for word, term in EDUCATION if word in text), None)


def highest(told: Iterable[Education]) -> Education | None:
    """The first in the order of the vocabulary, which counts down."""
    order = list(Education)
    return min(told, key=order.index, default=None)


def ethnicity(text: str) -> str:
    """The people's name with its 族: rosters also write a bare 汉."""
    return text if text.endswith("族") or len(text) > 3 else f"{text}族"  # noqa: PLR2004  short names only


@_remembered
def level(text: str) -> PostLevel | None:
    return next(
        (term for term, words in LEVEL_TITLES.items() if any(word in text for word in words)), None
    )


@_remembered
def rank(text: str) -> Rank | None:
    return next((term for term in Rank if term.zh in text), None)


@_remembered
def major(school: str) -> str | None:
    """The subject in 某大学某学院某某专业."""
    if not school.endswith("专业"):
        return None
    after = re.split(r"大学|学院|学校|党校|系(?!统)", school.removesuffix("专业"))[-1].strip()
    return after or None


@dataclass(frozen=True, slots=True)
class Workplace:
    unit: str
    title: str


@_remembered
def workplace(text: str) -> Workplace | None:
    """工作单位及现任职务 cut into the two, at the first unit that a title follows."""
    plain = "".join(text.split())
    for end in range(2, len(plain)):
        if _ends_a_unit(plain[:end], plain[end:]) and TITLE.match(plain, end):
            return Workplace(plain[:end], plain[end:])
    return None


def _ends_a_unit(start: str, rest: str) -> bool:
    if not start.endswith(UNIT_ENDINGS) or start.endswith(NOT_ENDINGS):
        return False
    return not (rest.startswith("办公室") and start.endswith(OWN_OFFICE))


@dataclass(frozen=True, slots=True)
class Grades:
    by_year: Mapping[int, Grade]
    unread: tuple[str, ...]


@_remembered
def grades(text: str) -> Grades:
    """Annual results: 2023年优秀,2024年称职 · 2021、2022年称职 · 2020-2022年均为称职."""
    by_year: dict[int, Grade] = {}
    unread: list[str] = []
    years: list[int] = []
    for found in GRADE_TOKEN.finditer(text):
        if found["first"]:
            years.extend(range(int(found["first"]), int(found["last"]) + 1))
        elif found["year"]:
            years.append(int(found["year"]))
        else:
            unread.extend(_assign(found, years, by_year))
            years.clear()
    unread.extend(str(year) for year in years)
    if text and not by_year and not unread:
        unread.append(text)
    return Grades(by_year, tuple(unread))


def _assign(found: re.Match[str], years: list[int], by_year: dict[int, Grade]) -> Iterator[str]:
    grade = Grade.UNGRADED if found[0] == "未定等次" else Grade.from_zh(found[0])
    if not years:
        yield f"{found[0]}（缺年度）"
    for year in years:
        if isinstance(grade, Grade) and by_year.setdefault(year, grade) == grade:
            continue
        yield f"{year}{found[0]}"
