"""What the readable file of an export says, whatever it is about."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.export.cited import cited_versions, rule_texts
from cadre.audit.export.document import Column, Document, Mark, Pairs, Part, Row, Section, Table
from cadre.audit.export.scopes import CHINA, OfCadre, OfMotion, OfPeriod, Scope
from cadre.contracts.event import Event, Refusal, RuleFinding
from cadre.contracts.vocabulary import SERVICE_ZH, SERVICES
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.timeline import Entry, entries

CONFIDENCE_ZH = {"V": "已核对原文", "V2": "据二手来源", "K": "待核对原文"}
TIMELINE = (
    Column("位置", 8),
    Column("生效日期", 13),
    Column("记录时间", 13),
    Column("来源", 6),
    Column("事项与依据", 60),
    Column("经办", 14),
)


@dataclass(frozen=True, slots=True)
class Material:
    """What a readable file is made of."""

    scope: Scope
    checkpoint: Checkpoint
    history: Sequence[Recorded[Event]]
    opened: bool
    """Whether personal fields are in clear."""


def dossier(material: Material) -> Document:
    """The readable file of a person or a period."""
    match material.scope:
        case OfCadre() as scope:
            title = f"干部成长全程记录 {scope.cadre_id}"
        case OfPeriod() as scope:
            title = f"期间全部记录 {scope.begin} 至 {scope.end}"
        case _:
            title = material.scope.about
    return Document(
        title, summary(material), [basics(material), timeline(material), *appendix(material)]
    )


def summary(material: Material) -> str:
    """One sentence that stands on top and says whether names can be read."""
    fields = (
        "个人字段已由导出单位公开为明文，请按涉密要求保管" if material.opened else "个人字段封存"
    )
    return (
        f"共 {len(material.history)} 条记录，截至检查点 {material.checkpoint.tree.size}；{fields}。"
    )


def basics(material: Material) -> Section:
    checkpoint = material.checkpoint
    pairs = [
        ("对象", material.scope.about),
        ("日志", checkpoint.origin),
        ("检查点", f"{checkpoint.tree.size} 条，签发于 {moment(checkpoint.dated)}"),
        ("记录条数", str(len(material.history))),
    ]
    if isinstance(material.scope, OfCadre):
        counts = Counter(recorded.event.service() for recorded in material.history)
        told = "；".join(f"{SERVICE_ZH[name]} {counts[name]} 条" for name in SERVICES)
        pairs.append(("四个环节", f"{told}（0 条者，本包证明其无记录）"))
    if isinstance(material.scope, OfPeriod):
        pairs.append(
            ("期间", "按日志服务器记录时间（北京时间）计，首尾两日在内；前后各附一条邻接记录")
        )
    return Section("基本情况", [Pairs(pairs)])


def timeline(material: Material) -> Section:
    """Every event, by the day it took effect."""
    refused = {r.position for r in material.history if isinstance(r.event, Refusal)}
    rows = [_row(material.scope, entry, refused) for entry in entries(material.history)]
    return Section("全部记录", [Table("按生效日期排列", TIMELINE, rows)])


def _row(scope: Scope, entry: Entry, refused: set[int]) -> Row:
    notes: list[str] = []
    mark = Mark.REFUSED if entry.position in refused else Mark.PLAIN
    if entry.superseded_by:
        notes.append("（此条已被更正）")
        mark = Mark.CORRECTED
    if entry.supersedes:
        notes.append("（更正前条）")
    if entry.late:
        notes.append("（补录）")
    if _beside(scope, entry.recorded_at):
        notes.append("（期外邻接记录）")
    says = "\n".join([entry.says + "".join(notes), *(finding_line(f) for f in entry.findings)])
    cells = (
        str(entry.position),
        str(entry.effective_on),
        moment(entry.recorded_at).replace(" ", "\n"),
        SERVICE_ZH[entry.service],
        says,
        entry.actor,
    )
    return Row(cells, mark)


def _beside(scope: Scope, recorded_at: datetime) -> bool:
    """Whether an event only stands beside the period that was asked for."""
    if not isinstance(scope, OfPeriod):
        return False
    return not scope.begin <= recorded_at.astimezone(CHINA).date() <= scope.end


def finding_line(finding: RuleFinding) -> str:
    """One finding with its statute."""
    return (
        f"〔{verdict(finding)}〕{finding.rule} {finding.instrument}{finding.article}"
        f"（{finding.version} 版）：{finding.reason}"
    )


def verdict(finding: RuleFinding) -> str:
    if finding.passed:
        return "符合"
    return "不符" if finding.stands_against else "提示"


def moment(at: datetime) -> str:
    """Beijing time, to the second."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def appendix(material: Material) -> list[Section]:
    """What every readable file ends with."""
    return [_rules(material), _code(material), _verification(material)]


def _rules(material: Material) -> Section:
    versions = cited_versions(material.history)
    known = rule_texts(versions)
    rows = [
        Row(
            (
                rule.id,
                f"{rule.instrument}{rule.article}",
                rule.title,
                _validity(rule.valid_from, rule.valid_to),
                CONFIDENCE_ZH[rule.confidence],
            )
        )
        for rule, _ in known.values()
    ]
    columns = (
        Column("规则", 11),
        Column("依据", 34),
        Column("事项", 26),
        Column("有效期", 27),
        Column("可信度", 16),
    )
    parts: list[Part] = [Table("记录中引用的规则版本，条文参数见 rules.toml", columns, rows)]
    if not rows:
        parts = ["本包的记录未引用规则。"]
    missing = [f"{rule}（{day} 版）" for rule, day in versions if (rule, day) not in known]
    if missing:
        parts.append(f"现行规则库中已无：{'、'.join(missing)}。")
    return Section("所引规则", parts)


def _validity(begin: date, end: date | None) -> str:
    return f"{begin} 起" if end is None else f"{begin} 至 {end}（不含）"


def _code(material: Material) -> Section:
    counts = Counter(
        (recorded.event.service(), recorded.envelope.code_version) for recorded in material.history
    )
    columns = (Column("环节", 20), Column("代码版本", 60), Column("记录条数", 20))
    rows = [
        Row((SERVICE_ZH[service], version or "未注明", str(count)))
        for (service, version), count in sorted(counts.items())
    ]
    return Section("作出记录的代码版本", [Table("每条记录注明作出它的代码版本", columns, rows)])


def _verification(material: Material) -> Section:
    match material.scope:
        case OfCadre():
            what = "该人员在四个环节的记录自第 1 条起无缺漏，或确无记录"
        case OfMotion():
            what = "该动议、所涉职位及全部被推荐人选在任用环节的记录无缺漏"
        case _:
            what = "期间内的记录逐位相连，前后邻接记录在期间之外"
    not_proven = (
        "不能证明：所记内容属实；本文件与记录一致（以 events.jsonl 为准，本文件仅有导出单位签名）；"
        "明文与封存值一致（disclosure.jsonl 为导出单位的声明）。"
    )
    return Section(
        "如何核验",
        [
            "离线核验：python verify_export.py 本包 --key 验证密钥。程序与密钥须从本包以外取得。",
            f"可以证明：每条记录与签名检查点所含一致；由服务签名；{what}。",
            not_proven,
        ],
    )
