"""Every decision by rules, decided again on what was known when it was taken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cadre.audit.known import Known, read
from cadre.audit.stored import everything, extent_of
from cadre.audit.traces import differing, same_outcome, same_trace
from cadre.contracts.event import Event
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import CadreError, NotFound
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.showing.service import Service

type Wanted = Callable[[Event], bool]


class Verdict(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    UNDECIDABLE = "undecidable"
    """The log or the rule book no longer holds what the decision rested on."""
    OTHER_CODE = "other-code"
    """It differs, but another version of the code had decided."""


@dataclass(frozen=True, slots=True)
class Today:
    """What the answer would be had everything been known that is known now."""

    detail: str
    again: Answer | None
    news: Sequence[Recorded[Event]]


@dataclass(frozen=True, slots=True)
class Redecided:
    """One decision, and what comes out when it is taken again."""

    decision: Recorded[Event]
    subject: str
    verdict: Verdict
    detail: str
    """Why it is not the same; empty when it is."""
    known_at: int
    """The position up to which the histories were read."""
    judged_by: str
    recorded: Answer
    again: Answer | None = None
    rules: Sequence[str] = ()
    """The rules on which the two answers differ."""
    today: Today | None = None

    @property
    def beyond_evidence(self) -> bool:
        """Whether the decision had seen more than its evidence says."""
        return self.known_at > self.decision.envelope.evidence


@dataclass(frozen=True, slots=True)
class _Decision:
    message: Message
    judgement: Judgement[Any]
    before: int
    """The position of the first event that the same command caused."""


@dataclass(slots=True)
class Redecision:
    """Reads a log once, then decides again what was decided in it. Changes nothing."""

    services: Sequence[Service]
    installed: Mapping[str, str]
    """The version of the code that judges, by service."""
    known: Known = field(default_factory=Known)
    unreadable: list[int] = field(default_factory=list[int])
    """Positions of decisions that could not even be read."""
    _decisions: list[_Decision] = field(default_factory=list[_Decision])
    _judgements: dict[tuple[str, str], Judgement[Any]] = field(init=False)
    _command: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        self._judgements = {
            (judgement.event.service(), judgement.event.name()): judgement
            for service in self.services
            for judgement in service.judgements
        }

    async def read(self, log: Log) -> int:
        """Read everything; how many positions of the log cannot be read.

        Raises: NotFound, Unavailable.
        """
        extent = await extent_of(log)
        async for messages in everything(log, extent.last):
            for message in messages:
                self.add(message)
        return extent.last - self.known.events

    def add(self, message: Message) -> None:
        """Take the next event of the log."""
        command_id = message.headers.get("ce-commandid", "")
        if command_id != self._command[0]:
            self._command = command_id, message.position
        _, service, _, _, name = message.subject.split(".", 4)
        judgement = self._judgements.get((service, name))
        if judgement is not None:
            self._decisions.append(_Decision(message, judgement, self._command[1]))
        self.known.add(message)

    def redecided(self, wanted: Wanted, *, with_today: bool = False) -> Iterator[Redecided]:
        """The wanted decisions taken again, in the order of the log."""
        for decision in self._decisions:
            try:
                recorded = read(decision.message)
            except NotFound:
                self.unreadable.append(decision.message.position)
                continue
            scopes = list(decision.judgement.scopes(recorded.event))
            if scopes and wanted(recorded.event):
                found = self._decide(decision, recorded, scopes)
                yield self._today(found, decision.judgement, scopes) if with_today else found

    def _decide(
        self, decision: _Decision, recorded: Recorded[Event], scopes: list[Scope[Any]]
    ) -> Redecided:
        """Take a decision again at the position it cites.

        What it wrote nobody else wrote meanwhile. A history it only read may have been read up to
        any position before its own, so those at which one went on are tried as well.
        """
        cited = min(recorded.envelope.evidence, decision.before - 1)
        first = self._at(cited, decision, recorded, scopes)
        if cited != recorded.envelope.evidence:
            detail = f"its evidence, {recorded.envelope.evidence}, came after it"
            return replace(first, verdict=Verdict.DIFFERS, detail=detail)
        if first.verdict is Verdict.SAME:
            return first
        for position in self.known.grew(scopes, cited, decision.before):
            later = self._at(position, decision, recorded, scopes)
            if later.verdict is Verdict.SAME:
                return later
        return first

    def _at(
        self,
        position: int,
        decision: _Decision,
        recorded: Recorded[Event],
        scopes: list[Scope[Any]],
    ) -> Redecided:
        judgement = decision.judgement
        found = Redecided(
            decision=recorded,
            subject=decision.message.subject,
            verdict=Verdict.SAME,
            detail="",
            known_at=position,
            judged_by=self.installed[recorded.event.service()],
            recorded=judgement.recorded(recorded.event),
        )
        if missing := _versions_gone(found.recorded):
            detail = f"the rule book no longer holds {'、'.join(missing)}"
            return replace(found, verdict=Verdict.UNDECIDABLE, detail=detail, rules=missing)
        verdict, detail, again = _judge(
            judgement, recorded.event, lambda: self.known.world(scopes, position)
        )
        if again is not None:
            rules, detail = _compare(judgement, found.recorded, again)
            verdict = Verdict.DIFFERS if detail else Verdict.SAME
            found = replace(found, again=again, rules=rules)
        if verdict is Verdict.DIFFERS and recorded.envelope.code_version != found.judged_by:
            verdict = Verdict.OTHER_CODE
        return replace(found, verdict=verdict, detail=detail)

    def _today(
        self, found: Redecided, judgement: Judgement[Any], scopes: list[Scope[Any]]
    ) -> Redecided:
        if found.again is None:
            return found
        event, envelope = found.decision.event, found.decision.envelope
        try:
            world, news = self.known.world_now(
                scopes, found.known_at, event.effective_on, envelope.command_id
            )
        except NotFound as error:
            return replace(found, today=Today(str(error), None, ()))
        if not news:
            return found
        _, detail, again = _judge(judgement, event, lambda: world)
        if again is not None and same_outcome(found.again, again):
            return found
        return replace(found, today=Today(detail, again, news))


def _judge(
    judgement: Judgement[Any], event: Event, world: Callable[[], World]
) -> tuple[Verdict, str, Answer | None]:
    try:
        return Verdict.SAME, "", judgement.judge(event, world())
    except NotFound as error:
        return Verdict.UNDECIDABLE, str(error), None
    except CadreError as error:
        return Verdict.DIFFERS, f"it could not have been decided: {error}", None
    except (LookupError, ValueError) as error:
        return Verdict.UNDECIDABLE, f"its inputs make no sense: {error!r}", None


def _compare(
    judgement: Judgement[Any], recorded: Answer, again: Answer
) -> tuple[Sequence[str], str]:
    """The rules on which they differ, and in words how; no words where they do not."""
    if judgement.traced and same_trace(recorded, again):
        return (), ""
    if not judgement.traced and recorded.granted == again.granted:
        return (), ""
    if judgement.traced:
        pairs = differing(recorded, again)
        rules = dict.fromkeys(f.rule for pair in pairs for f in pair if f is not None)
    else:
        rules = dict.fromkeys(f.rule for f in again.findings if not f.passed)
    told = "granted" if recorded.granted else "refused"
    now = "granted" if again.granted else "refused"
    return tuple(rules), f"recorded as {told}, decided again it is {now}; see {'、'.join(rules)}"


def _versions_gone(recorded: Answer) -> tuple[str, ...]:
    """The cited versions of rules that the rule book does not hold."""
    cited = dict.fromkeys((f.rule, f.version) for f in recorded.findings)
    return tuple(
        f"{rule}@{version}"
        for rule, version in cited
        if all(version != held.valid_from for held in rulebook().versions.get(rule, ()))
    )
