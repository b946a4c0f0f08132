"""What the rules ask of single steps of a motion; a check that fails raises and cites its rule."""

from datetime import date

from cadre.contracts.appointment.motion import (
    Gate,
    Inspection,
    MotionOpened,
    NoticePublished,
    RecommendationHeld,
    Vote,
)
from cadre.contracts.event import RuleFinding
from cadre.shared.deciding.calendar import Workdays, add_years
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.rulebook import Rule, rulebook


def require_between(motion_id: str, what: str, day: date, first: date, last: date) -> None:
    """A part of a step lies between the motion and the day of the step."""
    if not first <= day <= last:
        raise NotPossible(
            f"日期超出范围 · {what} on {day} lies outside {first} (动议) to {last}",
            where=motion_id,
            hint="须在动议与本步骤之间 · "
            "each part of a step lies between the motion and the day of the step",
        )


def require_recommended(held: RecommendationHeld, cadre_id: str, day: date) -> None:
    """SEL-14: only whom a recommendation that still holds has named."""
    rule = rulebook().on("SEL-14", day)
    until = add_years(held.effective_on, rule.whole("valid_years"))
    if day > until:
        raise NotPossible(
            f"推荐结果已过期 · the recommendation (民主推荐) held until {until} {_cited(rule)}",
            where=held.motion_id,
            hint="请重新推荐 · hold it again",
        )
    if cadre_id not in held.recommended:
        raise NotPossible(
            f"未获推荐 · {cadre_id} was not recommended (民主推荐)",
            where=held.motion_id,
            hint="请从推荐人选中确定，或重新推荐 · "
            "choose among the recommended or hold the recommendation again",
        )


def require_inspectors(motion_id: str, day: date, inspection: Inspection) -> None:
    """SEL-19 and SEL-20: enough different persons in the team and under the conclusion."""
    for rule_id, parameter, what, names in (
        ("SEL-19", "team_min", "考察组", inspection.team),
        ("SEL-20", "signatures_min", "廉洁自律结论签字", inspection.signatures),
    ):
        rule = rulebook().on(rule_id, day)
        asked, named = rule.whole(parameter), len(set(names))
        if named < asked:
            raise NotPossible(
                f"人数不足 · {what} needs {asked} persons, {named} named {_cited(rule)}",
                where=motion_id,
            )


def require_gates(motion_id: str, inspection: Inspection) -> None:
    """M64: the gates in their order, each passed before the next; a failed one ends the row."""
    order = tuple(Gate)
    given = tuple(result.gate for result in inspection.gates)
    passed = [result.passed for result in inspection.gates]
    if given != order[: len(given)] or not all(passed[:-1]):
        raise NotPossible(
            "四关次序有误 · "
            f"the gates (四关) are {'、'.join(gate.zh for gate in order)}, one after the other",
            where=motion_id,
            hint="依次记录，至未通过的一关止 · "
            "record them in this order and stop at the first that failed",
        )
    fit = given == order and all(passed) and inspection.checks.clean
    if inspection.conclusion == "fit" and not fit:
        raise NotPossible(
            "四关、四必未全部通过 · "
            "nobody is fit (合适) who did not pass all four gates (四关) and checks (四必)",
            where=motion_id,
            hint="结论改为不合适，或补齐 · conclude unfit, or complete what is missing",
        )


def require_quorum(opened: MotionOpened, vote: Vote, day: date) -> RuleFinding:
    """SEL-21: a meeting without it is no meeting and decides nothing."""
    members = opened.committee_size
    if vote.present > members or vote.yes + vote.no + vote.deferred != vote.present:
        raise NotPossible(
            f"票数不符 · {vote.yes} 同意, {vote.no} 不同意 and {vote.deferred} 缓议 "
            f"do not add up to {vote.present} present of {members}",
            where=opened.motion_id,
            hint="到会者各投一票 · everybody present says one of the three",
        )
    rule = rulebook().on("SEL-21", day)
    numerator, denominator = rule.whole("present_numerator"), rule.whole("present_denominator")
    if vote.present * denominator < members * numerator:
        raise NotPossible(
            f"到会人数不足 · {vote.present} of {members} were present, "
            f"{numerator}/{denominator} must be {_cited(rule)}: the meeting is invalid",
            where=opened.motion_id,
            hint="请重新开会 · meet again",
        )
    return rule.finding(
        passed=True,
        inputs={"present": vote.present, "members": members},
        reason=f"应到 {members} 人，实到 {vote.present} 人",
    )


def majority_of(opened: MotionOpened, vote: Vote, day: date) -> RuleFinding:
    """SEL-22: more than half of all members, not of those present."""
    rule, members = rulebook().on("SEL-22", day), opened.committee_size
    carried = vote.yes * rule.whole("yes_denominator") > members * rule.whole("yes_numerator")
    return rule.finding(
        passed=carried,
        inputs={"yes": vote.yes, "members": members},
        reason=f"应到 {members} 人，同意 {vote.yes} 人，{'过' if carried else '未过'}半数",
    )


def require_workdays(notice: NoticePublished, closed_on: date) -> int:
    """SEL-25: the workdays a notice has stood, if they are enough."""
    rule = rulebook().on("SEL-25", closed_on)
    asked = rule.whole("workdays_min")
    workdays = Workdays().between(notice.effective_on, closed_on)
    if workdays < asked:
        raise NotPossible(
            "公示期未满 · "
            f"the notice (公示) has stood {workdays} of {asked} workdays {_cited(rule)}",
            where=notice.motion_id,
            hint="请于期满后结束 · "
            f"close it on {Workdays().after(notice.effective_on, asked)} or later",
        )
    return workdays


def _cited(rule: Rule) -> str:
    return f"({rule.instrument}{rule.article}, {rule.id})"
