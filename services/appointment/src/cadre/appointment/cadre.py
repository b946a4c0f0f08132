"""A person's promotions: the next rank, the end of a probation, the review of a decision.

The commands that also fill or free a seat of a post stand in `post` and `motion`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from pydantic import Field

from cadre.appointment.correcting import annulment, changes, corrected_by, expecting, without
from cadre.appointment.eligibility import Eligibility, post_eligibility, rank_eligibility
from cadre.appointment.evidence import Evidence, Tenure
from cadre.appointment.post import Posts, settled
from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import ProbationConcluded, ProbationOutcome, Relieved
from cadre.contracts.event import CadreEvent, Event, RuleFinding, Text
from cadre.contracts.vocabulary import Rank
from cadre.shared.deciding.calendar import Workdays
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.person import FactCommand, Person, PersonCommand, from_the_beginning
from cadre.shared.deciding.rulebook import rulebook


class PromoteRank(FactCommand):
    """Promote somebody to the next rank (职级晋升) after a public notice."""

    rank: Rank
    notice_published_on: date
    notice_closed_on: date


class ConcludeProbation(FactCommand, ProbationOutcome):
    """Confirm a post on probation, or take it back."""


class OpenReview(PersonCommand):
    """Review every promotion that this evidence, had it been known, would have been judged on."""

    evidence_event: UUID = Field(description="The late or correcting event")
    reason: Text


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


def conclude_probation(command: ConcludeProbation, cadre: Person, posts: Posts) -> list[Event]:
    """A correction is judged as if the wrong outcome, and its relief, had never been."""
    cadre.require_known(command.cadre_id)
    post_id, until = _probation(command, cadre)
    outcome = ProbationConcluded(post_id=post_id, **dict(command))
    if outcome.supersedes and cadre.holds(outcome, besides={"note"}):
        return []
    wrong = corrected_by(cadre, outcome)
    if wrong and not changes(outcome, wrong):
        return []
    relief = Evidence(cadre, date.max).relief(wrong) if wrong else None
    judged = without(cadre, wrong, relief)
    began = judged.require(Promoted, command.promotion_event, command.cadre_id)
    for concluded in judged.hanging(ProbationConcluded, began):
        return _concluded_before(command, concluded.event)
    if command.effective_on < until:
        raise NotPossible(
            f"the probation (试用期) lasts until {until}",
            where=command.cadre_id,
            hint=f"conclude it on {until} or later",
        )
    if not Evidence(judged, command.effective_on).holds(post_id):
        raise NotPossible(
            f"{command.cadre_id} no longer holds {post_id}",
            where=post_id,
            hint="the probation ended with the post",
        )
    events = [outcome, *_taken_back(outcome, relief)]
    return [*events, *settled(command.cadre_id, cadre, expecting(cadre, *events), posts)]


def _taken_back(outcome: ProbationConcluded, relief: Fact[Relieved] | None) -> list[CadreEvent]:
    """The relief that a failed probation brings, in place of that of the outcome it corrects."""
    if outcome.passed:
        basis = f"试用期考核结论 {outcome.supersedes}"
        return [annulment(relief, basis)] if relief else []
    told = (outcome.post_id, outcome.effective_on)
    if relief and (relief.event.post_id, relief.event.effective_on) == told:
        return []
    return [
        Relieved(
            effective_on=outcome.effective_on,
            supersedes=relief.id if relief else None,
            cadre_id=outcome.cadre_id,
            post_id=outcome.post_id,
            reason="试用期考核不合格",
        )
    ]


def open_review(command: OpenReview, cadre: Person) -> list[Event]:
    """Undoes nothing: the decision stands until somebody has reviewed it."""
    cadre.require_known(command.cadre_id)
    news = cadre.fact(command.evidence_event)
    if news is None:
        raise NotPossible(
            f"no evidence {command.evidence_event} bears on promotions of {command.cadre_id}",
            where=str(command.evidence_event),
        )
    pieces = _told_together(cadre, news)
    corrected = pieces[0].event.supersedes or pieces[0].id
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
        if decision.id not in reviewed and _would_change(cadre, decision, pieces)
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


def notice_days(findings: Iterable[RuleFinding]) -> tuple[date, date]:
    """When the notice was published and closed. Raises NotFound where no finding tells it."""
    for finding in findings:
        match finding.inputs:
            case {"published_on": str(published), "closed_on": str(closed)}:
                return date.fromisoformat(published), date.fromisoformat(closed)
            case _:
                pass
    raise NotFound("the days of the public notice (公示) are not recorded")


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
            "a motion led to this post: its steps are not corrected",
            where="supersedes",
            hint="relieve the person of the post",
        )
    return wrong


def _held_already(
    command: PromoteRank, present: Tenure[Rank], wrong: Fact[Promoted] | None
) -> list[Event]:
    if wrong is None:
        return []
    raise NotPossible(
        f"{command.rank.zh} is held since {present.begins}, whatever {wrong.id} says",
        where=command.cadre_id,
        hint="annul the promotion, if it never was",
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
        hint="if that outcome is wrong, correct it",
    )


def _told_together(cadre: Person, news: Fact[CadreEvent]) -> tuple[Fact[CadreEvent], ...]:
    """The news; an outcome of a probation that changed and the relief it moves are one piece.

    They stand side by side on the log, as one command wrote them.
    """
    at: dict[int, Fact[CadreEvent]] = {fact.position: fact for fact in cadre.all()}
    for place in (news.position, news.position - 1):
        outcome, relief = at.get(place), at.get(place + 1)
        if outcome is None or relief is None or outcome.event.supersedes is None:
            continue
        if (_about(outcome), _about(relief)) == (ProbationConcluded.tag(), Relieved.tag()):
            return outcome, relief
    return (news,)


def _about(fact: Fact[CadreEvent]) -> str:
    """The type of a fact, or of what it annuls."""
    event = fact.event
    return event.annuls if isinstance(event, AppointmentAnnulled) else event.tag()


def _would_change(
    cadre: Person, decision: Fact[Promoted], news: Sequence[Fact[CadreEvent]]
) -> bool:
    """Whether the findings on what was known at the decision differ once the news are added."""
    if news[0].position <= decision.position:
        return False
    known = learnt = cadre.known_before(decision.position)
    for piece in news:
        learnt = _learning(learnt, cadre, piece)
    return _rejudge(known, decision) != _rejudge(learnt, decision)


def _learning(known: Person, cadre: Person, news: Fact[CadreEvent]) -> Person:
    """With the news, and with what they correct where that came later as well."""
    wrong = cadre.fact(news.event.supersedes) if news.event.supersedes else None
    if wrong is None:
        return known.learning(news)
    if known.fact(wrong.id) is None:
        known = _learning(known, cadre, wrong)
    told = known.fact(wrong.id)
    event = from_the_beginning(news.event, told.event if told else None)
    return known.learning(news._replace(event=event))


def _rejudge(cadre: Person, decision: Fact[Promoted]) -> Eligibility | None:
    promotion = decision.event
    judged = without(cadre, cadre.fact(promotion.supersedes)) if promotion.supersedes else cadre
    day = promotion.effective_on
    if promotion.rank:
        return rank_eligibility(judged, promotion.rank, day)
    return post_eligibility(judged, promotion.level, day) if promotion.level else None
