from appointment.motions import POST, after, conclude_motion, given
from appointment.people import LIN, day
from cadre.appointment.cadre import ConcludeProbation
from cadre.appointment.post import Relieve
from cadre.contracts.appointment.post import PostVacated
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import ProbationConcluded, Relieved
from cadre.shared.deciding.testing import event_id

history = after(8)
PROMOTION = event_id(next(i for i, e in enumerate(history, start=1) if isinstance(e, Promoted)))
pass_it = ConcludeProbation(
    effective_on=day("2027-04-07"),
    cadre_id=LIN,
    promotion_event=PROMOTION,
    passed=True,
    assessed_by="县委组织部",
    note="考核合格",
)
fail_it = pass_it.model_copy(update={"passed": False, "note": "考核不合格"})


def test_a_probation_lasts_a_year() -> None:
    early = pass_it.model_copy(update={"effective_on": day("2027-04-06")})
    given(*history).when(early).then_refused("lasts until 2027-04-07")
    given(*history).when(pass_it).then(ProbationConcluded(post_id=POST, **dict(pass_it)))


def test_a_failed_probation_takes_the_post_back() -> None:
    given(*history).when(fail_it).then(
        ProbationConcluded(post_id=POST, **dict(fail_it)),
        Relieved(
            effective_on=fail_it.effective_on,
            cadre_id=LIN,
            post_id=POST,
            reason="试用期考核不合格",
        ),
        PostVacated(effective_on=fail_it.effective_on, cadre_id=LIN, post_id=POST),
    )


def test_an_outcome_is_final() -> None:
    concluded = given(*history).when(pass_it).events()
    given(*history, *concluded).when(fail_it).then_refused("with the other outcome")


def test_a_probation_ends_with_the_post() -> None:
    left = given(*history).when(
        Relieve(effective_on=day("2026-12-01"), cadre_id=LIN, post_id=POST, reason="调出")
    )
    given(*history, *left.events()).when(pass_it).then_refused(f"no longer holds {POST}")


def test_only_a_promotion_on_probation_is_concluded() -> None:
    unknown = pass_it.model_copy(update={"promotion_event": event_id(1)})
    given(*history).when(unknown).then_refused("began no probation")
    assert conclude_motion.effective_on == day("2026-04-07")
