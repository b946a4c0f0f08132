"""Warning signs and talks, an admonition and what became of it, a sanction, merit points."""

from datetime import date
from random import Random

from cadre.contracts.supervision.flag import FlagKind
from cadre.contracts.supervision.influence import Sanction, TalkKind
from cadre.fiction.life.chronicle import ONE_DAY, Chronicle, Member, some, workday
from cadre.fiction.life.script import Step
from cadre.fiction.life.setting import SCHEME
from cadre.fiction.life.words import CARE, FAILURES, MERITS, SIGNS
from cadre.supervision.deciding.flag import CloseFlag, Flag
from cadre.supervision.deciding.influence import CheckRectification, Discipline, Talk
from cadre.supervision.deciding.merit import PostMerit, ReverseMerit

TALKERS = ("区委组织部副部长", "区纪委监委干部")
MERIT_SHARE = 0.5


def spring(chronicle: Chronicle, year: int) -> None:
    """Care for some, signs about some; an admonition in one year, a sanction in the next."""
    rng = chronicle.random(f"conduct/{year}")
    for one in some(rng, chronicle.free(), 2 + len(chronicle.members) // 15):
        _talk(chronicle, one, TalkKind.CARE, rng.choice(CARE), workday(year, 3, 9))
    for one in some(rng, chronicle.free(), 1 + len(chronicle.members) // 20):
        _sign(chronicle, one, rng, workday(year, 3, 10))
    if year == chronicle.first:
        _admonish(chronicle, chronicle.with_role("admonished"), workday(year, 3, 11))
    if year == chronicle.first + 1:
        sanctioned = chronicle.sanctioned
        chronicle.add(
            f"sanction/{sanctioned.cadre_id}",
            Discipline(
                effective_on=workday(year, 3, 16),
                cadre_id=sanctioned.cadre_id,
                sanction=Sanction.WARNING,
                decided_by="区监察委员会",
                document=f"监政处〔{year}〕3 号",
            ),
        )


def autumn(chronicle: Chronicle, year: int) -> None:
    """What was achieved and what was not, in points of the rules of the day."""
    rng = chronicle.random(f"merit/{year}")
    day = workday(year, 10, 19)
    for one in some(rng, chronicle.active(), round(MERIT_SHARE * len(chronicle.active()))):
        code = rng.choice(("commendation", "hard-task", "hard-task"))
        _merit(chronicle, one, code, rng.choice(MERITS), day)
    if year == chronicle.first:
        hero = chronicle.protagonist
        _merit(chronicle, hero, "distinction", "省重点项目先进个人", day + ONE_DAY)
        _check(chronicle, year)
        _points_fall(chronicle, chronicle.with_role("weak"), day + ONE_DAY)
        wrong = chronicle.with_role("corrected")
        step = _merit(chronicle, wrong, "commendation", "通报所列姓名有误", day + ONE_DAY)
        chronicle.add(
            f"reverse/{wrong.cadre_id}",
            ReverseMerit(
                effective_on=workday(year, 10, 23),
                cadre_id=wrong.cadre_id,
                merit_event=step.caused_of(wrong.cadre_id),
                reason="经核对，受表扬的是同名人员",
            ),
        )


def _sign(chronicle: Chronicle, one: Member, rng: Random, day: date) -> None:
    """A sign that a human closes: after a reminder, or because there was nothing in it."""
    founded = rng.random() < 0.5  # noqa: PLR2004  share
    kind = rng.choice((FlagKind.COMPLAINT, FlagKind.ATTENDANCE, FlagKind.CONDUCT))
    flag = _flag(chronicle, one, kind, rng.choice(SIGNS), day)
    if founded:
        _talk(chronicle, one, TalkKind.REMINDER, "针对反映的问题提醒", day + ONE_DAY, flag=flag)
    chronicle.add(
        f"close/{one.cadre_id}",
        CloseFlag(
            effective_on=day + 2 * ONE_DAY,
            cadre_id=one.cadre_id,
            flag_event=flag.caused_of(one.cadre_id),
            outcome="acted" if founded else "dismissed",
            reason="已谈话提醒，本人作出说明" if founded else "经核查，反映不属实",
        ),
    )


def _admonish(chronicle: Chronicle, one: Member, day: date) -> None:
    flag = _flag(chronicle, one, FlagKind.AUDIT, "审计发现公务接待审批倒签", day)
    talk = _talk(chronicle, one, TalkKind.ADMONITION, "违反公务接待审批程序", day, flag=flag)
    chronicle.marks["admonition"] = talk.caused_of(one.cadre_id)
    chronicle.add(
        f"close/{one.cadre_id}",
        CloseFlag(
            effective_on=day + ONE_DAY,
            cadre_id=one.cadre_id,
            flag_event=flag.caused_of(one.cadre_id),
            outcome="acted",
            reason="已诫勉谈话",
        ),
    )


def _check(chronicle: Chronicle, year: int) -> None:
    one = chronicle.with_role("admonished")
    chronicle.add(
        f"check/{one.cadre_id}",
        CheckRectification(
            effective_on=workday(year, 10, 20),
            cadre_id=one.cadre_id,
            talk_event=chronicle.marks["admonition"],
            passed=True,
            note="制度已修订，半年内未再发生",
        ),
    )


def _points_fall(chronicle: Chronicle, one: Member, day: date) -> None:
    """Deductions within three months raise a sign by themselves; closing it is for people."""
    _merit(chronicle, one, "failure", FAILURES[0], day)
    over = _merit(chronicle, one, "failure", FAILURES[1], day + ONE_DAY)
    chronicle.add(
        f"close/{one.cadre_id}",
        CloseFlag(
            effective_on=day + 2 * ONE_DAY,
            cadre_id=one.cadre_id,
            flag_event=over.caused_of(one.cadre_id, index=1),
            outcome="acted",
            reason="已约谈，列入帮带对象",
        ),
    )


def _flag(chronicle: Chronicle, one: Member, kind: FlagKind, detail: str, day: date) -> Step:
    return chronicle.add(
        f"flag/{one.cadre_id}",
        Flag(
            effective_on=day, cadre_id=one.cadre_id, kind=kind, source="干部监督科", detail=detail
        ),
    )


def _talk(
    chronicle: Chronicle,
    one: Member,
    kind: TalkKind,
    reason: str,
    day: date,
    flag: Step | None = None,
) -> Step:
    return chronicle.add(
        f"{kind}/{one.cadre_id}",
        Talk(
            effective_on=day,
            cadre_id=one.cadre_id,
            kind=kind,
            talkers=TALKERS,
            reason=reason,
            record=f"{kind.zh}记录：{reason}",
            flag_event=flag.caused_of(one.cadre_id) if flag else None,
        ),
    )


def _merit(chronicle: Chronicle, one: Member, code: str, evidence: str, day: date) -> Step:
    return chronicle.add(
        f"merit/{one.cadre_id}/{code}/{evidence}",
        PostMerit(
            effective_on=day,
            cadre_id=one.cadre_id,
            scheme_id=SCHEME,
            item=code,
            evidence=evidence,
            approved_by="区考核办",
        ),
    )
