"""Histories of posts, ranks and probations that were recorded wrongly, as in `histories`."""

from dataclasses import replace

from system.histories import (
    LINE,
    VOID,
    History,
    Step,
    Told,
    annulled,
    assumed,
    established,
    imported_again,
    relieved,
)
from system.selection_histories import told_anew

RIGHT = "ADR 0037：更正后的记录自始有效，原记录自始无效"
FALLEN = "ADR 0037：早于任职的免职失去对象，不起作用"
SEL_26 = "SEL-26：试用期考核不合格，免去试任职务"


def ranked(name: str, on: str, rank: str = "officer-3", **more: str) -> Step:
    notice = {"notice_published_on": "2025-03-03", "notice_closed_on": "2025-03-10"}
    body = {"rank": rank, "effective_on": on}
    return Step(name, "appointment", "promote-rank", body | notice | more)


def outcome(name: str, on: str, *, passed: bool, **more: str) -> Step:
    body = {"promotion_event": "@appointed", "passed": passed, "assessed_by": "组织部"}
    return Step(
        name, "appointment", "conclude-probation", body | {"note": name, "effective_on": on} | more
    )


def appointed(post: str, *before: Step) -> tuple[Step, ...]:
    """Somebody who was 副科 since 2018 comes to a post of 正科, on probation from 2025-04-07.

    The file told of that level, unless what is given tells it.
    """

    def step(name: str, command: str, on: str, **body: object) -> Step:
        told = {"motion_id": f"m-{post}", "effective_on": on} | body
        return Step(name, "appointment", command, told, of_person=False)

    checks = {"archive_on": "2025-03-12", "matters_on": "2025-03-13", "clean": True}
    checks |= {"discipline_on": "2025-03-14", "complaints_on": "2025-03-14"}
    gates = [
        {"gate": gate, "passed": True, "decided_by": "组织部", "evidence": ["考察材料"]}
        for gate in ("political", "ability", "merit", "integrity")
    ]
    level = {"level": "section-deputy", "level_since": "2018-01"}
    return (
        established(f"{post} established", post, "section-head"),
        *(before or (imported_again("again", "b", standing=level),)),
        step(
            "opened",
            "open-motion",
            "2025-03-03",
            post_id=post,
            proposer="组织部",
            committee_size=11,
            proposal="补缺",
        ),
        step(
            "recommended",
            "hold-recommendation",
            "2025-03-10",
            talks_on="2025-03-05",
            meeting_on="2025-03-10",
            talked_count=30,
            voters_count=60,
            recommended=("@person",),
        ),
        step(
            "candidate",
            "fix-candidate",
            "2025-03-11",
            cadre_id="@person",
            justification="实绩突出",
        ),
        step(
            "inspected",
            "complete-inspection",
            "2025-03-20",
            team=["甲", "乙"],
            checks=checks,
            gates=gates,
            signatures=["党组书记", "纪检组长"],
            conclusion="fit",
        ),
        step(
            "decided",
            "take-decision",
            "2025-03-25",
            vote={"present": 9, "yes": 8, "no": 1, "deferred": 0},
        ),
        step("published", "publish-notice", "2025-03-27"),
        step("closed", "close-notice", "2025-04-03"),
        step("appointed", "conclude-motion", "2025-04-07"),
    )


def deputy(post: str) -> tuple[Step, Step]:
    """副科 since 2020, for somebody of whom there is no file."""
    return established(f"{post} established", post), assumed("deputy", "2020-01-01", post)


HISTORIES_OF_POSTS = (
    History(
        "a post assumed on another day, as corrected",
        (
            established("post", "post-c"),
            assumed("wrong", "2024-01-01", "post-c"),
            assumed("right", "2024-06-01", "post-c", supersedes="@wrong"),
        ),
        (
            Told("holds posts", "2024-03-01", [], RIGHT),
            Told("holds posts", "2024-06-01", ["post-c"], RIGHT),
        ),
    ),
    History(
        "another post assumed, as corrected, and the relief corrected after it",
        (
            established("one", "post-d"),
            established("two", "post-e"),
            assumed("wrong", "2024-01-01", "post-d"),
            relieved("relief", "2025-01-01", "post-d"),
            assumed("right", "2024-01-01", "post-e", supersedes="@wrong"),
            relieved("right relief", "2025-01-01", "post-e", supersedes="@relief"),
        ),
        (
            Told("holds posts", "2024-03-01", ["post-e"], RIGHT),
            Told("holds posts", "2025-01-01", [], RIGHT),
        ),
    ),
    History(
        "a post assumed after its relief, as corrected",
        (
            established("post", "post-f"),
            assumed("wrong", "2024-01-01", "post-f"),
            relieved("relief", "2025-01-01", "post-f"),
            assumed("right", "2025-03-01", "post-f", supersedes="@wrong"),
        ),
        (
            Told("holds posts", "2024-06-01", [], RIGHT),
            Told("holds posts", "2025-06-01", ["post-f"], FALLEN),
        ),
    ),
    History(
        "a post assumed and left, and the record of its beginning annulled",
        (
            established("post", "post-g"),
            assumed("wrong", "2024-01-01", "post-g"),
            relieved("relief", "2025-01-01", "post-g"),
            annulled("annulment", "2025-06-01", "appointment", "wrong"),
        ),
        (
            Told("holds posts", "2024-06-01", [], VOID),
            Told("holds posts", "2025-06-01", [], VOID),
        ),
    ),
    History(
        "a relief of another day, as corrected twice",
        (
            established("post", "post-h"),
            assumed("assumed", "2024-01-01", "post-h"),
            relieved("wrong", "2025-01-01", "post-h"),
            relieved("second", "2025-03-01", "post-h", supersedes="@wrong"),
            relieved("third", "2025-02-01", "post-h", supersedes="@second"),
        ),
        (
            Told("holds posts", "2025-01-15", ["post-h"], RIGHT),
            Told("holds posts", "2025-02-01", [], RIGHT),
        ),
    ),
    History(
        "left and back on one day, and the relief corrected",
        (
            established("post", "post-i"),
            assumed("assumed", "2024-01-01", "post-i"),
            relieved("relief", "2025-01-01", "post-i"),
            assumed("back", "2025-01-01", "post-i", basis="重新任职"),
            relieved("right", "2025-01-01", "post-i", supersedes="@relief", reason="机构改革"),
        ),
        (Told("holds posts", "2025-06-01", ["post-i"], LINE),),
    ),
    History(
        "a rank of another day, as corrected",
        (
            ranked("wrong", "2025-03-15"),
            ranked("right", "2025-05-01", supersedes="@wrong"),
        ),
        (
            Told("which rank", "2025-04-01", "officer-4", RIGHT),
            Told("which rank", "2025-05-01", "officer-3", RIGHT),
        ),
    ),
    History(
        "a rank that the rules do not allow, as the correction would have it",
        (
            ranked("wrong", "2025-03-15"),
            replace(
                ranked("refused", "2025-03-15", "officer-2", supersedes="@wrong"),
                outcome="refused",
            ),
        ),
        (Told("which rank", "2025-04-01", "officer-3", "RNK-03：不能越级晋升，更正未通过"),),
    ),
    History(
        "a rank annulled, and reached anew",
        (
            ranked("wrong", "2025-03-15"),
            annulled("annulment", "2025-06-01", "appointment", "wrong"),
            ranked("again", "2025-09-01"),
        ),
        (
            Told("which rank", "2025-07-01", "officer-4", VOID),
            Told("which rank", "2025-09-01", "officer-3", "RNK-07"),
        ),
    ),
    History(
        "a rank corrected by two months, on which the next one rested",
        (
            ranked("wrong", "2025-03-15"),
            ranked("next", "2027-03-15", "officer-2"),
            ranked("right", "2025-05-15", supersedes="@wrong"),
        ),
        (
            Told("which rank", "2027-04-01", "officer-2", "决定在复核之前有效"),
            Told("to be reviewed", "2027-04-01", 1, "RNK-07：更正后任职不满两年，应当复核"),
        ),
    ),
    History(
        "a rank corrected by a day, on which the next one rested",
        (
            ranked("wrong", "2025-03-15"),
            ranked("next", "2027-03-15", "officer-2"),
            ranked("right", "2025-03-16", supersedes="@wrong"),
        ),
        (Told("to be reviewed", "2027-04-01", 0, "RNK-12：按月计算，依据未变"),),
    ),
    History(
        "a rank annulled, on which the next one rested",
        (
            ranked("wrong", "2025-03-15"),
            ranked("next", "2027-03-15", "officer-2"),
            annulled("annulment", "2027-04-01", "appointment", "wrong"),
        ),
        (
            Told("which rank", "2026-04-01", "officer-4", VOID),
            Told("to be reviewed", "2027-04-01", 1, "RNK-03：逐级晋升的依据不复存在"),
        ),
    ),
    History(
        "a probation failed",
        (*appointed("head-a"), outcome("failed", "2026-04-07", passed=False)),
        (
            Told("holds posts", "2026-04-06", ["head-a"], SEL_26),
            Told("holds posts", "2026-04-07", [], SEL_26),
            Told("probations passed", "2026-04-07", [False], SEL_26),
        ),
    ),
    History(
        "a probation that failed and was passed, as corrected",
        (
            *appointed("head-b"),
            outcome("failed", "2026-04-07", passed=False),
            outcome("passed", "2026-04-10", passed=True, supersedes="@failed"),
        ),
        (
            Told("holds posts", "2026-04-08", ["head-b"], RIGHT),
            Told("probations passed", "2026-04-08", [None], RIGHT),
            Told("probations passed", "2026-04-10", [True], RIGHT),
        ),
    ),
    History(
        "a probation that was passed and failed, as corrected, on a later day at last",
        (
            *appointed("head-c"),
            outcome("passed", "2026-04-07", passed=True),
            outcome("failed", "2026-04-07", passed=False, supersedes="@passed"),
            outcome("later", "2026-05-07", passed=False, supersedes="@failed"),
        ),
        (
            Told("holds posts", "2026-05-06", ["head-c"], RIGHT),
            Told("holds posts", "2026-05-07", [], SEL_26),
            Told("probations passed", "2026-05-07", [False], SEL_26),
        ),
    ),
    History(
        "the outcome of a probation annulled",
        (
            *appointed("head-d"),
            outcome("failed", "2026-04-07", passed=False),
            annulled("annulment", "2026-06-01", "appointment", "failed"),
        ),
        (
            Told("holds posts", "2026-07-01", ["head-d"], VOID),
            Told("probations passed", "2026-07-01", [None], VOID),
        ),
    ),
    History(
        "a recruitment told anew with a lower education, on which an appointment rested",
        (
            *appointed("head-e", *deputy("deputy-e")),
            told_anew("right", supersedes="@entry", education="secondary"),
        ),
        (
            Told("holds posts", "2025-05-01", ["deputy-e", "head-e"], "决定在复核之前有效"),
            Told("to be reviewed", "2025-05-01", 1, "SEL-07：文化程度是判断的依据，应当复核"),
        ),
        recruited=True,
    ),
    History(
        "a recruitment told anew with another channel, on which no appointment rests",
        (
            *appointed("head-f", *deputy("deputy-f")),
            told_anew("right", supersedes="@entry", channel="transfer"),
        ),
        (Told("to be reviewed", "2025-05-01", 0, "录用渠道不是任职的依据"),),
        recruited=True,
    ),
)
