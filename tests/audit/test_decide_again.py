"""Decided again on what was known then: the same answer, or both answers side by side."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest

from appointment import motions
from appointment.people import (
    BUREAU,
    LIN,
    day,
    graded,
    in_rank,
    known,
    sanctioned,
    trained,
)
from audit.decided_logs import APPOINTMENT, INSTALLED, SERVICES, DecidedLog, passing
from cadre.appointment.deciding.probation import ConcludeProbation
from cadre.appointment.deciding.ranks import PromoteRank
from cadre.appointment.deciding.seats import AssumePost, Relieve
from cadre.audit.redecision import Redecision, Verdict
from cadre.contracts.appointment.motion import CandidateFixed, DecisionTaken
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.appointment.service import ProbationConcluded
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.contracts.selection.membership import (
    ExitReason,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
)
from cadre.contracts.selection.pool import PoolClass
from cadre.contracts.supervision.assessment import (
    Assessed,
    Assessment,
    AssessmentKind,
    AssessmentRefused,
)
from cadre.contracts.supervision.unit_year import UnitYearOpened
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.contracts.vocabulary import Grade, PostLevel, Rank, unit_id
from cadre.selection.deciding.membership import EnterPool, ExitPool
from cadre.selection.deciding.pool import DefinePool
from cadre.selection.deciding.steps import AssessForPool, CompareForPool, NominateForPool
from cadre.shared.deciding import rulebook as rules
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.testing import event_id
from cadre.supervision.deciding.assessment import Assess, CorrectAssessment
from cadre.training.deciding.training_class import Attendance, HoldClass, PlanClass

CLERK = in_rank(Rank.CLERK_1, "2023-12")
EXCELLENT = graded(2024, Grade.EXCELLENT)
PROMOTE = PromoteRank(
    effective_on=day("2025-06-01"),
    cadre_id=LIN,
    rank=Rank.OFFICER_4,
    notice_published_on=date(2025, 3, 3),
    notice_closed_on=date(2025, 3, 10),
)
TOO_EARLY = PROMOTE.model_copy(update={"effective_on": day("2025-05-01")})


def opened(year: int) -> UnitYearOpened:
    """With one place of 优秀."""
    return UnitYearOpened(
        effective_on=date(year, 1, 1),
        unit_year_id=f"{unit_id(BUREAU)}-{year}",
        unit_id=unit_id(BUREAU),
        unit_name=BUREAU,
        year=year,
        headcount=5,
        excellent_share=0.2,
        rounding="floor",
    )


def prepared() -> DecidedLog:
    """Seventeen months in a rank that asks for twenty-four, of which one 优秀 takes off six."""
    return DecidedLog().add(CLERK).add(opened(2024)).add(EXCELLENT)


def promoted() -> DecidedLog:
    return prepared().handle(PROMOTE)


def refused() -> DecidedLog:
    return prepared().handle(TOO_EARLY)


def moved(cites: Literal["all", "own"] = "all") -> DecidedLog:
    """A motion from its opening to the appointment; facts of the person come in between."""
    opening, recommendation, *steps = motions.STEPS
    log = DecidedLog(cites).add(motions.post).handle(opening).add(motions.deputy)
    return log.handle(recommendation).add(motions.enough_hours).handle(*steps)


def promoted_again() -> DecidedLog:
    """Of a promotion that was recorded wrongly, corrected twice, and not to a day too early."""
    log, wrong = promoted(), {"supersedes": event_id(4)}
    log.handle(TOO_EARLY.model_copy(update=wrong))
    log.handle(PROMOTE.model_copy(update=wrong | {"effective_on": day("2025-07-01")}))
    right = {"supersedes": event_id(6), "effective_on": day("2025-08-01")}
    return log.handle(PROMOTE.model_copy(update=right))


SECOND = "county-finance-deputy"


def seated() -> DecidedLog:
    """A motion and a rank that rest on posts assumed, left and corrected before."""
    log = DecidedLog().add(motions.post).add(motions.deputy)
    second = motions.post.model_copy(
        update={"post_id": SECOND, "level": PostLevel.SECTION_DEPUTY, "title": "副局长"}
    )
    log.add(second).add(second.model_copy(update={"post_id": "county-finance-second"}))
    on = {"cadre_id": LIN, "post_id": SECOND}
    log.handle(AssumePost.model_validate(on | {"effective_on": "2024-05-01", "basis": "文"}))
    coming = on | {"basis": "文", "supersedes": event_id(5)}
    log.handle(AssumePost.model_validate(coming | {"effective_on": "2024-03-01"}))
    log.handle(Relieve.model_validate(on | {"effective_on": "2025-01-01", "reason": "调动"}))
    relief = on | {"reason": "机构改革", "supersedes": event_id(10)}
    log.handle(Relieve.model_validate(relief | {"effective_on": "2025-02-01"}))
    steps = iter(motions.STEPS)
    log.handle(next(steps), next(steps)).add(motions.enough_hours)
    return log.handle(*steps)


def on_probation() -> DecidedLog:
    """A probation that failed, as first recorded; passed, as corrected; then annulled."""
    log = moved()
    promotion = next(r.event_id for r in log.history if isinstance(r.event, Promoted))
    failed = ConcludeProbation(
        effective_on=day("2027-04-07"),
        cadre_id=LIN,
        promotion_event=promotion,
        passed=False,
        assessed_by="县委组织部",
        note="考核",
    )
    log.handle(failed)
    for passed, on in ((False, "2027-04-20"), (True, "2027-04-30")):
        told = {"passed": passed, "effective_on": day(on), "supersedes": newest(log)}
        log.handle(failed.model_copy(update=told))
    return log.handle(
        Annul(
            effective_on=day("2027-06-01"),
            cadre_id=LIN,
            supersedes=newest(log),
            reason="误录",
            basis="批复",
        ),
        services=[APPOINTMENT],
    )


def newest(log: DecidedLog) -> UUID:
    """The last outcome of a probation."""
    return [r.event_id for r in log.history if isinstance(r.event, ProbationConcluded)][-1]


def pooled() -> DecidedLog:
    """Two persons and one seat in a pool."""
    pool = DefinePool(
        effective_on=day("2024-01-01"),
        pool_id="p-1",
        pool_class=PoolClass.SPECIALIST,
        title="库",
        seats=1,
    )
    log = DecidedLog().handle(pool)
    for cadre_id in (LIN, "c-bbbbbbbbbb"):
        on: dict[str, Any] = {
            "cadre_id": cadre_id,
            "pool_id": "p-1",
            "effective_on": day("2024-02-01"),
        }
        log.add(known(cadre_id)).handle(
            NominateForPool(**on, by_unit="财政局", reason="优秀"),
            AssessForPool(**on, fit=True, assessors=("甲", "乙"), note="考察"),
            CompareForPool(**on, place=1, compared_count=2),
            EnterPool(**on, decided_by="部务会"),
        )
    return log


def pool_corrected() -> DecidedLog:
    """Entered too early by the record; then corrected, refused a correction, left, and annulled."""
    log = pooled()
    (entered,) = (r for r in log.history if isinstance(r.event, PoolEntered))
    on: dict[str, Any] = {"cadre_id": LIN, "pool_id": "p-1"}
    wish = EnterPool(
        **on, effective_on=day("2024-03-01"), decided_by="部务会", supersedes=entered.event_id
    )
    log.handle(wish)
    (*_, corrected) = (r for r in log.history if isinstance(r.event, PoolEntered))
    log.handle(
        wish.model_copy(
            update={"supersedes": corrected.event_id, "effective_on": day("2024-01-15")}
        )
    )
    log.add(sanctioned("2024-05-01", "2025-05-01"))
    log.handle(ExitPool(**on, effective_on=day("2024-06-01"), reason=ExitReason.OTHER))
    (left,) = (r for r in log.history if isinstance(r.event, PoolExited))
    return log.handle(
        Annul(
            cadre_id=LIN,
            effective_on=day("2024-07-01"),
            supersedes=left.event_id,
            reason="录入有误",
            basis="纪要",
        ),
        wish.model_copy(
            update={"supersedes": corrected.event_id, "effective_on": day("2024-04-01")}
        ),
    )


def assessed() -> DecidedLog:
    """Two persons asked to be graded 优秀 where one may be."""
    log = DecidedLog().add(opened(2025))
    for cadre_id in (LIN, "c-bbbbbbbbbb"):
        grade = Assess(
            cadre_id=cadre_id,
            effective_on=day("2026-01-20"),
            kind=AssessmentKind.YEAR,
            period="2025",
            grade=Grade.EXCELLENT,
            reviewer="县委组织部",
            unit_id=unit_id(BUREAU),
            unit_name=BUREAU,
        )
        log.add(known(cadre_id)).handle(grade)
    return log


def taught() -> DecidedLog:
    """Two persons at a class, of which one missed half."""
    plan = PlanClass(
        effective_on=day("2026-01-05"),
        class_id="k-1",
        title="主体班",
        kind=ClassKind.GENERAL,
        mode=Mode.OFF_JOB,
        hours=40,
        days=5,
        starts_on=day("2026-02-02"),
        ends_on=day("2026-02-06"),
        seats=20,
    )
    held = HoldClass(
        effective_on=day("2026-02-06"),
        class_id="k-1",
        attendees=(
            Attendance(cadre_id=LIN, hours=40, days=5),
            Attendance(cadre_id="c-bbbbbbbbbb", hours=20, days=3),
        ),
    )
    return DecidedLog().add(known(LIN)).add(known("c-bbbbbbbbbb")).handle(plan, held)


LOGS = {
    promoted: {Promoted: 1, Assessed: 1},
    refused: {PromotionRefused: 1, Assessed: 1},
    moved: {CandidateFixed: 1, DecisionTaken: 1, Promoted: 1},
    promoted_again: {Promoted: 3, PromotionRefused: 1, Assessed: 1},
    seated: {CandidateFixed: 1, DecisionTaken: 1, Promoted: 1},
    on_probation: {CandidateFixed: 1, DecisionTaken: 1, Promoted: 1},
    pooled: {PoolEntered: 1, PoolEntryRefused: 1},
    pool_corrected: {PoolEntered: 3, PoolEntryRefused: 2},
    assessed: {Assessed: 1, AssessmentRefused: 1},
    taught: {Trained: 1, CreditRefused: 1},
}


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.__name__)
def test_what_the_services_decided_they_decide_again(log: Callable[[], DecidedLog]) -> None:
    found = log().decided_again(with_today=True)
    kinds = [type(one.decision.event) for one in found]

    assert {kind: kinds.count(kind) for kind in kinds} == LOGS[log]
    assert {one.verdict for one in found} == {Verdict.SAME}
    assert not any(one.beyond_evidence for one in found)
    assert [one.today for one in found] == [None] * len(found)


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.__name__)
def test_no_answer_rests_on_what_forgetting_takes_away(log: Callable[[], DecidedLog]) -> None:
    before, after = log().decided_again(), log().forgotten().decided_again()

    assert b'{"forgotten": true}' in b"".join(m.body for m in log().forgotten().messages)
    assert [one.verdict for one in after] == [Verdict.SAME] * len(before)
    assert [one.again for one in after] == [one.again for one in before]


def test_every_event_with_findings_can_be_judged_again() -> None:
    judged = {judgement.event for service in SERVICES for judgement in service.judgements}
    with_findings = {e for e in CATALOGUE.events.values() if "findings" in e.model_fields}

    assert with_findings <= judged
    for service in SERVICES:
        assert {judgement.event.service() for judgement in service.judgements} == {service.name}


def test_a_history_that_was_only_read_may_have_been_read_later_than_cited() -> None:
    found = {type(one.decision.event): one for one in moved("own").decided_again()}

    assert {one.verdict for one in found.values()} == {Verdict.SAME}
    assert [kind for kind, one in found.items() if one.beyond_evidence] == [CandidateFixed]
    assert found[CandidateFixed].known_at == 5


def test_findings_turned_from_failed_to_passed_differ() -> None:
    log = refused()
    honest = log.history[-1].event
    assert isinstance(honest, PromotionRefused)
    forged = Promoted(
        effective_on=honest.effective_on,
        cadre_id=LIN,
        kind="rank",
        rank=Rank.OFFICER_4,
        from_rank=Rank.CLERK_1,
        trained=True,
        findings=passing(honest),
    )
    found = log.add(forged, evidence=lambda _: 3).only(Promoted)

    assert found.verdict is Verdict.DIFFERS
    assert found.rules == ("RNK-07",)
    assert found.recorded.granted
    assert all(finding.passed for finding in found.recorded.findings)
    assert found.again is not None
    assert not found.again.granted
    (failed,) = [f for f in found.again.findings if not f.passed]
    assert failed.inputs["months_counted"] == 17


def test_a_promotion_in_spite_of_its_own_findings_differs() -> None:
    log = refused()
    honest = log.history[-1].event
    assert isinstance(honest, PromotionRefused)
    forged = Promoted(
        effective_on=honest.effective_on,
        cadre_id=LIN,
        kind="rank",
        rank=Rank.OFFICER_4,
        trained=True,
        findings=honest.findings,
    )
    found = log.add(forged, evidence=lambda _: 3).only(Promoted)

    assert found.verdict is Verdict.DIFFERS
    assert (found.recorded.granted, found.again and found.again.granted) == (True, False)


def test_a_grade_beyond_the_ceiling_differs_though_it_records_no_findings() -> None:
    log = assessed()
    honest = log.history[-1].event
    assert isinstance(honest, AssessmentRefused)
    first = next(r.event for r in log.history if isinstance(r.event, Assessed))
    forged = first.model_copy(update={"cadre_id": honest.cadre_id})
    found = log.add(forged, evidence=lambda _: 5).decided_again()[-1]

    assert (found.decision.event, found.verdict) == (forged, Verdict.DIFFERS)
    assert found.rules == ("ASM-03",)


def test_a_vote_that_was_no_meeting_could_not_have_decided() -> None:
    log = moved()
    taken = next(r.event for r in log.history if isinstance(r.event, DecisionTaken))
    few = taken.vote.model_copy(update={"present": 3, "yes": 3, "no": 0})
    position = next(i for i, r in enumerate(log.history) if r.event is taken)
    forged = taken.model_copy(update={"vote": few})
    body = forged.model_dump_json().encode()
    log.messages[position] = replace(log.messages[position], body=body)
    found = log.only(DecisionTaken)

    assert (found.verdict, found.again) == (Verdict.DIFFERS, None)
    assert "SEL-21" in found.detail


def test_evidence_that_came_after_the_decision_differs() -> None:
    log = promoted()
    headers = dict(log.messages[-1].headers) | {"ce-evidence": "4"}
    log.messages[-1] = replace(log.messages[-1], headers=headers)
    found = log.add(trained(2024, 10)).only(Promoted)

    assert found.verdict is Verdict.DIFFERS
    assert "came after it" in found.detail


def test_what_came_late_changes_nothing_that_was_known_then_but_today() -> None:
    late = sanctioned("2025-03-01", "2026-03-01")
    after = sanctioned("2025-06-02", "2026-06-02")
    found = promoted().add(late).add(after).only(Promoted, with_today=True)

    assert (found.verdict, found.known_at) == (Verdict.SAME, 3)
    assert found.today is not None
    assert [recorded.position for recorded in found.today.news] == [5]
    assert found.today.again is not None
    assert not found.today.again.granted
    assert [f.rule for f in found.today.again.findings if not f.passed] == ["RNK-13"]


def test_a_correction_counts_today_whatever_its_date() -> None:
    corrected = graded(2024, Grade.COMPETENT, on="2025-09-01", corrects=event_id(3))
    same_day = graded(2024, Grade.COMPETENT, corrects=event_id(3))
    for news in (corrected, same_day):
        found = promoted().add(news).only(Promoted, with_today=True)
        assert found.verdict is Verdict.SAME
        assert found.today is not None
        assert found.today.again is not None
        assert not found.today.again.granted


def test_a_corrected_promotion_counts_today_for_what_came_after_it() -> None:
    """A year later in the rank, as the first promotion is told by now."""
    log = promoted()
    later = {"effective_on": day("2027-06-01"), "rank": Rank.OFFICER_3}
    log.handle(PROMOTE.model_copy(update=later))
    right = {"supersedes": event_id(4), "effective_on": day("2025-07-01")}
    found = log.handle(PROMOTE.model_copy(update=right)).decided_again(with_today=True)

    assert [one.verdict for one in found] == [Verdict.SAME] * 4
    assert [one.today is not None for one in found] == [False, False, True, False]
    assert found[2].today is not None
    assert found[2].today.again is not None
    assert [f.rule for f in found[2].today.again.findings if not f.passed] == ["RNK-07"]


def test_a_correction_is_no_news_to_itself() -> None:
    wrong: dict[str, Any] = EXCELLENT.model_dump(include=set(Assessment.model_fields)) | {
        "grade": Grade.COMPETENT
    }
    correct = CorrectAssessment(
        cadre_id=LIN, effective_on=day("2025-02-01"), supersedes=event_id(3), **wrong
    )
    log = prepared().handle(correct).add(sanctioned("2024-06-01", "2026-06-01"))
    found = log.decided_again(with_today=True)[-1]

    assert (found.decision.position, found.verdict) == (4, Verdict.SAME)
    assert found.today is not None
    assert [recorded.event.name() for recorded in found.today.news] == ["disciplined"]


@pytest.mark.parametrize(
    "later",
    [
        sanctioned("2025-06-02", "2026-06-02"),
        sanctioned("2023-01-01", "2024-01-01"),
        trained(2024, 100),
    ],
    ids=["after the decision", "over before it", "not against it"],
)
def test_what_would_not_have_mattered_is_not_reported_today(later: Event) -> None:
    found = promoted().add(later).only(Promoted, with_today=True)

    assert (found.verdict, found.today) == (Verdict.SAME, None)


@pytest.fixture
def rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], None]]:
    """Replace text in the files of the rule book."""
    folder = tmp_path / "rules"
    shutil.copytree(str(rules.FOLDER), folder)

    def replace_text(old: str, new: str) -> None:
        changed = 0
        for path in folder.iterdir():
            text = path.read_text("utf-8")
            changed += old in text
            path.write_text(text.replace(old, new), "utf-8")
        assert changed == 1
        monkeypatch.setattr(rules, "FOLDER", folder)
        rules.rulebook.cache_clear()

    yield replace_text
    monkeypatch.undo()
    rules.rulebook.cache_clear()


RNK_09 = """第18条"
valid_from = VALID
recorded_on = 2026-11-20
confidence = "V"
kind = "order"
parameters = { years_each"""
SHORTER = ("years_each = 0.5, months", "years_each = 0.25, months")


def test_a_rule_changed_under_the_same_version_differs(
    rewritten: Callable[[str, str], None],
) -> None:
    log = promoted()
    rewritten(*SHORTER)
    found = log.only(Promoted)

    assert found.verdict is Verdict.DIFFERS
    assert {"RNK-07", "RNK-09"} <= {*found.rules}
    assert found.recorded.granted
    assert found.again is not None
    assert not found.again.granted


def test_other_words_in_the_rule_book_are_no_difference(
    rewritten: Callable[[str, str], None],
) -> None:
    log = promoted()
    rewritten(
        'article = "第18条"\nvalid_from = 2019-06-01',
        'article = "第十八条"\nvalid_from = 2019-06-01',
    )

    assert log.only(Promoted).verdict is Verdict.SAME


def test_a_version_the_rule_book_no_longer_holds_is_undecidable(
    rewritten: Callable[[str, str], None],
) -> None:
    log = promoted()
    rewritten(RNK_09.replace("VALID", "2019-06-01"), RNK_09.replace("VALID", "2019-07-01"))
    found = log.only(Promoted)

    assert (found.verdict, found.rules) == (Verdict.UNDECIDABLE, ("RNK-09@2019-06-01",))


def test_another_version_of_the_code_is_told_apart_only_where_it_differs(
    rewritten: Callable[[str, str], None],
) -> None:
    log = DecidedLog().add(CLERK).add(EXCELLENT).handle(PROMOTE, code="1.0.0")
    same = log.only(Promoted)
    rewritten(*SHORTER)

    assert (same.verdict, same.judged_by) == (Verdict.SAME, INSTALLED["appointment"])
    assert log.only(Promoted).verdict is Verdict.OTHER_CODE


def test_a_history_that_cannot_be_read_is_undecidable() -> None:
    log = promoted()
    log.messages[2] = replace(log.messages[2], body=b'{"type": "supervision.assessed.v99"}')
    found = log.only(Promoted)

    assert found.verdict is Verdict.UNDECIDABLE
    assert "position 3" in found.detail


def test_a_decision_that_cannot_be_read_is_named() -> None:
    log = promoted()
    log.messages[3] = replace(log.messages[3], body=b"no JSON")
    redecision = Redecision(SERVICES, INSTALLED)
    for message in log.messages:
        redecision.add(message)

    assert [type(r.decision.event) for r in redecision.redecided(lambda _: True)] == [Assessed]
    assert redecision.unreadable == [4]


def test_inputs_the_log_does_not_hold_are_undecidable() -> None:
    log = promoted()
    body = json.loads(log.messages[3].body)
    body["findings"] = [f for f in body["findings"] if f["rule"] != "RNK-14"]
    log.messages[3] = replace(log.messages[3], body=json.dumps(body).encode())
    without_notice = log.only(Promoted)
    without_motion = moved()
    del without_motion.messages[1]

    assert without_notice.verdict is Verdict.UNDECIDABLE
    assert {one.verdict for one in without_motion.decided_again()} == {Verdict.UNDECIDABLE}


def test_only_the_wanted_are_decided_again() -> None:
    wanted = pooled().decided_again(lambda event: "c-bbbbbbbbbb" in event.persons)

    assert [type(one.decision.event) for one in wanted] == [PoolEntryRefused]
