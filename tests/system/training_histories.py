"""Histories of training, postings and mentors; see `histories`."""

from system.asked import POST_ABOVE
from system.histories import LINE, VOID, History, Step, Told, annulled

MENTORS = ("mentor", "other")
"""Whom a history may name beside its person."""
TASK = "11111111-1111-5111-8111-111111111111"


def post_above() -> Step:
    body = {"post_id": POST_ABOVE, "unit_id": "u-county", "unit_name": "某县", "title": "副县长"}
    more = {"level": "division-deputy", "seats": 1, "effective_on": "2020-01-01"}
    return Step("post above", "appointment", "establish-post", body | more, of_person=False)


def sent(name: str, on: str, host: str = "东村", kind: str = "village-team", **more: str) -> Step:
    body = {"kind": kind, "host": host, "home_unit": "财政局", "task": "驻村帮扶"}
    return Step(name, "training", "post", body | {"effective_on": on} | more)


def back(name: str, on: str, posting: str, **more: str) -> Step:
    body = {"posting_event": f"@{posting}", "evaluation": "good", "note": "完成任务"}
    return Step(name, "training", "end-posting", body | {"effective_on": on} | more)


def paired(name: str, on: str, mentor: str = "mentor", **more: str) -> Step:
    body = {"mentor_id": f"@{mentor}", "tasks": ("业务帮带",), "effective_on": on}
    return Step(name, "training", "pair-mentor", body | more)


def parted(name: str, on: str, pair: str, **more: str) -> Step:
    body = {"pairing_event": f"@{pair}", "completed": True, "effective_on": on}
    return Step(name, "training", "end-mentorship", body | more)


def trained(name: str, ends_on: str = "2024-09-01", days: int = 12, **more: str) -> Step:
    command = "correct-training" if "supersedes" in more else "record-training"
    body = {"title": "初任培训班", "kind": "induction", "mode": "off-job", "hours": 8 * days}
    told = {"days": days, "starts_on": "2024-08-01", "ends_on": ends_on, "effective_on": ends_on}
    return Step(name, "training", command, body | told | more)


def asked(name: str = "task") -> Step:
    body = {"task_id": TASK, "reason": "新录用", "kind": "induction", "days_min": 12}
    more = {"due_on": "2025-07-01", "rule": "TRN-05", "effective_on": "2024-07-01"}
    return Step(name, "training", "open-training-task", body | more)


RIGHT_DAY = "ADR 0037：更正后的日期自始为准"
FALLEN = "ADR 0037：早于派出之日的终结失去对象，派出仍在继续"
TRN_03 = "TRN-03、TRN-05：任务由计入的培训完成，更正或撤销后重新核定"

TRAINING_HISTORIES = (
    History(
        "a posting and its end",
        (sent("sent", "2024-02-01"), back("back", "2024-08-01", "sent")),
        (
            Told("posted to", "2024-01-31", [], "尚未派出"),
            Told("posted to", "2024-07-31", ["东村"], "公务员法第七十二条"),
            Told("posted to", "2024-08-01", [], "自终结之日起回原单位"),
            Told("months of grass-roots work", "2025-01-01", 6, "SEL-03"),
        ),
    ),
    History(
        "a posting that had ended, its day and place corrected",
        (
            sent("sent", "2024-02-01"),
            back("back", "2024-08-01", "sent"),
            sent("right", "2024-04-01", "西村", supersedes="@sent"),
        ),
        (
            Told("posted to", "2024-03-01", [], RIGHT_DAY),
            Told("posted to", "2024-05-01", ["西村"], RIGHT_DAY),
            Told("posted to", "2024-09-01", [], LINE),
            Told("months of grass-roots work", "2025-01-01", 4, LINE),
        ),
    ),
    History(
        "a posting corrected to a day after its end",
        (
            sent("sent", "2024-02-01"),
            back("back", "2024-08-01", "sent"),
            sent("right", "2024-10-01", supersedes="@sent"),
        ),
        (
            Told("posted to", "2024-07-01", [], RIGHT_DAY),
            Told("posted to", "2025-01-01", ["东村"], FALLEN),
            Told("months of grass-roots work", "2025-01-01", 3, FALLEN),
        ),
    ),
    History(
        "an end of a posting, corrected",
        (
            sent("sent", "2024-02-01"),
            back("back", "2024-08-01", "sent"),
            back("right", "2024-06-01", "sent", supersedes="@back"),
        ),
        (
            Told("posted to", "2024-07-01", [], RIGHT_DAY),
            Told("months of grass-roots work", "2025-01-01", 4, RIGHT_DAY),
        ),
    ),
    History(
        "an end of a posting, annulled",
        (
            sent("sent", "2024-02-01"),
            back("back", "2024-08-01", "sent"),
            annulled("annulment", "2024-12-01", "training", "back"),
        ),
        (
            Told("posted to", "2024-09-01", ["东村"], VOID),
            Told("months of grass-roots work", "2025-01-01", 11, VOID),
        ),
    ),
    History(
        "a posting annulled, and another in its time",
        (
            sent("sent", "2024-02-01"),
            annulled("annulment", "2024-12-01", "training", "sent"),
            sent("instead", "2024-03-01", "西村"),
        ),
        (Told("posted to", "2024-04-01", ["西村"], VOID),),
    ),
    History(
        "a correction of a posting annulled: the whole line never held",
        (
            sent("sent", "2024-02-01"),
            sent("right", "2024-03-01", supersedes="@sent"),
            annulled("annulment", "2024-12-01", "training", "right"),
        ),
        (
            Told("posted to", "2024-04-01", [], VOID),
            Told("months of grass-roots work", "2025-01-01", 0, VOID),
        ),
    ),
    History(
        "a pair that ended, its mentor corrected",
        (
            paired("pair", "2024-02-01"),
            parted("end", "2024-08-01", "pair"),
            paired("right", "2024-03-01", "other", supersedes="@pair"),
        ),
        (
            Told("mentors", "2024-02-15", [], RIGHT_DAY),
            Told("mentors", "2024-04-01", ["other"], RIGHT_DAY),
            Told("mentors", "2024-08-01", [], LINE),
        ),
    ),
    History(
        "an end of a pair, corrected and then annulled",
        (
            paired("pair", "2024-02-01"),
            parted("end", "2024-08-01", "pair"),
            parted("right", "2024-06-01", "pair", supersedes="@end"),
            annulled("annulment", "2024-12-01", "training", "right"),
        ),
        (Told("mentors", "2024-09-01", ["mentor"], VOID),),
    ),
    History(
        "a pair annulled and recorded again",
        (
            paired("pair", "2024-02-01"),
            annulled("annulment", "2024-12-01", "training", "pair"),
            paired("again", "2024-05-01"),
        ),
        (
            Told("mentors", "2024-03-01", [], VOID),
            Told("mentors", "2024-06-01", ["mentor"], "TRN-12：撤销后名额已退回"),
        ),
    ),
    History(
        "a task fulfilled by training that was annulled",
        (
            asked(),
            trained("course"),
            annulled("annulment", "2024-12-01", "training", "course"),
        ),
        (
            Told("open tasks", "2025-01-01", ["新录用"], TRN_03),
            Told("hours of training last year", "2025-01-01", 0, VOID),
        ),
    ),
    History(
        "the same, then attended after all",
        (
            asked(),
            trained("course"),
            annulled("annulment", "2024-12-01", "training", "course"),
            trained("again", "2024-10-01"),
        ),
        (
            Told("open tasks", "2025-01-01", [], TRN_03),
            Told("hours of training last year", "2025-01-01", 96, "SEL-08：撤销的不计"),
        ),
    ),
    History(
        "training corrected to fewer days",
        (asked(), trained("course"), trained("right", days=10, supersedes="@course")),
        (
            Told("open tasks", "2025-01-01", ["新录用"], TRN_03),
            Told("hours of training last year", "2025-01-01", 80, RIGHT_DAY),
        ),
    ),
)
