"""What people read: the file of a motion, pages, paper, cited rules, clear texts."""

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest

from audit.exports import PROGRAM_LOADED as PROGRAM
from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.export.cited import cited_versions, rule_texts
from cadre.audit.export.disclosure import sealed_fields
from cadre.audit.export.document import Column, Document, Mark, Pairs, Row, Section, Table
from cadre.audit.export.dossier import Material, dossier
from cadre.audit.export.motion_file import motion_file
from cadre.audit.export.page import page
from cadre.audit.export.paper import paper
from cadre.audit.export.scopes import OfCadre, OfMotion, OfPeriod
from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    FourChecks,
    Gate,
    GateResult,
    InspectionCompleted,
    MotionConcluded,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    RecommendationHeld,
    StopReason,
    Vote,
)
from cadre.contracts.appointment.post import PostEstablished
from cadre.contracts.appointment.promotion import PromotionRefused
from cadre.contracts.event import Event, RuleFinding
from cadre.contracts.vocabulary import PostLevel
from cadre.shared.deciding.messages import Envelope, Recorded
from cadre.shared.deciding.rulebook import rulebook

DATED = datetime(2026, 11, 20, 14, tzinfo=UTC)
EMPTY = Root(0, sha256(b"").digest())
CHECKPOINT = Checkpoint("cadre.example/history", Root(99, EMPTY.hash), DATED, EMPTY, EMPTY)
WANG, LI = "c-aaaaaaaaaa", "c-bbbbbbbbbb"
DAY = date(2026, 3, 2)


def finding(rule: str, *, passed: bool = True, **inputs: int | str | None) -> RuleFinding:
    found = rulebook().on(rule, DAY)
    return found.finding(passed=passed, reason=f"{rule} 的理由", inputs=inputs)


def recorded(*events: Event) -> list[Recorded[Event]]:
    def one(position: int, event: Event) -> Recorded[Event]:
        envelope = Envelope(
            event_id=uuid4(),
            version=position,
            command_id=uuid4(),
            command_hash="",
            actor=f"actor-{position}",
            source_time=DATED,
            previous_hash="",
            code_version="1.2.3",
        )
        at = int((DATED + timedelta(seconds=position)).timestamp()) * 10**9
        return Recorded(event=event, envelope=envelope, position=position, recorded_ns=at)

    return [one(position, event) for position, event in enumerate(events, 1)]


def step[E: Event](kind: type[E], day: int, /, **fields: Any) -> E:
    return kind(effective_on=DAY + timedelta(days=day), motion_id="m-1", **fields)


POST = PostEstablished(
    effective_on=DAY,
    post_id="p-1",
    unit_id="u-1",
    unit_name="县财政局",
    title="副局长",
    level=PostLevel.SECTION_DEPUTY,
    seats=2,
)
HISTORY = recorded(
    POST,
    step(
        MotionOpened,
        1,
        post_id="p-1",
        proposer="组织部",
        committee_size=9,
        proposal="配备副局长",
        level=PostLevel.SECTION_DEPUTY,
    ),
    step(
        RecommendationHeld,
        4,
        talks_on=DAY + timedelta(days=2),
        meeting_on=DAY + timedelta(days=3),
        talked_count=12,
        voters_count=30,
        recommended=(WANG, LI),
    ),
    step(
        PromotionRefused,
        5,
        cadre_id=LI,
        kind="post",
        target="p-1",
        findings=(finding("SEL-16", passed=False, item="influence"),),
    ),
    step(
        CandidateFixed,
        6,
        cadre_id=WANG,
        findings=(finding("SEL-16", item="grade", grades="2025:competent", blocked=None),),
    ),
    step(
        InspectionCompleted,
        10,
        cadre_id=WANG,
        team=("甲", "乙"),
        checks=FourChecks(
            archive_on=DAY + timedelta(days=7),
            matters_on=DAY + timedelta(days=8),
            discipline_on=DAY + timedelta(days=9),
            complaints_on=DAY + timedelta(days=10),
            clean=True,
        ),
        gates=(
            GateResult(
                gate=Gate.POLITICAL,
                passed=True,
                decided_by="考察组",
                evidence=("谈话记录",),
            ),
        ),
        signatures=("书记", "纪检组长"),
        conclusion="fit",
    ),
    step(
        DecisionTaken,
        12,
        cadre_id=WANG,
        vote=Vote(present=8, yes=7, no=0, deferred=1),
        committee_size=9,
        carried=True,
        findings=(finding("SEL-21", present=8), finding("SEL-22", yes=7)),
    ),
    step(NoticePublished, 13, cadre_id=WANG),
    step(NoticeClosed, 20, cadre_id=WANG, workdays=5, objections=1, upheld=False),
    step(MotionConcluded, 21, cadre_id=WANG),
)


def text_of(document: Document) -> str:
    """Everything a document says, one cell a line."""
    told: list[str] = [document.title, document.summary]
    for section in document.sections:
        told.append(section.title)
        for part in section.parts:
            match part:
                case Pairs():
                    told += [f"{name}：{value}" for name, value in part.pairs]
                case Table():
                    told += ["｜".join(row.cells) for row in part.rows]
                case str():
                    told.append(part)
    return "\n".join(told)


def motion(history: list[Recorded[Event]]) -> str:
    scope = OfMotion("m-1")
    return text_of(motion_file(Material(scope, CHECKPOINT, history, opened=False), scope))


def test_the_file_of_a_motion_tells_every_step() -> None:
    told = motion(HISTORY)

    for expected in (
        "职位：县财政局副局长",
        "动议主体：组织部",
        "一、动议｜2026-03-03｜组织部提出：配备副局长",
        "谈话调研推荐 2026-03-04，12 人；会议推荐 2026-03-05，30 票",
        f"推荐人选：{WANG}、{LI}",
        "考察组：甲、乙；结论：合适；廉洁自律结论签字：书记、纪检组长",
        "档案必审｜2026-03-09",
        "个人有关事项报告必核｜2026-03-10",
        "纪检监察机关意见必听｜2026-03-11",
        "信访举报线索必查｜2026-03-12",
        "政治关｜考察组｜通过。谈话记录",
        "实到：8（8/9，88.9%）",
        "同意：7（占应到 7/9，77.8%）",
        "缓议：1",
        "公示 5 个工作日，异议 1 件",
        f"结果：2026-03-23 任职，人选 {WANG}",
        "actor-7",
        "位置 7",
    ):
        assert expected in told, expected


def test_findings_stand_with_statute_and_inputs() -> None:
    told = motion(HISTORY)
    rule = rulebook().on("SEL-16", DAY)

    assert f"确定考察对象时｜SEL-16｜{rule.instrument}{rule.article}\n{rule.valid_from} 版" in told
    assert "item=grade；grades=2025:competent" in told
    assert "blocked" not in told


def test_a_refusal_on_the_way_is_told() -> None:
    told = motion(HISTORY).partition("途中被拒\n")[2]

    assert told.startswith(f"2026-03-07｜{LI}｜〔不符〕SEL-16")
    others = [r for r in HISTORY if not isinstance(r.event, PromotionRefused)]
    assert "没有被拒的记录" in motion(others)


def test_a_refusal_in_another_motion_is_none_of_this() -> None:
    refused = HISTORY[3].event
    assert isinstance(refused, PromotionRefused)
    other = HISTORY[3]._replace(event=refused.model_copy(update={"motion_id": "m-2"}))

    assert "没有被拒的记录" in motion([*HISTORY[:3], other, *HISTORY[4:]])


def test_a_step_that_is_not_recorded_is_said_to_be_missing() -> None:
    told = motion(HISTORY[:3])

    assert "四、讨论决定｜—｜（未记录）" in told
    assert "讨论决定未记录。" in told
    assert "截至检查点尚在进行" in told
    stopped = step(MotionStopped, 5, reason=StopReason.WITHDRAWN, note="缓")
    assert "终止：撤回动议，缓" in motion([*HISTORY[:3], *recorded(stopped)])


def test_the_events_beside_a_period_are_named_so() -> None:
    scope = OfPeriod(date(2026, 11, 21), date(2026, 11, 21))
    told = text_of(dossier(Material(scope, CHECKPOINT, HISTORY[:1], opened=False)))

    assert "（期外邻接记录）" in told
    inside = OfPeriod(date(2026, 11, 20), date(2026, 11, 20))
    assert "期外" not in text_of(dossier(Material(inside, CHECKPOINT, HISTORY[:1], opened=False)))


def test_a_correction_is_marked_in_words_and_in_the_row() -> None:
    first, *_ = HISTORY
    corrected = POST.model_copy(update={"supersedes": first.event_id, "seats": 3})
    second = recorded(corrected)[0]._replace(position=2)
    material = Material(OfCadre(WANG), CHECKPOINT, [first, second], opened=True)
    document = dossier(material)
    rows = [
        row
        for section in document.sections
        for part in section.parts
        if isinstance(part, Table)
        for row in part.rows
    ]

    assert "明文" in document.summary
    assert rows[0].mark is Mark.CORRECTED
    assert "（此条已被更正）" in rows[0].cells[4]
    assert "（更正前条）" in rows[1].cells[4]


def test_every_rule_is_found_as_the_rule_book_words_it() -> None:
    versions = [(r.id, r.valid_from) for found in rulebook().versions.values() for r in found]
    texts = rule_texts(versions)

    assert len(texts) == len(set(versions)) > 100
    for (rule_id, _), (rule, text) in texts.items():
        assert rule in rulebook().versions[rule_id]
        assert text.startswith("[[rule]]\n")
        assert text.count("[[rule]]") == 1
        assert not text.splitlines()[-1].startswith("#")


def test_a_cited_version_that_is_gone_is_named() -> None:
    gone = finding("SEL-16").model_copy(update={"version": date(1999, 1, 1)})
    fixed = step(CandidateFixed, 6, cadre_id=WANG, findings=(gone,))
    history = [*HISTORY[:4], *recorded(fixed)]

    assert ("SEL-16", date(1999, 1, 1)) in cited_versions(history)
    assert "现行规则库中已无：SEL-16（1999-01-01 版）" in motion(history)


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "col"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HOSTILE = Document(
    "<script>alert(1)</script>",
    "摘要 & <b>",
    [
        Section(
            "一",
            [
                Pairs([("名", "<img src=x>")]),
                Table("题", [Column("甲", 1)], [Row(["<td>"], Mark.REFUSED)]),
                "一句",
            ],
        )
    ],
)


def test_a_page_holds_no_script_and_fetches_nothing() -> None:
    for text in (
        page(HOSTILE),
        page(motion_file(Material(OfMotion("m-1"), CHECKPOINT, HISTORY, False), OfMotion("m-1"))),
    ):
        elements = _Elements(text)
        names = {name for name, _ in elements.seen}
        assert elements.open == []
        assert not names & {"script", "img", "link", "iframe", "form", "b"}
        assert all("src" not in found and "onclick" not in found for _, found in elements.seen)
        links = [found["href"] or "" for name, found in elements.seen if name == "a"]
        assert links
        assert all(link.startswith("#") for link in links)


def test_a_page_can_be_heard() -> None:
    text = page(HOSTILE)
    elements = _Elements(text)
    by_name = dict(elements.seen)

    assert by_name["html"] == {"lang": "zh-CN"}
    assert {"title", "main", "nav", "caption", "h1", "h2"} <= by_name.keys()
    scopes = [found.get("scope") for name, found in elements.seen if name == "th"]
    assert scopes == ["col", "row"]
    ids = {found["id"] for _, found in elements.seen if "id" in found}
    assert {(found["href"] or "")[1:] for name, found in elements.seen if name == "a"} <= ids


def test_paper_is_the_same_twice_and_holds_its_font() -> None:
    document = dossier(Material(OfCadre(WANG), CHECKPOINT, HISTORY, opened=False))
    first = paper(document, DATED)

    assert paper(document, DATED) == first
    assert paper(document, DATED + timedelta(days=1)) != first
    assert b"/FontFile3" in first
    assert b"NotoSansSC" in first
    assert b"D:20261120140000" in first


@pytest.mark.parametrize("text", ["长" * 6_000, "w" * 3_000, "生僻字𠀀䶮", "", "\n\n", "（" * 200])
def test_paper_takes_any_text(text: str) -> None:
    table = Table("题", [Column("甲", 1), Column("乙", 9)], [Row(["1", text])])
    document = Document("题", text, [Section("一", [table, Pairs([("名", text)]), text])])

    assert paper(document, DATED).startswith(b"%PDF-")


def test_sealed_fields_are_found_by_both_sides() -> None:
    body = {
        "note": {"sealed": "sealed:v1.a"},
        "careers": [{"unit": {"sealed": "sealed:v1.b"}, "from": "2020-01"}, {"unit": None}],
        "forgotten": {"forgotten": True},
        "looks": {"sealed": "x", "like": "none"},
    }
    found = [("note", "sealed:v1.a"), ("careers/0/unit", "sealed:v1.b")]

    assert list(sealed_fields(body)) == found
    assert list(PROGRAM.sealed_fields(json.loads(json.dumps(body)))) == found
