"""Histories of pools, recruitments and liftings; see `histories`."""

from system.asked import POOL
from system.histories import (
    LINE,
    POL_01,
    VOID,
    History,
    Step,
    Told,
    annulled,
    concluded,
    imported_again,
    lifted,
    mended,
)


def told_anew(name: str, on: str = "2023-12-31", **fields: str) -> Step:
    return Step(name, "selection", "recruit", {"effective_on": on} | fields)


def proposed(on: str) -> tuple[Step, ...]:
    """The steps towards the pool, all on one day."""
    bodies = {
        "nominate-for-pool": {"by_unit": "财政局", "reason": "实绩突出"},
        "assess-for-pool": {"fit": True, "assessors": ["甲", "乙"], "note": "考察"},
        "compare-for-pool": {"place": 1, "compared_count": 3},
    }
    about = {"pool_id": POOL, "effective_on": on}
    return tuple(
        Step(f"{command} {on}", "selection", command, about | body)
        for command, body in bodies.items()
    )


def entered(name: str, on: str, **more: str) -> Step:
    body = {"pool_id": POOL, "decided_by": "部务会", "effective_on": on}
    return Step(name, "selection", "enter-pool", body | more)


def exited(name: str, on: str, **more: str) -> Step:
    body = {"pool_id": POOL, "reason": "other", "effective_on": on}
    return Step(name, "selection", "exit-pool", body | more)


WRONG_ENTRY = "ADR 0037：更正后的入库日自始为准"
WRONG_EXIT = "ADR 0037：更正后的出库日自始为准"
TOLD_ANEW = "ADR 0037：重新登记的录用取代原登记"

SELECTION_HISTORIES = (
    History(
        "an entry into the pool, its day corrected",
        (
            *proposed("2024-03-01"),
            entered("entry-into-pool", "2024-04-01"),
            entered("right", "2024-05-01", supersedes="@entry-into-pool"),
        ),
        (
            Told("in the pool since", "2024-04-15", None, WRONG_ENTRY),
            Told("in the pool since", "2025-01-01", "2024-05-01", WRONG_ENTRY),
        ),
    ),
    History(
        "an entry corrected twice after it ended, the exit still ends it",
        (
            *proposed("2024-03-01"),
            entered("first", "2024-04-01"),
            exited("exit", "2024-09-01"),
            entered("second", "2024-05-01", supersedes="@first"),
            entered("third", "2024-03-15", supersedes="@second"),
        ),
        (
            Told("in the pool since", "2024-08-31", "2024-03-15", WRONG_ENTRY),
            Told("in the pool since", "2024-09-01", None, LINE),
        ),
    ),
    History(
        "an exit corrected twice, once to an earlier and once to a later day",
        (
            *proposed("2024-03-01"),
            entered("in", "2024-04-01"),
            exited("out", "2024-09-01"),
            exited("earlier", "2024-08-01", supersedes="@out"),
            exited("later", "2024-10-01", supersedes="@earlier"),
        ),
        (
            Told("in the pool since", "2024-09-15", "2024-04-01", WRONG_EXIT),
            Told("in the pool since", "2024-10-01", None, WRONG_EXIT),
        ),
    ),
    History(
        "an exit annulled",
        (
            *proposed("2024-03-01"),
            entered("in", "2024-04-01"),
            exited("out", "2024-09-01"),
            annulled("annulment", "2025-01-01", "selection", "out"),
        ),
        (Told("in the pool since", "2024-10-01", "2024-04-01", VOID),),
    ),
    History(
        "an entry annulled with the exit that hung on it, and recorded anew",
        (
            *proposed("2024-03-01"),
            entered("in", "2024-04-01"),
            exited("out", "2024-09-01"),
            annulled("annulment", "2025-01-01", "selection", "in"),
            entered("again", "2024-06-01"),
        ),
        (
            Told("in the pool since", "2024-05-01", None, VOID),
            Told("in the pool since", "2024-10-01", "2024-06-01", "随原入库记录撤销的出库不再有效"),
        ),
    ),
    History(
        "an entry annulled",
        (
            *proposed("2024-03-01"),
            entered("in", "2024-04-01"),
            annulled("annulment", "2025-01-01", "selection", "in"),
        ),
        (
            Told("in the pool since", "2024-05-01", None, VOID),
            Told("in the pool since", "2025-05-01", None, VOID),
        ),
    ),
    History(
        "back in the pool, and the exit in between corrected",
        (
            *proposed("2024-03-01"),
            entered("in", "2024-04-01"),
            exited("out", "2024-06-01"),
            *proposed("2024-08-01"),
            entered("back", "2024-09-01"),
            exited("right", "2024-07-01", supersedes="@out"),
        ),
        (
            Told("in the pool since", "2024-06-15", "2024-04-01", WRONG_EXIT),
            Told("in the pool since", "2024-07-01", None, WRONG_EXIT),
            Told("in the pool since", "2024-10-01", "2024-09-01", "再次入库不受影响"),
        ),
    ),
    History(
        "a recruitment told anew: another day, another channel",
        (
            told_anew("wrong", "2023-09-01", channel="selected-graduate", supersedes="@entry"),
            told_anew("right", "2023-10-01", channel="talent", supersedes="@wrong"),
        ),
        (
            Told("recruited last year", "2024-06-01", ("2023-10-01", "talent"), TOLD_ANEW),
            Told("serves in", "2024-06-01", "财政局", TOLD_ANEW),
        ),
        recruited=True,
    ),
    History(
        "a recruitment told anew with its unit, which a correction had told otherwise",
        (
            mended("unit", "2023-12-31", unit_id="u-water", unit_name="水利局"),
            told_anew(
                "right", supersedes="@entry", unit_id="u-audit", unit_name="审计局", major="审计学"
            ),
        ),
        (Told("serves in", "2024-06-01", "审计局", "同一生效日以后登记者为准"),),
        recruited=True,
    ),
    History(
        "a recruitment told anew, whose unit was corrected from a later day on",
        (
            mended("unit", "2024-02-01", unit_id="u-water", unit_name="水利局"),
            told_anew("right", supersedes="@entry", unit_id="u-audit", unit_name="审计局"),
        ),
        (
            Told("serves in", "2024-01-15", "审计局", TOLD_ANEW),
            Told("serves in", "2024-06-01", "水利局", "档案更正自 2024-02-01 起"),
        ),
        recruited=True,
    ),
    History(
        "a unit corrected, then the file taken over again",
        (
            mended("unit", "2023-12-31", unit_id="u-water", unit_name="水利局"),
            imported_again("again", "b", standing={"unit_id": "u-audit", "unit_name": "审计局"}),
        ),
        (Told("serves in", "2024-06-01", "审计局", "同一生效日以后登记者为准"),),
    ),
    History(
        "a lifting corrected to a later day",
        (
            concluded("veto", "2025-01-10"),
            lifted("lifting", "2025-05-01", "veto"),
            lifted("right", "2025-06-01", "veto", supersedes="@lifting"),
        ),
        (
            Told("does a veto stand", "2025-05-15", True, "解除日实为 2025-06-01"),
            Told("does a veto stand", "2025-06-01", False, POL_01),
        ),
    ),
)
