"""The tables of Training.

Rows are dated facts by the id of their event; a corrected one names what superseded it.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, String, Table

from cadre.shared.showing import members, protected_persons
from cadre.shared.showing.read_models import ReadModels

READ_MODELS = ReadModels("training", 1, protected_persons.TABLES, members.TABLES)


def _facts(name: str, *columns: Column[Any]) -> Table:
    """A table of one person's dated facts."""
    return READ_MODELS.table(
        name,
        Column("event_id", String(36), primary_key=True),
        Column("cadre_id", String(16), index=True),
        Column("effective_on", Date),
        Column("position", BigInteger, comment="of two of one day the later on the log holds"),
        *columns,
        Column("superseded_by", String(36)),
    )


CADRES = READ_MODELS.table(
    "cadres",
    Column("cadre_id", String(16), primary_key=True),
    Column("known_since", Date),
    Column("recruited_on", Date, comment="empty for careers taken over from a file"),
    Column("channel", String(32)),
)
STANDINGS = _facts("standings", Column("level", String(32)), Column("rank", String(32)))
POOL_STAYS = _facts("pool_stays", Column("left_on", Date))
TRAININGS = _facts(
    "trainings",
    Column("class_id", String(63)),
    Column("title", String),
    Column("kind", String(32)),
    Column("mode", String(32)),
    Column("hours", Float),
    Column("days", Integer),
    Column("starts_on", Date),
    Column("ends_on", Date),
)
CLASSES = READ_MODELS.table(
    "classes",
    Column("class_id", String(63), primary_key=True),
    Column("title", String),
    Column("kind", String(32)),
    Column("mode", String(32)),
    Column("hours", Float),
    Column("days", Integer),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("seats", Integer),
    Column("held_on", Date),
    Column("short", Boolean),
)
CLASS_ATTENDANCE = READ_MODELS.table(
    "class_attendance",
    Column("class_id", String(63), primary_key=True),
    Column("cadre_id", String(16), primary_key=True),
    Column("hours", Float),
    Column("credited", Boolean),
)
POSTINGS = _facts(
    "postings",
    Column("kind", String(32)),
    Column("host", String),
    Column("home_unit", String),
    Column("task", String),
    Column("until", Date),
    Column("ended_on", Date),
    Column("evaluation", String(16)),
    Column("note", String),
)
MENTORSHIPS = _facts(
    "mentorships",
    Column("mentor_id", String(16), index=True),
    Column("tasks", String),
    Column("until", Date),
    Column("ended_on", Date),
    Column("completed", Boolean),
)
MENTORSHIP_REVIEWS = _facts(
    "mentorship_reviews",
    Column("pairing_event", String(36), index=True),
    Column("progress", String(16)),
    Column("note", String),
)
TASKS = READ_MODELS.table(
    "tasks",
    Column("task_id", String(36), primary_key=True),
    Column("cadre_id", String(16), index=True),
    Column("reason", String),
    Column("kind", String(32)),
    Column("days_min", Integer),
    Column("rule", String(16)),
    Column("opened_on", Date),
    Column("due_on", Date),
    Column("completed_on", Date),
)
