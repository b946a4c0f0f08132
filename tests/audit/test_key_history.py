"""Keys come and go: what a retired one signed before counts, what it signs after does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audit.installations import AUDITOR, END, NOW, SERVICE, Installation
from audit.test_tampering import append, kinds, only
from cadre.audit.checkpoint import Checkpoint
from cadre.audit.checkpointing import NotSigned, Signed, make_checkpoint
from cadre.audit.differences import Kind
from cadre.audit.examination import Report
from cadre.audit.note import Ed25519Signer, open_note, sign, split
from cadre.audit.own_evidence import earlier_root
from cadre.audit.public_keys import PublicKeys, RetiredKey
from cadre.shared.log.codec import Signer
from cadre.shared.log.stream import Log

RENEWED = Signer.from_seed("selection", b"n" * 32)
SUCCESSOR = Ed25519Signer.from_seed(AUDITOR.name, b"m" * 32)
LATER = NOW + timedelta(days=1)


async def sign_with(
    installation: Installation, service: Signer, signer: Ed25519Signer, *leaving: Ed25519Signer
) -> Signed:
    with installation.server() as server:
        client = await server.connect("selection")
        try:
            return await make_checkpoint(
                Log(client), installation.evidence, signer, [service], LATER, leaving=leaving
            )
        finally:
            await client.close()


async def examined(installation: Installation) -> Report:
    keys = installation.evidence.keys()
    assert keys is not None
    return await installation.examine(keys=keys, verifiers=keys.verifiers_parsed)


async def test_what_a_retired_service_key_signed_before_counts(whole: Installation) -> None:
    signed = await sign_with(whole, RENEWED, AUDITOR)
    (retired,) = signed.keys.retirements.values()
    await append(whole, RENEWED)

    assert (retired.key, retired.after, retired.until) == (SERVICE.key_id, END, LATER)
    assert (await examined(whole)).differences == []


async def test_an_event_by_a_retired_key_is_forged(whole: Installation) -> None:
    await sign_with(whole, RENEWED, AUDITOR)
    position = await append(whole, SERVICE)
    report = await examined(whole)

    assert kinds(report) == {Kind.FORGED}
    found = only(report, Kind.FORGED)
    assert found.position == position
    assert "retired key" in found.detail


async def test_a_retired_key_does_not_come_back(whole: Installation) -> None:
    await sign_with(whole, RENEWED, SUCCESSOR)

    with pytest.raises(RetiredKey, match="was retired on"):
        await sign_with(whole, SERVICE, SUCCESSOR)
    with pytest.raises(RetiredKey):
        await sign_with(whole, RENEWED, AUDITOR)


async def test_the_last_checkpoint_of_a_leaving_key_bears_both_signatures(
    whole: Installation,
) -> None:
    signed = await sign_with(whole, SERVICE, SUCCESSOR, AUDITOR)

    for known in (AUDITOR, SUCCESSOR):
        assert open_note(signed.note, [known.verifier]).verified
    assert (await examined(whole)).differences == []
    only_the_old = await whole.examine(keys=signed.keys, verifiers=[AUDITOR.verifier])
    assert (only_the_old.differences, only_the_old.covered) == ([], END)


async def test_a_larger_checkpoint_by_a_retired_key_is_forged(whole: Installation) -> None:
    await sign_with(whole, SERVICE, SUCCESSOR)
    newest = Checkpoint.parse(split(whole.evidence.notes()[-1])[0])
    await append(whole, SERVICE)
    earlier = earlier_root(whole.evidence.notes())
    larger = replace(newest, tree=newest.tree._replace(size=END + 1), earlier=earlier)
    whole.evidence.add(sign(larger.text, AUDITOR))
    report = await examined(whole)

    assert kinds(report) == {Kind.FORGED_CHECKPOINT}
    assert "retired key" in only(report, Kind.FORGED_CHECKPOINT).detail
    with pytest.raises(NotSigned):
        await sign_with(whole, SERVICE, SUCCESSOR)


async def test_entries_that_nobody_signed_yet_are_named(whole: Installation) -> None:
    keys = whole.evidence.keys()
    assert keys is not None
    whole.evidence.write_keys(keys.with_services([RENEWED], LATER))
    report = await examined(whole)

    assert report.notices == ["1 entries of the public keys are under no checkpoint yet"]


def test_the_history_only_grows() -> None:
    first = PublicKeys(origin="x").with_verifier(AUDITOR.verifier, NOW)
    second = first.with_services([SERVICE], NOW)
    third = second.with_services([RENEWED], LATER)
    last = third.without_others([RENEWED], SUCCESSOR.verifier, LATER, 7)

    assert [one.root().size for one in (first, second, third, last)] == [1, 2, 3, 5]
    assert last.root(2) == second.root()
    assert last.without_others([RENEWED], SUCCESSOR.verifier, LATER, 8) == last
    assert PublicKeys.model_validate_json(last.model_dump_json()) == last
    assert [one.signs_at(7) for one in last.services] == [True, True]
    assert [one.signs_at(8) for one in last.services] == [False, True]
