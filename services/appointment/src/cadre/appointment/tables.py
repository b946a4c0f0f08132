"""The tables of Appointment.

Rows are dated facts keyed by the id of their event; `MOTIONS` alone is keyed by motion. A corrected
fact stays, with ``superseded_by`` set. Until when somebody held a post is a query over
`POST_HOLDERS` and `POST_DEPARTURES`: a relief names the post it ends, not the event that began it.
"""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, String

from cadre.shared.showing import members, protected_persons
from cadre.shared.showing.read_models import ReadModels

READ_MODELS = ReadModels("appointment", 1, protected_persons.TABLES, members.TABLES)


def _event_id() -> Column[str]:
    return Column("event_id", String(36), primary_key=True)


def _cadre_id() -> Column[str]:
    return Column("cadre_id", String(12), index=True)


def _post_id() -> Column[str]:
    return Column("post_id", String(63), index=True)


def _motion_id() -> Column[str]:
    return Column("motion_id", String(63), index=True)


def _place() -> Column[int]:
    """The event's place in its aggregate. On one day that of the line's first record decides."""
    return Column("place", Integer)


def _superseded_by() -> Column[str]:
    return Column("superseded_by", String(36))


POST_DEFINITIONS = READ_MODELS.table(
    "post_definitions",
    _event_id(),
    _post_id(),
    Column("since", Date),
    Column("unit_id", String(63)),
    Column("unit_name", String),
    Column("title", String),
    Column("level", String(16)),
    Column("seats", Integer),
    Column("on_probation", Boolean),
)
POST_HOLDERS = READ_MODELS.table(
    "post_holders",
    _event_id(),
    _post_id(),
    _cadre_id(),
    Column("since", Date),
    _place(),
    Column("motion_id", String(63)),
    Column("basis", String),
    _superseded_by(),
)
POST_DEPARTURES = READ_MODELS.table(
    "post_departures",
    _event_id(),
    _post_id(),
    _cadre_id(),
    Column("left_on", Date),
    _place(),
    Column("reason", String),
    _superseded_by(),
)
MOTIONS = READ_MODELS.table(
    "motions",
    Column("motion_id", String(63), primary_key=True),
    _post_id(),
    Column("level", String(16)),
    Column("proposer", String),
    Column("proposal", String),
    Column("committee_size", Integer),
    Column("status", String(24)),
    Column("status_on", Date),
    Column("candidate", String(12)),
    Column("present", Integer),
    Column("yes", Integer),
    Column("no", Integer),
    Column("deferred", Integer),
    Column("carried", Boolean),
    Column("notice_workdays", Integer),
    Column("objections", Integer),
    Column("stop_reason", String(24)),
)
MOTION_STEPS = READ_MODELS.table(
    "motion_steps",
    _event_id(),
    _motion_id(),
    _place(),
    Column("step", String(24)),
    Column("taken_on", Date),
    Column("says", String),
    Column("details", String),
)
PROMOTIONS = READ_MODELS.table(
    "promotions",
    _event_id(),
    _cadre_id(),
    Column("promoted_on", Date),
    Column("kind", String(8)),
    Column("level", String(16)),
    Column("from_level", String(16)),
    Column("rank", String(16)),
    Column("from_rank", String(16)),
    _post_id(),
    Column("post_title", String),
    Column("unit_id", String(63)),
    Column("unit_name", String),
    _motion_id(),
    Column("trained", Boolean),
    Column("findings", String),
    _superseded_by(),
)
REFUSALS = READ_MODELS.table(
    "refusals",
    _event_id(),
    _cadre_id(),
    Column("refused_on", Date),
    Column("kind", String(8)),
    Column("target", String(63)),
    _motion_id(),
    Column("earliest", Date),
    Column("findings", String),
    _superseded_by(),
)
PROBATIONS = READ_MODELS.table(
    "probations",
    _event_id(),
    _cadre_id(),
    _post_id(),
    Column("since", Date),
    Column("until", Date),
)
PROBATION_OUTCOMES = READ_MODELS.table(
    "probation_outcomes",
    _event_id(),
    _cadre_id(),
    Column("promotion_event", String(36), index=True),
    Column("concluded_on", Date),
    Column("passed", Boolean),
    Column("assessed_by", String),
    Column("note", String),
    _superseded_by(),
)
REVIEWS = READ_MODELS.table(
    "reviews",
    _event_id(),
    _cadre_id(),
    Column("opened_on", Date),
    Column("decision_event", String(36)),
    Column("corrected_event", String(36)),
    Column("reason", String),
    _superseded_by(),
)
RANK_TENURES = READ_MODELS.table(
    "rank_tenures",
    _event_id(),
    _cadre_id(),
    Column("rank", String(16)),
    Column("since", Date),
    _superseded_by(),
)
BIRTH_MONTHS = READ_MODELS.table(
    "birth_months",
    _event_id(),
    _cadre_id(),
    Column("told_on", Date),
    Column("birth_month", String(7)),
    Column("position", BigInteger, comment="of two told of one day the later on the log holds"),
    _superseded_by(),
)
