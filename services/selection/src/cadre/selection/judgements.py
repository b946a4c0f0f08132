"""How entries into a talent pool, granted or refused, are judged again."""

from collections.abc import Iterable
from typing import Any

from cadre.contracts.selection.membership import PoolEntered, PoolEntryRefused
from cadre.selection.cadre import CADRE
from cadre.selection.entry_rules import case_of, findings
from cadre.selection.pool import POOL
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.judgement import Answer, Judgement

type Entry = PoolEntered | PoolEntryRefused


def _scopes(event: Entry) -> Iterable[Scope[Any]]:
    return CADRE.of(event.cadre_id), POOL.of(event.pool_id)


def _entry(event: Entry, world: World) -> Answer:
    """A refusal tells only what stood against it."""
    cadre, pool = world[CADRE.of(event.cadre_id)], world[POOL.of(event.pool_id)]
    corrects = event.corrects if isinstance(event, PoolEntryRefused) else event.supersedes
    found = findings(case_of(event, cadre, pool, corrects))
    failed = tuple(finding for finding in found if not finding.passed)
    return Answer(not failed, failed or found)


JUDGEMENTS: tuple[Judgement[Any], ...] = (
    Judgement(PoolEntered, _scopes, _entry),
    Judgement(PoolEntryRefused, _scopes, _entry),
)
