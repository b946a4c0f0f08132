"""The county's 干部任免审批表, one LRMX file for every sixth cadre."""

from datetime import date
from random import Random

from cadre.fiction.county.model import Person
from cadre.intake.lrmx import Lrmx, Relative, write_lrmx
from cadre.intake.resume import write_resume

EVERY, FIRST = 6, 3
REPORTED_BY = "中共宁州市委组织部"


def has_form(number: int) -> bool:
    return number % EVERY == FIRST


def flaw_of(number: int) -> str | None:
    """What is wrong with the form of a person, in Chinese; each is only worth a warning."""
    match number // EVERY % 5:
        case 2:
            return "简历缺少换行"
        case 4:
            return "参加工作时间与名册不一致"
        case _:
            return None


def write_form(person: Person, on: date) -> bytes:
    """The form of one person; equal people give equal bytes."""
    flaw = flaw_of(person.number)
    work_since = person.work_since.replace("-", "")
    if flaw == "参加工作时间与名册不一致":
        work_since = f"{int(work_since[:4]) + 1}{work_since[4:]}"
    resume = write_resume(person.resume)
    if flaw == "简历缺少换行":
        resume = resume.replace("\n", "")
    full_time, on_job = person.full_time, person.on_job
    values = {
        "XingMing": person.full_name,
        "XingBie": person.sex.zh,
        "ChuShengNianYue": f"{person.birth_date:%Y%m}",
        "MinZu": person.ethnicity,
        "JiGuan": person.native_place,
        "ChuShengDi": person.native_place,
        "RuDangShiJian": (person.party_since or "").replace("-", ""),
        "CanJiaGongZuoShiJian": work_since,
        "JianKangZhuangKuang": "健康",
        "QuanRiZhiJiaoYu_XueLi": full_time.told,
        "QuanRiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": full_time.school,
        "ZaiZhiJiaoYu_XueLi": on_job.told if on_job else "",
        "ZaiZhiJiaoYu_XueLi_BiYeYuanXiaoXi": on_job.school if on_job else "",
        "XianRenZhiWu": _position(person),
        "JianLi": resume,
        "JiangChengQingKuang": person.award or "(无)",
        "NianDuKaoHeJieGuo": ",".join(f"{year}年{grade.zh}" for year, grade in person.grades),
        "ChengBaoDanWei": REPORTED_BY,
        "JiSuanNianLingShiJian": f"{on:%Y%m%d}",
        "TianBiaoShiJian": f"{on:%Y%m%d}",
        "ShenFenZheng": person.id_number,
        "Version": "3.2.1.16",
        "ZhengZhiMianMao": person.political.zh,
    }
    return write_lrmx(Lrmx.of(values, _family(person)))


def _position(person: Person) -> str:
    rank = f"、{person.rank.zh}" if person.post and person.rank else ""
    return f"{person.unit.name}{person.title}{rank}"


def _family(person: Person) -> list[Relative]:
    rng = Random(person.id_number)  # noqa: S311  fiction, no secret
    year = person.birth_date.year - rng.randint(22, 30)
    father = Relative("父亲", f"{person.full_name[0]}某", f"{year}05", "群众", "农民")
    mother = Relative("母亲", "某某", f"{year + 1}09", "群众", "退休")
    return [father, mother]
