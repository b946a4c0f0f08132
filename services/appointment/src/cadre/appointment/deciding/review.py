"""What came late or was corrected opens a review of the promotions that would have changed by it.

A review undoes nothing. Appointment's own facts are evidence of what was decided after them.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.appointment.deciding.correcting import without
from cadre.appointment.deciding.eligibility import Eligibility, post_eligibility, rank_eligibility
from cadre.appointment.deciding.evidence import READS
from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, Event, Text
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.assessment import Assessed, AssessmentKind
from cadre.contracts.supervision.influence import Disciplined, Talked
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.person import (
    Person,
    PersonCommand,
    from_the_beginning,
    person_handler,
)
from cadre.shared.deciding.reactions import Reaction
from cadre.shared.deciding.rights import NAMED, Right, Role


class OpenReview(PersonCommand):
    """对所涉提拔任职、职级晋升启动复核 · Review every promotion that this evidence concerns.

    Those are the ones that, had it been known, would have been judged on it.
    """

    evidence_event: UUID = Field(description="The late or correcting event")
    reason: Text


def open_review(command: OpenReview, cadre: Person) -> list[Event]:
    """Undoes nothing: the decision stands until somebody has reviewed it."""
    cadre.require_known(command.cadre_id)
    news = cadre.fact(command.evidence_event)
    if news is None:
        raise NotPossible(
            "不是晋升的依据 · "
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


def _asked(recorded: Recorded[Any], reason: str) -> OpenReview:
    event: CadreEvent = recorded.event
    return OpenReview(
        effective_on=event.effective_on,
        cadre_id=event.cadre_id,
        evidence_event=recorded.event_id,
        reason=reason[:2000],
    )


def review_assessed(recorded: Recorded[Assessed]) -> Iterator[OpenReview]:
    """An annual grade that was corrected, or filed after its period was closed."""
    event = recorded.event
    if event.kind is AssessmentKind.YEAR and (event.supersedes or event.late):
        what = "更正" if event.supersedes else "补录"
        yield _asked(recorded, f"{event.period} 年度考核{what}为{event.grade.zh}")


def review_talked(recorded: Recorded[Talked]) -> Iterator[OpenReview]:
    """A talk with an influence period; the decision finds whether it came late."""
    event = recorded.event
    if event.blocked_until or event.supersedes:
        what = f"{event.effective_on} 起的{event.kind.zh}"
        yield _asked(recorded, f"{what}影响期在决定之后才登记")


def review_disciplined(recorded: Recorded[Disciplined]) -> Iterator[OpenReview]:
    """A sanction; the decision finds whether it came late."""
    event = recorded.event
    what = f"{event.effective_on} 起的{event.sanction.zh}"
    yield _asked(recorded, f"{what}影响期在决定之后才登记")


def review_corrected(recorded: Recorded[Any]) -> Iterator[OpenReview]:
    """Evidence that was corrected or annulled; the decision finds whether anything rested on it."""
    event: CadreEvent = recorded.event
    if event.supersedes is not None:
        yield _asked(recorded, f"依据已更正或撤销：{event.say()}")


CORRECTED: tuple[type[CadreEvent], ...] = (
    Recruited,
    Baselined,
    *(kind for kind in READS if kind not in {Assessed, Talked, Disciplined}),
    SelectionAnnulled,
    SupervisionAnnulled,
    TrainingAnnulled,
    Promoted,
    PostAssumed,
    Relieved,
    ProbationConcluded,
    AppointmentAnnulled,
)

REVIEWS = Facts(
    event=ReviewOpened,
    name="reviews",
    title="复核 · Decisions whose evidence came late or was corrected",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M72",
    facts=[REVIEWS],
    handlers=[person_handler(OpenReview, open_review, Right(Role.RECORDER, NAMED))],
    reactions=[
        Reaction("review-assessed", Assessed, review_assessed),
        Reaction("review-talked", Talked, review_talked),
        Reaction("review-disciplined", Disciplined, review_disciplined),
        *(
            Reaction(f"review-{kind.service()}-{kind.name()}", kind, review_corrected)
            for kind in CORRECTED
        ),
    ],
    reads=READS,
)
