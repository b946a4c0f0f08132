"""What bars a person on a day, the talks behind it, and the warning signs (M55, M56)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, or_, select

from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.influence import Sanction, TalkKind
from cadre.shared.deciding.barring import Influence as Period
from cadre.shared.deciding.barring import admonition, check_due
from cadre.shared.showing.lines import Lines, lines
from cadre.shared.showing.reader import Reader
from cadre.supervision.influence import influence_on
from cadre.supervision.queries.members import require_known
from cadre.supervision.tables import CHECKS, FLAGS, SANCTIONS, TALKS


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
    counts: bool = Field(description="Whether it came late enough after the talk as it stands")
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
    checks = await _Checks.by(reader, on, cadre_id)
    talked = await reader.connection.execute(_admonitions(on).where(TALKS.c.cadre_id == cadre_id))
    periods = [checks.admonition(row) for row in talked]
    findings = influence_on((*periods, *await _sanctions(reader, cadre_id, on)), on)
    ends = [finding.earliest for finding in findings]
    known = [day for day in ends if day is not None]
    return Influence(
        cadre_id=cadre_id,
        on=on,
        blocked=bool(findings),
        free_from=max(known) if known and len(known) == len(ends) else None,
        findings=list(findings),
    )


@dataclass(frozen=True, slots=True)
class _Checks:
    """Checks by the talk that stands for the one they name."""

    rows: Sequence[Row[Any]]
    lines: Lines

    @classmethod
    async def by(cls, reader: Reader, on: date, cadre_id: str | None = None) -> "_Checks":
        told = select(CHECKS).where(CHECKS.c.superseded_by.is_(None), CHECKS.c.effective_on <= on)
        where = () if cadre_id is None else (TALKS.c.cadre_id == cadre_id,)
        if cadre_id is not None:
            told = told.where(CHECKS.c.cadre_id == cadre_id)
        rows = await reader.connection.execute(told.order_by(CHECKS.c.effective_on))
        return cls(rows.all(), await lines(reader.connection, TALKS, *where))

    def of(self, talk_event: str) -> list[Row[Any]]:
        return [row for row in self.rows if self.lines.newest(row.talk_event) == talk_event]

    def admonition(self, talk: Row[Any]) -> Period:
        told = ((row.effective_on, row.passed) for row in self.of(talk.event_id))
        return admonition(talk.event_id, talk.effective_on, talk.blocked_until, told)


def _admonitions(on: date) -> Select[Any]:
    """Admonitions by a day that no other record replaced, the oldest first."""
    return (
        select(TALKS)
        .where(
            TALKS.c.blocked_until.is_not(None),
            TALKS.c.superseded_by.is_(None),
            TALKS.c.effective_on <= on,
        )
        .order_by(TALKS.c.effective_on, TALKS.c.event_id)
    )


async def _sanctions(reader: Reader, cadre_id: str, on: date) -> list[Period]:
    told = SANCTIONS.c
    rows = await reader.connection.execute(
        select(
            told.event_id, told.sanction, told.rule, told.effective_on, told.blocked_until
        ).where(told.cadre_id == cadre_id, told.superseded_by.is_(None), told.effective_on <= on)
    )
    return [
        Period(key, Sanction(kind).zh, rule, since, end) for key, kind, rule, since, end in rows
    ]


async def talks(reader: Reader, cadre_id: str, on: date) -> TalksOfCadre:
    await require_known(reader, cadre_id)
    checks = await _Checks.by(reader, on, cadre_id)
    rows = await reader.connection.execute(
        select(TALKS)
        .where(TALKS.c.cadre_id == cadre_id, TALKS.c.effective_on <= on)
        .order_by(TALKS.c.effective_on, TALKS.c.event_id)
    )
    told = [
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
            checks=[
                CheckLine(
                    event_id=check.event_id,
                    effective_on=check.effective_on,
                    passed=check.passed,
                    counts=check.effective_on >= check_due(row.effective_on),
                    note=await reader.open(check.note),
                )
                for check in checks.of(row.event_id)
            ],
        )
        for row in rows
    ]
    return TalksOfCadre(cadre_id=cadre_id, on=on, talks=told)


async def due_checks(reader: Reader, on: date) -> DueChecks:
    """Admonitions whose check is due by a day and was not passed yet, the oldest first."""
    checks = await _Checks.by(reader, on)
    due = [
        DueCheck(
            cadre_id=row.cadre_id,
            talk_event=row.event_id,
            talked_on=row.effective_on,
            due_since=check_due(row.effective_on),
        )
        for row in await reader.connection.execute(_admonitions(on))
        if check_due(row.effective_on) <= on and checks.admonition(row).unmended(on)
    ]
    return DueChecks(on=on, due=due)


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
