"""The statutes as data: every threshold has an article, a period of validity and a confidence.

The version in force on the business date of an event decides; a result cites it. The files under
``rules/`` hold one ``[[rule]]`` table per version; see any of them for the fields.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cadre.contracts.event import RuleFinding

FOLDER = files("cadre.shared") / "rules"

type Input = str | int | float | bool | None


class Rule(BaseModel):
    """One version of one rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    instrument: str
    article: str
    valid_from: date
    valid_to: date | None = Field(default=None, description="First day it no longer held")
    recorded_on: date
    confidence: Literal["V", "V2", "K"]
    kind: Literal["hard", "soft", "quota", "deadline", "influence", "order"]
    parameters: dict[str, Any] = Field(default_factory=dict[str, Any])
    source: str = ""

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def number(self, name: str) -> float:
        """A numeric parameter."""
        return float(self.parameters[name])

    def whole(self, name: str) -> int:
        """A whole-number parameter."""
        return int(self.parameters[name])

    def finding(
        self,
        *,
        passed: bool,
        reason: str,
        inputs: Mapping[str, Input],
        earliest: date | None = None,
    ) -> RuleFinding:
        """What this rule said of one case."""
        return RuleFinding(
            rule=self.id,
            instrument=self.instrument,
            article=self.article,
            version=self.valid_from,
            confidence=self.confidence,
            kind=self.kind,
            passed=passed,
            inputs=dict(inputs),
            reason=reason,
            earliest=earliest,
        )


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All versions of all rules."""

    versions: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict[str, tuple[Rule, ...]])

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "RuleBook":
        versions: dict[str, list[Rule]] = {}
        for rule in rules:
            versions.setdefault(rule.id, []).append(rule)
        return cls(
            {
                rule_id: tuple(sorted(found, key=lambda rule: rule.valid_from))
                for rule_id, found in versions.items()
            }
        )

    def on(self, rule_id: str, day: date) -> Rule:
        """The version of a rule in force on a day.

        Before the first version the first one is used: histories are older than the statutes.
        Raises KeyError for an id nobody wrote down.
        """
        found = self.versions[rule_id]
        return next((rule for rule in reversed(found) if rule.holds_on(day)), found[0])


@cache
def rulebook() -> RuleBook:
    """The rule book that ships with this version of the code."""
    tables = (
        tomllib.loads(file.read_text("utf-8"))
        for file in sorted(FOLDER.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    )
    return RuleBook.of(Rule.model_validate(rule) for table in tables for rule in table["rule"])
