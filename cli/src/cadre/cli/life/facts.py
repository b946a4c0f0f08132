"""What is to be seen after a script was played, gathered from the running system."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from cadre.cli.life.chronicle import Chronicle, Member
from cadre.cli.life.ending import late_day
from cadre.cli.life.stage import Stage
from cadre.cli.questions import compare, history_of
from cadre.contracts.event import RuleFinding
from cadre.contracts.vocabulary import SERVICES

_FINDINGS = TypeAdapter(list[RuleFinding])


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the demonstration shows; plain values as the services answered them."""

    counts: dict[str, int]
    """Events on the log by type."""
    protagonist: Member
    history: dict[str, Any]
    on: date
    known_at: int
    """The last position before the correction and the late entry."""
    then: dict[str, Any]
    """What held on the day, as known at that position."""
    now: dict[str, Any]
    """What held on the day, as known now."""
    refused: Member
    refusal: dict[str, Any]
    findings: list[RuleFinding]
    comparison: list[dict[str, Any]]
    waiting: list[str]
    """What a service parked, or refused to react to; there should be nothing."""

    @property
    def equal(self) -> bool:
        """Whether a replay from position 1 gives the tables that the services hold."""
        return all(one["equal"] for one in self.comparison)

    @property
    def forgotten(self) -> list[dict[str, Any]]:
        """What was held true then and is so no more."""
        return _beyond(self.then, self.now)

    @property
    def learnt(self) -> list[dict[str, Any]]:
        """What is held true of that day only now."""
        return _beyond(self.now, self.then)


def gather(chronicle: Chronicle, stage: Stage, count: Callable[[], dict[str, int]]) -> Facts:
    """Ask the system for all facts, once it has settled; ``count`` counts events by type."""
    stage.settle()
    client = stage.client
    hero, refused = chronicle.protagonist, chronicle.sanctioned
    on = max(date(chronicle.first, 12, 31), date(late_day(chronicle).year, 12, 31))
    ending = chronicle.script.phases[-1].steps
    known_at = min(position for step in ending for position in stage.positions[step.path]) - 1
    refusal = next(
        entry
        for entry in history_of(client, refused.cadre_id)["entries"]
        if entry["event_id"] == str(chronicle.marks["refused-rank"])
    )
    statuses = [client.get(name, "/projections") for name in SERVICES]
    return Facts(
        counts=count(),
        protagonist=hero,
        history=history_of(client, hero.cadre_id),
        on=on,
        known_at=known_at,
        then=history_of(client, hero.cadre_id, on=on.isoformat(), known_at=known_at),
        now=history_of(client, hero.cadre_id, on=on.isoformat()),
        refused=refused,
        refusal=refusal,
        findings=_FINDINGS.validate_python(refusal["findings"]),
        comparison=[compare(client, name) for name in SERVICES],
        waiting=[
            f"{status['service']}: {one}"
            for status in statuses
            for one in (*status["parked"], *status["reactions_failed"])
        ],
    )


def _beyond(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    known = {entry["event_id"] for entry in other["entries"]}
    return [entry for entry in one["entries"] if entry["event_id"] not in known]
