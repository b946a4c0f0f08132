"""What the rules say of a person and a target, from the log's evidence itself."""

from typing import Annotated

from fastapi import Depends, Query

from cadre.appointment.deciding.eligibility import Eligibility, post_eligibility, rank_eligibility
from cadre.appointment.deciding.post import POST, established
from cadre.contracts.event import CadreId, Slug
from cadre.contracts.vocabulary import Rank
from cadre.shared.asking.parameters import Position
from cadre.shared.deciding.person import PERSON
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.serving.recording import name_reader
from cadre.shared.showing.reader import FromLog, On
from cadre.shared.showing.view import View

VIEW = View()


@VIEW.routes.get(
    "/cadres/{cadre_id}/eligibility",
    Right(Role.INSPECTOR, NAMED),
    # It shows grades and what stands against somebody: supervision material.
    dependencies=[Depends(name_reader)],
    summary="晋升资格：逐条规则、依据与最早日期 · What every rule says, and from when it passes",
)
async def eligibility_of(
    log: FromLog,
    cadre_id: CadreId,
    target: Annotated[
        Slug, Query(description="职级代码或职位编号 · A rank's code, or the id of a post")
    ],
    on: On,
    known_at: Annotated[
        Position | None, Query(description="截至某位置所知 · As known at a position")
    ] = None,
) -> Eligibility:
    """Decided with the rules in force on the day."""
    cadre = await log.fold(PERSON.of(cadre_id), known_at)
    cadre.require_known(cadre_id)
    if target in set(Rank):
        return rank_eligibility(cadre, Rank(target), on)
    post = await log.fold(POST.of(target), known_at)
    return post_eligibility(cadre, established(post, target, on).level, on)
