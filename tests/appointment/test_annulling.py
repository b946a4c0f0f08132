"""Facts that never held: their seats are settled, and what must not be taken back is not."""

from uuid import UUID

from appointment.motions import given
from appointment.people import LIN, WU, at_level, day, known
from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.post import PostEstablished, PostFilled, PostVacated
from cadre.contracts.appointment.service import PostAssumed, Relieved
from cadre.contracts.event import Event
from cadre.contracts.vocabulary import PostLevel, unit_id
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.testing import event_id

POST = "office-deputy"
ESTABLISHED = PostEstablished(
    effective_on=day("2020-01-01"),
    post_id=POST,
    unit_id=unit_id("某县财政局"),
    unit_name="某县财政局",
    title="副局长",
    level=PostLevel.SECTION_DEPUTY,
    seats=1,
)


def assumed(on: str, cadre_id: str = LIN) -> tuple[Event, Event]:
    return (
        PostAssumed(
            effective_on=day(on),
            cadre_id=cadre_id,
            post_id=POST,
            level=PostLevel.SECTION_DEPUTY,
            basis="任免文件",
        ),
        PostFilled(effective_on=day(on), post_id=POST, cadre_id=cadre_id),
    )


def relieved(on: str) -> tuple[Event, Event]:
    return (
        Relieved(effective_on=day(on), cadre_id=LIN, post_id=POST, reason="调动"),
        PostVacated(effective_on=day(on), post_id=POST, cadre_id=LIN),
    )


def annul(what: UUID) -> Annul:
    return Annul(
        effective_on=day("2025-06-01"), cadre_id=LIN, supersedes=what, reason="误录", basis="批复"
    )


def annulled(what: UUID, kind: str) -> AppointmentAnnulled:
    return AppointmentAnnulled(**annul(what).model_dump(), annuls=kind)


PERSON = (ESTABLISHED, at_level(PostLevel.SECTION_DEPUTY, "2020-03"))
ASSUMED, RELIEVED = event_id(3), event_id(5)


def test_an_annulled_coming_frees_its_seat() -> None:
    given(*PERSON, *assumed("2024-01-01")).when(annul(ASSUMED)).then(
        annulled(ASSUMED, "appointment.post-assumed.v1"),
        PostVacated(effective_on=day("2024-01-01"), post_id=POST, cadre_id=LIN),
    )


def test_an_annulled_relief_takes_its_seat_again() -> None:
    history = (*PERSON, *assumed("2024-01-01"), *relieved("2025-01-01"))
    given(*history).when(annul(RELIEVED)).then(
        annulled(RELIEVED, "appointment.relieved.v1"),
        PostFilled(effective_on=day("2025-01-01"), post_id=POST, cadre_id=LIN),
    )


def test_a_seat_that_somebody_took_meanwhile_is_not_taken_back() -> None:
    history = (*PERSON, *assumed("2024-01-01"), *relieved("2025-01-01"))
    taken = (*history, known(WU), *assumed("2025-02-01", WU))
    given(*taken).when(annul(RELIEVED)).then_refused("has no vacancy")


def test_a_coming_that_ended_is_annulled_and_its_relief_ends_nothing() -> None:
    history = (*PERSON, *assumed("2024-01-01"), *relieved("2025-01-01"))
    taken = (*history, known(WU), *assumed("2025-02-01", WU))
    for before in (history, taken):
        given(*before).when(annul(ASSUMED)).then(
            annulled(ASSUMED, "appointment.post-assumed.v1"),
            PostVacated(effective_on=day("2024-01-01"), post_id=POST, cadre_id=LIN),
            PostFilled(effective_on=day("2025-01-01"), post_id=POST, cadre_id=LIN),
        )


def test_only_what_the_service_recorded_is_annulled() -> None:
    given(*PERSON).when(annul(event_id(2))).then_refused("has no event")
    given(*PERSON).when(annul(event_id(99))).then_refused("has no event")
