"""A person's promotions: the next rank, the end of a probation, the review of a decision.

The commands that also fill or free a seat of a post stand in `post` and `motion`.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import Field

from cadre.appointment.eligibility import Eligibility, post_eligibility, rank_eligibility
from cadre.appointment.evidence import Evidence
from cadre.appointment.post import vacated
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import ProbationConcluded, ProbationOutcome, Relieved
from cadre.contracts.event import CadreEvent, Event, RuleFinding, Text
from cadre.contracts.vocabulary import Rank
from cadre.shared.deciding.calendar import Workdays
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import Person, PersonCommand, from_the_beginning
from cadre.shared.deciding.rulebook import rulebook


class PromoteRank(PersonCommand):
    """Promote somebody to the next rank (职级晋升) after a public notice."""

    rank: Rank
    notice_published_on: date
    notice_closed_on: date


class ConcludeProbation(PersonCommand, ProbationOutcome):
    """Confirm a post on probation, or take it back."""


class OpenReview(PersonCommand):
    """Review every promotion that this evidence, had it been known, would have been judged on."""

    evidence_event: UUID = Field(description="The late or correcting event")
    reason: Text


def promote_rank(command: PromoteRank, cadre: Person) -> list[Event]:
    cadre.require_known(command.cadre_id)
    evidence = Evidence(cadre, command.effective_on)
    present = evidence.rank()
    if present and present.what is command.rank:
        return []
    _require_latest(command, cadre)
    eligibility = rank_eligibility(cadre, command.rank, command.effective_on)
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
                findings=(*eligibility.bearing, notice),
            ),
        )
    return [
        Promoted(
            effective_on=command.effective_on,
            cadre_id=command.cadre_id,
            kind="rank",
            rank=command.rank,
            from_rank=present.what if present else None,
            trained=was_trained(findings),
            findings=findings,
        )
    ]


def conclude_probation(command: ConcludeProbation, cadre: Person) -> list[Event]:
    cadre.require_known(command.cadre_id)
    evidence = Evidence(cadre, command.effective_on)
    post_id, until = _probation(command, cadre)
    began = cadre.require(Promoted, command.promotion_event, command.cadre_id)
    for concluded in cadre.hanging(ProbationConcluded, began, by=command.effective_on):
        return _concluded_before(command, concluded.event)
    if command.effective_on < until:
        raise NotPossible(
            f"the probation (试用期) lasts until {until}",
            where=command.cadre_id,
            hint=f"conclude it on {until} or later",
        )
    if not evidence.holds(post_id):
        raise NotPossible(
            f"{command.cadre_id} no longer holds {post_id}",
            where=post_id,
            hint="the probation ended with the post",
        )
    outcome = ProbationConcluded(post_id=post_id, **dict(command))
    if command.passed:
        return [outcome]
    relieved = Relieved(
        effective_on=command.effective_on,
        cadre_id=command.cadre_id,
        post_id=post_id,
        reason="试用期考核不合格",
    )
    return [outcome, relieved, vacated(relieved)]


def open_review(command: OpenReview, cadre: Person) -> list[Event]:
    """Undoes nothing: the decision stands until somebody has reviewed it."""
    cadre.require_known(command.cadre_id)
    news = cadre.fact(command.evidence_event)
    if news is None:
        raise NotPossible(
            f"no evidence {command.evidence_event} bears on promotions of {command.cadre_id}",
            where=str(command.evidence_event),
        )
    corrected = news.event.supersedes or news.id
    reviewed = {
        fact.event.decision_event
        for fact in cadre.standing(ReviewOpened)
        if fact.event.corrected_event == corrected
    }
    return [
        ReviewOpened(
            effective_on=max(command.effective_on, decision.event.effective_on),
            cadre_id=command.cadre_id,
            decision_event=decision.id,
            corrected_event=corrected,
            reason=command.reason,
        )
        for decision in cadre.standing(Promoted)
        if decision.id not in reviewed and _would_change(cadre, decision, news)
    ]


def refusal(cadre: Person, refused: PromotionRefused) -> list[Event]:
    """A refusal is recorded once: the same again tells nothing new."""
    return [] if cadre.holds(refused) else [refused]


def was_trained(findings: Sequence[RuleFinding]) -> bool:
    """Whether the training standard was met (SEL-08)."""
    return all(finding.passed for finding in findings if finding.rule == "SEL-08")


def notice_finding(published: date, closed: date, day: date) -> RuleFinding:
    """RNK-14: enough workdays between the days of the notice."""
    if not published <= closed <= day:
        raise NotPossible(
            f"the notice ran from {published} to {closed}, the promotion holds from {day}: "
            "that is not in order",
            where="notice_closed_on",
            hint="publish the notice, close it, then promote",
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


def _require_latest(command: PromoteRank, cadre: Person) -> None:
    later = [
        fact.event.effective_on
        for fact in cadre.standing(Promoted)
        if fact.event.kind == "rank" and fact.event.effective_on > command.effective_on
    ]
    if later:
        raise NotPossible(
            f"a later rank promotion, effective on {min(later)}, is recorded already",
            where=command.cadre_id,
            hint="ranks are promoted in their order",
        )


def _probation(command: ConcludeProbation, cadre: Person) -> tuple[str, date]:
    """The post on probation and the first day after it."""
    fact = cadre.fact(command.promotion_event)
    match fact.event if fact else None:
        case Promoted(probation_until=date() as until, post_id=str(post_id)):
            return post_id, until
        case _:
            raise NotPossible(
                f"{command.promotion_event} began no probation of {command.cadre_id}",
                where=str(command.promotion_event),
                hint="see GET /probations",
            )


def _concluded_before(command: ConcludeProbation, concluded: ProbationConcluded) -> list[Event]:
    if concluded.passed == command.passed:
        return []
    raise NotPossible(
        f"the probation was concluded on {concluded.effective_on}, with the other outcome",
        where=command.cadre_id,
        hint="a passed probation ends by relieving, a failed one by a new motion",
    )


def _would_change(cadre: Person, decision: Fact[Promoted], news: Fact[CadreEvent]) -> bool:
    """Whether the findings on what was known at the decision differ once the news are added."""
    if news.position < decision.position:
        return False
    known = cadre.known_before(decision.position)
    wrong = cadre.fact(news.event.supersedes) if news.event.supersedes else None
    told = from_the_beginning(news.event, wrong.event if wrong else None)
    learnt = known.learning(news._replace(event=told))
    return _rejudge(known, decision.event) != _rejudge(learnt, decision.event)


def _rejudge(cadre: Person, promotion: Promoted) -> Eligibility | None:
    day = promotion.effective_on
    if promotion.rank:
        return rank_eligibility(cadre, promotion.rank, day)
    return post_eligibility(cadre, promotion.level, day) if promotion.level else None
