"""The periods of assessments: a year ``2025``, a quarter ``2025-Q3``, a month ``2025-07``."""

from datetime import date, timedelta

from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.shared.deciding.calendar import add_months, month_start

MONTHS = {AssessmentKind.MONTH: 1, AssessmentKind.QUARTER: 3, AssessmentKind.YEAR: 12}


def kind_of(period: str) -> AssessmentKind:
    """The regular assessment that a period has by its shape."""
    if "Q" in period:
        return AssessmentKind.QUARTER
    return AssessmentKind.MONTH if "-" in period else AssessmentKind.YEAR


def period_begins(period: str) -> date:
    """The first day of a period."""
    match kind_of(period):
        case AssessmentKind.QUARTER:
            return date(int(period[:4]), 3 * int(period[-1]) - 2, 1)
        case AssessmentKind.MONTH:
            return month_start(period)
        case _:
            return date(int(period), 1, 1)


def period_ends(period: str) -> date:
    """The last day of a period."""
    return add_months(period_begins(period), MONTHS[kind_of(period)]) - timedelta(days=1)


def months_of(period: str) -> list[str]:
    """The months of a period: ``"2025-Q3"`` has July, August and September."""
    first = period_begins(period)
    return [f"{add_months(first, n):%Y-%m}" for n in range(MONTHS[kind_of(period)])]
