"""The end of a probation (试用期, SEL-26): the post is confirmed, or taken back."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from cadre.appointment.deciding.correcting import (
    annulment,
    changes,
    corrected_by,
    without,
)
from cadre.appointment.deciding.evidence import Evidence
from cadre.appointment.deciding.post import POST
from cadre.appointment.deciding.seats import Posts, corrected_seat, posts_of, seat_of, settled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import ProbationConcluded, ProbationOutcome, Relieved
from cadre.contracts.event import CadreEvent, Event, EventAnnulled
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import PERSON, FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role


class ConcludeProbation(FactCommand, ProbationOutcome):
    """办理试用期满转正或免去试任职务 · Confirm a post on probation, or take it back."""


def conclude_probation(command: ConcludeProbation, cadre: Person, posts: Posts) -> list[Event]:
    """A correction is judged as if the wrong outcome, and its relief, had never been."""
    cadre.require_known(command.cadre_id)
    post_id, until = _probation(command, cadre)
    outcome = ProbationConcluded(post_id=post_id, **dict(command))
    if outcome.supersedes and cadre.holds(outcome, besides={"note"}):
        return []
    wrong = corrected_by(cadre, outcome)
    if wrong and not changes(outcome, wrong):
        return []
    relief = Evidence(cadre, date.max).relief(wrong) if wrong else None
    judged = without(cadre, wrong, relief)
    began = judged.require(Promoted, command.promotion_event, command.cadre_id)
    for concluded in judged.hanging(ProbationConcluded, began):
        return _concluded_before(command, concluded.event)
    if command.effective_on < until:
        raise NotPossible(
            f"试用期未满 · the probation (试用期) lasts until {until}",
            where=command.cadre_id,
            hint=f"请在期满后考核 · conclude it on {until} or later",
        )
    if not Evidence(judged, command.effective_on).holds(post_id):
        raise NotPossible(
            f"已不任此职 · {command.cadre_id} no longer holds {post_id}",
            where=post_id,
            hint="试用期随任职终止 · the probation ended with the post",
        )
    events = [outcome, *_taken_back(outcome, relief)]
    return [*events, *settled(command.cadre_id, cadre, cadre.expecting(*events), posts)]


def _taken_back(outcome: ProbationConcluded, relief: Fact[Relieved] | None) -> list[CadreEvent]:
    """The relief that a failed probation brings, in place of that of the outcome it corrects."""
    if outcome.passed:
        basis = f"试用期考核结论 {outcome.supersedes}"
        return [annulment(relief, basis)] if relief else []
    told = (outcome.post_id, outcome.effective_on)
    if relief and (relief.event.post_id, relief.event.effective_on) == told:
        return []
    return [
        Relieved(
            effective_on=outcome.effective_on,
            supersedes=relief.id if relief else None,
            cadre_id=outcome.cadre_id,
            post_id=outcome.post_id,
            reason="试用期考核不合格",
        )
    ]


def _probation(command: ConcludeProbation, cadre: Person) -> tuple[str, date]:
    """The post on probation and the first day after it."""
    fact = cadre.fact(command.promotion_event)
    match fact.event if fact else None:
        case Promoted(probation_until=date() as until, post_id=str(post_id)):
            return post_id, until
        case _:
            raise NotPossible(
                "此任职无试用期 · "
                f"{command.promotion_event} began no probation of {command.cadre_id}",
                where=str(command.promotion_event),
                hint="查询试用期 · see GET /probations",
            )


def _concluded_before(command: ConcludeProbation, concluded: ProbationConcluded) -> list[Event]:
    if concluded.passed == command.passed:
        return []
    raise NotPossible(
        "试用期已考核，结论不同 · "
        f"the probation was concluded on {concluded.effective_on}, with the other outcome",
        where=command.cadre_id,
        hint="原结论有误的，请更正 · if that outcome is wrong, correct it",
    )


def _scopes(command: ConcludeProbation, world: World) -> Iterator[Scope[Any]]:
    """The person, and the post on probation."""
    yield PERSON.of(command.cadre_id)
    loaded = world.get(PERSON.of(command.cadre_id))
    fact = loaded.fact(command.promotion_event) if loaded else None
    if fact and isinstance(fact.event, Promoted) and fact.event.post_id:
        yield POST.of(fact.event.post_id)
    yield from corrected_seat(command, world)


def _settle(
    fact: Fact[ProbationConcluded], cadre: Person, world: World, _by: EventAnnulled
) -> list[Event]:
    """A failed probation that is annulled takes its relief along."""
    relief = Evidence(cadre, date.max).relief(fact)
    events = [annulment(relief, f"试用期考核结论 {fact.id}")] if relief else []
    after = without(cadre, fact, relief)
    return [*events, *settled(fact.event.cadre_id, cadre, after, posts_of(world))]


OUTCOMES = Facts(
    event=ProbationConcluded,
    besides={"note"},
    name="probation-outcomes",
    title="试用期满 · Outcomes of probations",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="SEL-26",
    facts=[OUTCOMES],
    handlers=[
        Handler(
            ConcludeProbation,
            _scopes,
            lambda c, world: conclude_probation(c, world[PERSON.of(c.cadre_id)], posts_of(world)),
            Right(Role.DECIDER, NAMED),
        )
    ],
    annullable=[Annullable((ProbationConcluded,), lambda event, _: seat_of(event), _settle)],
    orders=[Order("cadre", after={ProbationConcluded: frozenset({Promoted})})],
)
