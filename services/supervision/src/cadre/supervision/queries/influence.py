"""What bars a person on a day, the talks behind it, and the warning signs (M55, M56)."""

import json
from collections import Counter
from datetime import date

from pydantic import BaseModel, Field
from sqlalchemy import or_, select

from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.influence import Sanction, TalkKind
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.reader import Reader
from cadre.supervision.influence import Block, admonition_block, influence_on
from cadre.supervision.queries.members import require_known
from cadre.supervision.read_models import CHECKS, FLAGS, SANCTIONS, TALKS


class Influence(BaseModel):
    cadre_id: str
    on: date
    blocked: bool
    free_from: date | None = Field(
        description="First free day; none while not blocked or while a check is still missing"
    )
    findings: list[RuleFinding]


class CheckLine(BaseModel):
    event_id: str
    effective_on: date
    passed: bool
    note: str | None


class TalkLine(BaseModel):
    event_id: str
    effective_on: date
    kind: TalkKind
    talkers: list[str]
    reason: str
    record: str | None
    flag_event: str | None
    blocked_until: date | None
    superseded_by: str | None
    checks: list[CheckLine]


class TalksOfCadre(BaseModel):
    cadre_id: str
    on: date
    talks: list[TalkLine]


class DueCheck(BaseModel):
    cadre_id: str
    talk_event: str
    talked_on: date
    due_since: date


class DueChecks(BaseModel):
    on: date
    due: list[DueCheck]


class FlagLine(BaseModel):
    event_id: str
    cadre_id: str
    kind: str
    source: str
    reference: str | None
    detail: str | None
    effective_on: date
    closed_on: date | None
    outcome: str | None
    reason: str | None


class Flags(BaseModel):
    on: date
    counts: dict[str, int] = Field(description="open, dismissed and acted, over all flags")
    flags: list[FlagLine]


async def influence(reader: Reader, cadre_id: str, on: date) -> Influence:
    await require_known(reader, cadre_id)
    blocks = (*await _admonitions(reader, cadre_id, on), *await _sanctions(reader, cadre_id, on))
    findings = influence_on(blocks, on)
    ends = [finding.earliest for finding in findings]
    known = [day for day in ends if day is not None]
    return Influence(
        cadre_id=cadre_id,
        on=on,
        blocked=bool(findings),
        free_from=max(known) if known and len(known) == len(ends) else None,
        findings=list(findings),
    )


async def _admonitions(reader: Reader, cadre_id: str, on: date) -> list[Block]:
    rows = await reader.connection.execute(
        select(TALKS.c.event_id, TALKS.c.effective_on, TALKS.c.blocked_until).where(
            TALKS.c.cadre_id == cadre_id,
            TALKS.c.blocked_until.is_not(None),
            TALKS.c.superseded_by.is_(None),
            TALKS.c.effective_on <= on,
        )
    )
    checks = await _checks(reader, cadre_id, on)
    return [
        admonition_block(
            key, since, until, (c.effective_on for c in checks.get(key, ()) if c.passed)
        )
        for key, since, until in rows
    ]


async def _sanctions(reader: Reader, cadre_id: str, on: date) -> list[Block]:
    told = SANCTIONS.c
    rows = await reader.connection.execute(
        select(
            told.event_id, told.sanction, told.rule, told.effective_on, told.blocked_until
        ).where(told.cadre_id == cadre_id, told.superseded_by.is_(None), told.effective_on <= on)
    )
    return [Block(key, Sanction(kind).zh, rule, since, end) for key, kind, rule, since, end in rows]


async def _checks(reader: Reader, cadre_id: str, on: date) -> dict[str, list[CheckLine]]:
    """The checks of each talk, notes opened."""
    rows = await reader.connection.execute(
        select(CHECKS)
        .where(CHECKS.c.cadre_id == cadre_id, CHECKS.c.effective_on <= on)
        .order_by(CHECKS.c.effective_on, CHECKS.c.event_id)
    )
    by_talk: dict[str, list[CheckLine]] = {}
    for row in rows:
        line = CheckLine(
            event_id=row.event_id,
            effective_on=row.effective_on,
            passed=row.passed,
            note=await reader.open(row.note),
        )
        by_talk.setdefault(row.talk_event, []).append(line)
    return by_talk


async def talks(reader: Reader, cadre_id: str, on: date) -> TalksOfCadre:
    await require_known(reader, cadre_id)
    checks = await _checks(reader, cadre_id, on)
    rows = await reader.connection.execute(
        select(TALKS)
        .where(TALKS.c.cadre_id == cadre_id, TALKS.c.effective_on <= on)
        .order_by(TALKS.c.effective_on, TALKS.c.event_id)
    )
    lines = [
        TalkLine(
            event_id=row.event_id,
            effective_on=row.effective_on,
            kind=row.kind,
            talkers=json.loads(row.talkers),
            reason=row.reason,
            record=await reader.open(row.record),
            flag_event=row.flag_event,
            blocked_until=row.blocked_until,
            superseded_by=row.superseded_by,
            checks=checks.get(row.event_id, []),
        )
        for row in rows
    ]
    return TalksOfCadre(cadre_id=cadre_id, on=on, talks=lines)


async def due_checks(reader: Reader, on: date) -> DueChecks:
    """Admonitions whose check is due by a day and was not passed yet, the oldest first."""
    passed = select(CHECKS.c.event_id).where(
        CHECKS.c.talk_event == TALKS.c.event_id, CHECKS.c.passed, CHECKS.c.effective_on <= on
    )
    rows = await reader.connection.execute(
        select(TALKS.c.cadre_id, TALKS.c.event_id, TALKS.c.effective_on)
        .where(
            TALKS.c.kind == TalkKind.ADMONITION,
            TALKS.c.superseded_by.is_(None),
            TALKS.c.effective_on <= on,
            ~passed.exists(),
        )
        .order_by(TALKS.c.effective_on, TALKS.c.event_id)
    )
    due = [
        DueCheck(cadre_id=cadre_id, talk_event=key, talked_on=day, due_since=_check_day(day))
        for cadre_id, key, day in rows
        if _check_day(day) <= on
    ]
    return DueChecks(on=on, due=due)


def _check_day(talked_on: date) -> date:
    rule = rulebook().on("SUP-03", talked_on)
    return add_months(talked_on, rule.whole("check_after_months"))


async def flags(reader: Reader, on: date, *, only_open: bool) -> Flags:
    told = FLAGS.c
    raised = select(FLAGS).where(told.effective_on <= on)
    is_open = or_(told.closed_on.is_(None), told.closed_on > on)
    counts = Counter(
        "open" if closed_on is None or closed_on > on else outcome
        for closed_on, outcome in await reader.connection.execute(
            select(told.closed_on, told.outcome).where(told.effective_on <= on)
        )
    )
    shown = raised.where(is_open) if only_open else raised
    rows = await reader.connection.execute(shown.order_by(told.effective_on, told.event_id))
    lines = [
        FlagLine.model_validate(dict(row) | {"detail": await reader.open(row["detail"])})
        for row in rows.mappings()
    ]
    return Flags(on=on, counts={k: counts[k] for k in ("open", "dismissed", "acted")}, flags=lines)
