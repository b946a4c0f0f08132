"""What the service says it reads of a person, against what its rules ask."""

from functools import reduce

from appointment.people import (
    BUREAU,
    LIN,
    admonished,
    checked,
    day,
    graded,
    in_rank,
    recruited,
    sanctioned,
    trained,
    vetoed,
)
from cadre.appointment.app import SERVICE
from cadre.appointment.deciding.eligibility import post_eligibility, rank_eligibility
from cadre.contracts.selection.identification import PoliticalVetoLifted
from cadre.contracts.selection.profile import ProfileCorrected
from cadre.contracts.training.posting import Posted, PostingEnded, PostingKind
from cadre.contracts.vocabulary import Education, Grade, PostLevel, Rank
from cadre.shared.deciding.dossier import learn
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.testing import event_id, recorded


def test_the_service_reads_every_fact_that_promotions_are_judged_by() -> None:
    """What it did not read it could not ask: that is a TypeError."""
    posted = Posted(
        cadre_id=LIN,
        effective_on=day("2024-02-01"),
        kind=PostingKind.VILLAGE_TEAM,
        host="某村",
        task="驻村",
        home_unit=BUREAU,
    )
    history = (
        recruited("2010-07-01"),
        in_rank(Rank.OFFICER_4, "2019-01"),
        vetoed("2024-01-05"),
        admonished("2024-03-01", "2024-09-01"),
        checked(event_id(4), "2024-09-10"),
        sanctioned("2024-04-01", "2025-04-01"),
        graded(2024, Grade.COMPETENT),
        trained(2025, 20),
        posted,
        PostingEnded(
            cadre_id=LIN,
            effective_on=day("2025-02-01"),
            posting_event=event_id(9),
            evaluation="good",
            note="良好",
        ),
        PoliticalVetoLifted(
            cadre_id=LIN,
            effective_on=day("2024-06-01"),
            assessment_event=event_id(3),
            decided_by="部务会",
            reason="复核",
        ),
        ProfileCorrected(
            cadre_id=LIN,
            effective_on=day("2024-07-01"),
            education=Education.MASTER,
            reason="登记有误",
            basis="证书",
        ),
    )
    told = [recorded(place, event) for place, event in enumerate(history, start=1)]
    person = reduce(learn, told, Person(reads=SERVICE.reads))
    seen = {type(fact.event) for fact in person.all()}
    assert seen == {type(event) for event in history}
    everything = PERSON.fold(told)
    for level in PostLevel:
        asked = (level, day("2026-05-01"))
        assert post_eligibility(person, *asked) == post_eligibility(everything, *asked)
    for rank in Rank:
        target = (rank, day("2026-05-01"))
        assert rank_eligibility(person, *target) == rank_eligibility(everything, *target)
    assert {reaction.event for reaction in SERVICE.reactions} <= (SERVICE.reads or set())
