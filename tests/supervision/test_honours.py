"""Honours (M63): conferred by a document, corrected, revoked; the points follow."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any
from uuid import UUID

from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.honours import HonourConferred, HonourLevel, HonourRevoked
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.testing import Specification, event_id
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.honours import ConferHonour, RevokeHonour
from cadre.supervision.deciding.merit import PostMerit
from supervision.test_merit import AWARD, FIRST, RECRUITED

type After = Callable[..., AbstractAsyncContextManager[Any]]

given = Specification(SERVICE.handlers)
ANNA = "c-aaaaaaaaaa"
KNOWN = (RECRUITED, FIRST)


def conferred(**more: Any) -> HonourConferred:
    told: dict[str, Any] = {
        "cadre_id": ANNA,
        "effective_on": date(2025, 5, 4),
        "honour": "先进工作者",
        "level": HonourLevel.COUNTY,
        "conferred_by": "县委县政府",
        "document": "青委〔2025〕12号",
    }
    return HonourConferred.model_validate(told | more)


def confer(event: HonourConferred) -> ConferHonour:
    return ConferHonour.model_validate(event.model_dump(exclude={"type"}))


def posted(honour: int, on: date = date(2025, 6, 1)) -> MeritPosted:
    """Points that rest on the honour at a position."""
    return MeritPosted(
        cadre_id=ANNA,
        effective_on=on,
        scheme_id="merit",
        item=AWARD.code,
        evidence="青委〔2025〕12号",
        approved_by="县委组织部",
        honour_event=event_id(honour),
        scheme_version=1,
        title=AWARD.title,
        points=AWARD.points,
    )


def post(event: MeritPosted) -> PostMerit:
    decided = {"type", "supersedes", "scheme_version", "title", "points"}
    return PostMerit.model_validate(event.model_dump(exclude=decided))


def revoke(honour: int, on: date = date(2026, 1, 10)) -> RevokeHonour:
    return RevokeHonour(
        cadre_id=ANNA,
        effective_on=on,
        honour_event=event_id(honour),
        reason="弄虚作假",
        document="青委〔2026〕1号",
    )


def revoked(honour: int, on: date = date(2026, 1, 10)) -> HonourRevoked:
    return HonourRevoked.model_validate(revoke(honour, on).model_dump())


def reversed_on(day: date, reason: str, entry: UUID, honour: int = 3) -> MeritReversed:
    return MeritReversed(
        cadre_id=ANNA,
        effective_on=day,
        merit_event=entry,
        honour_event=event_id(honour),
        reason=reason,
        points=-AWARD.points,
    )


def test_an_honour_is_conferred_once_and_scores_points() -> None:
    given(*KNOWN).when(confer(conferred())).then(conferred())
    given(*KNOWN, conferred()).when(post(posted(3))).then(posted(3))


def test_m63_an_honour_without_its_document_scores_no_points() -> None:
    bare = conferred(document=None)
    given(*KNOWN, bare).when(post(posted(3))).then_refused("has no document")
    right = conferred(supersedes=event_id(3))
    given(*KNOWN, bare).when(confer(right)).then(right)
    # The claim names the first record; the correction stands for it.
    given(*KNOWN, bare, right).when(post(posted(3))).then(posted(3))


def test_what_somebody_else_or_a_later_day_conferred_scores_nothing() -> None:
    given(*KNOWN).when(post(posted(3))).then_refused("has no honour-conferred")
    early = posted(3, date(2025, 5, 3))
    given(*KNOWN, conferred()).when(post(early)).then_refused("it began on 2025-05-04")


def test_m63_a_revocation_reverses_the_points_that_rested_on_the_honour() -> None:
    other = posted(3).model_copy(update={"honour_event": None, "evidence": "另一事项"})
    history = (*KNOWN, conferred(), posted(3), other)
    day, reason = date(2026, 1, 10), "撤销表彰：弄虚作假"
    given(*history).when(revoke(3)).then(revoked(3), reversed_on(day, reason, event_id(4)))
    given(*KNOWN, conferred(), revoked(3)).when(post(posted(3))).then_refused("was revoked on")


def test_a_revocation_follows_the_corrections_of_the_honour() -> None:
    right = conferred(supersedes=event_id(3), honour="劳动模范")
    history = (*KNOWN, conferred(), posted(3), right)
    day, reason = date(2026, 1, 10), "撤销表彰：弄虚作假"
    taken = reversed_on(day, reason, event_id(4), honour=5)
    given(*history).when(revoke(5)).then(revoked(5), taken)
    given(*history, revoked(5)).when(revoke(3, date(2026, 2, 1))).then_refused("it ended on")


def test_an_honour_is_not_revoked_before_it_was_conferred() -> None:
    early = revoke(3, date(2025, 5, 3))
    given(*KNOWN, conferred()).when(early).then_refused("it began on 2025-05-04")


def test_a_correction_that_takes_the_document_away_takes_the_points() -> None:
    bare = conferred(document=None, supersedes=event_id(3))
    entry = reversed_on(date(2025, 6, 1), "更正后的表彰无文号", event_id(4))
    given(*KNOWN, conferred(), posted(3)).when(confer(bare)).then(bare, entry)


def test_an_annulled_honour_never_scored() -> None:
    wish = Annul(
        cadre_id=ANNA,
        effective_on=date(2026, 1, 5),
        supersedes=event_id(3),
        reason="同名误记",
        basis="组〔2026〕3号",
    )
    annulled = SupervisionAnnulled.model_validate(
        wish.model_dump() | {"annuls": HonourConferred.tag()}
    )
    entry = reversed_on(date(2025, 6, 1), "表彰记录已撤销，视为自始未生效", event_id(4))
    given(*KNOWN, conferred(), posted(3)).when(wish).then(annulled, entry)


def test_an_annulled_revocation_gives_the_points_back() -> None:
    taken = reversed_on(date(2026, 1, 10), "撤销表彰：弄虚作假", event_id(4))
    history = (*KNOWN, conferred(), posted(3), revoked(3), taken)
    wish = Annul(
        cadre_id=ANNA,
        effective_on=date(2026, 2, 1),
        supersedes=event_id(5),
        reason="查无实据",
        basis="组〔2026〕5号",
    )
    told = wish.model_dump()
    given(*history).when(wish).then(
        SupervisionAnnulled.model_validate(told | {"annuls": HonourRevoked.tag()}),
        SupervisionAnnulled.model_validate(
            told | {"annuls": MeritReversed.tag(), "supersedes": event_id(6)}
        ),
    )


async def test_honours_are_told_as_of_a_day_and_counted_by_level(after: After) -> None:
    history = (RECRUITED, conferred(), conferred(level=HonourLevel.PROVINCIAL), revoked(2))
    async with after(*history) as get:
        path = f"/cadres/{ANNA}/honours"
        assert (await get(path, on="2025-05-03"))["honours"] == []
        before = (await get(path, on="2026-01-09"))["honours"]
        later = (await get(path, on="2026-01-10"))["honours"]
    assert [line["ended"] for line in before] == [None, None]
    assert [line["level"] for line in before] == ["county", "provincial"]
    assert [line["document"] for line in before] == ["青委〔2025〕12号"] * 2
    assert later[0]["ended"]["document"] == "青委〔2026〕1号"
    assert later[0]["ended"]["effective_on"] == "2026-01-10"
    assert later[1]["ended"] is None
