"""What queries tell of stays and recruitments that were corrected or annulled; reviews."""

from datetime import date

import pytest

from cadre.contracts.event import Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.kin import KinDeclared, Kinship
from cadre.contracts.selection.membership import PoolEntryRefused
from cadre.contracts.selection.review import PoolEntryReviewOpened
from cadre.contracts.vocabulary import Channel, Education
from cadre.selection.showing import intake, pools, profiles, reviews
from cadre.shared.deciding.testing import event_id
from cadre.shared.showing.reader import Reader
from selection.test_queries import (
    LI,
    PEOPLE,
    WANG,
    YEAR_END,
    Tables,
    corrected,
    defined,
    entered,
    exited,
    recruited,
)


def told_wrong(kind: str, what: int) -> SelectionAnnulled:
    return SelectionAnnulled(
        cadre_id=WANG,
        supersedes=event_id(what),
        annuls=f"selection.{kind}.v1",
        reason="录入有误",
        basis="纪要",
        effective_on=date(2026, 12, 1),
    )


STAYED = (
    *PEOPLE,
    defined("young"),
    entered(WANG, date(2026, 3, 1)),
    exited(WANG, date(2026, 8, 1), entry=4),
)
RIGHT_ENTRY = entered(WANG, date(2026, 4, 1)).model_copy(update={"supersedes": event_id(4)})
RIGHT_EXIT = exited(WANG, date(2026, 9, 1), entry=4).model_copy(update={"supersedes": event_id(5)})


@pytest.mark.parametrize(
    ("more", "begins", "ends"),
    [
        ((), date(2026, 3, 1), date(2026, 8, 1)),
        ((RIGHT_ENTRY,), date(2026, 4, 1), date(2026, 8, 1)),
        ((RIGHT_EXIT,), date(2026, 3, 1), date(2026, 9, 1)),
        ((RIGHT_ENTRY, RIGHT_EXIT), date(2026, 4, 1), date(2026, 9, 1)),
        ((told_wrong("pool-exited", 5),), date(2026, 3, 1), None),
        ((RIGHT_EXIT, told_wrong("pool-exited", 6)), date(2026, 3, 1), None),
        ((told_wrong("pool-entered", 4),), None, None),
        ((RIGHT_ENTRY, told_wrong("pool-entered", 6)), None, None),
    ],
)
def test_stays_follow_what_was_corrected_and_annulled(
    more: tuple[Event, ...], begins: date | None, ends: date | None
) -> None:
    """The same in every question: of the person, of the pool, of all pools, of its movements."""

    async def hold(reader: Reader) -> None:
        stays = (await pools.pools_of_cadre(reader, WANG, YEAR_END)).stays
        expected = [(begins, ends)] if begins else []
        told = [(one.effective_on, one.ended and one.ended.effective_on) for one in stays]
        assert told == expected
        for day in (date(2026, month, 1) for month in range(2, 13)):
            within = begins is not None and begins <= day < (ends or date.max)
            members = (await pools.pool(reader, "young", day)).members
            assert [member.cadre_id for member in members] == [WANG] * within, day
            every = await pools.pools(reader, day)
            assert (every.entries, every.heads) == (within, within)
            stock = await pools.stock(reader, "young", day, YEAR_END)
            assert stock.opening + len(stock.entered) - len(stock.exited) == stock.closing
            assert stock.closing == (begins is not None and ends is None)

    Tables([*STAYED, *more]).ask(hold)


def test_reviews_of_entries() -> None:
    opened = PoolEntryReviewOpened(
        cadre_id=WANG,
        decision_event=event_id(4),
        corrected_event=event_id(9),
        reason="更正",
        effective_on=date(2026, 5, 1),
    )
    (told,) = Tables([*STAYED, opened]).ask(reviews.reviews).reviews
    assert (told.cadre_id, told.effective_on) == (WANG, date(2026, 5, 1))
    assert (told.decision_event, told.corrected_event) == (event_id(4), event_id(9))

    history = Tables([*STAYED, opened, told_wrong("pool-entry-review-opened", 6)])
    assert history.ask(reviews.reviews).reviews == []


def test_an_annulled_refusal_is_not_told() -> None:
    refused = PoolEntryRefused(
        cadre_id=WANG, pool_id="young", findings=(), effective_on=date(2026, 2, 1)
    )
    shown = Tables([*STAYED, refused]).get(f"/cadres/{WANG}")["refusals"]
    assert [(one["pool_id"], one["effective_on"]) for one in shown] == [("young", "2026-02-01")]
    gone = Tables([*STAYED, refused, told_wrong("pool-entry-refused", 6)])
    assert gone.get(f"/cadres/{WANG}")["refusals"] == []


def test_kin_as_declared_on_a_day() -> None:
    first, second = (
        KinDeclared(
            cadre_id=WANG, kin_id=LI, relation=relation, effective_on=day, supersedes=corrects
        )
        for relation, day, corrects in (
            (Kinship.SPOUSE, date(2026, 3, 1), None),
            (Kinship.IN_LAW, date(2026, 4, 1), event_id(3)),
        )
    )

    def kin(*more: Event, on: date = YEAR_END) -> list[tuple[str, str]]:
        told = Tables([*PEOPLE, first, *more]).get(f"/cadres/{WANG}/kin", on=on)["kin"]
        return [(one["kin_id"], one["relation"]) for one in told]

    assert kin() == kin(on=date(2026, 3, 1)) == [(LI, "spouse")]
    assert kin(on=date(2026, 2, 28)) == []
    assert kin(second, on=date(2026, 3, 31)) == []
    assert kin(second) == [(LI, "near-in-law")]
    assert kin(second, told_wrong("kin-declared", 4)) == []


def test_a_recruitment_told_anew_is_one_hire() -> None:
    hired = recruited(WANG, date(2026, 7, 1), plan_id="plan-2026")
    anew = hired.model_copy(
        update={
            "supersedes": event_id(1),
            "effective_on": date(2025, 7, 1),
            "channel": Channel.TALENT,
            "plan_id": None,
        }
    )
    history = Tables([hired, anew])
    assert history.ask(lambda reader: intake.intake(reader, 2026)).channels == []
    (line,) = history.ask(lambda reader: intake.intake(reader, 2025)).channels
    assert (line.channel, line.hired) == ("talent", 1)
    profile = history.ask(lambda reader: profiles.cadre(reader, WANG, YEAR_END))
    assert (profile.entered_on, profile.channel) == (date(2025, 7, 1), "talent")


def test_a_profile_told_anew_replaces_the_corrections_before_it() -> None:
    hired = recruited(WANG, date(2026, 7, 1), major="农学")
    wrong = corrected(date(2026, 7, 1), major="法学", unit_id="u-tax", unit_name="税务局")
    later = corrected(date(2026, 8, 1), education=Education.MASTER)
    anew = hired.model_copy(update={"supersedes": event_id(1), "major": "水利工程"})
    history = Tables([hired, wrong, later, anew])
    profile = history.ask(lambda reader: profiles.cadre(reader, WANG, YEAR_END))
    assert (profile.major, profile.unit_name) == ("水利工程", "水利局")
    assert profile.education == Education.MASTER
