"""What an entry into a pool rested on was told late, corrected or annulled: a review is opened."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from cadre.contracts.event import CadreEvent, Event, EventAnnulled
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.identification import (
    PoliticalQuality,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.kin import KinDeclared, Kinship
from cadre.contracts.selection.membership import PoolExited
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Standing
from cadre.contracts.selection.review import PoolEntryReviewOpened
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.vocabulary import Political
from cadre.selection.app import SERVICE
from cadre.selection.deciding.reviewing import OpenReview
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.testing import event_id, recorded
from selection.test_corrected_stays import BACK_IN, ENTRY
from selection.test_membership import (
    ADMONISHED,
    CADRE,
    DEFINED,
    DEMERIT,
    ENTERED,
    KNOWN,
    LEFT,
    MEMBER,
    PROPOSED,
    RECRUITED,
    SEAT_TAKEN,
    VETO,
    about,
    assessed,
    checked,
    compared,
    given,
    nominated,
)

NEWS = event_id(9)


def reviewed(*history: Event, news: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Decision and corrected event of every review that the last event of a history opens."""
    last = history[-1]
    evidence = news or event_id(len(history))
    wish = OpenReview(
        cadre_id=CADRE, effective_on=last.effective_on, evidence_event=evidence, reason="更正"
    )
    opened = given(*history).when(wish).events()
    told = [event for event in opened if isinstance(event, PoolEntryReviewOpened)]
    assert len(told) == len(opened)
    return [(event.decision_event, event.corrected_event) for event in told]


def annulled(kind: type[EventAnnulled], what: UUID) -> EventAnnulled:
    return kind(
        cadre_id=CADRE,
        effective_on=date(2027, 1, 1),
        supersedes=what,
        annuls="…",
        reason="查无此事",
        basis="复查决定",
    )


def corrected(on: date = date(2026, 4, 1), **fields: Any) -> ProfileCorrected:
    said = {"cadre_id": CADRE, "reason": "更正", "basis": "档案", "effective_on": on}
    return ProfileCorrected.model_validate(said | fields)


LATE = [
    VETO,
    ADMONISHED,
    DEMERIT,
    corrected(birth_date=date(1980, 1, 1), birth_month="1980-01"),
    corrected(date(2026, 12, 1), birth_date=date(1980, 1, 1), birth_month="1980-01"),
    assessed(date(2026, 4, 10), fit=False),
    nominated().model_copy(update={"supersedes": event_id(4), "effective_on": date(2026, 6, 1)}),
    compared().model_copy(update={"supersedes": event_id(6), "pool_id": "non-party"}),
    annulled(SelectionAnnulled, event_id(5)),
    RECRUITED.model_copy(update={"supersedes": event_id(3), "effective_on": date(2026, 5, 2)}),
    RECRUITED.model_copy(update={"supersedes": event_id(3), "birth_month": "1980-01"}),
]


@pytest.mark.parametrize("news", LATE, ids=lambda news: news.say()[:20])
def test_what_would_have_changed_the_entry_opens_a_review(news: CadreEvent) -> None:
    history = (*MEMBER, news)
    about_it = news.supersedes or NEWS
    assert reviewed(*history) == [(ENTRY, about_it)]
    opened = PoolEntryReviewOpened(
        cadre_id=CADRE,
        effective_on=date(2027, 1, 1),
        decision_event=ENTRY,
        corrected_event=about_it,
        reason="更正",
    )
    assert reviewed(*history, opened, news=NEWS) == []


NO_NEWS = [
    VETO.model_copy(update={"effective_on": date(2026, 5, 2)}),
    VETO.model_copy(update={"veto": False, "conclusion": PoliticalQuality.GOOD}),
    DEMERIT.model_copy(update={"blocked_until": date(2026, 5, 1)}),
    DEMERIT.model_copy(update={"effective_on": date(2026, 5, 2)}),
    corrected(education="master"),
    corrected(date(2026, 12, 1), political=Political.MASSES),
    corrected(birth_date=date(1995, 5, 21), birth_month="1995-05"),
    ENTERED.model_copy(update={"supersedes": ENTRY, "effective_on": date(2026, 5, 3)}),
]


@pytest.mark.parametrize("news", NO_NEWS, ids=lambda news: news.say()[:20])
def test_what_changes_no_entry_opens_none(news: CadreEvent) -> None:
    assert reviewed(*MEMBER, news) == []


LIFTED = PoliticalVetoLifted(
    cadre_id=CADRE,
    assessment_event=event_id(7),
    decided_by="区委",
    reason="复查",
    effective_on=date(2026, 4, 30),
)
CASES = {
    "a lifting annulled": (VETO, LIFTED, annulled(SelectionAnnulled, event_id(8))),
    "a lifting corrected to a day after the entry": (
        VETO,
        LIFTED,
        LIFTED.model_copy(update={"supersedes": event_id(8), "effective_on": date(2026, 6, 1)}),
    ),
    "a sanction that had been over, corrected": (
        DEMERIT.model_copy(update={"blocked_until": date(2026, 4, 1)}),
        KinDeclared(
            cadre_id=CADRE,
            kin_id="c-bbbbbbbbbb",
            relation=Kinship.SPOUSE,
            effective_on=date(2026, 1, 1),
        ),
        DEMERIT.model_copy(update={"supersedes": event_id(7)}),
    ),
    "a check annulled": (
        ADMONISHED.model_copy(update={"effective_on": date(2025, 9, 1)}).model_copy(
            update={"blocked_until": date(2026, 3, 1)}
        ),
        checked(event_id(7), passed=True, on=date(2026, 3, 2)),
        annulled(SupervisionAnnulled, event_id(8)),
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_an_entry_rested_on_does_not_hold(case: str) -> None:
    first, second, news = CASES[case]
    entered = ENTERED
    history = (*PROPOSED, first, second, entered, SEAT_TAKEN, news)
    assert reviewed(*history) == [(event_id(9), news.supersedes)]


def test_a_file_with_another_month_of_birth() -> None:
    """The file was taken over again: somebody was too old for the pool."""
    person = RECRUITED.model_dump(exclude={"type", "channel", "unit_id", "unit_name", "plan_id"})
    file = Baselined(
        **person,
        standing=Standing(unit_id="u-water", unit_name="水利局"),
        career=(),
        source_file="名册.xlsx",
        source_sha256="a" * 64,
    )
    again = file.model_copy(
        update={"source_sha256": "b" * 64, "birth_month": "1980-01", "supersedes": event_id(2)}
    )
    history = (DEFINED, file, nominated(), assessed(), compared(), ENTERED, SEAT_TAKEN, again)
    assert reviewed(*history) == [(event_id(6), event_id(2))]


def test_a_corrected_exit_bears_on_the_entry_after_it() -> None:
    """Coming back needs steps after the exit: those of October came before it, as corrected."""
    later = PoolExited(
        **about(date(2026, 10, 20)),
        entry_event=ENTRY,
        reason=LEFT[-2].reason,
        supersedes=event_id(9),
    )
    assert reviewed(*BACK_IN, later) == [(event_id(14), event_id(9))]


def test_an_annulled_entry_is_not_reviewed() -> None:
    gone = annulled(SelectionAnnulled, ENTRY)
    assert reviewed(*MEMBER, gone, VETO) == []


def test_a_review_opened_by_mistake_is_annulled_and_may_be_opened_again() -> None:
    (about_it,) = reviewed(*MEMBER, VETO)
    opened = PoolEntryReviewOpened(
        cadre_id=CADRE,
        effective_on=date(2026, 6, 1),
        decision_event=about_it[0],
        corrected_event=about_it[1],
        reason="更正",
    )
    wish = Annul(
        cadre_id=CADRE,
        effective_on=date(2026, 7, 1),
        supersedes=event_id(10),
        reason="误启",
        basis="纪要",
    )
    gone = SelectionAnnulled(**dict(wish), annuls=PoolEntryReviewOpened.tag())
    given(*MEMBER, VETO, opened).when(wish).then(gone)
    assert reviewed(*MEMBER, VETO, opened, gone, news=NEWS) == [about_it]


def test_evidence_the_entry_had_seen_opens_none() -> None:
    history = (*PROPOSED, DEMERIT.model_copy(update={"blocked_until": date(2026, 4, 1)}), ENTERED)
    assert reviewed(*history, news=event_id(7)) == []
    given(*history).when(
        OpenReview(
            cadre_id=CADRE,
            effective_on=date(2026, 6, 1),
            evidence_event=event_id(99),
            reason="更正",
        )
    ).then_refused("no evidence")


def reacted(event: Event) -> list[Command]:
    news = recorded(9, event)
    return [
        command
        for reaction in SERVICE.reactions
        if type(event) is reaction.event
        for command, _ in reaction.commands(news, "selection")
    ]


@pytest.mark.parametrize("news", LATE, ids=lambda news: news.say()[:20])
def test_late_and_corrected_evidence_asks_for_a_review(news: CadreEvent) -> None:
    (wish,) = reacted(news)
    assert isinstance(wish, OpenReview)
    assert (wish.evidence_event, wish.effective_on) == (NEWS, news.effective_on)


def test_what_can_stand_against_nobody_asks_for_none() -> None:
    reminder = ADMONISHED.model_copy(update={"blocked_until": None})
    fair = VETO.model_copy(update={"veto": False})
    for event in (reminder, fair, nominated(), assessed(), corrected(education="master"), *KNOWN):
        assert reacted(event) == []
