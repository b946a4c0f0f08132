"""The next rank (职级晋升), after a public notice."""

from collections.abc import Iterable
from datetime import date

from cadre.appointment.deciding.correcting import changes, without
from cadre.appointment.deciding.eligibility import rank_eligibility
from cadre.appointment.deciding.evidence import READS, Evidence, Tenure
from cadre.appointment.deciding.promotion import refusal, was_trained
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import Event, RuleFinding
from cadre.contracts.vocabulary import Rank
from cadre.shared.deciding.calendar import Workdays
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.person import FactCommand, Person, person_handler
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook


class PromoteRank(FactCommand):
    """公示后晋升职级 · Promote somebody to the next rank after a public notice."""

    rank: Rank
    notice_published_on: date
    notice_closed_on: date


def promote_rank(command: PromoteRank, cadre: Person) -> list[Event]:
    """A correction is judged as if the wrong promotion had never been."""
    cadre.require_known(command.cadre_id)
    if _corrected_so_before(command, cadre):
        return []
    wrong = _wrong_promotion(command, cadre)
    judged = without(cadre, wrong)
    present = Evidence(judged, command.effective_on).rank()
    if present and present.what is command.rank:
        return _held_already(command, present, wrong)
    _require_latest(command, judged, wrong)
    eligibility = rank_eligibility(judged, command.rank, command.effective_on)
    notice = notice_finding(
        command.notice_published_on, command.notice_closed_on, command.effective_on
    )
    findings = (*eligibility.findings, notice)
    if not (eligibility.eligible and notice.passed):
        return refusal(
            cadre,
            PromotionRefused(
                effective_on=command.effective_on,
                cadre_id=command.cadre_id,
                kind="rank",
                target=command.rank.value,
                corrects=command.supersedes,
                findings=(*eligibility.bearing, notice),
            ),
        )
    promoted = Promoted(
        effective_on=command.effective_on,
        supersedes=command.supersedes,
        cadre_id=command.cadre_id,
        kind="rank",
        rank=command.rank,
        from_rank=present.what if present else None,
        trained=was_trained(findings),
        findings=findings,
    )
    return [promoted] if wrong is None or changes(promoted, wrong) else []


def notice_finding(published: date, closed: date, day: date) -> RuleFinding:
    """RNK-14: enough workdays between the days of the notice."""
    if not published <= closed <= day:
        raise NotPossible(
            f"公示日期次序有误 · the notice ran from {published} to {closed}, "
            f"the promotion holds from {day}: that is not in order",
            where="notice_closed_on",
            hint="先公示，期满后晋升 · publish the notice, close it, then promote",
        )
    rule = rulebook().on("RNK-14", day)
    asked, workdays = rule.whole("workdays_min"), Workdays().between(published, closed)
    enough = workdays >= asked
    return rule.finding(
        passed=enough,
        inputs={
            "published_on": str(published),
            "closed_on": str(closed),
            "workdays": workdays,
            "workdays_min": asked,
        },
        reason=f"公示 {workdays} 个工作日，须满 {asked} 个工作日",
        earliest=None if enough else Workdays().after(published, asked),
    )


def notice_days(findings: Iterable[RuleFinding]) -> tuple[date, date]:
    """When the notice was published and closed. Raises NotFound where no finding tells it."""
    for finding in findings:
        match finding.inputs:
            case {"published_on": str(published), "closed_on": str(closed)}:
                return date.fromisoformat(published), date.fromisoformat(closed)
            case _:
                pass
    raise NotFound("公示日期未记录 · the days of the public notice (公示) are not recorded")


def _corrected_so_before(command: PromoteRank, cadre: Person) -> bool:
    """Whether this correction was recorded before; its findings may be others by now."""
    wished = (command.notice_published_on, command.notice_closed_on)
    return any(
        (fact.event.rank, fact.event.effective_on) == (command.rank, command.effective_on)
        and notice_days(fact.event.findings) == wished
        and not cadre.annulled(fact.id)
        for fact in cadre.every(Promoted)
        if fact.event.supersedes and fact.event.supersedes == command.supersedes
    )


def _wrong_promotion(command: PromoteRank, cadre: Person) -> Fact[Promoted] | None:
    if command.supersedes is None:
        return None
    wrong = cadre.correctable(Promoted, command.supersedes)
    if wrong.event.kind != "rank":
        raise NotPossible(
            "任职经选任程序 · a motion led to this post: its steps are not corrected",
            where="supersedes",
            hint="请免去职务 · relieve the person of the post",
        )
    return wrong


def _held_already(
    command: PromoteRank, present: Tenure[Rank], wrong: Fact[Promoted] | None
) -> list[Event]:
    if wrong is None:
        return []
    raise NotPossible(
        "此前已任此职级 · "
        f"{command.rank.zh} is held since {present.begins}, whatever {wrong.id} says",
        where=command.cadre_id,
        hint="并无此次晋升的，请撤销 · annul the promotion, if it never was",
    )


def _require_latest(command: PromoteRank, cadre: Person, wrong: Fact[Promoted] | None) -> None:
    """Ranks come in their order; what came after a wrong promotion may also come after the right.

    Whether it still would have come is for its review.
    """
    later = [
        fact.event.effective_on
        for fact in cadre.standing(Promoted)
        if fact.event.kind == "rank"
        and fact.event.effective_on > command.effective_on
        and not (wrong and fact.event.effective_on > wrong.event.effective_on)
    ]
    if later:
        raise NotPossible(
            "已记录更晚的晋升 · "
            f"a later rank promotion, effective on {min(later)}, is recorded already",
            where=command.cadre_id,
            hint="职级逐级晋升 · ranks are promoted in their order",
        )


CAPABILITY = Capability(
    mechanism="RNK-03",
    handlers=[person_handler(PromoteRank, promote_rank, Right(Role.DECIDER, NAMED))],
    reads=READS,
)
