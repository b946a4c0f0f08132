"""Shows the facts: for people as tables, for machines as one document."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from cadre.cli.life.facts import Facts
from cadre.cli.output import CONSOLE, styled, table
from cadre.cli.reading import print_comparison, print_history
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Refusal
from cadre.contracts.vocabulary import SERVICE_ZH, SERVICES


def as_document(facts: Facts) -> dict[str, Any]:
    """The facts as plain values."""
    return {
        "events": {"total": sum(facts.counts.values()), "by_type": facts.counts},
        "protagonist": {
            "cadre_id": facts.protagonist.cadre_id,
            "history": facts.history,
            "on": facts.on,
            "known_at": facts.known_at,
            "then": facts.then,
            "now": facts.now,
            "forgotten": facts.forgotten,
            "learnt": facts.learnt,
        },
        "refused_promotion": {"cadre_id": facts.refused.cadre_id, **facts.refusal},
        "replay": facts.comparison,
        "waiting": facts.waiting,
    }


def tell(facts: Facts) -> None:
    """Everything in its order, the Chinese first."""
    _counts(facts)
    _rule("一个人的成长史 One person's growth history")
    _history(facts)
    _rule("更正与补录 What a correction and a late entry changed")
    _two_views(facts)
    _rule("未通过的晋升 A promotion refused, with every reason")
    _refusal(facts)
    _rule("重放 Replay")
    print_comparison(facts.comparison)
    for waiting in facts.waiting:
        CONSOLE.print(f"[red]搁置 waits:[/red] {waiting}")


def _rule(title: str) -> None:
    CONSOLE.print()
    CONSOLE.rule(f"[bold]{title}", align="left")


def _counts(facts: Facts) -> None:
    """One row per event type, grouped by service."""
    _rule("事件日志 Events on the log")
    rows: list[tuple[str, str, str, int]] = []
    for service in SERVICES:
        for tag, count in facts.counts.items():
            if tag.startswith(f"{service}."):
                name = tag.removeprefix(f"{service}.")
                rows.append((SERVICE_ZH[service], name, _meaning(tag), count))
    half = -(-len(rows) // 2)
    sides = [
        (*left, "", *right)
        for left, right in zip(rows[:half], [*rows[half:], ("", "", "", "")][:half], strict=True)
    ]
    columns = ("", "事件", "", "数", " ", "", "事件", "", "数")
    CONSOLE.print(table("", columns, sides))
    by_service = "，".join(
        f"{SERVICE_ZH[service]} "
        f"{sum(n for tag, n in facts.counts.items() if tag.startswith(service))}"
        for service in SERVICES
    )
    CONSOLE.print(f"共 total {sum(facts.counts.values())}（{by_service}）")


def _history(facts: Facts) -> None:
    """The timeline, with the findings of decisions on promotion and those that failed."""
    entries = [
        entry
        | {
            "findings": [
                finding
                for finding in entry["findings"]
                if entry["service"] == "appointment" or not finding["passed"]
            ]
        }
        for entry in facts.history["entries"]
    ]
    title = f"{facts.protagonist.full_name}（{facts.protagonist.cadre_id}）"
    print_history(facts.history | {"entries": entries}, title)


def _meaning(tag: str) -> str:
    """Marks the refusals: facts their persons have a right to see."""
    event = CATALOGUE.events.get(tag)
    return "拒" if event is not None and issubclass(event, Refusal) else ""


def _two_views(facts: Facts) -> None:
    """What held on a day, as known before the correction and as known now, side by side."""
    on, then = facts.on, facts.known_at
    CONSOLE.print(
        f"同一天（{on}）的同一个人：位置 {then} 时所知，与现在所知。\n"
        f"  cadre history {facts.protagonist.cadre_id} --on {on} --known-at {then}\n"
        f"  cadre history {facts.protagonist.cadre_id} --on {on}"
    )
    forgotten = {entry["event_id"] for entry in facts.forgotten}
    learnt = {entry["event_id"] for entry in facts.learnt}
    rows: list[tuple[Any, ...]] = []
    for entry in _merged(facts):
        key = entry["event_id"]
        style = "red" if key in forgotten else "green" if key in learnt else "dim"
        rows.append(
            (
                entry["effective_on"],
                entry["position"],
                "·" if key in learnt else styled("●", "red") if key in forgotten else "●",
                "·" if key in forgotten else styled("●", "green") if key in learnt else "●",
                f"[{style}]{entry['says']}[/{style}]",
            )
        )
    CONSOLE.print(table("", ("生效", "位置", f"@{then}", "现在", "事项"), rows))
    for entry in facts.forgotten:
        CONSOLE.print(Text(f"  − 当时认为：{entry['effective_on']} {entry['says']}", "red"))
    for entry in facts.learnt:
        late = "补录" if entry["supersedes"] is None else "更正"
        told = f"  + 现在知道：{entry['effective_on']} {entry['says']}（{late}）"
        CONSOLE.print(Text(told, "green"))


def _merged(facts: Facts) -> Iterator[dict[str, Any]]:
    both = {entry["event_id"]: entry for entry in (*facts.then["entries"], *facts.now["entries"])}
    yield from sorted(both.values(), key=lambda e: (e["effective_on"], e["position"]))


def _refusal(facts: Facts) -> None:
    refusal = facts.refusal
    CONSOLE.print(
        f"{facts.refused.full_name}（{facts.refused.cadre_id}），{refusal['effective_on']}，"
        f"位置 {refusal['position']}，申报 {refusal['data']['target']}"
    )
    rows = [
        (
            styled("✓", "green") if finding.passed else styled("✗", "red"),
            finding.rule,
            f"{finding.instrument}{finding.article}",
            finding.version,
            finding.reason,
            finding.earliest or "",
            " ".join(
                f"{name}={value}"
                for name, value in finding.inputs.items()
                if name != "evidence" and value is not None
            ),
        )
        for finding in facts.findings
    ]
    columns = ("", "规则", "依据", "版本", "理由", "最早", "输入")
    CONSOLE.print(table("", columns, rows))
    earliest = Refusal(findings=tuple(facts.findings)).earliest
    CONSOLE.print(f"最早可于 [bold]{earliest}[/bold] 通过（the earliest day it would pass）")
