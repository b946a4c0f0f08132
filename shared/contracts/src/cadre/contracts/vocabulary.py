"""Words that events of several services share, each with its Chinese term."""

from base64 import b32encode
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Self

SERVICE_ZH = {"selection": "选", "training": "育", "supervision": "管", "appointment": "用"}
SERVICES = tuple(SERVICE_ZH)
"""The four services, in the order of a career."""


class Term(StrEnum):
    """A code with its Chinese term, and what it means: ``Grade.EXCELLENT.zh == "优秀"``."""

    zh: str
    meaning: str

    def __new__(cls, code: str, zh: str, meaning: str = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.zh = zh
        member.meaning = meaning
        return member

    @classmethod
    def from_zh(cls, text: str) -> Self | None:
        """The member whose Chinese term is exactly ``text``."""
        return next((member for member in cls if member.zh == text), None)


class Sex(Term):
    """性别 · As an ID number tells it."""

    MALE = "male", "男", "male"
    FEMALE = "female", "女", "female"


class Political(Term):
    """政治面貌 · GB/T 4762-1984."""

    PARTY_MEMBER = "01", "中共党员", "member of the Party"
    PROBATIONARY_MEMBER = "02", "中共预备党员", "probationary member of the Party"
    LEAGUE_MEMBER = "03", "共青团员", "member of the Youth League"
    RCCK = "04", "民革党员", "Revolutionary Committee of the Kuomintang"
    CDL = "05", "民盟盟员", "China Democratic League"
    CNDCA = "06", "民建会员", "China National Democratic Construction Association"
    CAPD = "07", "民进会员", "China Association for Promoting Democracy"
    CPWDP = "08", "农工党党员", "Chinese Peasants' and Workers' Democratic Party"
    ZHI_GONG = "09", "致公党党员", "China Zhi Gong Party"
    JIUSAN = "10", "九三学社社员", "Jiusan Society"
    TDSGL = "11", "台盟盟员", "Taiwan Democratic Self-Government League"
    INDEPENDENT = "12", "无党派人士", "without party, of standing"
    MASSES = "13", "群众", "none of these"


class Education(Term):
    """学历 · Highest education, coarse."""

    DOCTORATE = "doctorate", "博士研究生", "doctor"
    MASTER = "master", "硕士研究生", "master"
    BACHELOR = "bachelor", "大学本科", "four-year college"
    COLLEGE = "college", "大学专科", "three-year college"
    SECONDARY = "secondary", "中专及以下", "secondary school or below"


class Channel(Term):
    """录用渠道 · How somebody entered."""

    CIVIL_SERVICE = "civil-service", "公务员考录", "civil service examination"
    SELECTED_GRADUATE = "selected-graduate", "选调生", "graduate selected for the grass roots"
    VILLAGE_GRADUATE = "village-graduate", "到村（社区）工作大学生", "graduate working in a village"
    OPEN_SELECTION = "open-selection", "公开选招", "open selection"
    TRANSFER = "transfer", "调任", "transfer from another institution"
    TALENT = "talent", "人才引进", "brought in as a specialist"


class Grade(Term):
    """年度考核等次 · Annual grade, 公务员法 art. 38."""

    EXCELLENT = "excellent", "优秀", "ceiling per unit (ASM-03)"
    COMPETENT = "competent", "称职", "competent"
    BASICALLY_COMPETENT = (
        "basically-competent",
        "基本称职",
        "bars promotion in the next year (ASM-06)",
    )
    INCOMPETENT = "incompetent", "不称职", "incompetent"
    UNGRADED = "ungraded", "不定等次", "no grade is given, for a reason (ASM-08)"


class RoutineGrade(Term):
    """平时考核等次 · Month and quarter grade, 公务员平时考核办法(试行)."""

    GOOD = "good", "好"
    FAIR = "fair", "较好"
    AVERAGE = "average", "一般"
    POOR = "poor", "较差"


class PostLevel(Term):
    """领导职务层次 · Levels of leading posts, 公务员法 art. 18, those of local government."""

    BUREAU_HEAD = "bureau-head", "厅局级正职", "head of a bureau, a prefecture"
    BUREAU_DEPUTY = "bureau-deputy", "厅局级副职", "deputy at that level"
    DIVISION_HEAD = "division-head", "县处级正职", "head of a division, a county"
    DIVISION_DEPUTY = "division-deputy", "县处级副职", "deputy at that level"
    SECTION_HEAD = "section-head", "乡科级正职", "head of a section, a township"
    SECTION_DEPUTY = "section-deputy", "乡科级副职", "deputy at that level"


class Rank(Term):
    """职级 · The twelve of 综合管理类, 公务员法 art. 19, from the highest down."""

    INSPECTOR_1 = "inspector-1", "一级巡视员", "bureau rank, class 1"
    INSPECTOR_2 = "inspector-2", "二级巡视员", "bureau rank, class 2"
    RESEARCHER_1 = "researcher-1", "一级调研员", "division rank, class 1"
    RESEARCHER_2 = "researcher-2", "二级调研员", "division rank, class 2"
    RESEARCHER_3 = "researcher-3", "三级调研员", "division rank, class 3"
    RESEARCHER_4 = "researcher-4", "四级调研员", "division rank, class 4"
    OFFICER_1 = "officer-1", "一级主任科员", "section rank, class 1"
    OFFICER_2 = "officer-2", "二级主任科员", "section rank, class 2"
    OFFICER_3 = "officer-3", "三级主任科员", "section rank, class 3"
    OFFICER_4 = "officer-4", "四级主任科员", "section rank, class 4"
    CLERK_1 = "clerk-1", "一级科员", "clerk, class 1"
    CLERK_2 = "clerk-2", "二级科员", "clerk, class 2"


@lru_cache(maxsize=4096)
def unit_id(name: str) -> str:
    """The id of a unit from its full name: equal names are one unit, everywhere."""
    digest = sha256("".join(name.split()).encode()).digest()
    return f"u-{b32encode(digest)[:10].decode().lower()}"
