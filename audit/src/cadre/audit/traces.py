"""Two answers to one question, side by side."""

from collections import Counter
from collections.abc import Iterator

from cadre.contracts.event import RuleFinding
from cadre.shared.deciding.judgement import Answer

type Pair = tuple[RuleFinding | None, RuleFinding | None]


def same_trace(one: Answer, other: Answer) -> bool:
    """Whether the same versions of the same rules said the same of the same inputs.

    The words may have been improved since, and ``earliest`` rests on rules of later days too.
    """
    return _trace(one) == _trace(other)


def same_outcome(one: Answer, other: Answer) -> bool:
    """Whether both were granted or both not, and the same rules stand against them."""
    return (one.granted, _against(one)) == (other.granted, _against(other))


def side_by_side(one: Answer, other: Answer) -> Iterator[Pair]:
    """The findings of both, each beside what the other says on the same item of the same rule."""
    left = list(other.findings)
    for finding in one.findings:
        index = next((i for i, f in enumerate(left) if _item(f) == _item(finding)), None)
        yield finding, None if index is None else left.pop(index)
    yield from ((None, finding) for finding in left)


def differing(one: Answer, other: Answer) -> list[Pair]:
    """The pairs that are not the same."""
    return [
        (a, b)
        for a, b in side_by_side(one, other)
        if a is None or b is None or _core(a) != _core(b)
    ]


def _trace(answer: Answer) -> tuple[bool, Counter[object]]:
    return answer.granted, Counter(_core(finding) for finding in answer.findings)


def _against(answer: Answer) -> Counter[object]:
    return Counter(_item(finding) for finding in answer.findings if finding.stands_against)


def _core(finding: RuleFinding) -> tuple[object, ...]:
    inputs = tuple(sorted(finding.inputs.items()))
    return finding.rule, finding.version, finding.kind, finding.passed, inputs


def _item(finding: RuleFinding) -> tuple[str, object]:
    return finding.rule, finding.inputs.get("item")
