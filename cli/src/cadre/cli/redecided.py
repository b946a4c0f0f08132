"""Decisions taken again, as one JSON document and as text for people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.markup import escape

from cadre.audit.redecision import Redecided, Today, Verdict
from cadre.audit.traces import side_by_side
from cadre.cli.output import CONSOLE, table
from cadre.contracts.event import RuleFinding
from cadre.shared.deciding.judgement import Answer

WORDS = {
    Verdict.SAME: "一致 same",
    Verdict.DIFFERS: "不一致 differs",
    Verdict.UNDECIDABLE: "无法重判 undecidable",
    Verdict.OTHER_CODE: "代码版本不同且不一致 other code, differs",
}


@dataclass(slots=True)
class Found:
    """What was decided again, the unremarkable only as numbers."""

    counts: Counter[Verdict]
    shown: list[Redecided]
    """In the order of the log; those that are the same only where somebody asked for them."""
    differ_today: int
    notices: list[str]

    @property
    def same(self) -> bool:
        return self.counts.total() == self.counts[Verdict.SAME] and not self.notices


def as_json(found: Found, *, with_today: bool) -> dict[str, object]:
    document: dict[str, object] = {
        "same": found.same,
        "decisions": found.counts.total(),
        "verdicts": {verdict.value: found.counts[verdict] for verdict in Verdict},
        "notices": found.notices,
        "shown": [_decision_as_json(one) for one in found.shown],
    }
    return document | ({"differ_today": found.differ_today} if with_today else {})


def _decision_as_json(one: Redecided) -> dict[str, object]:
    envelope = one.decision.envelope
    return {
        "position": one.decision.position,
        "type": one.decision.event.tag(),
        "subject": one.subject,
        "effective_on": one.decision.event.effective_on,
        "evidence": envelope.evidence,
        "known_at": one.known_at,
        "decided_by": envelope.code_version,
        "judged_by": one.judged_by,
        "verdict": one.verdict.value,
        "detail": one.detail,
        "rules": one.rules,
        "recorded": _answer_as_json(one.recorded),
        "again": _answer_as_json(one.again),
        "today": _today_as_json(one.today),
    }


def _answer_as_json(answer: Answer | None) -> dict[str, object] | None:
    if answer is None:
        return None
    findings = [finding.model_dump(mode="json") for finding in answer.findings]
    return {"granted": answer.granted, "findings": findings}


def _today_as_json(today: Today | None) -> dict[str, object] | None:
    if today is None:
        return None
    news = [
        {
            "position": recorded.position,
            "type": recorded.event.tag(),
            "effective_on": recorded.event.effective_on,
            "supersedes": recorded.event.supersedes,
            "says": recorded.event.say(),
        }
        for recorded in today.news
    ]
    return {"detail": today.detail, "again": _answer_as_json(today.again), "news": news}


def show(found: Found, *, with_today: bool) -> None:
    rows = [(WORDS[verdict], found.counts[verdict]) for verdict in Verdict]
    if with_today:
        rows.append(("以今日所知将有不同 would differ today", found.differ_today))
    title = f"重判 Decided again: {found.counts.total()}"
    CONSOLE.print(table(title, ("", "决定 decisions"), rows))
    for notice in found.notices:
        CONSOLE.print(f"[yellow]![/yellow] {escape(notice)}", highlight=False)
    for one in found.shown:
        _print_decision(one)


def _print_decision(one: Redecided) -> None:
    event, envelope = one.decision.event, one.decision.envelope
    CONSOLE.print(
        f"\n[bold]{WORDS[one.verdict]}[/bold] · {one.decision.position} · {event.effective_on} · "
        f"{escape(event.say())}\n{one.subject}\n"
        f"依据至 evidence {envelope.evidence}，重判至 known at {one.known_at}，"
        f"代码 code {envelope.code_version or '?'} → {one.judged_by}",
        highlight=False,
    )
    if one.detail:
        CONSOLE.print(one.detail, markup=False, highlight=False)
    if one.again is not None and not (one.verdict is Verdict.SAME and one.today):
        _print_traces("当时记录 recorded", one.recorded, "重判 again", one.again)
    if one.today is None:
        return
    CONSOLE.print("[yellow]以今日所知 with what is known today:[/yellow]")
    for recorded in one.today.news:
        told = f"  {recorded.position} · {recorded.event.effective_on} · {recorded.event.say()}"
        CONSOLE.print(told, markup=False, highlight=False)
    if one.today.again is None or one.again is None:
        CONSOLE.print(one.today.detail, markup=False, highlight=False)
    else:
        _print_traces("当时所知 known then", one.again, "今日所知 known now", one.today.again)


def _print_traces(left: str, one: Answer, right: str, other: Answer) -> None:
    rows: list[Sequence[Any]] = [("", _outcome(one), _outcome(other))]
    for a, b in side_by_side(one, other):
        named = a or b
        rows.append((named.rule if named else "", _told(a, b), _told(b, a)))
    CONSOLE.print(table("", ("rule", left, right), rows))


def _outcome(answer: Answer) -> str:
    return "准予 granted" if answer.granted else "不予 refused"


def _told(finding: RuleFinding | None, beside: RuleFinding | None) -> str:
    """What a rule said, with the inputs on which the one beside it differs."""
    if finding is None:
        return "—"
    others = beside.inputs if beside else finding.inputs
    inputs = [f"{k}={v}" for k, v in finding.inputs.items() if k not in others or others[k] != v]
    if beside and beside.version != finding.version:
        inputs.append(f"version={finding.version}")
    told = f"{'✓' if finding.passed else '✗'} {finding.reason}"
    return f"{told} [{', '.join(inputs)}]".replace("[", "\\[") if inputs else told
