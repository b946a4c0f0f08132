"""The tables of Supervision: dated facts, one row per event unless said otherwise."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, String

from cadre.shared.showing.protected_persons import keep_protected_persons
from cadre.shared.showing.read_models import ReadModels

READ_MODELS: Final = ReadModels(service="supervision", version=1)
PROTECTED_PERSONS: Final = keep_protected_persons(READ_MODELS)


def _codes(*names: str) -> Iterable[Column[Any]]:
    return (Column(name, String(80)) for name in names)


def _texts(*names: str) -> Iterable[Column[Any]]:
    return (Column(name, String) for name in names)


def _days(*names: str) -> Iterable[Column[Any]]:
    return (Column(name, Date) for name in ("effective_on", *names))


def _event() -> Column[Any]:
    return Column("event_id", String(80), primary_key=True)


def _cadre() -> Column[Any]:
    return Column("cadre_id", String(80), index=True)


ASSESSMENTS: Final = READ_MODELS.table(
    "assessments",
    _event(),
    _cadre(),
    *_codes("kind", "period", "grade", "unit_id", "baseline", "superseded_by"),
    *_texts("unit_name", "reviewer", "comment"),
    *_days(),
    Column("score", Float),
    Column("late", Boolean),
)
"""A grade that a career told has the id ``<event id>/<line>``, its event as baseline, no unit."""

UNIT_YEARS: Final = READ_MODELS.table(
    "unit_years",
    _event(),
    Column("unit_year_id", String(80), index=True),
    *_codes("unit_id", "rounding", "superseded_by"),
    *_texts("unit_name", "approved_by"),
    *_days(),
    Column("year", Integer),
    Column("headcount", Integer),
    Column("excellent_share", Float),
)

CLOSED_MONTHS: Final = READ_MODELS.table(
    "closed_months",
    Column("unit_year_id", String(80), primary_key=True),
    Column("month", String(7), primary_key=True),
    *_days(),
)

EXCELLENT_PLACES: Final = READ_MODELS.table(
    "excellent_places",
    _event(),
    Column("unit_year_id", String(80), index=True),
    *_codes("cadre_id"),
    *_days(),
    Column("places", Integer),
)
"""A place taken is +1, a place given back −1."""

MERIT_ENTRIES: Final = READ_MODELS.table(
    "merit_entries",
    _event(),
    _cadre(),
    *_codes("scheme_id", "item", "reverses"),
    *_texts("title", "evidence", "approved_by"),
    *_days(),
    Column("points", Integer),
    Column("scheme_version", Integer),
)
"""A reversal is a row of its own, with the opposite points."""

POINT_ITEMS: Final = READ_MODELS.table(
    "point_items",
    Column("scheme_id", String(80), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("code", String(80), primary_key=True),
    *_codes("family"),
    *_texts("title"),
    *_days(),
    Column("points", Integer),
)

FLAGS: Final = READ_MODELS.table(
    "flags",
    _event(),
    _cadre(),
    *_codes("kind", "outcome"),
    *_texts("source", "reference", "detail", "reason"),
    *_days("closed_on"),
)

TALKS: Final = READ_MODELS.table(
    "talks",
    _event(),
    _cadre(),
    *_codes("kind", "flag_event", "superseded_by"),
    *_texts("talkers", "reason", "record"),
    *_days("blocked_until"),
)

OFF_DUTY_VISITS: Final = READ_MODELS.table(
    "off_duty_visits",
    _event(),
    _cadre(),
    *_codes("note_id", "kind"),
    *_texts("visitors", "lawful_purpose", "note"),
    *_days("keep_until", "expired_on"),
)

CHECKS: Final = READ_MODELS.table(
    "rectification_checks",
    _event(),
    _cadre(),
    *_codes("talk_event", "superseded_by"),
    *_texts("note"),
    *_days(),
    Column("passed", Boolean),
)

SANCTIONS: Final = READ_MODELS.table(
    "sanctions",
    _event(),
    _cadre(),
    *_codes("sanction", "rule", "superseded_by"),
    *_texts("decided_by", "document"),
    *_days("blocked_until"),
)

REQUESTS: Final = READ_MODELS.table(
    "assessment_requests",
    Column("request_id", String(80), primary_key=True),
    _cadre(),
    *_texts("reason"),
    *_days("due_on"),
)

REFUSALS: Final = READ_MODELS.table(
    "assessment_refusals",
    _event(),
    _cadre(),
    *_codes("kind", "period", "grade"),
    *_texts("reasons", "findings"),
    *_days(),
)

MEMBERSHIPS: Final = READ_MODELS.table(
    "memberships",
    _event(),
    _cadre(),
    Column("unit_id", String(80), index=True),
    *_codes("superseded_by"),
    *_texts("unit_name"),
    *_days(),
    Column("position", BigInteger),
)
"""Which unit somebody belongs to from a day on, as the other services told it.

Of two that were told of the same day the later on the log holds.
"""

PROMOTIONS: Final = READ_MODELS.table(
    "promotions", _event(), _cadre(), *_codes("kind", "superseded_by"), *_days()
)
