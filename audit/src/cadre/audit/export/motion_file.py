"""全程纪实: the file of one promotion, from 动议 to 任职 (SEL-29).

Who proposed, who was recommended, inspected and voted on, by which findings, and what was refused
on the way. Everything is read from the events; a step that is not recorded is said to be missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cadre.audit.export.document import Column, Document, Mark, Pairs, Row, Section, Table
from cadre.audit.export.dossier import (
    Material,
    appendix,
    basics,
    finding_line,
    moment,
    summary,
    timeline,
    verdict,
)
from cadre.audit.export.scopes import OfMotion
from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    InspectionCompleted,
    MotionConcluded,
    MotionEvent,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    RecommendationHeld,
)
from cadre.contracts.appointment.post import PostEstablished
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import Event, RuleFinding
from cadre.shared.deciding.messages import Recorded

NOT_RECORDED = "（未记录）"


@dataclass(frozen=True, slots=True)
class MotionFile:
    """The events of one motion among those of an export."""

    material: Material
    motion_id: str

    def of[E: Event](self, kind: type[E]) -> list[tuple[E, Recorded[Event]]]:
        """The motion's events of a kind; one that tells of no motion belongs to it by its post."""
        return [
            (recorded.event, recorded)
            for recorded in self.material.history
            if isinstance(recorded.event, kind)
            and getattr(recorded.event, "motion_id", self.motion_id) == self.motion_id
        ]

    def last[E: Event](self, kind: type[E]) -> E | None:
        found = self.of(kind)
        return found[-1][0] if found else None


def motion_file(material: Material, scope: OfMotion) -> Document:
    """The readable file of a motion."""
    file = MotionFile(material, scope.motion_id)
    sections = [
        _subject(file),
        _steps(file),
        _checks(file),
        _vote(file),
        _findings(file),
        _refusals(file),
        basics(material),
        timeline(material),
        *appendix(material),
    ]
    return Document(f"干部选拔任用全程纪实 {scope.motion_id}", summary(material), sections)


def _subject(file: MotionFile) -> Section:
    opened, promoted = file.last(MotionOpened), file.last(Promoted)
    post = _post(file, opened)
    pairs = [
        ("动议编号", file.motion_id),
        ("职位", f"{post.unit_name}{post.title}" if post else NOT_RECORDED),
        ("职务层次", opened.level.zh if opened else NOT_RECORDED),
        ("职数", str(post.seats) if post else NOT_RECORDED),
        ("动议主体", opened.proposer if opened else NOT_RECORDED),
        ("动议事由", opened.proposal if opened else NOT_RECORDED),
        ("应到人数", str(opened.committee_size) if opened else NOT_RECORDED),
        ("结果", _result(file)),
    ]
    if promoted and promoted.probation_until:
        pairs.append(("试用期至", f"{promoted.probation_until}（不含）"))
    return Section("动议与结果", [Pairs(pairs)])


def _post(file: MotionFile, opened: MotionOpened | None) -> PostEstablished | None:
    """The post as it stood when the motion was opened."""
    if opened is None:
        return None
    found = [event for event, _ in file.of(PostEstablished) if event.post_id == opened.post_id]
    held = [event for event in found if event.effective_on <= opened.effective_on]
    return (held or found or [None])[-1]


def _result(file: MotionFile) -> str:
    if concluded := file.last(MotionConcluded):
        return f"{concluded.effective_on} 任职，人选 {concluded.cadre_id}"
    if stopped := file.last(MotionStopped):
        return (
            f"{stopped.effective_on} 终止：{stopped.reason.zh}{stopped.note and '，'}{stopped.note}"
        )
    return "截至检查点尚在进行"


STEPS: tuple[tuple[str, type[MotionEvent]], ...] = (
    ("一、动议", MotionOpened),
    ("二、民主推荐", RecommendationHeld),
    ("三、确定考察对象", CandidateFixed),
    ("三、考察", InspectionCompleted),
    ("四、讨论决定", DecisionTaken),
    ("五、任前公示", NoticePublished),
    ("五、公示结束", NoticeClosed),
    ("五、任职", MotionConcluded),
    ("终止", MotionStopped),
)


def _steps(file: MotionFile) -> Section:
    columns = (
        Column("步骤", 17),
        Column("日期", 12),
        Column("内容", 46),
        Column("记录时间与位置", 19),
        Column("经办", 14),
    )
    rows: list[Row] = []
    for title, kind in STEPS:
        found = file.of(kind)
        if not found and kind is not MotionStopped:
            rows.append(Row((title, "—", NOT_RECORDED, "—", "—")))
        for event, recorded in found:
            rows.append(
                Row(
                    (
                        title,
                        str(event.effective_on),
                        _content(event),
                        f"{moment(recorded.recorded_at)}\n位置 {recorded.position}",
                        recorded.envelope.actor,
                    )
                )
            )
    return Section("五步程序", [Table("动议至任职各步", columns, rows)])


def _content(event: MotionEvent) -> str:
    match event:
        case MotionOpened():
            return f"{event.proposer}提出：{event.proposal}"
        case RecommendationHeld():
            return (
                f"谈话调研推荐 {event.talks_on}，{event.talked_count} 人；"
                f"会议推荐 {event.meeting_on}，{event.voters_count} 票。"
                f"推荐人选：{'、'.join(event.recommended)}"
            )
        case CandidateFixed():
            why = f"。说明：{event.justification}" if event.justification else ""
            return f"考察对象 {event.cadre_id}{why}"
        case InspectionCompleted():
            fit = "合适" if event.conclusion == "fit" else "不合适"
            return (
                f"考察组：{'、'.join(event.team)}；结论：{fit}；"
                f"廉洁自律结论签字：{'、'.join(event.signatures)}"
            )
        case DecisionTaken():
            return f"{'通过' if event.carried else '未通过'}，人选 {event.cadre_id}，票数见下"
        case NoticePublished():
            return f"公示人选 {event.cadre_id}"
        case NoticeClosed():
            upheld = "，其中反映问题属实" if event.upheld else ""
            return f"公示 {event.workdays} 个工作日，异议 {event.objections} 件{upheld}"
        case _:
            return event.say()


def _checks(file: MotionFile) -> Section:
    columns = (Column("核查", 30), Column("日期或把关人", 30), Column("结果与依据", 60))
    rows = [row for event, _ in file.of(InspectionCompleted) for row in _inspection(event)]
    if not rows:
        return Section("凡提四必与四关", ["考察未记录。"])
    return Section("凡提四必与四关", [Table("考察中的核查", columns, rows)])


def _inspection(event: InspectionCompleted) -> Iterator[Row]:
    checks = event.checks
    clean = "无影响任用的问题" if checks.clean else "发现问题"
    for what, day in (
        ("档案必审", checks.archive_on),
        ("个人有关事项报告必核", checks.matters_on),
        ("纪检监察机关意见必听", checks.discipline_on),
        ("信访举报线索必查", checks.complaints_on),
    ):
        yield Row((what, str(day), f"四项总评：{clean}"))
    for gate in event.gates:
        told = "通过" if gate.passed else "未通过"
        mark = Mark.PLAIN if gate.passed else Mark.REFUSED
        yield Row((gate.gate.zh, gate.decided_by, f"{told}。{'；'.join(gate.evidence)}"), mark)


def _vote(file: MotionFile) -> Section:
    parts: list[Pairs | str] = []
    for event, _ in file.of(DecisionTaken):
        vote, size = event.vote, event.committee_size
        pairs = [
            ("日期", str(event.effective_on)),
            ("应到", str(size)),
            ("实到", f"{vote.present}（{_share(vote.present, size)}）"),
            ("同意", f"{vote.yes}（占应到 {_share(vote.yes, size)}）"),
            ("不同意", str(vote.no)),
            ("缓议", str(vote.deferred)),
            ("结果", "通过" if event.carried else "未通过"),
        ]
        own = [f for f in event.findings if f.rule in {"SEL-21", "SEL-22"}]
        parts += [Pairs(pairs), *(finding_line(finding) for finding in own)]
    return Section("讨论决定", parts or ["讨论决定未记录。"])


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}，{100 * part / whole:.1f}%"


def _findings(file: MotionFile) -> Section:
    judged: list[tuple[str, Sequence[RuleFinding]]] = [
        ("确定考察对象时", event.findings) for event, _ in file.of(CandidateFixed)
    ]
    judged += [("讨论决定时", event.findings) for event, _ in file.of(DecisionTaken)]
    judged += [("任职时", event.findings) for event, _ in file.of(Promoted)]
    columns = (
        Column("时点", 14),
        Column("规则", 11),
        Column("依据", 30),
        Column("结论", 10),
        Column("理由与输入", 55),
    )
    rows = [
        Row(
            (
                when,
                finding.rule,
                f"{finding.instrument}{finding.article}\n{finding.version} 版",
                verdict(finding),
                f"{finding.reason}\n{_inputs(finding)}".rstrip(),
            ),
            Mark.REFUSED if finding.stands_against else Mark.PLAIN,
        )
        for when, findings in judged
        for finding in findings
    ]
    if not rows:
        return Section("资格条件核查", ["没有记录在案的结论。"])
    return Section("资格条件核查", [Table("三个时点的规则结论", columns, rows)])


def _inputs(finding: RuleFinding) -> str:
    given = {name: value for name, value in finding.inputs.items() if value not in {None, ""}}
    return "；".join(f"{name}={value}" for name, value in given.items())


def _refusals(file: MotionFile) -> Section:
    columns = (Column("日期", 13), Column("人选", 16), Column("理由", 60), Column("经办", 14))
    rows = [
        Row(
            (
                str(event.effective_on),
                event.cadre_id,
                "\n".join(finding_line(f) for f in event.findings if not f.passed),
                recorded.envelope.actor,
            ),
            Mark.REFUSED,
        )
        for event, recorded in file.of(PromotionRefused)
    ]
    if not rows:
        return Section("途中被拒", ["本动议途中没有被拒的记录（由被推荐人选的完整记录证明）。"])
    return Section("途中被拒", [Table("不符合条件而被系统拒绝的操作", columns, rows)])
