"""Month and quarter records of a few, the closing of months, and everybody's annual grade."""

from datetime import date

from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.contracts.vocabulary import Grade, RoutineGrade
from cadre.fiction.life.chronicle import ONE_DAY, Chronicle, Member, workday
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.deciding.assessment import Assess
from cadre.supervision.deciding.unit_year import CloseMonth, ceiling, unit_year_id

FILED_ON, QUARTER_ON, CLOSED_ON = 3, 5, 8
"""Days of the next month on which months are filed, quarters assessed and months closed."""

GRADES = (RoutineGrade.GOOD, RoutineGrade.FAIR, RoutineGrade.FAIR, RoutineGrade.FAIR)


def begin(chronicle: Chronicle, key: str, title: str, day: date) -> None:
    """Begin a phase on a day, with the months that were to be filed by then."""
    chronicle.script.phase(key, title)
    while add_months(chronicle.filed_until, 1).replace(day=CLOSED_ON) <= day:
        _file_month(chronicle, chronicle.filed_until)
        chronicle.filed_until = add_months(chronicle.filed_until, 1)


def file_forgotten(chronicle: Chronicle, month: str, day: date) -> None:
    """The month that was left out, filed after it was closed."""
    _assess(chronicle, chronicle.sample[-1], AssessmentKind.MONTH, month, RoutineGrade.FAIR, day)


def forgotten_month(chronicle: Chronicle) -> str:
    """The month that one person's unit forgets to file in time."""
    return f"{chronicle.first}-03"


def _file_month(chronicle: Chronicle, first_day: date) -> None:
    month, after = f"{first_day:%Y-%m}", add_months(first_day, 1)
    rng = chronicle.random(f"month/{month}")
    sample = chronicle.sample
    for one in sample:
        grade = rng.choice(GRADES)
        if not (one is sample[-1] and month == forgotten_month(chronicle)):
            filed = after.replace(day=FILED_ON)
            _assess(chronicle, one, AssessmentKind.MONTH, month, grade, filed)
    if first_day.month % 3 == 0:
        hero = [chronicle.protagonist] if first_day.year == chronicle.first else []
        for one in (*hero, *sample):
            period = f"{first_day.year}-Q{first_day.month // 3}"
            assessed = after.replace(day=QUARTER_ON)
            grade = rng.choice(GRADES)
            _assess(chronicle, one, AssessmentKind.QUARTER, period, grade, assessed)
    for unit in chronicle.county.units:
        if unit_year_id(unit.unit_id, first_day.year) in chronicle.openings:
            chronicle.add(
                f"close/{unit.unit_id}/{month}",
                CloseMonth(
                    effective_on=after.replace(day=CLOSED_ON), unit_id=unit.unit_id, month=month
                ),
            )


def annual(chronicle: Chronicle, year: int) -> None:
    """Everybody's grade for the year before: 优秀 up to the ceiling, and one too many."""
    assessed, day = year - 1, workday(year, 1, 22)
    rng = chronicle.random(f"annual/{assessed}")
    if assessed == chronicle.first:
        # In the year of an admonition nobody is 优秀, whatever the unit thinks.
        admonished = chronicle.with_role("admonished")
        _grade(chronicle, admonished, assessed, Grade.EXCELLENT, day, refused=True)
    refused = False
    for unit in chronicle.county.units:
        opening = chronicle.openings.get(unit_year_id(unit.unit_id, assessed))
        if opening is None:
            continue
        members = chronicle.of_unit(unit.unit_id, by=date(assessed, 12, 31))
        share = rulebook().on("ASM-03", day).number("share_usual")
        places = ceiling(len(members), share, "floor")
        able = [one for one in members if not one.role and one.joined.year < assessed]
        able = rng.sample(able, len(able))
        if chronicle.protagonist in members and assessed == chronicle.first - 1:
            able.insert(0, chronicle.protagonist)
        excellent = able[:places]
        for one in excellent:
            _grade(chronicle, one, assessed, Grade.EXCELLENT, day)
        for one in () if refused else able[places : places + 1]:
            refused = True
            _grade(chronicle, one, assessed, Grade.EXCELLENT, day, refused=True)
        for one in members:
            if one not in excellent:
                grade = _usual_grade(chronicle, one, assessed)
                _grade(chronicle, one, assessed, grade, day + ONE_DAY)


def _usual_grade(chronicle: Chronicle, one: Member, year: int) -> Grade:
    """称职, but none in the year of entry, and one 基本称职."""
    if one.joined.year == year and one.joined != chronicle.county.on:
        return Grade.UNGRADED
    if one.role == "weak" and year == chronicle.first:
        return Grade.BASICALLY_COMPETENT
    return Grade.COMPETENT


def _grade(
    chronicle: Chronicle,
    one: Member,
    year: int,
    grade: Grade,
    day: date,
    *,
    refused: bool = False,
) -> None:
    step = chronicle.add(
        f"annual/{one.cadre_id}/{grade}",
        Assess(
            effective_on=day,
            cadre_id=one.cadre_id,
            kind=AssessmentKind.YEAR,
            period=str(year),
            grade=grade,
            unit_id=one.unit_id,
            unit_name=one.unit_name,
            reviewer=f"{one.unit_name}考核委员会",
        ),
        expected="refused" if refused else "recorded",
    )
    if not refused:
        chronicle.marks[f"grade/{year}/{one.cadre_id}"] = step.caused_of(one.cadre_id)


def _assess(
    chronicle: Chronicle,
    one: Member,
    kind: AssessmentKind,
    period: str,
    grade: RoutineGrade,
    day: date,
) -> None:
    chronicle.add(
        f"{kind}/{one.cadre_id}/{period}",
        Assess(
            effective_on=day,
            cadre_id=one.cadre_id,
            kind=kind,
            period=period,
            grade=grade,
            unit_id=one.unit_id,
            unit_name=one.unit_name,
            reviewer=f"{one.unit_name}分管领导",
        ),
    )
