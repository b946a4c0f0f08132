"""The tables of Selection.

Rows are dated facts keyed by the id of their event; `CADRES` alone is keyed by person. A corrected
fact stays, with ``superseded_by`` set. Personal fields are stored sealed.
"""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, String

from cadre.shared.showing import members, protected_persons
from cadre.shared.showing.read_models import ReadModels

READ_MODELS = ReadModels("selection", 1, protected_persons.TABLES, members.TABLES)


def _event_key() -> Column[str]:
    return Column("event_id", String(36), primary_key=True)


def _cadre_id() -> Column[str]:
    return Column("cadre_id", String(12), index=True)


def _superseded_by() -> Column[str]:
    return Column("superseded_by", String(36))


def _profile_columns() -> tuple[Column[str], ...]:
    """Columns of every profile field that can be corrected; three of them sealed."""
    return (
        Column("full_name", String),
        Column("birth_date", String),
        Column("native_place", String),
        Column("birth_month", String(7)),
        Column("ethnicity", String(20)),
        Column("political", String(2)),
        Column("education", String(16)),
        Column("major", String),
    )


CADRES = READ_MODELS.table(
    "cadres",
    Column("cadre_id", String(12), primary_key=True),
    Column("id_number", String),
    Column("sex", String(8)),
    *_profile_columns(),
    Column("unit_id", String(64)),
    Column("unit_name", String),
    Column("channel", String(24)),
    Column("entered_on", Date),
    Column("entry_event", String(36)),
    Column("source_file", String),
)
PROFILE_CORRECTIONS = READ_MODELS.table(
    "profile_corrections",
    _event_key(),
    _cadre_id(),
    Column("corrected_on", Date),
    Column("position", BigInteger, comment="of two told of one day the later on the log holds"),
    *_profile_columns(),
    Column("unit_id", String(64)),
    Column("unit_name", String),
    Column("reason", String),
    Column("basis", String),
    _superseded_by(),
)
"""Also the unit that a promotion leads to."""
HIRES = READ_MODELS.table(
    "hires",
    _event_key(),
    _cadre_id(),
    Column("hired_on", Date),
    Column("channel", String(24)),
    Column("major", String),
    Column("unit_name", String),
    Column("plan_id", String(64)),
)
OBSERVATIONS = READ_MODELS.table(
    "observations",
    _event_key(),
    _cadre_id(),
    Column("observed_on", Date),
    Column("occasion", String(32)),
    Column("indication", String(16)),
    Column("observer", String),
    Column("note", String),
    _superseded_by(),
)
KIN = READ_MODELS.table(
    "kin",
    _event_key(),
    _cadre_id(),
    Column("kin_id", String(12)),
    Column("relation", String(32)),
    Column("declared_on", Date),
    _superseded_by(),
)
POLITICAL_ASSESSMENTS = READ_MODELS.table(
    "political_assessments",
    _event_key(),
    _cadre_id(),
    Column("assessed_on", Date),
    Column("conclusion", String(16)),
    Column("occasion", String),
    Column("note", String),
    Column("veto", Boolean),
    _superseded_by(),
)
VETO_LIFTINGS = READ_MODELS.table(
    "veto_liftings",
    _event_key(),
    _cadre_id(),
    Column("assessment_event", String(36)),
    Column("lifted_on", Date),
    _superseded_by(),
)
"""Under the event it names; `lines` finds the assessment that stands for it."""
POOLS = READ_MODELS.table(
    "pools",
    _event_key(),
    Column("pool_id", String(63), index=True),
    Column("pool_class", String(24)),
    Column("title", String),
    Column("seats", Integer),
    Column("defined_on", Date),
    _superseded_by(),
)
POOL_STEPS = READ_MODELS.table(
    "pool_steps",
    _event_key(),
    _cadre_id(),
    Column("pool_id", String(63)),
    Column("step", String(16)),
    Column("taken_on", Date),
    Column("by_unit", String),
    Column("fit", Boolean),
    Column("place", Integer),
    Column("compared_count", Integer),
    _superseded_by(),
)
POOL_MEMBERS = READ_MODELS.table(
    "pool_members",
    _event_key(),
    _cadre_id(),
    Column("pool_id", String(63), index=True),
    Column("entered_on", Date),
    Column("decided_by", String),
    Column("exited_on", Date),
    Column("exit_reason", String(16)),
)
CANDIDACIES = READ_MODELS.table(
    "candidacies",
    Column("motion_id", String(63), primary_key=True),
    _cadre_id(),
    Column("ended", Boolean),
)
REFUSALS = READ_MODELS.table(
    "refusals",
    _event_key(),
    _cadre_id(),
    Column("pool_id", String(63)),
    Column("refused_on", Date),
    Column("findings", String),
    Column("earliest", Date),
)
INTAKE_PLANS = READ_MODELS.table(
    "intake_plans",
    _event_key(),
    Column("plan_id", String(63)),
    Column("year", Integer, index=True),
    Column("planned_on", Date),
    _superseded_by(),
)
PLAN_LINES = READ_MODELS.table(
    "plan_lines",
    Column("event_id", String(36), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("channel", String(24)),
    Column("major", String),
    Column("count", Integer),
)
