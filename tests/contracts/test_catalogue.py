"""Reading bodies: up to date, by upcast, and what cannot be read."""

from datetime import date
from typing import Any

import pytest

from cadre.contracts import CATALOGUE, Catalogue, UnknownEvent, UnreadableEvent
from cadre.contracts.examples import example
from cadre.contracts.selection.pool import PoolSeatTaken

SEALED: dict[str, object] = {"sealed": "k1.nonce.text"}
FORGOTTEN: dict[str, object] = {"forgotten": True}


def _with_cadre_id(body: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in body.items() if name != "cadre"}
    return rest | {"type": "selection.pool-seat-taken.v1", "cadre_id": body["cadre"]}


def _with_day(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"type": "selection.pool-seat-taken.v0", "effective_on": "2020-01-01"}


UPCASTING = Catalogue.of(
    [PoolSeatTaken],
    {
        "selection.pool-seat-taken.draft": _with_day,
        "selection.pool-seat-taken.v0": _with_cadre_id,
    },
)
DRAFT = {"type": "selection.pool-seat-taken.draft", "pool_id": "young", "cadre": "c-aaaaaaaaaa"}
SEAT = PoolSeatTaken(pool_id="young", cadre_id="c-aaaaaaaaaa", effective_on=date(2020, 1, 1))


def test_upcasts_follow_each_other_to_the_newest_version() -> None:
    assert UPCASTING.read(DRAFT) == SEAT


def test_an_upcast_leaves_the_recorded_body_alone() -> None:
    before = dict(DRAFT)

    UPCASTING.read(DRAFT)

    assert before == DRAFT


def test_the_newest_version_is_read_as_it_is() -> None:
    assert UPCASTING.read(SEAT.model_dump(mode="json")) == SEAT


def test_upcasts_in_a_circle_come_to_an_end() -> None:
    circle = Catalogue.of([], {"a.b.v1": lambda b: b | {"type": "a.b.v2"}, "a.b.v2": lambda b: b})

    with pytest.raises(UnknownEvent):
        circle.read({"type": "a.b.v1"})


@pytest.mark.parametrize("body", [{}, {"type": None}, {"type": "selection.recruited.v9"}])
def test_an_unknown_type_says_what_to_do(body: dict[str, Any]) -> None:
    with pytest.raises(UnknownEvent, match="update cadre-contracts"):
        CATALOGUE.read(body)


def test_an_unreadable_body_says_where() -> None:
    body = SEAT.model_dump(mode="json") | {"cadre_id": "x"}

    with pytest.raises(UnreadableEvent, match="cadre_id: String should match"):
        CATALOGUE.read(body)


@pytest.mark.parametrize("tag", CATALOGUE.events)
@pytest.mark.parametrize(
    "personal", [None, SEALED, FORGOTTEN], ids=["clear", "sealed", "forgotten"]
)
def test_every_event_is_read_as_it_was_written(
    tag: str, personal: dict[str, object] | None
) -> None:
    event = CATALOGUE.read(example(CATALOGUE.events[tag], personal=personal))

    assert CATALOGUE.read(event.model_dump(mode="json")) == event


def test_a_field_of_a_newer_contract_is_passed_over() -> None:
    body = SEAT.model_dump(mode="json") | {"learnt_later": "red"}
    assert CATALOGUE.read(body) == SEAT
