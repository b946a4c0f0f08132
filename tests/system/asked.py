"""Questions that several services hold, each asked of every one of them over its own HTTP.

To add a question: a line in `QUESTIONS`. A service that decides something without showing it is
asked by a command that it refuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import httpx

from support.real_service import TOKEN

POOL = "one-answer"
TARGET = "officer-3"
POST_ABOVE = "vice-county-head"
"""A post for which grass-roots work is asked (SEL-03)."""
NEVER = "until it is checked"


@dataclass
class Services:
    """The four services, and how far the log is that they are asked about."""

    urls: Mapping[str, str]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))
    position: int = 0
    people: dict[str, str] = field(default_factory=dict[str, str])
    """Ids of those who are in a history beside its person, by the names it gives them."""

    def send(self, service: str, command: str, body: Mapping[str, object]) -> dict[str, Any]:
        """What becomes of a command."""
        answer = self.client.post(
            f"{self.urls[service]}/commands/{command}",
            json=dict(body),
            headers=self._headers({"Cadre-Actor": "clerk", "Idempotency-Key": str(uuid4())}),
        )
        told: dict[str, Any] = answer.json()
        self.position = max(self.position, int(told.get("position", 0)))
        return told | {"http": answer.status_code}

    def get(self, service: str, path: str, **query: object) -> dict[str, Any]:
        """An answer that has seen everything sent so far."""
        answer = self.client.get(
            f"{self.urls[service]}{path}",
            params={"after": self.position} | {k: str(v) for k, v in query.items()},
            headers=self._headers({"Cadre-Actor": "clerk"}),
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def name(self, cadre_id: str) -> str:
        """Who this is in the history."""
        return next(name for name, known in self.people.items() if known == cadre_id)

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}", **more}


type Ask = Callable[[Services, str, str], object]
"""Of a person, on a day."""


def _eligibility(services: Services, person: str, on: str, item: str) -> dict[str, Any]:
    found = services.get("appointment", f"/cadres/{person}/eligibility", target=TARGET, on=on)
    return next(f for f in found["findings"] if f["inputs"].get("item") == item)


def _entry(services: Services, person: str, on: str) -> dict[str, dict[str, Any]]:
    """What stands against an entry into a pool; nobody nominated, so it is always refused."""
    wish = {"cadre_id": person, "effective_on": on, "pool_id": POOL, "decided_by": "部务会"}
    told = services.send("selection", "enter-pool", wish)
    assert told["http"] == 200, told
    refusals = services.get("selection", f"/cadres/{person}", on=on)["refusals"]
    newest = [refused for refused in refusals if refused["effective_on"] == on][-1]
    return {finding["rule"]: finding for finding in newest["findings"]}


def barred_by_selection(services: Services, person: str, on: str) -> object:
    against = _entry(services, person, on)
    if "POOL-04" in against:
        return against["POOL-04"]["earliest"]
    return NEVER if "POOL-05" in against else None


def barred_by_supervision(services: Services, person: str, on: str) -> object:
    found = services.get("supervision", f"/cadres/{person}/influence", on=on)
    return (found["free_from"] or NEVER) if found["blocked"] else None


def barred_by_appointment(services: Services, person: str, on: str) -> object:
    finding = _eligibility(services, person, on, "influence")
    return None if finding["passed"] else finding["inputs"]["blocked_until"] or NEVER


def veto_shown_by_selection(services: Services, person: str, on: str) -> object:
    told = services.get("selection", f"/cadres/{person}", on=on)["political_assessments"]
    return any(one["veto"] and one["ended"] is None for one in told)


def veto_decided_by_selection(services: Services, person: str, on: str) -> object:
    return "POL-01" in _entry(services, person, on)


def veto_by_appointment(services: Services, person: str, on: str) -> object:
    return not _eligibility(services, person, on, "political")["passed"]


def grade_by_supervision(services: Services, person: str, on: str) -> object:
    """Of the year before the day."""
    year = int(on[:4]) - 1
    return services.get("supervision", f"/cadres/{person}/years/{year}", on=on)["grade"]


def grade_by_appointment(services: Services, person: str, on: str) -> object:
    grades = _eligibility(services, person, on, "grade")["inputs"]["grades"]
    told = dict(one.split(":") for one in grades.split(",") if one)
    return told.get(str(int(on[:4]) - 1))


def unit_by_selection(services: Services, person: str, on: str) -> object:
    return services.get("selection", f"/cadres/{person}", on=on)["unit_name"]


def unit_by_supervision(services: Services, person: str, on: str) -> object:
    units = {"财政局": "u-finance", "水利局": "u-water", "审计局": "u-audit"}
    found = [
        name
        for name, unit in units.items()
        if any(
            one["cadre_id"] == person
            for one in services.get(
                "supervision", "/merit/ranking", on=on, unit_id=unit, limit=1000
            )["places"]
        )
    ]
    assert len(found) <= 1
    return next(iter(found), None)


def unit_by_training(services: Services, person: str, on: str) -> object:
    """Whoever would be sent out by another unit is told where they belong (公务员法 art. 72)."""
    posting = {
        "cadre_id": person,
        "effective_on": on,
        "kind": "secondment",
        "host": "某村",
        "home_unit": "另一单位",
        "task": "挂职",
    }
    told = services.send("training", "post", posting)
    assert told["http"] == 422, told
    return str(told["detail"]).split("the personnel relation is with ")[1].split(" on ")[0]


def posts_by_appointment(services: Services, person: str, on: str) -> object:
    held = services.get("appointment", f"/cadres/{person}/promotions", on=on)["posts"]
    return [one["post_id"] for one in held if one["until"] is None or on < one["until"]]


def stay_in_the_pool(services: Services, person: str, on: str) -> object:
    """Since when somebody is a member on a day, as the pool tells it."""
    members = services.get("selection", f"/pools/{POOL}", on=on)["members"]
    return next((one["effective_on"] for one in members if one["cadre_id"] == person), None)


def stay_of_the_person(services: Services, person: str, on: str) -> object:
    stays = services.get("selection", f"/cadres/{person}/pools", on=on)["stays"]
    return next((one["effective_on"] for one in stays if one["ended"] is None), None)


def stay_by_the_report(services: Services, person: str, on: str) -> object:
    """The report counts persons; the day it counts them from is that of the entry behind it."""
    stays = services.get("selection", f"/cadres/{person}/pools", on="2030-12-31")["stays"]
    told = services.get("selection", "/reports/pools", on=on, open="members")["figures"]
    counted = {
        event
        for figure in told
        if figure["key"] == "members"
        for one in figure["behind"]
        if one["cadre_id"] == person
        for event in one["events"]
    }
    assert counted <= {one["event_id"] for one in stays}
    return next((one["effective_on"] for one in stays if one["event_id"] in counted), None)


def stay_by_training(services: Services, person: str, on: str) -> object:
    """Members of a pool owe off-job training (TRN-08) three years after they entered it."""
    dues = services.get("training", "/dues", on=on, within_days=3660, limit=10_000)["items"]
    due = (d for d in dues if d["cadre_id"] == person and d["finding"]["rule"] == "TRN-08")
    return next((f"{int(d['due_on'][:4]) - 3}{d['due_on'][4:]}" for d in due), None)


def recruitment_by_selection(services: Services, person: str, on: str) -> object:
    told = services.get("selection", f"/cadres/{person}", on=on)
    return told["entered_on"], told["channel"]


def recruitment_by_the_report(services: Services, person: str, on: str) -> object:
    """The one day and channel at which the report of hires counts the person."""
    day = services.get("selection", f"/cadres/{person}", on=on)["entered_on"]
    asked = {"from": day, "on": day, "open": "all"}
    figures = services.get("selection", "/reports/intake", **asked)["figures"]
    channels = [
        figure["key"].removeprefix("hired:")
        for figure in figures
        if ":" in figure["key"] and person in {one["cadre_id"] for one in figure["behind"]}
    ]
    whole = services.get("selection", "/reports/intake", **asked | {"from": "2000-01-01", "on": on})
    (hired,) = [figure for figure in whole["figures"] if figure["key"] == "hired"]
    (entry,) = [one["events"] for one in hired["behind"] if one["cadre_id"] == person]
    assert len(entry) == 1, "nobody is hired twice"
    return (day, *channels)


def recruitment_by_training(services: Services, person: str, on: str) -> object:
    """Recruits of the year before have no mentor yet."""
    asked = {"year": int(on[:4]) - 1, "on": on}
    missing = services.get("training", "/mentorships/missing", **asked)["missing"]
    recruits = (one for one in missing if one["cadre_id"] == person)
    return next(((one["recruited_on"], one["channel"]) for one in recruits), None)


def rank_by_appointment(services: Services, person: str, on: str) -> object:
    ranks = services.get("appointment", f"/cadres/{person}/promotions", on=on)["ranks"]
    return ranks[-1]["rank"] if ranks else None


def rank_decided_by_appointment(services: Services, person: str, on: str) -> object:
    """As the rule on steps (RNK-03) finds it."""
    found = services.get("appointment", f"/cadres/{person}/eligibility", target=TARGET, on=on)
    step = next(f for f in found["findings"] if f["rule"] == "RNK-03")
    return step["inputs"]["rank"]


def seat_by_appointment(services: Services, person: str, on: str) -> object:
    """As each post tells who holds it."""
    filled: list[str] = []
    for post in services.get("appointment", "/vacancies", on=on)["posts"]:
        told = services.get("appointment", f"/posts/{post['post_id']}", on=on)
        mine = [one for one in told["holders"] if one["cadre_id"] == person]
        if any(one["since"] <= on and (one["until"] is None or on < one["until"]) for one in mine):
            filled.append(post["post_id"])
    return filled


def probation_by_appointment(services: Services, person: str, on: str) -> object:
    """How each probation ended by the day."""
    told = services.get("appointment", f"/cadres/{person}/promotions", on=on)["probations"]
    return [one["passed"] for one in told]


def reviews_by_appointment(services: Services, person: str, on: str) -> object:
    """How many decisions on the person were to be reviewed by the day."""
    # What a reaction recorded shows once that is applied as well.
    for _ in range(2):
        services.get("appointment", "/projections/settled")
    told = services.get("appointment", "/reviews")["reviews"]
    return sum(one["cadre_id"] == person and one["effective_on"] <= on for one in told)


def postings_of_the_person(services: Services, person: str, on: str) -> object:
    told = services.get("training", f"/cadres/{person}/postings", on=on)["postings"]
    return [one["host"] for one in told if one["ended"] is None]


def postings_of_the_day(services: Services, person: str, on: str) -> object:
    told = services.get("training", "/postings", on=on)["postings"]
    return [one["host"] for one in told if one["cadre_id"] == person]


def postings_by_the_report(services: Services, person: str, on: str) -> object:
    """The hosts of the postings that the report counts as lasting."""
    told = services.get("training", f"/cadres/{person}/postings", on=on)["postings"]
    hosts = {one["event_id"]: one["host"] for one in told}
    figures = services.get("training", "/reports/postings", on=on, open="lasting")["figures"]
    (lasting,) = [figure for figure in figures if figure["key"] == "lasting"]
    mine = [one["events"] for one in lasting["behind"] if one["cadre_id"] == person]
    return sorted(hosts[event] for events in mine for event in events)


def grassroots_by_appointment(services: Services, person: str, on: str) -> object:
    """The months of grass-roots work that the record proves (SEL-03)."""
    path = f"/cadres/{person}/eligibility"
    found = services.get("appointment", path, target=POST_ABOVE, on=on)["findings"]
    return next(f["inputs"]["months"] for f in found if f["inputs"].get("item") == "grassroots")


def grassroots_by_training(services: Services, person: str, on: str) -> object:
    """The same, counted from what Training shows."""
    months: set[int] = set()
    for one in services.get("training", f"/cadres/{person}/postings", on=on)["postings"]:
        days = (one["effective_on"], one["ended"]["effective_on"] if one["ended"] else on)
        if one["kind"] in {"village-team", "grassroots", "frontline"}:
            months.update(range(*(12 * int(day[:4]) + int(day[5:7]) for day in days)))
    return len(months)


def mentors_of_the_person(services: Services, person: str, on: str) -> object:
    told = services.get("training", f"/cadres/{person}/mentorships", on=on)["mentorships"]
    lasting = [one["mentor_id"] for one in told if one["ended"] is None]
    return sorted(services.name(mentor) for mentor in lasting)


def mentors_by_their_apprentices(services: Services, person: str, on: str) -> object:
    return sorted(
        name
        for name, mentor in services.people.items()
        if person
        in {
            one["cadre_id"]
            for one in services.get("training", f"/mentors/{mentor}", on=on)["apprentices"]
        }
    )


def mentors_by_the_report(services: Services, person: str, on: str) -> object:
    report = services.get("training", "/reports/mentorships", on=on, open="all")["figures"]
    (mentors,) = [figure for figure in report if figure["key"] == "mentors"]
    (pairs,) = [figure for figure in report if figure["key"] == "apprentices"]
    mine = {e for one in pairs["behind"] if one["cadre_id"] == person for e in one["events"]}
    known = {mentor: name for name, mentor in services.people.items()}
    return sorted(known[one["cadre_id"]] for one in mentors["behind"] if mine & set(one["events"]))


def hours_by_training(services: Services, person: str, on: str) -> object:
    """Of the year before the day."""
    years = services.get("training", f"/cadres/{person}/training", on=on)["years"]
    return next((one["total"] for one in years if one["year"] == int(on[:4]) - 1), 0)


def hours_by_appointment(services: Services, person: str, on: str) -> object:
    found = services.get("appointment", f"/cadres/{person}/eligibility", target=POST_ABOVE, on=on)
    return next(f["inputs"]["hours"] for f in found["findings"] if f["rule"] == "SEL-08")


def tasks_of_the_person(services: Services, person: str, on: str) -> object:
    tasks = services.get("training", f"/cadres/{person}/training", on=on)["tasks"]
    return [one["reason"] for one in tasks if one["completed_on"] is None]


def tasks_among_all_dues(services: Services, person: str, on: str) -> object:
    dues = services.get("training", "/dues", on=on, within_days=3660, limit=10_000)["items"]
    tasks = (one["finding"] for one in dues if one["cadre_id"] == person)
    return [one["reason"].split("：")[0] for one in tasks if "task_id" in one["inputs"]]


QUESTIONS: Mapping[str, Mapping[str, Ask]] = {
    "barred until": {
        "selection": barred_by_selection,
        "supervision": barred_by_supervision,
        "appointment": barred_by_appointment,
    },
    "does a veto stand": {
        "selection": veto_shown_by_selection,
        "selection deciding": veto_decided_by_selection,
        "appointment": veto_by_appointment,
    },
    "the grade of last year": {
        "supervision": grade_by_supervision,
        "appointment": grade_by_appointment,
    },
    "serves in": {
        "selection": unit_by_selection,
        "supervision": unit_by_supervision,
        "training": unit_by_training,
    },
    "holds posts": {
        "appointment": posts_by_appointment,
        "appointment by post": seat_by_appointment,
    },
    "which rank": {
        "appointment": rank_by_appointment,
        "appointment deciding": rank_decided_by_appointment,
    },
    "probations passed": {"appointment": probation_by_appointment},
    "to be reviewed": {"appointment": reviews_by_appointment},
    "in the pool since": {
        "selection, the pool": stay_in_the_pool,
        "selection, the person": stay_of_the_person,
        "selection, the report": stay_by_the_report,
        "training": stay_by_training,
    },
    "posted to": {
        "training, the person": postings_of_the_person,
        "training, the day": postings_of_the_day,
        "training, the report": postings_by_the_report,
    },
    "months of grass-roots work": {
        "training": grassroots_by_training,
        "appointment": grassroots_by_appointment,
    },
    "mentors": {
        "training, the apprentice": mentors_of_the_person,
        "training, the mentor": mentors_by_their_apprentices,
        "training, the report": mentors_by_the_report,
    },
    "hours of training last year": {
        "training": hours_by_training,
        "appointment": hours_by_appointment,
    },
    "open tasks": {
        "training, the person": tasks_of_the_person,
        "training, all dues": tasks_among_all_dues,
    },
    "recruited last year": {
        "selection": recruitment_by_selection,
        "selection, the report": recruitment_by_the_report,
        "training": recruitment_by_training,
    },
}
"""Which services hold which question: the table of ADR 0037."""


def resolved(value: object, known: Mapping[str, UUID | str]) -> object:
    """``@name`` stands for the id that an earlier step of the history got, or for the person."""
    if isinstance(value, tuple):
        return [resolved(one, known) for one in cast("tuple[object, ...]", value)]
    return str(known[value[1:]]) if isinstance(value, str) and value.startswith("@") else value
