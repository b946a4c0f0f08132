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
    """A code with its Chinese term: ``Grade.EXCELLENT.zh == "优秀"``."""

    zh: str

    def __new__(cls, code: str, zh: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.zh = zh
        return member

    @classmethod
    def from_zh(cls, text: str) -> Self | None:
        """The member whose Chinese term is exactly ``text``."""
        return next((member for member in cls if member.zh == text), None)


class Sex(Term):
    MALE = "male", "男"
    FEMALE = "female", "女"


class Political(Term):
    """Political status, GB/T 4762-1984."""

    PARTY_MEMBER = "01", "中共党员"
    PROBATIONARY_MEMBER = "02", "中共预备党员"
    LEAGUE_MEMBER = "03", "共青团员"
    RCCK = "04", "民革党员"
    CDL = "05", "民盟盟员"
    CNDCA = "06", "民建会员"
    CAPD = "07", "民进会员"
    CPWDP = "08", "农工党党员"
    ZHI_GONG = "09", "致公党党员"
    JIUSAN = "10", "九三学社社员"
    TDSGL = "11", "台盟盟员"
    INDEPENDENT = "12", "无党派人士"
    MASSES = "13", "群众"


class Education(Term):
    """Highest education, coarse."""

    DOCTORATE = "doctorate", "博士研究生"
    MASTER = "master", "硕士研究生"
    BACHELOR = "bachelor", "大学本科"
    COLLEGE = "college", "大学专科"
    SECONDARY = "secondary", "中专及以下"


class Channel(Term):
    """How somebody entered."""

    CIVIL_SERVICE = "civil-service", "公务员考录"
    SELECTED_GRADUATE = "selected-graduate", "选调生"
    VILLAGE_GRADUATE = "village-graduate", "到村（社区）工作大学生"
    OPEN_SELECTION = "open-selection", "公开选招"
    TRANSFER = "transfer", "调任"
    TALENT = "talent", "人才引进"


class Grade(Term):
    """Annual grade, 公务员法 art. 38."""

    EXCELLENT = "excellent", "优秀"
    COMPETENT = "competent", "称职"
    BASICALLY_COMPETENT = "basically-competent", "基本称职"
    INCOMPETENT = "incompetent", "不称职"
    UNGRADED = "ungraded", "不定等次"


class RoutineGrade(Term):
    """Month and quarter grade, 公务员平时考核办法(试行)."""

    GOOD = "good", "好"
    FAIR = "fair", "较好"
    AVERAGE = "average", "一般"
    POOR = "poor", "较差"


class PostLevel(Term):
    """Levels of leading posts, 公务员法 art. 18, those of local government."""

    BUREAU_HEAD = "bureau-head", "厅局级正职"
    BUREAU_DEPUTY = "bureau-deputy", "厅局级副职"
    DIVISION_HEAD = "division-head", "县处级正职"
    DIVISION_DEPUTY = "division-deputy", "县处级副职"
    SECTION_HEAD = "section-head", "乡科级正职"
    SECTION_DEPUTY = "section-deputy", "乡科级副职"


class Rank(Term):
    """The twelve ranks of 综合管理类, 公务员法 art. 19, from the highest down."""

    INSPECTOR_1 = "inspector-1", "一级巡视员"
    INSPECTOR_2 = "inspector-2", "二级巡视员"
    RESEARCHER_1 = "researcher-1", "一级调研员"
    RESEARCHER_2 = "researcher-2", "二级调研员"
    RESEARCHER_3 = "researcher-3", "三级调研员"
    RESEARCHER_4 = "researcher-4", "四级调研员"
    OFFICER_1 = "officer-1", "一级主任科员"
    OFFICER_2 = "officer-2", "二级主任科员"
    OFFICER_3 = "officer-3", "三级主任科员"
    OFFICER_4 = "officer-4", "四级主任科员"
    CLERK_1 = "clerk-1", "一级科员"
    CLERK_2 = "clerk-2", "二级科员"


@lru_cache(maxsize=4096)
def unit_id(name: str) -> str:
    """The id of a unit from its full name: equal names are one unit, everywhere."""
    digest = sha256("".join(name.split()).encode()).digest()
    return f"u-{b32encode(digest)[:10].decode().lower()}"
