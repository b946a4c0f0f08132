"""Motions: the five steps to a leading post, those that end on the way, and probations."""

from dataclasses import dataclass, field
from datetime import date

from cadre.appointment.deciding.motion import (
    CloseNotice,
    CompleteInspection,
    ConcludeMotion,
    FixCandidate,
    HoldRecommendation,
    MotionCommand,
    OpenMotion,
    PublishNotice,
    StopMotion,
    TakeDecision,
)
from cadre.appointment.deciding.probation import ConcludeProbation
from cadre.contracts.appointment.motion import FourChecks, Gate, GateResult, StopReason, Vote
from cadre.fiction.county.model import Post
from cadre.fiction.life.chronicle import ONE_DAY, Chronicle, Member
from cadre.fiction.life.script import Expected, Step
from cadre.shared.deciding.calendar import Workdays, add_years
from cadre.shared.deciding.rulebook import rulebook

COMMITTEE = 11
CARRIED = Vote(present=10, yes=9, no=0, deferred=1)
NOT_CARRIED = Vote(present=9, yes=5, no=2, deferred=2)
"""Five of nine present are a majority of these, but not of all eleven members."""

TEAM = ("考察组长", "考察组员甲", "考察组员乙")
SIGNATURES = ("党委（党组）书记", "纪检监察组长")


@dataclass(slots=True)
class Proceeding:
    """One motion on its way; every step some workdays after the one before."""

    chronicle: Chronicle
    motion_id: str
    post: Post
    candidate: Member
    day: date
    opened_on: date = field(init=False)

    def open(self) -> "Proceeding":
        """动议 and 民主推荐."""
        self.opened_on = self.day
        opened = OpenMotion(
            effective_on=self.day,
            motion_id=self.motion_id,
            post_id=self.post.post_id,
            proposer="区委组织部",
            committee_size=COMMITTEE,
            proposal=f"配备{self.post.unit.name}{self.post.title}",
        )
        self._add("open", opened)
        self._later(6)
        held = HoldRecommendation(
            effective_on=self.day,
            motion_id=self.motion_id,
            talks_on=self.day - ONE_DAY,
            meeting_on=self.day,
            talked_count=18,
            voters_count=32,
            recommended=(self.candidate.cadre_id,),
        )
        self._add("recommend", held)
        return self

    def fix(self, expected: Expected = "recorded") -> "Proceeding":
        """确定考察对象."""
        self._later(3)
        fixed = FixCandidate(
            effective_on=self.day, motion_id=self.motion_id, cadre_id=self.candidate.cadre_id
        )
        self._add("fix", fixed, expected)
        return self

    def inspect(self) -> "Proceeding":
        """考察, with the four checks and the four gates."""
        self._later(6)
        day = self.day
        inspected = CompleteInspection(
            effective_on=day,
            motion_id=self.motion_id,
            team=TEAM,
            checks=FourChecks(
                archive_on=day, matters_on=day, discipline_on=day, complaints_on=day, clean=True
            ),
            gates=tuple(
                GateResult(gate=gate, passed=True, decided_by="考察组", evidence=("考察材料",))
                for gate in Gate
            ),
            signatures=SIGNATURES,
            conclusion="fit",
        )
        self._add("inspect", inspected)
        return self

    def decide(self, vote: Vote = CARRIED) -> "Proceeding":
        """讨论决定."""
        self._later(4)
        self._add(
            "decide", TakeDecision(effective_on=self.day, motion_id=self.motion_id, vote=vote)
        )
        return self

    def announce(self, *, hasty: bool = False) -> "Proceeding":
        """任前公示; ``hasty`` closes it a workday early first, which is impossible."""
        self._later(1)
        self._add("publish", PublishNotice(effective_on=self.day, motion_id=self.motion_id))
        workdays = rulebook().on("SEL-25", self.day).whole("workdays_min")
        if hasty:
            early = Workdays().after(self.day, workdays - 1)
            command = CloseNotice(effective_on=early, motion_id=self.motion_id)
            self._add("close-early", command, "impossible")
        self._later(workdays)
        self._add("close", CloseNotice(effective_on=self.day, motion_id=self.motion_id))
        return self

    def conclude(self) -> Step:
        """任职: the candidate takes the post, on probation."""
        self._later(1)
        step = self._add(
            "conclude", ConcludeMotion(effective_on=self.day, motion_id=self.motion_id)
        )
        one, day = self.candidate, self.day
        years = rulebook().on("SEL-26", day).whole("years")
        event = step.caused_of(one.cadre_id)
        one.post, one.title = self.post, self.post.title
        until = add_years(day, years)
        self.chronicle.promoted.setdefault(day.year, []).append((one, event, until))
        return step

    def stop(self, reason: StopReason, note: str) -> None:
        self._later(1)
        stopped = StopMotion(
            effective_on=self.day, motion_id=self.motion_id, reason=reason, note=note
        )
        self._add("stop", stopped)

    def _later(self, workdays: int) -> None:
        self.day = Workdays().after(self.day, workdays)

    def _add(self, step: str, command: MotionCommand, expected: Expected = "recorded") -> Step:
        return self.chronicle.add(
            f"{self.motion_id}/{step}",
            command,
            expected=expected,
            also=(f"cadre/{self.candidate.cadre_id}", f"post/{self.post.post_id}"),
        )


def conclude_probations(chronicle: Chronicle, year: int) -> None:
    """Last year's appointees are confirmed; one of them, if there are several, is not."""
    appointed = chronicle.promoted.get(year - 1, [])
    for place, (one, event, until) in enumerate(appointed):
        passed = place == 0 or one.role != "" or place < len(appointed) - 1
        chronicle.add(
            f"probation/{one.cadre_id}",
            ConcludeProbation(
                effective_on=Workdays().after(until - ONE_DAY, 1),
                cadre_id=one.cadre_id,
                promotion_event=event,
                passed=passed,
                assessed_by="区委组织部考察组",
                note="能够胜任" if passed else "组织协调能力不足，不能胜任",
            ),
        )
        if not passed:
            one.post = None
