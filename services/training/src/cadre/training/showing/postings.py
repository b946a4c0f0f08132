"""Who is posted where on a day, and which places have nobody (M30)."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from cadre.contracts.training.posting import PostingKind
from cadre.shared.asking.parameters import Word
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.kept import answer
from cadre.shared.showing.reader import On, Reading
from cadre.shared.showing.view import View
from cadre.training.deciding.posting import POSTINGS

VIEW = View()
READS = Right(Role.READER, EVERYBODY)
_POSTING = answer("PostingOfSomebody", {**shown(POSTINGS).told(), "cadre_id": str})
_POSTINGS = answer("PostingsOn", {"on": date, "heads": int, "postings": list[_POSTING]})


class HostCoverage(BaseModel):
    host: str
    heads: int


class Coverage(BaseModel):
    """Every place ever posted to, or asked for, and how many are there on the day."""

    on: date
    kind: PostingKind
    hosts: tuple[HostCoverage, ...]
    uncovered: tuple[str, ...]


@VIEW.routes.get(
    "/postings", READS, summary="在外锻炼 · Who is posted where", response_model=_POSTINGS
)
async def postings(reader: Reading, on: On, kind: PostingKind | None = None) -> BaseModel:
    told = [
        {**await shown(POSTINGS).line(reader, one), "cadre_id": one.row["cadre_id"]}
        for one in await shown(POSTINGS).held(reader, on)
        if one.ended is None and kind in {None, one.row["kind"]}
    ]
    heads = len({line["cadre_id"] for line in told})
    return _POSTINGS.model_validate({"on": on, "heads": heads, "postings": told})


@VIEW.routes.get(
    "/postings/coverage",
    READS,
    summary="锻炼点覆盖 · How many are at each place, and which places have nobody",
)
async def coverage(
    reader: Reading,
    on: On,
    kind: PostingKind,
    host: Annotated[
        list[Word] | None, Query(description="应覆盖的锻炼点 · Places that must be covered")
    ] = None,
) -> Coverage:
    there: dict[str, set[str]] = {wanted: set() for wanted in host or ()}
    for one in await shown(POSTINGS).held(reader, on):
        if one.row["kind"] == kind:
            present = there.setdefault(one.row["host"], set())
            present |= set() if one.ended else {one.row["cadre_id"]}
    hosts = tuple(HostCoverage(host=place, heads=len(there[place])) for place in sorted(there))
    uncovered = tuple(one.host for one in hosts if one.heads == 0)
    return Coverage(on=on, kind=kind, hosts=hosts, uncovered=uncovered)
