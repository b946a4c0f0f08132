"""The years in their order, and the whole script."""

from collections.abc import Sequence
from datetime import date

from cadre.fiction.life import (
    appointing,
    assessing,
    conduct,
    ending,
    knowing,
    motions,
    pools,
    practice,
    ranks,
    recruiting,
    setting,
    training,
)
from cadre.fiction.life.chronicle import LAST_YEAR, Chronicle
from cadre.fiction.life.fiction import Scene
from cadre.fiction.life.script import Script
from cadre.intake.records import Record


def eve(years: int) -> date:
    """The day before the first of so many years."""
    return date(LAST_YEAR - years, 12, 31)


def write(county: Scene, records: Sequence[Record], years: int) -> Chronicle:
    """The script of so many years for everybody whose record was imported."""
    chronicle = Chronicle.begin(Script(county.seed), county, records, years)
    setting.found(chronicle)
    for year in chronicle.years:
        _winter(chronicle, year)
        _spring(chronicle, year)
        _summer(chronicle, year)
        _autumn(chronicle, year)
    assessing.begin(chronicle, "ending", "更正与补录", date(chronicle.last, 11, 2))
    ending.correct(chronicle)
    return chronicle


def _winter(chronicle: Chronicle, year: int) -> None:
    assessing.begin(chronicle, f"{year}-open", f"{year} 年计划与考核年度", date(year, 1, 9))
    setting.open_year(chronicle, year)
    assessing.begin(chronicle, f"{year}-annual", f"{year - 1} 年度考核", date(year, 1, 20))
    assessing.annual(chronicle, year)


def _spring(chronicle: Chronicle, year: int) -> None:
    assessing.begin(chronicle, f"{year}-knowing", f"{year} 年日常识别", date(year, 2, 24))
    practice.review(chronicle, year)
    knowing.spring(chronicle, year)
    if year == chronicle.first + 1:
        knowing.lift_veto(chronicle, year)
    assessing.begin(chronicle, f"{year}-conduct", f"{year} 年谈话与预警", date(year, 3, 9))
    conduct.spring(chronicle, year)
    ending.spring(chronicle, year)
    assessing.begin(chronicle, f"{year}-pools", f"{year} 年人才库", date(year, 3, 23))
    pools.spring(chronicle, year)
    assessing.begin(chronicle, f"{year}-training", f"{year} 年培训", date(year, 4, 9))
    if year == chronicle.first:
        appointing.spring(chronicle)
    training.spring(chronicle, year)
    assessing.begin(chronicle, f"{year}-classes", f"{year} 年轮训", date(year, 6, 9))
    training.summer(chronicle, year)
    assessing.begin(chronicle, f"{year}-too-soon", f"{year} 年职级晋升申报", date(year, 6, 24))
    if year == chronicle.first:
        month = assessing.forgotten_month(chronicle)
        assessing.file_forgotten(chronicle, month, date(year, 6, 24))
    ranks.spring(chronicle, year)


def _summer(chronicle: Chronicle, year: int) -> None:
    assessing.begin(chronicle, f"{year}-ranks", f"{year} 年职级晋升", date(year, 7, 9))
    ranks.summer(chronicle, year)
    assessing.begin(chronicle, f"{year}-intake", f"{year} 年招录", date(year, 7, 20))
    recruiting.summer(chronicle, year)
    practice.end(chronicle, year)
    assessing.begin(chronicle, f"{year}-practice", f"{year} 年锻炼与结对", date(year, 8, 10))
    practice.begin(chronicle, year)
    assessing.begin(chronicle, f"{year}-motions", f"{year} 年动议与任职", date(year, 8, 14))
    appointing.autumn(chronicle, year)


def _autumn(chronicle: Chronicle, year: int) -> None:
    day = date(year, 9, 21)
    assessing.begin(chronicle, f"{year}-probation", f"{year} 年试用期满", day)
    motions.conclude_probations(chronicle, year)
    assessing.begin(chronicle, f"{year}-autumn", f"{year} 年秋季", date(year, 10, 9))
    pools.autumn(chronicle, year)
    ending.autumn(chronicle, year)
    conduct.autumn(chronicle, year)
    training.autumn(chronicle, year)
