"""Writes the files that the offices of a fictional county would hand in."""

from dataclasses import dataclass
from pathlib import Path

from cadre.fiction.county.county import County
from cadre.fiction.county.forms import flaw_of, has_form, write_form
from cadre.fiction.county.rosters import Planted, write_rosters

FORMS_FOLDER = "任免审批表"
PLANTED_LISTED_MAX = 200
OUTCOMES = {
    "refused": "该行不导入（错误）",
    "warned": "导入并提示（警告）",
    "read": "照常导入",
    "skipped": "该行不读取（警告）",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What was written."""

    county: County
    rosters: int
    forms: int
    planted: tuple[Planted, ...]
    """Everything spoiled on purpose, rosters first."""


def generate(out: Path, *, cadres: int, seed: int, forms_max: int = 300) -> Generated:
    """Write rosters, forms and a README into a folder; the same arguments give the same bytes.

    Args:
        out: Folder; made if it is missing. Files of the same names are overwritten.
        cadres: How many people there are, from 1 to 300,000.
        seed: Whichever county it is to be.
        forms_max: At most so many forms, however large the county.

    """
    county = County(cadres, seed)
    (out / FORMS_FOLDER).mkdir(parents=True, exist_ok=True)
    planted: list[Planted] = []
    rosters = 0
    for _, spoiled in write_rosters(county, out):
        planted.extend(spoiled)
        rosters += 1
    numbers = [number for number in range(cadres) if has_form(number)][:forms_max]
    for number in numbers:
        person = county.person(number)
        path = out / FORMS_FOLDER / f"{number:06}{person.full_name}.lrmx"
        path.write_bytes(write_form(person, county.on))
        if flaw := flaw_of(number):
            planted.append(Planted(path.name, 0, person.full_name, flaw, "warned"))
    made = Generated(county=county, rosters=rosters, forms=len(numbers), planted=tuple(planted))
    (out / "README.md").write_text(_readme(made), encoding="utf-8", newline="\n")
    return made


def _readme(made: Generated) -> str:
    county = made.county
    made_of = (
        f"由固定种子生成：`cadres={county.cadres}`，`seed={county.seed}`；"
        f"名册 {made.rosters} 份，任免审批表（LRMX）{made.forms} 份，数据截至 {county.on}。"
        "同样的参数在任何时候都生成逐字节相同的文件。"
    )
    fiction = (
        "人物、单位、院校均为虚构。身份证号以 99 开头，GB/T 2260 未分配此类区划代码，"
        "因此不属于任何公民；出生日期与校验码符合 GB 11643。"
    )
    lines = [
        *("# 虚构县样例", "", made_of, "", fiction, ""),
        "## 有意写错之处",
        "",
        "真实名册常有的毛病，用来检验导入：",
        "",
        "| 文件 | 行 | 姓名 | 毛病 | 结果 |",
        "|---|---|---|---|---|",
    ]
    for spoiled in made.planted[:PLANTED_LISTED_MAX]:
        row = spoiled.row or "—"
        lines.append(
            f"| {spoiled.file} | {row} | {spoiled.name} | {spoiled.told} "
            f"| {OUTCOMES[spoiled.outcome]} |"
        )
    if (left := len(made.planted) - PLANTED_LISTED_MAX) > 0:
        lines.append(f"| …… | | | 其余 {left} 处未列 | |")
    return "\n".join(lines) + "\n"
