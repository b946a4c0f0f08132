"""A service's key in the wrong hands: signed, chained, and no history that could have been."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from audit.decided_logs import DecidedLog
from audit.installations import NOW
from audit.test_decide_again import on_probation, promoted_again, seated
from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.audit.differences import Kind
from cadre.audit.evidence import Evidence
from cadre.audit.examination import Examination
from cadre.audit.public_keys import PublicKeys
from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    InspectionCompleted,
    MotionConcluded,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    RecommendationHeld,
)
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.setting_aside import MotionSetAside
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.contracts.examples import example
from cadre.contracts.selection.membership import PoolExited
from cadre.contracts.selection.pool import PoolSeatTaken
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import ClassHeld, ClassPlanned
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.messages import Envelope
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.codec import Codec, Signer
from cadre.shared.log.event_ids import event_id
from cadre.shared.log.stream import Log
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING
from support.nats_server import NatsServer

SERVICES = (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)
ORDERS = [order for service in SERVICES for order in service.orders]
SEALED = {"sealed": "sealed:v1:of-nobody"}
SIGNERS = {
    name: Signer.from_seed(name, name.encode().ljust(32))
    for name in ("selection", "training", "supervision", "appointment")
}
MOTION: list[type[Event]] = [
    MotionOpened,
    RecommendationHeld,
    CandidateFixed,
    InspectionCompleted,
    DecisionTaken,
    NoticePublished,
    NoticeClosed,
    MotionConcluded,
]
PERSON = Recruited


def made(kind: type[Event], **changes: Any) -> Event:
    return CATALOGUE.read(example(kind, personal=SEALED) | changes)


@dataclass
class Forger:
    """Whoever has every service's key writes what it wants."""

    log: Log
    written: list[UUID] = field(default_factory=list[UUID])
    _heads: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])

    async def write(self, event: Event, named: UUID | None = None) -> None:
        aggregate, command_id = str(event.aggregate), uuid4()
        version, previous = self._heads.get(aggregate, (0, ""))
        envelope = Envelope(
            event_id=named or event_id(aggregate, command_id, 0),
            version=version + 1,
            command_id=command_id,
            command_hash="",
            actor="thief",
            source_time=NOW,
            previous_hash=previous,
        )
        codec = Codec(SIGNERS[event.service()], cast("Keyring", None))
        outgoing = codec.encode(event, envelope, {})
        await self.log.append([(outgoing, None)])
        self._heads[aggregate] = (version + 1, outgoing.digest)
        self.written.append(envelope.event_id)


async def disorders(server: NatsServer, folder: Path, *events: Event | type[Event]) -> list[str]:
    """What an examination says of a log of these events; it must say nothing else."""
    client = await server.connect("operator")
    try:
        forger = Forger(Log(client))
        for event in events:
            await forger.write(event if isinstance(event, Event) else made(event))
        return await examined(forger, folder)
    finally:
        await client.close()


async def examined(forger: Forger, folder: Path) -> list[str]:
    keys = PublicKeys(origin="").with_services(SIGNERS.values(), NOW)
    evidence = Evidence(folder / "audit")
    report = await Examination(forger.log, evidence, keys, [], orders=ORDERS).run()
    assert {one.kind for one in report.differences} <= {Kind.OUT_OF_ORDER}, report.differences
    assert report.events == len(forger.written)
    return [f"{one.position} {one.detail}" for one in report.differences]


async def test_a_motion_in_its_five_steps_is_in_order(server: NatsServer, tmp_path: Path) -> None:
    assert await disorders(server, tmp_path, *MOTION) == []


@pytest.mark.parametrize("left_out", range(len(MOTION) - 1), ids=lambda at: MOTION[at].name())
async def test_a_step_left_out_is_out_of_order(
    server: NatsServer, tmp_path: Path, left_out: int
) -> None:
    found = await disorders(server, tmp_path, *MOTION[:left_out], *MOTION[left_out + 1 :])

    assert found[0].startswith(f"{left_out + 1} ")
    assert f"appointment.{MOTION[left_out].name()}" in found[0]


@pytest.mark.parametrize(
    ("events", "detail"),
    [
        ([*MOTION, MotionStopped], "9 appointment.motion-stopped after"),
        (
            [*MOTION[:4], CandidateFixed, DecisionTaken],
            "6 appointment.decision-taken before appointment.inspection-completed",
        ),
        ([*MOTION[:5], DecisionTaken], "6 appointment.decision-taken a second time"),
        ([Trained, PERSON], "1 training.trained opens a history"),
        ([PERSON, PoolExited], "2 selection.pool-exited before selection.pool-entered"),
        ([PoolSeatTaken], "1 selection.pool-seat-taken opens a history"),
        (
            [ClassPlanned, ClassHeld, ClassPlanned],
            "3 training.class-planned after training.class-held",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_no_decision_would_have_recorded_is_out_of_order(
    server: NatsServer, tmp_path: Path, events: list[type[Event]], detail: str
) -> None:
    (found,) = await disorders(server, tmp_path, *events)

    assert found.startswith(detail)


async def test_every_service_may_speak_of_a_person_once_one_has_recruited_it(
    server: NatsServer, tmp_path: Path
) -> None:
    assert await disorders(server, tmp_path, PERSON, Trained, Promoted) == []


@pytest.fixture
async def forger(server: NatsServer):
    client = await server.connect("operator")
    yield Forger(Log(client))
    await client.close()


async def test_a_correction_points_back_to_its_own_kind_in_its_own_history(
    forger: Forger, tmp_path: Path
) -> None:
    other = "c-bbbbbbbbbb"
    await forger.write(made(PERSON))
    await forger.write(made(PERSON, cadre_id=other))
    await forger.write(made(Trained))
    trained = str(forger.written[-1])
    for event in (
        made(CreditRefused, supersedes=trained),
        made(Trained, supersedes=str(uuid4())),
        made(Trained, supersedes=trained, cadre_id=other),
        made(Trained, supersedes=str(forger.written[0])),
    ):
        await forger.write(event)

    assert await examined(forger, tmp_path) == [
        "5 corrects an event that was not recorded before",
        "6 corrects position 3, which is of another history",
        "7 corrects position 1, a selection.recruited",
    ]


@pytest.mark.parametrize("log", [promoted_again, seated, on_probation])
async def test_what_was_corrected_is_in_order(
    forger: Forger, tmp_path: Path, log: Callable[[], DecidedLog]
) -> None:
    decided = log()
    for message, recorded in zip(decided.forgotten().messages, decided.history, strict=True):
        body = message.body.decode()
        for before, written in zip(decided.history, forger.written, strict=False):
            body = body.replace(str(before.event_id), str(written))
        event = CATALOGUE.read(json.loads(body))
        assert type(event) is type(recorded.event)
        await forger.write(event)

    assert any(recorded.event.supersedes for recorded in decided.history)
    assert await examined(forger, tmp_path) == []


async def test_what_was_set_aside_neither_ends_a_history_nor_counts_as_once(
    forger: Forger, tmp_path: Path
) -> None:
    async def set_aside() -> None:
        wrong = {"position": len(forger.written), "event_id": forger.written[-1]}
        await forger.write(made(MotionSetAside, **wrong))

    for event in MOTION:
        await forger.write(made(event))
        if event in {DecisionTaken, MotionConcluded}:
            await set_aside()
            await forger.write(made(event))

    assert await examined(forger, tmp_path) == []
    await set_aside()
    await forger.write(made(MotionStopped))
    await forger.write(made(MotionSetAside))
    await forger.write(made(MotionConcluded))

    (found,) = await examined(forger, tmp_path)
    assert found.startswith("16 appointment.motion-concluded after appointment.motion-stopped")


async def test_an_id_must_follow_from_the_command(forger: Forger, tmp_path: Path) -> None:
    await forger.write(made(PERSON))
    await forger.write(made(Trained), named=uuid4())

    assert await examined(forger, tmp_path) == ["2 the id does not follow from the command"]
