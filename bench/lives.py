"""Typical lives: thirty events of one person from two services, about 600 bytes of body each."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID, uuid5

from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.identification import Observed
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.supervision.assessment import Assessed
from cadre.contracts.supervision.flag import FlagClosed, Flagged
from cadre.contracts.supervision.influence import Talked
from cadre.contracts.supervision.merit import MeritPosted
from cadre.shared.log.event_ids import event_id

EVENTS_PER_PERSON = 30
SEED = UUID("5b9a8f5e-0000-5000-8000-000000000000")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
UNITS = 400
YEARS = (2023, 2024)
NOTE = (
    "在防汛一线连续值守，牵头完成三个村的群众转移安置，组织协调有条理，遇到困难不推诿，"
    "群众评价较好；材料报送偶有迟缓，已当面提醒。"
)


def cadre_id(number: int) -> str:
    """The id of a person by number."""
    text = ""
    for _ in range(10):
        number, digit = divmod(number, len(LETTERS))
        text += LETTERS[digit]
    return f"c-{text}"


def command_uuid(number: int, at: int) -> UUID:
    """The command behind one of a person's events, counted from 1 over both services."""
    return uuid5(SEED, f"{number}/{at}")


def life(number: int) -> list[CadreEvent]:
    """A recruitment, observations, two years of assessments, merit, and a warning sign."""
    events = [_recruited(number), *_observed(number), *_assessed(number), *_merit(number)]
    flag_at = len(events) + 1
    who = {"cadre_id": cadre_id(number)}
    events.append(
        Flagged.model_validate(
            who
            | {
                "effective_on": date(2024, 9, 2),
                "kind": "attendance",
                "source": "机关效能办",
                "reference": f"效能〔2024〕{number % 900}号",
                "detail": NOTE,
            }
        )
    )
    flag = event_id(str(events[-1].aggregate), command_uuid(number, flag_at), 0)
    told = {"effective_on": date(2024, 9, 9), "reason": "考勤异常经核实，本人说明了情况"}
    record = {"kind": "reminder", "talkers": ("组织部干部监督科",), "record": NOTE}
    events.append(Talked.model_validate(who | told | record | {"flag_event": flag}))
    events.append(FlagClosed.model_validate(who | told | {"flag_event": flag, "outcome": "acted"}))
    return events


def _recruited(number: int) -> CadreEvent:
    return Recruited.model_validate(
        {
            "cadre_id": cadre_id(number),
            "effective_on": date(2020, 1, 6),
            "full_name": f"某某{number}",
            "id_number": "990101199001010010",
            "birth_date": date(1990, 1, 1),
            "birth_month": "1990-01",
            "sex": "male",
            "ethnicity": "汉族",
            "political": "13",
            "education": "bachelor",
            "channel": "civil-service",
            "unit_id": f"u-{number % UNITS}",
            "unit_name": "青禾区松岭镇人民政府",
        }
    )


def _observed(number: int) -> Iterator[CadreEvent]:
    for month in range(1, 9):
        yield Observed.model_validate(
            {
                "cadre_id": cadre_id(number),
                "effective_on": date(2022, month, 3),
                "occasion": "project",
                "indication": "positive",
                "observer": "县委组织部重点项目考察组",
                "note": NOTE,
            }
        )


def _assessed(number: int) -> Iterator[CadreEvent]:
    for year in YEARS:
        periods = [(f"{year}-{month:02}", "month", "good") for month in range(6, 10)]
        quarters = [(f"{year}-Q{quarter}", "quarter", "good") for quarter in (2, 3)]
        for period, kind, grade in (*periods, *quarters, (str(year), "year", "competent")):
            yield Assessed.model_validate(
                {
                    "cadre_id": cadre_id(number),
                    "effective_on": date(year, 12, 31),
                    "kind": kind,
                    "period": period,
                    "grade": grade,
                    "unit_id": f"u-{number % UNITS}",
                    "unit_name": "青禾区松岭镇人民政府",
                    "reviewer": "松岭镇党委",
                    "score": 88.5,
                    "comment": NOTE,
                }
            )


def _merit(number: int) -> Iterator[CadreEvent]:
    for month in range(1, 5):
        yield MeritPosted.model_validate(
            {
                "cadre_id": cadre_id(number),
                "effective_on": date(2024, month, 20),
                "scheme_id": "county-merit",
                "scheme_version": 1,
                "item": "hard-task",
                "title": "承担急难险重任务表现突出",
                "points": 5,
                "evidence": f"县防汛指挥部通报〔2024〕{month}号",
                "approved_by": "县委组织部部务会",
            }
        )
