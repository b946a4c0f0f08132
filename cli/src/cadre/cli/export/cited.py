"""The rules that findings cite, as the rule book words them."""

import tomllib
from collections.abc import Iterable
from datetime import date

from cadre.contracts.event import Event, RuleFinding
from cadre.shared.messages import Recorded
from cadre.shared.rulebook import FOLDER, Rule

type Version = tuple[str, date]
"""A rule's id and the first day on which this version of it held."""

_MARK = "[[rule]]\n"


def findings_of(recorded: Recorded[Event]) -> list[RuleFinding]:
    return list(getattr(recorded.event, "findings", ()))


def cited_versions(history: Iterable[Recorded[Event]]) -> list[Version]:
    """Every version of a rule that a finding names, in order."""
    return sorted({(f.rule, f.version) for recorded in history for f in findings_of(recorded)})


def rule_texts(versions: Iterable[Version]) -> dict[Version, tuple[Rule, str]]:
    """Each version with its entry in the rule files; versions nobody wrote down are left out."""
    wanted = set(versions)
    found: dict[Version, tuple[Rule, str]] = {}
    for file in FOLDER.iterdir():
        if not file.name.endswith(".toml"):
            continue
        for block in file.read_text("utf-8").split(_MARK)[1:]:
            # What follows the entry's last line introduces the next one.
            entry = _MARK + block.partition("\n\n")[0].rstrip("\n") + "\n"
            rule = Rule.model_validate(tomllib.loads(entry)["rule"][0])
            if (rule.id, rule.valid_from) in wanted:
                found[rule.id, rule.valid_from] = rule, entry
    return dict(sorted(found.items()))
