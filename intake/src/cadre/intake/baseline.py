"""One person's items as the baseline of a career."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from cadre.contracts.event import YearMonth
from cadre.contracts.selection.profile import Baseline, CareerEntry, Profile, Standing
from cadre.contracts.vocabulary import Education, Political, PostLevel, Rank, unit_id
from cadre.intake import terms
from cadre.intake.dates import Moment, half_width, read_date
from cadre.intake.issues import Findings, Problem
from cadre.intake.person import TEXT_MAX, Item, Person, Told
from cadre.intake.records import Record, Source
from cadre.intake.resume import read_resume
from cadre.shared.deciding.idnumber import IdNumber

ITEM_MAX = 10_000
"""Characters; the longest résumés have half of that. Bounds the work on a hostile file."""

UNIT_MAX = 100
ETHNICITY_MAX = 20
AWARD = re.compile(r"\s*(?P<when>\d{4}[.．年]\s?\d{1,2})月?[日，,:：]?\s*(?P<what>.+)", re.DOTALL)
SANCTION = re.compile(r"处分|警告|记过|降级|撤职|开除|诫勉")


def read_person(
    told: Mapping[Item, Told], findings: Findings, source: Source, effective_on: date
) -> Record | None:
    """The record of one person; None if an error keeps it out. All errors are reported at once.

    ``findings`` may hold errors already, e.g. of a 同上 that points at nothing.
    """
    person = Person(told, findings)
    oversized = [item for item in told if len(person.text(item)) > ITEM_MAX]
    for item in oversized:
        what = f"内容超过 {ITEM_MAX} 字"
        person.error(item, Problem.DAMAGED_FIELD, what, "请检查文件是否损坏")
    if oversized:
        return None
    number = person.id_number()
    profile = _profile(person, number)
    standing = _standing(person)
    career = (*_resume(person), *_grades(person), *_awards(person))
    if findings.failed or profile is None or standing is None:
        return None
    return Record.of(
        Baseline(
            **dict(profile),
            standing=standing,
            career=career,
            source_file=source.file,
            source_sha256=source.sha256,
            source_row=source.row,
        ),
        effective_on=effective_on,
        sources=(source,),
        issues=tuple(findings.issues),
    )


def _profile(person: Person, number: IdNumber | None) -> Profile | None:
    name = person.name()
    sex = person.sex(number) if number else None
    if number:
        person.check_birth(number)
    ethnicity = person.required(Item.ETHNICITY, _ethnicity(person))
    political = _political(person)
    education = _education(person)
    if not (name and number and sex and ethnicity and political and education):
        return None
    return Profile(
        full_name=name,
        id_number=number.text,
        birth_date=number.birth_date,
        birth_month=f"{number.birth_date:%Y-%m}",
        sex=sex,
        ethnicity=ethnicity,
        political=political,
        education=education,
        major=_major(person),
        native_place=person.text(Item.NATIVE_PLACE) or None,
    )


def _ethnicity(person: Person) -> str | None:
    text = "".join(person.text(Item.ETHNICITY).split())
    return terms.ethnicity(text) if 0 < len(text) < ETHNICITY_MAX else None


def _political(person: Person) -> Political | None:
    """Political status, told as such or by the field 入党时间 that holds a date or a party."""
    if person.text(Item.POLITICAL):
        return person.required(Item.POLITICAL, terms.political(person.text(Item.POLITICAL)))
    if Item.PARTY not in person.told:
        person.missing(Item.POLITICAL)
        return None
    if not (text := person.text(Item.PARTY)):
        what = "入党时间为空，按群众登记"
        person.warn(Item.PARTY, Problem.MISSING, what, "如为民主党派或无党派人士，请填写政治面貌")
        return Political.MASSES
    status = terms.political(text)
    if _party_date(text) is None:
        return person.required(Item.PARTY, status)
    if status in {None, Political.PARTY_MEMBER}:
        return Political.PARTY_MEMBER
    if status is not Political.PROBATIONARY_MEMBER:
        what = "既有入党时间又有其他党派，按中共党员登记"
        person.warn(Item.PARTY, Problem.UNKNOWN_TERM, what, "请另行登记其他党派身份")
        return Political.PARTY_MEMBER
    return status


def _party_date(text: str) -> str | None:
    """The part of 入党时间 that begins with a digit: 199806 in 199806；民盟."""
    parts = re.split(r"[;,、()]", half_width(text))
    return next((part for part in parts if part[:1].isdecimal()), None)


def _party_since(person: Person) -> YearMonth | None:
    text = person.text(Item.PARTY)
    part = _party_date(text)
    if part is None:
        # Without a column 政治面貌, a word that names no party was refused there already.
        if text and terms.political(text) is None and person.text(Item.POLITICAL):
            person.unreadable(Item.PARTY)
        return None
    digits = re.sub(r"[^\d.\-/年月日].*", "", part)
    alone = Person({Item.PARTY: Told(digits, person.column(Item.PARTY))}, person.findings)
    return alone.month(Item.PARTY)


def _education(person: Person) -> Education | None:
    items = (Item.FULL_TIME_EDUCATION, Item.ON_JOB_EDUCATION, Item.EDUCATION)
    given = [item for item in items if person.text(item)]
    if not given:
        person.missing(Item.EDUCATION)
        return None
    read = {item: terms.education(person.text(item)) for item in given}
    for item, education in read.items():
        if education is None:
            person.unknown(item)
    return terms.highest(education for education in read.values() if education is not None)


def _major(person: Person) -> str | None:
    schools = (Item.SCHOOL, Item.FULL_TIME_EDUCATION, Item.ON_JOB_SCHOOL, Item.ON_JOB_EDUCATION)
    told = (terms.major("".join(person.text(item).split())) for item in schools)
    return person.text(Item.MAJOR) or next((subject for subject in told if subject), None)


def _standing(person: Person) -> Standing | None:
    workplace = _workplace(person)
    level = terms.level(person.text(Item.LEVEL)) or terms.level(person.text(Item.RANK))
    rank = terms.rank(person.text(Item.RANK)) or terms.rank(person.text(Item.LEVEL))
    for item in (Item.LEVEL, Item.RANK):
        text = person.text(item)
        if text and terms.level(text) is None and terms.rank(text) is None:
            person.warn(item, Problem.UNKNOWN_TERM, f"{item.zh}未导入", "请改用规范用语")
    work_since, party_since = person.month(Item.WORK_SINCE), _party_since(person)
    if workplace is None:
        _since(person, level, rank)
        return None
    level = level or terms.level(workplace.title)
    rank = rank or terms.rank(workplace.title)
    level_since, rank_since = _since(person, level, rank)
    return Standing(
        unit_id=unit_id(workplace.unit),
        unit_name=workplace.unit,
        post_title=_post_title(workplace.title),
        level=level,
        level_since=level_since,
        rank=rank,
        rank_since=rank_since,
        work_since=work_since,
        party_since=party_since,
    )


def _workplace(person: Person) -> terms.Workplace | None:
    """The unit and the title, from two columns or from one that holds both."""
    unit = "".join(person.text(Item.UNIT).split())
    title = "".join(person.text(Item.POST).split())
    both = "".join(person.text(Item.UNIT_AND_POST).split())
    if unit:
        found = terms.Workplace(unit, (title or both).removeprefix(unit))
    elif both or title:
        item = Item.UNIT_AND_POST if both else Item.POST
        found = terms.workplace(both or title)
        if found is None:
            what = "无法从职务中分出单位"
            person.error(item, Problem.UNKNOWN_TERM, what, "请增加“工作单位”一列")
            return None
    else:
        person.missing(Item.UNIT)
        return None
    if len(found.unit) > UNIT_MAX:
        person.error(Item.UNIT, Problem.UNKNOWN_TERM, "单位名称过长", "请只填单位全称")
        return None
    return found


def _post_title(title: str) -> str | None:
    """The title without ranks, which have a field of their own."""
    return "、".join(p for p in re.split(r"[、，,]", title) if p and terms.rank(p) is None) or None


def _since(
    person: Person, level: PostLevel | None, rank: Rank | None
) -> tuple[YearMonth | None, YearMonth | None]:
    """Since when level and rank are held.

    任现职级时间 meant the level until ranks were introduced in 2019, and 任现职级（层次）时间 is
    either: each date goes to the one of the two that the person has.
    """
    level_since = person.month(Item.LEVEL_SINCE)
    rank_since = person.month(Item.RANK_SINCE)
    either = person.month(Item.STANDING_SINCE)
    if level and not rank:
        level_since = level_since or rank_since or either
    elif level:
        level_since = level_since or either
    else:
        rank_since = rank_since or either or level_since
    return (level_since if level else None), (rank_since if rank else None)


def _resume(person: Person) -> Iterator[CareerEntry]:
    resume = read_resume(person.text(Item.RESUME))
    column = person.column(Item.RESUME)
    if resume.repaired:
        what = "简历缺少换行，已按日期断行"
        person.warn(Item.RESUME, Problem.REPAIRED_RESUME, what, "请核对断行是否正确")
    for damage in resume.damages:
        person.findings.warn(
            Problem.RESUME_LINE,
            f"该行未导入：{damage.why}",
            "请按“yyyy.MM--yyyy.MM  内容”更正",
            column=column,
            value=damage.line,
        )
    for entry in resume.entries:
        if len(entry.text) > TEXT_MAX:
            person.findings.warn(
                Problem.RESUME_LINE,
                f"一段经历超过 {TEXT_MAX} 字，只导入前 {TEXT_MAX} 字",
                "请精简或分段",
                column=column,
                value=entry.text,
            )
        yield entry.career_entry()


def _grades(person: Person) -> Iterator[CareerEntry]:
    read = terms.grades(person.text(Item.GRADES))
    for text in read.unread:
        person.findings.warn(
            Problem.GRADES,
            "该项考核结果未导入",
            "请写为“2023年优秀,2024年称职”，每年一个等次",
            column=person.column(Item.GRADES),
            value=text,
        )
    for year, grade in sorted(read.by_year.items()):
        yield CareerEntry(kind="grade", begins=f"{year}-01", ends=f"{year}-12", grade=grade)


def _awards(person: Person) -> Iterator[CareerEntry]:
    for text in filter(None, re.split(r"[\n。；;]", person.text(Item.AWARDS))):
        found = AWARD.fullmatch(text)
        moment = read_date(found["when"]) if found else None
        if found is None or not isinstance(moment, Moment):
            person.findings.warn(
                Problem.DAMAGED_FIELD,
                "该项奖惩缺少年月，未导入",
                "请以“2021年06月”开头",
                column=person.column(Item.AWARDS),
                value=text,
            )
            continue
        kind = "other" if SANCTION.search(found["what"]) else "award"
        month = moment.year_month
        yield CareerEntry(kind=kind, begins=month, ends=month, text=text[:TEXT_MAX].strip())
