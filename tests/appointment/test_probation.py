from datetime import date
from uuid import UUID

from appointment.motions import POST, after, conclude_motion, given
from appointment.people import LIN, WU, day, known
from appointment.tables_of import ask
from cadre.appointment.deciding.probation import ConcludeProbation
from cadre.appointment.deciding.seats import AssumePost, Relieve
from cadre.appointment.showing import posts, record
from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.post import PostFilled, PostVacated
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, Event
from cadre.shared.deciding.annulling import Annul
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


PASSED = (*history, *given(*history).when(pass_it).events())
FAILED = (*history, *given(*history).when(fail_it).events())
OUTCOME = event_id(len(history) + 1)
RELIEF = event_id(len(history) + 2)
DAY, LATER = fail_it.effective_on, day("2027-04-20")


def taken(on: date, cadre_id: str = LIN) -> PostFilled:
    return PostFilled(effective_on=on, post_id=POST, cadre_id=cadre_id)


def vacated(on: date) -> PostVacated:
    return PostVacated(effective_on=on, post_id=POST, cadre_id=LIN)


def corrected(command: ConcludeProbation, on: date = DAY, **more: object) -> ConcludeProbation:
    return command.model_copy(update={"supersedes": OUTCOME, "effective_on": on} | more)


def outcome(command: ConcludeProbation) -> ProbationConcluded:
    return ProbationConcluded(post_id=POST, **dict(command))


def void(what: UUID, kind: type[CadreEvent], on: date = DAY) -> AppointmentAnnulled:
    return AppointmentAnnulled(
        effective_on=on,
        cadre_id=LIN,
        supersedes=what,
        annuls=kind.tag(),
        reason="所依据的记录已更正或撤销",
        basis=f"试用期考核结论 {OUTCOME}",
    )


def test_a_failed_probation_that_was_passed_gives_the_post_back() -> None:
    command = corrected(pass_it)
    given(*FAILED).when(command).then(outcome(command), void(RELIEF, Relieved), taken(DAY))


def test_a_passed_probation_that_had_failed_takes_the_post_back() -> None:
    command = corrected(fail_it)
    relieved = Relieved(effective_on=DAY, cadre_id=LIN, post_id=POST, reason="试用期考核不合格")
    given(*PASSED).when(command).then(outcome(command), relieved, vacated(DAY))


def test_a_failed_probation_of_another_day_takes_its_relief_along() -> None:
    command = corrected(fail_it, LATER)
    relieved = Relieved(
        effective_on=LATER,
        cadre_id=LIN,
        post_id=POST,
        reason="试用期考核不合格",
        supersedes=RELIEF,
    )
    given(*FAILED).when(command).then(outcome(command), relieved, taken(DAY), vacated(LATER))


def test_a_corrected_note_moves_nothing() -> None:
    for concluded, command in ((FAILED, fail_it), (PASSED, pass_it)):
        noted = corrected(command, note="补正")
        given(*concluded).when(noted).then(outcome(noted))
        given(*concluded).when(corrected(command)).then_nothing()


def test_a_correction_of_an_outcome_is_judged_like_the_outcome() -> None:
    for concluded, command in ((FAILED, fail_it), (PASSED, pass_it)):
        early = corrected(command, day("2027-04-06"))
        given(*concluded).when(early).then_refused("lasts until 2027-04-07")


def test_the_post_is_not_given_back_where_another_has_it() -> None:
    assume = AssumePost(effective_on=LATER, cadre_id=WU, post_id=POST, basis="任免文件")
    history = (*FAILED, known(WU))
    succeeded = (*history, *given(*history).when(assume).events())
    given(*succeeded).when(corrected(pass_it)).then_refused("has no vacancy")
    given(*succeeded).when(annul(OUTCOME)).then_refused("has no vacancy")
    given(*succeeded).when(corrected(fail_it, day("2027-05-01"))).then_refused("has no vacancy")


def annul(what: UUID) -> Annul:
    return Annul(
        effective_on=day("2027-06-01"), cadre_id=LIN, supersedes=what, reason="误录", basis="批复"
    )


def annulled(what: UUID) -> AppointmentAnnulled:
    return AppointmentAnnulled(**annul(what).model_dump(), annuls=ProbationConcluded.tag())


def test_an_annulled_failure_gives_the_post_back_and_the_probation_runs_again() -> None:
    given(*FAILED).when(annul(OUTCOME)).then(annulled(OUTCOME), void(RELIEF, Relieved), taken(DAY))
    again = (*FAILED, *given(*FAILED).when(annul(OUTCOME)).events())
    given(*again).when(pass_it).then(outcome(pass_it))


def test_an_annulled_pass_leaves_the_post_and_opens_the_probation() -> None:
    given(*PASSED).when(annul(OUTCOME)).then(annulled(OUTCOME))
    again = (*PASSED, *given(*PASSED).when(annul(OUTCOME)).events())
    assert due(*PASSED) == []
    assert due(*again) == [str(PROMOTION)]


def due(*events: Event) -> list[str]:
    found = ask(lambda reader: record.probations(reader, LATER), *events)
    return [one.event_id for one in found.probations]


def test_the_relief_of_a_failed_probation_moves_with_its_outcome_alone() -> None:
    given(*FAILED).when(annul(RELIEF)).then_refused("correct or annul the outcome")
    moved = Relieve(
        effective_on=LATER, cadre_id=LIN, post_id=POST, reason="调出", supersedes=RELIEF
    )
    given(*FAILED).when(moved).then_refused("its post was taken back with it")
    worded = moved.model_copy(update={"effective_on": DAY})
    told = given(*FAILED).when(worded).events()
    assert told == (Relieved(**dict(worded)),)
    noted = corrected(fail_it, note="补正")
    given(*FAILED, *told).when(noted).then(outcome(noted))
    command = corrected(pass_it)
    given(*FAILED, *told).when(command).then(
        outcome(command), void(event_id(len(FAILED) + 1), Relieved), taken(DAY)
    )


def test_the_answers_follow_the_outcome_that_stands() -> None:
    def shown(*events: Event) -> list[tuple[date | None, bool | None]]:
        found = ask(lambda reader: record.cadre_record(reader, LIN, day("2027-12-31")), *events)
        return [(one.concluded_on, one.passed) for one in found.probations]

    def holders(*events: Event) -> list[date | None]:
        found = ask(lambda reader: posts.post(reader, POST, LATER), *events)
        return [one.until for one in found.holders]

    passed = (*FAILED, *given(*FAILED).when(corrected(pass_it, LATER)).events())
    void_one = (*FAILED, *given(*FAILED).when(annul(OUTCOME)).events())
    assert [shown(*FAILED), shown(*passed), shown(*void_one)] == [
        [(DAY, False)],
        [(LATER, True)],
        [(None, None)],
    ]
    assert [holders(*FAILED), holders(*passed), holders(*void_one)] == [[DAY], [None], [None]]
    early = ask(lambda reader: record.cadre_record(reader, LIN, day("2027-04-10")), *passed)
    assert [one.passed for one in early.probations] == [None]


def test_a_probation_is_not_concluded_before_it_was() -> None:
    later = (*history, *given(*history).when(corrected(pass_it, LATER, supersedes=None)).events())
    given(*later).when(fail_it).then_refused("with the other outcome")


def test_a_probation_ends_with_the_post() -> None:
    left = given(*history).when(
        Relieve(effective_on=day("2026-12-01"), cadre_id=LIN, post_id=POST, reason="调出")
    )
    given(*history, *left.events()).when(pass_it).then_refused(f"no longer holds {POST}")


def test_only_a_promotion_on_probation_is_concluded() -> None:
    unknown = pass_it.model_copy(update={"promotion_event": event_id(1)})
    given(*history).when(unknown).then_refused("began no probation")
    assert conclude_motion.effective_on == day("2026-04-07")
