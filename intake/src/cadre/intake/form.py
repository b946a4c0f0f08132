"""A 干部任免审批表 (LRMX) as a record."""

from datetime import date
from hashlib import sha256
from pathlib import Path

from cadre.intake.baseline import read_person
from cadre.intake.dates import Moment, read_date
from cadre.intake.issues import Findings, Problem
from cadre.intake.lrmx import Lrmx, read_lrmx
from cadre.intake.person import Item, Told
from cadre.intake.records import Import, Source
from cadre.intake.suggestions import unidentified
from cadre.shared.deciding.errors import Malformed

ITEMS = {
    "XingMing": Item.NAME,
    "ShenFenZheng": Item.ID_NUMBER,
    "XingBie": Item.SEX,
    "ChuShengNianYue": Item.BIRTH,
    "MinZu": Item.ETHNICITY,
    "JiGuan": Item.NATIVE_PLACE,
    "RuDangShiJian": Item.PARTY,
    "CanJiaGongZuoShiJian": Item.WORK_SINCE,
    "QuanRiZhiJiaoYu_XueLi": Item.FULL_TIME_EDUCATION,
    "ZaiZhiJiaoYu_XueLi": Item.ON_JOB_EDUCATION,
    "QuanRiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": Item.SCHOOL,
    "ZaiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": Item.ON_JOB_SCHOOL,
    "XianRenZhiWu": Item.UNIT_AND_POST,
    "NianDuKaoHeJieGuo": Item.GRADES,
    "JianLi": Item.RESUME,
    "JiangChengQingKuang": Item.AWARDS,
}
DEGREES = {
    "QuanRiZhiJiaoYu_XueLi": "QuanRiZhiJiaoYu_XueWei",
    "ZaiZhiJiaoYu_XueLi": "ZaiZhiJiaoYu_XueWei",
    "QuanRiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": "QuanRiZhiJiaoYu_XueWei_BiYeYuanXiaoXi",
    "ZaiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": "ZaiZhiJiaoYu_XueWei_BiYeYuanXiaoXi",
}
"""Where the form keeps the degree beside an education: 研究生 alone does not say of which kind."""


def read_form(content: bytes, *, file: str, effective_on: date) -> Import:
    """The person of one form.

    The record holds from the day the form was filled in (填表时间), else the day for which it
    counts ages (计算年龄时间), else ``effective_on``.
    """
    source = Source(Path(file).name, sha256(content).hexdigest())
    findings = Findings(source.file)
    try:
        form = read_lrmx(content)
    except Malformed as error:
        remedy = "请用原软件重新导出"
        findings.error(Problem.UNREADABLE_FILE, "表格无法读取", remedy, value=error.detail)
        issues = tuple(findings.issues)
        return Import(file=source.file, sha256=source.sha256, kind="lrmx", issues=issues)
    _check_form(form, findings)
    told = told_by(form)
    record = read_person(told, findings, source, _effective_on(form, findings, effective_on))
    return Import(
        file=source.file,
        sha256=source.sha256,
        kind="lrmx",
        records=(record,) if record else (),
        issues=tuple(findings.issues),
        unidentified=() if record else unidentified(told, source),
        rows=1,
    )


def told_by(form: Lrmx) -> dict[Item, Told]:
    """The items of a form, each under the tag it stands in."""
    told = {item: Told(_with_degree(form, tag), tag) for tag, item in ITEMS.items()}
    if form.text("ZhengZhiMianMao"):
        told[Item.POLITICAL] = Told(form.text("ZhengZhiMianMao"), "ZhengZhiMianMao")
    return told


def _with_degree(form: Lrmx, tag: str) -> str:
    text = form.text(tag)
    if tag not in DEGREES:
        return text
    degree = form.text(DEGREES[tag])
    if tag.endswith("_BiYeYuanXiaoXi"):
        return text or degree
    return f"{text} {degree}".strip()


def _effective_on(form: Lrmx, findings: Findings, otherwise: date) -> date:
    for tag in ("TianBiaoShiJian", "JiSuanNianLingShiJian"):
        if not (text := form.text(tag)):
            continue
        match read_date(text):
            case Moment() as moment:
                return moment.last_day()
            case _:
                what = "日期无法识别，未采用"
                remedy = "请写为八位年月日"
                findings.warn(Problem.UNREADABLE_DATE, what, remedy, column=tag, value=text)
    return otherwise


def _check_form(form: Lrmx, findings: Findings) -> None:
    for tag in form.repeated:
        what, remedy = "同一项出现多次且不同，只取第一个", "请删去多余的一项"
        findings.warn(Problem.DAMAGED_FIELD, what, remedy, column=tag)
    if form.text("ZhaoPian") and form.photo is None:
        what, remedy = "照片无法解码", "不影响导入；请重新插入照片"
        findings.warn(Problem.DAMAGED_FIELD, what, remedy, column="ZhaoPian")
