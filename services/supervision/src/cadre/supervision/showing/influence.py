"""What bars a person on a day, and the talks and checks behind it (M55)."""

from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field

from cadre.contracts.event import CadreId, RuleFinding
from cadre.contracts.supervision.influence import Sanction, TalkKind
from cadre.shared.deciding.barring import Influence as Period
from cadre.shared.deciding.barring import admonition, check_due
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.lines import Lines, lines
from cadre.shared.showing.members import require_known
from cadre.shared.showing.reader import Line, On, Reader, Reading
from cadre.shared.showing.view import View
from cadre.supervision.deciding.influence import CHECKS, SANCTIONS, TALKS, influence_on

VIEW = View()
INSPECTS_NAMED = Right(Role.INSPECTOR, NAMED)


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
    talk_event: str
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
    rule: str | None
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


@VIEW.routes.get(
    "/cadres/{cadre_id}/influence",
    INSPECTS_NAMED,
    summary="影响期 · What bars a cadre on a day, and until when",
)
async def influence(reader: Reading, cadre_id: CadreId, on: On) -> Influence:
    await require_known(reader, cadre_id)
    checks = await _Checks.by(reader, on, cadre_id)
    talks = await _talks(reader, on, cadre_id)
    periods = [checks.admonition(talk) for talk in talks if talk["blocked_until"]]
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

    rows: list[Line]
    lines: Lines

    @classmethod
    async def by(cls, reader: Reader, on: date, cadre_id: str | None = None) -> "_Checks":
        held = await shown(CHECKS).held(reader, on, cadre_id)
        talks = shown(TALKS).table
        where = () if cadre_id is None else (talks.c.cadre_id == cadre_id,)
        return cls([one.row for one in held], await lines(reader.connection, talks, *where))

    def of(self, talk_event: str) -> list[Line]:
        return [row for row in self.rows if self.lines.newest(row["talk_event"]) == talk_event]

    def admonition(self, talk: Line) -> Period:
        told = ((row["effective_on"], row["passed"]) for row in self.of(talk["event_id"]))
        return admonition(talk["event_id"], talk["effective_on"], talk["blocked_until"], told)


async def _talks(reader: Reader, on: date, cadre_id: str | None = None) -> list[Line]:
    return [one.row for one in await shown(TALKS).held(reader, on, cadre_id)]


async def _sanctions(reader: Reader, cadre_id: str, on: date) -> list[Period]:
    rows = [one.row for one in await shown(SANCTIONS).held(reader, on, cadre_id)]
    return [
        Period(
            row["event_id"],
            Sanction(row["sanction"]).zh,
            row["rule"],
            row["effective_on"],
            row["blocked_until"],
        )
        for row in rows
    ]


@VIEW.routes.get(
    "/cadres/{cadre_id}/talks",
    INSPECTS_NAMED,
    summary="谈话与回访 · Talks of care, reminder and admonition, with their checks",
)
async def talks(reader: Reading, cadre_id: CadreId, on: On) -> TalksOfCadre:
    await require_known(reader, cadre_id)
    checks = await _Checks.by(reader, on, cadre_id)
    told: list[TalkLine] = []
    for row in await _talks(reader, on, cadre_id):
        due = check_due(row["effective_on"])
        lines_of = [
            await shown(CHECKS).kept.line(reader, check) | {"counts": check["effective_on"] >= due}
            for check in checks.of(row["event_id"])
        ]
        line = await shown(TALKS).kept.line(reader, row)
        told.append(TalkLine.model_validate(line | {"checks": lines_of}))
    return TalksOfCadre(cadre_id=cadre_id, on=on, talks=told)


@VIEW.routes.get(
    "/rectifications/due",
    Right(Role.INSPECTOR, EVERYBODY),
    summary="到期应回访的诫勉 · Admonitions whose check is due",
)
async def due_checks(reader: Reading, on: On) -> DueChecks:
    """Admonitions whose check is due by a day and was not passed yet, the oldest first."""
    checks = await _Checks.by(reader, on)
    due = [
        DueCheck(
            cadre_id=row["cadre_id"],
            talk_event=row["event_id"],
            talked_on=row["effective_on"],
            due_since=check_due(row["effective_on"]),
        )
        for row in await _talks(reader, on)
        if row["blocked_until"]
        and check_due(row["effective_on"]) <= on
        and checks.admonition(row).unmended(on)
    ]
    return DueChecks(on=on, due=due)
