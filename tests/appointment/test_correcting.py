"""Posts assumed and reliefs that were recorded wrongly: corrected, with the seats that follow."""

from datetime import date
from uuid import UUID

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from appointment.motions import given
from appointment.people import LIN, WU, cadre, day, known
from appointment.tables_of import ask
from cadre.appointment.deciding.evidence import Evidence
from cadre.appointment.deciding.post import POST as POSTS
from cadre.appointment.deciding.post import SEATS
from cadre.appointment.deciding.seats import AssumePost, Relieve
from cadre.appointment.showing import posts, record
from cadre.contracts.appointment.post import PostEstablished, PostFilled, PostVacated
from cadre.contracts.appointment.service import PostAssumed, Relieved
from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.vocabulary import PostLevel, unit_id
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.testing import event_id, recorded

ONE, TWO = "office-one", "office-two"


def established(post_id: str, seats: int = 1) -> PostEstablished:
    return PostEstablished(
        effective_on=day("2020-01-01"),
        post_id=post_id,
        unit_id=unit_id("某县财政局"),
        unit_name="某县财政局",
        title=post_id,
        level=PostLevel.SECTION_DEPUTY,
        seats=seats,
    )


def assume(
    on: str,
    post_id: str = ONE,
    cadre_id: str = LIN,
    corrects: UUID | None = None,
    basis: str = "文",
) -> AssumePost:
    return AssumePost(
        effective_on=day(on), cadre_id=cadre_id, post_id=post_id, basis=basis, supersedes=corrects
    )


def relieve(
    on: str, post_id: str = ONE, corrects: UUID | None = None, reason: str = "调动"
) -> Relieve:
    return Relieve(
        effective_on=day(on), cadre_id=LIN, post_id=post_id, reason=reason, supersedes=corrects
    )


def assumed(command: AssumePost) -> PostAssumed:
    return PostAssumed(level=PostLevel.SECTION_DEPUTY, **dict(command))


def relieved(command: Relieve) -> Relieved:
    return Relieved(**dict(command))


def taken(on: str, post_id: str = ONE, cadre_id: str = LIN) -> PostFilled:
    return PostFilled(effective_on=day(on), post_id=post_id, cadre_id=cadre_id)


def left(on: str, post_id: str = ONE) -> PostVacated:
    return PostVacated(effective_on=day(on), post_id=post_id, cadre_id=LIN)


def after(*commands: AssumePost | Relieve | Annul, start: tuple[Event, ...]) -> tuple[Event, ...]:
    history = start
    for command in commands:
        history = (*history, *given(*history).when(command).events())
    return history


PEOPLE = (established(ONE), established(TWO), known(LIN), known(WU))
HELD = after(assume("2024-01-01"), start=PEOPLE)
COMING = event_id(5)
LEFT = after(relieve("2025-01-01"), start=HELD)
RELIEF = event_id(7)
SUCCEEDED = after(assume("2025-02-01", cadre_id=WU), start=LEFT)


def test_another_day_moves_the_seat() -> None:
    command = assume("2024-03-01", corrects=COMING)
    given(*HELD).when(command).then(assumed(command), left("2024-01-01"), taken("2024-03-01"))


def test_another_post_frees_the_seat_of_the_one_and_takes_that_of_the_other() -> None:
    command = assume("2024-01-01", TWO, corrects=COMING)
    given(*HELD).when(command).then(assumed(command), left("2024-01-01"), taken("2024-01-01", TWO))


def test_another_paper_moves_no_seat() -> None:
    command = assume("2024-01-01", corrects=COMING, basis="任免〔2024〕2号")
    for history in (HELD, SUCCEEDED):
        given(*history).when(command).then(assumed(command))


def test_what_changes_nothing_causes_nothing() -> None:
    given(*HELD).when(assume("2024-01-01", corrects=COMING)).then_nothing()
    given(*LEFT).when(relieve("2025-01-01", corrects=RELIEF)).then_nothing()


def test_a_seat_that_is_another_s_is_not_taken_by_a_correction() -> None:
    history = after(assume("2023-01-01", TWO, WU), start=HELD)
    given(*history).when(assume("2024-01-01", TWO, corrects=COMING)).then_refused("has no vacancy")
    given(*SUCCEEDED).when(assume("2025-03-01", corrects=COMING)).then_refused("has no vacancy")


def test_a_coming_corrected_past_its_relief_leaves_it_without_effect() -> None:
    """The relief had ended what never was; the seat it freed is still the person's."""
    command = assume("2025-03-01", corrects=COMING)
    given(*LEFT).when(command).then(
        assumed(command), left("2024-01-01"), taken("2025-01-01"), taken("2025-03-01")
    )


def test_corrected_back_the_relief_ends_it_again() -> None:
    moved = after(assume("2025-03-01", corrects=COMING), start=LEFT)
    back = assume("2024-02-01", corrects=event_id(9))
    given(*moved).when(back).then(
        assumed(back), taken("2024-02-01"), left("2025-01-01"), left("2025-03-01")
    )


def test_a_coming_and_its_relief_are_brought_to_another_post_one_after_the_other() -> None:
    coming = assume("2024-01-01", TWO, corrects=COMING)
    relief = relieve("2025-01-01", TWO, corrects=RELIEF)
    history = after(coming, start=SUCCEEDED)
    given(*history).when(relief).then(relieved(relief), left("2025-01-01", TWO))


def test_a_relief_of_another_day_or_post() -> None:
    earlier, later = relieve("2024-12-01", corrects=RELIEF), relieve("2025-01-20", corrects=RELIEF)
    for history in (LEFT, SUCCEEDED):
        given(*history).when(earlier).then(
            relieved(earlier), left("2024-12-01"), taken("2025-01-01")
        )
        given(*history).when(later).then(relieved(later), taken("2025-01-01"), left("2025-01-20"))
    elsewhere = relieve("2025-01-01", TWO, corrects=RELIEF)
    given(*LEFT).when(elsewhere).then_refused(f"does not hold {TWO}")
    both = after(assume("2024-06-01", TWO), start=LEFT)
    given(*both).when(elsewhere).then(
        relieved(elsewhere), taken("2025-01-01"), left("2025-01-01", TWO)
    )


def test_a_relief_is_not_corrected_past_the_coming_of_another() -> None:
    given(*SUCCEEDED).when(relieve("2025-03-01", corrects=RELIEF)).then_refused("has no vacancy")
    elsewhere = relieve("2025-01-01", TWO, corrects=RELIEF)
    both = after(assume("2024-06-01", TWO), start=SUCCEEDED)
    given(*both).when(elsewhere).then_refused("has no vacancy")


def test_nobody_has_two_seats_of_a_post_by_a_correction() -> None:
    two = (established(ONE, seats=2), *PEOPLE[1:])
    history = after(assume("2024-01-01"), relieve("2025-01-01"), assume("2026-01-01"), start=two)
    given(*history).when(assume("2025-06-01", corrects=COMING)).then_refused("already, since")
    given(*history).when(relieve("2026-06-01", corrects=RELIEF)).then_refused("already, since")
    annul = Annul(
        effective_on=day("2026-06-01"), cadre_id=LIN, supersedes=RELIEF, reason="误", basis="文"
    )
    given(*history).when(annul).then_refused("already, since 2026-01-01")
    earlier = assume("2023-01-01", corrects=COMING)
    given(*history).when(earlier).then(assumed(earlier), taken("2023-01-01"), left("2024-01-01"))


def test_only_what_stands_is_corrected_and_by_its_own_kind() -> None:
    moved = after(assume("2024-03-01", corrects=COMING), start=HELD)
    given(*moved).when(assume("2024-04-01", corrects=COMING)).then_refused("was corrected already")
    given(*LEFT).when(assume("2024-04-01", corrects=RELIEF)).then_refused("no post-assumed of id")
    given(*LEFT).when(relieve("2024-04-01", corrects=COMING)).then_refused("no relieved of id")
    given(*moved).when(relieve("2024-02-01")).then_refused(f"does not hold {ONE} on 2024-02-01")


def test_what_came_first_on_one_day_came_first_as_corrected_too() -> None:
    """Gone and back on one day: the corrected relief does not end the second coming."""
    back = after(assume("2025-01-01"), start=LEFT)
    told = after(relieve("2025-01-01", corrects=RELIEF, reason="机构改革"), start=back)
    assert Evidence(cadre(*told), day("2025-06-01")).holds(ONE)
    found = ask(lambda reader: posts.post(reader, ONE, day("2025-06-01")), *told)
    assert (found.filled, [one.until for one in found.holders]) == (1, [day("2025-01-01"), None])


def test_a_coming_corrected_on_the_day_it_ended_stays_ended() -> None:
    one_day = after(assume("2025-01-01"), relieve("2025-01-01"), start=PEOPLE)
    told = after(assume("2025-01-01", corrects=COMING, basis="更正"), start=one_day)
    assert not Evidence(cadre(*told), day("2025-06-01")).holds(ONE)
    found = ask(lambda reader: posts.post(reader, ONE, day("2025-06-01")), *told)
    assert found.filled == 0


def test_a_relief_without_effect_ends_no_level_of_the_file() -> None:
    person = (*PEOPLE[:2], known(LIN, level=PostLevel.SECTION_DEPUTY, level_since="2020-03"))
    history = after(assume("2024-01-01"), relieve("2025-01-01"), start=person)
    annul = Annul(
        effective_on=day("2025-06-01"),
        cadre_id=LIN,
        supersedes=event_id(4),
        reason="误录",
        basis="文",
    )
    told = after(annul, start=history)
    assert Evidence(cadre(*told), day("2025-06-01")).level() is PostLevel.SECTION_DEPUTY


DAYS = st.dates(date(2024, 1, 1), date(2024, 3, 31))
WISHES = st.lists(
    st.tuples(
        st.sampled_from(["assume", "relieve", "annul"]),
        st.sampled_from([LIN, WU]),
        st.sampled_from([ONE, TWO]),
        DAYS,
        st.integers(0, 30),
    ),
    max_size=12,
)


def wish(
    history: tuple[Event, ...], kind: str, cadre_id: str, post_id: str, on: date, which: int
) -> AssumePost | Relieve | Annul:
    """A new fact, or one that names one of the facts recorded before."""
    events = [
        (position, event)
        for position, event in enumerate(history, start=1)
        if isinstance(event, PostAssumed | Relieved) and event.cadre_id == cadre_id
    ]
    named = events[which % len(events)] if events and which % 3 else None
    body = {"effective_on": on, "cadre_id": cadre_id}
    if kind == "annul":
        supersedes = event_id(named[0] if named else 99)
        return Annul.model_validate(
            body | {"supersedes": supersedes, "reason": "误录", "basis": "文"}
        )
    body |= {"post_id": post_id, "supersedes": event_id(named[0]) if named else None}
    if isinstance(named[1] if named else None, Relieved) or (named is None and kind == "relieve"):
        return Relieve.model_validate(body | {"reason": "调动"})
    return AssumePost.model_validate(body | {"basis": "文"})


@settings(max_examples=150, deadline=None)
@for_all(wishes=WISHES)
def test_seats_persons_and_tables_tell_the_same_whatever_is_corrected(
    wishes: list[tuple[str, str, str, date, int]],
) -> None:
    """Each is one account of the same posts: seats counted by the post, times by the person."""
    history: tuple[Event, ...] = PEOPLE
    for kind, cadre_id, post_id, on, which in wishes:
        command = wish(history, kind, cadre_id, post_id, on, which)
        try:
            history = (*history, *given(*history).when(command).events())
        except CadreError:
            continue
    held = {
        (one.event_id, one.post_id, one.since, one.until)
        for person in (LIN, WU)
        for one in ask(
            lambda reader, who=person: record.cadre_record(reader, who, date.max), *history
        ).posts
    }
    tenures = [
        tenure
        for person in (LIN, WU)
        for tenure in Evidence(cadre(*(_of(person, event) for event in history)), date.max).posts()
    ]
    assert held == {(str(t.source), t.post_id, t.begins, t.ends) for t in tenures}
    days = {on for _, _, _, on, _ in wishes} | {date(2025, 1, 1)}
    for post_id in (ONE, TWO):
        state = POSTS.fold(
            recorded(i, event)
            for i, event in enumerate(history, start=1)
            if getattr(event, "post_id", None) == post_id and not isinstance(event, CadreEvent)
        )
        for on in days:
            sitting = sum(t.post_id == post_id and t.covers(on) for t in tenures)
            assert SEATS.free_on(state, on) == 1 - sitting
            assert sitting <= 1


def _of(person: str, event: Event) -> Event:
    """The event, or in its place one that is of nobody."""
    return event if getattr(event, "cadre_id", person) == person else PEOPLE[0]


def test_a_corrected_coming_counts_from_its_day_alone() -> None:
    told = after(assume("2024-03-01", corrects=COMING), start=HELD)
    vacancies = [
        ask(lambda reader, on=on: posts.vacancies(reader, day(on)), *told).filled
        for on in ("2024-02-01", "2024-03-01")
    ]
    assert vacancies == [0, 1]
